/// The 64-bit cyclic redundancy check CRC-64/XZ (polynomial of ECMA-182, reflected): finds every burst of errors up to 64 bits,
/// and any other damage but for one chance in 2⁶⁴.
enum CRC64 {
  /// Eight tables, so that eight bytes are taken at once.
  private static let tables: [[UInt64]] = {
    var tables = [[UInt64]](repeating: [UInt64](repeating: 0, count: 256), count: 8)
    for n in 0..<256 {
      var crc = UInt64(n)
      for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xC96C_5795_D787_0F42 : crc >> 1 }
      tables[0][n] = crc
    }
    for n in 0..<256 {
      for k in 1..<8 { tables[k][n] = tables[0][Int(tables[k - 1][n] & 0xFF)] ^ (tables[k - 1][n] >> 8) }
    }
    return tables
  }()

  /// The check value of a range of bytes.
  static func checksum(_ bytes: [UInt8], _ range: Range<Int>) -> UInt64 {
    let tables = tables.flatMap { $0 }
    return checksum(bytes.span, range, tables.span)
  }

  private static func checksum(_ bytes: Span<UInt8>, _ range: Range<Int>, _ table: Span<UInt64>) -> UInt64 {
    var crc = ~UInt64(0)
    var i = range.lowerBound
    while i + 8 <= range.upperBound {
      var word: UInt64 = 0
      for k in 0..<8 { word |= UInt64(bytes[i + k]) << UInt64(8 * k) }
      word ^= crc
      crc = 0
      for k in 0..<8 { crc ^= table[(7 - k) * 256 + Int((word >> UInt64(8 * k)) & 0xFF)] }
      i += 8
    }
    while i < range.upperBound {
      crc = table[Int((crc ^ UInt64(bytes[i])) & 0xFF)] ^ (crc >> 8)
      i += 1
    }
    return ~crc
  }
}
