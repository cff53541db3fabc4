/// Numbers of files whose bytes go from the highest to the lowest.
public enum BigEndianNumbers {
  /// Vectors of three floats each, multiplied by a factor, and the index of the first that is not finite.
  public static func vectors(
    _ bytes: [UInt8], count: Int, factor: Double
  ) -> (vectors: [Vector3], notFinite: Int?) {
    precondition(bytes.count >= 12 * count, "\(bytes.count) bytes for \(count) vectors of floats")
    var bad: UInt32 = 0
    let vectors = [Vector3](unsafeUninitializedCapacity: count) { out, filled in
      bytes.withUnsafeBytes { raw in
        guard let out = out.baseAddress, let from = raw.baseAddress else { return }
        let numbers = UnsafeMutableRawPointer(out).assumingMemoryBound(to: Double.self)
        for i in 0..<3 * count {
          let word = UInt32(bigEndian: from.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self))
          // What is not finite has all bits of its exponent set, and carries into the sign when one is added to them.
          bad |= (word & 0x7fff_ffff) &+ 0x0080_0000
          numbers[i] = factor * Double(Float(bitPattern: word))
        }
      }
      filled = count
    }
    // A finite float may still overflow by its factor.
    guard bad >> 31 == 0, abs(factor) < 1e200 else { return (vectors, vectors.firstIndex { !$0.isFinite }) }
    return (vectors, nil)
  }
}
