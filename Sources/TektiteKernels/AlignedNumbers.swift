/// Numbers that never change and are shared by all threads, aligned to 64 bytes.
final class AlignedNumbers<T: BitwiseCopyable> {
  let base: UnsafeMutablePointer<T>
  let count: Int

  /// Zeros.
  init(count: Int) {
    self.count = count
    let bytes = max(64, count * MemoryLayout<T>.stride)
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    base = raw.bindMemory(to: T.self, capacity: max(1, count))
  }

  convenience init(_ values: [T]) {
    self.init(count: values.count)
    for (k, value) in values.enumerated() { base[k] = value }
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}
