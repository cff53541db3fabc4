import TektiteKernels

/// The SHA-256 digest of FIPS 180-4, fed in pieces: it names decks, structures and model files in `run.json`.
/// It identifies files; nothing secret depends on it.
public struct SHA256: Sendable {
  private var state: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]
  private var block: [UInt8] = []
  private var length: UInt64 = 0

  /// Starts a digest of no bytes.
  public init() { block.reserveCapacity(64) }

  /// Adds bytes to what is digested.
  public mutating func update(_ bytes: some Sequence<UInt8>) {
    // Bytes that lie side by side are read where they are; others are copied, which costs less than an iterator's call for each.
    let isDone: Void? = bytes.withContiguousStorageIfAvailable { add(UnsafeRawBufferPointer($0)) }
    if isDone == nil { Array(bytes).withUnsafeBytes { add($0) } }
  }

  private mutating func add(_ data: UnsafeRawBufferPointer) {
    length &+= UInt64(data.count)
    var at = 0
    if !block.isEmpty {
      at = min(64 - block.count, data.count)
      block.append(contentsOf: data[..<at])
      guard block.count == 64 else { return }
      let full = block
      full.withUnsafeBytes { DigestBlocks.compress(&state, $0) }
      block.removeAll(keepingCapacity: true)
    }
    let end = at + (data.count - at) / 64 * 64
    DigestBlocks.compress(&state, UnsafeRawBufferPointer(rebasing: data[at..<end]))
    block.append(contentsOf: data[end...])
  }

  /// Ends the digest: 64 hexadecimal digits in lower case.
  public consuming func finish() -> String {
    let bits = length &* 8
    update([0x80])
    update([UInt8](repeating: 0, count: (120 - block.count) % 64))
    update((0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * $0)) })
    let digits = Array("0123456789abcdef")
    var text = ""
    for word in state {
      for shift in stride(from: 28, through: 0, by: -4) { text.append(digits[Int(word >> UInt32(shift)) & 15]) }
    }
    return text
  }

  /// The digest of some bytes.
  public static func digest(_ bytes: some Sequence<UInt8>) -> String {
    var digest = SHA256()
    digest.update(bytes)
    return digest.finish()
  }
}
