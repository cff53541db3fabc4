/// The CRC-32 of ZIP archives (polynomial 0x04C11DB7, reflected; APPNOTE.TXT 4.4.7), eight bytes at a step.
struct CRC32: Sendable {
  private var state: UInt32 = 0xFFFF_FFFF

  /// The checksum of what was added.
  var value: UInt32 { ~state }

  /// `tables[k][b]`: what byte b does to the remainder when k bytes follow it in the same step.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for b in 0..<256 {
      var r = UInt32(b)
      for _ in 0..<8 { r = r & 1 == 1 ? r >> 1 ^ 0xEDB8_8320 : r >> 1 }
      tables[b] = r
    }
    for k in 1..<8 {
      for b in 0..<256 {
        let r = tables[256 * (k - 1) + b]
        tables[256 * k + b] = r >> 8 ^ tables[Int(r & 0xFF)]
      }
    }
    return tables
  }()

  /// Adds bytes.
  mutating func update(_ bytes: [UInt8]) {
    var c = state
    Self.tables.withUnsafeBufferPointer { t in
      bytes.withUnsafeBytes { raw in
        var i = 0
        while raw.count - i >= 8 {
          let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: i, as: UInt64.self)) ^ UInt64(c)
          c = 0
          for k in 0..<8 { c ^= t[256 * (7 - k) + Int(truncatingIfNeeded: word >> UInt64(8 * k) & 0xFF)] }
          i += 8
        }
        while i < raw.count {
          c = c >> 8 ^ t[Int((c ^ UInt32(raw[i])) & 0xFF)]
          i += 1
        }
      }
    }
    state = c
  }

  /// The checksum of some bytes.
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var crc = CRC32()
    crc.update(bytes)
    return crc.value
  }
}
