import TektiteKernels
import Testing

@Suite("Buffer")
struct BufferTests {
  @Test("starts with zeros and keeps what is put in")
  func basics() {
    var buffer = Buffer<Double>(count: 5)
    #expect(buffer.count == 5 && buffer.array() == [0, 0, 0, 0, 0])
    buffer[3] = 2.5
    #expect(buffer[3] == 2.5)
    buffer.fill(-1)
    #expect(buffer.array() == [-1, -1, -1, -1, -1])
    #expect(Buffer<Int32>().count == 0 && Buffer<Int32>([4, 5, 6]).array() == [4, 5, 6])
    #expect(Array(buffer.indices) == [0, 1, 2, 3, 4])
  }

  @Test("elements lie on a cache line")
  func alignment() {
    for count in [0, 1, 3, 1000] {
      var buffer = Buffer<Vector3>(count: count)
      for _ in 0..<3 {
        let address = buffer.span.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
        #expect(count == 0 || address % 64 == 0)
        buffer.resize(buffer.count * 2 + 1)
      }
    }
  }

  @Test("growth keeps the old elements and zeroes the new, also where old bytes lay")
  func growth() {
    var buffer = Buffer<Int>((0..<100).map { $0 + 1 })
    buffer.resize(40)
    #expect(buffer.count == 40 && buffer.capacity == 100)
    buffer.resize(80)
    #expect(buffer.array() == (0..<80).map { $0 < 40 ? $0 + 1 : 0 })
    buffer.resize(5000)
    #expect(buffer.count == 5000 && buffer.capacity >= 5000)
    #expect((0..<5000).allSatisfy { buffer[$0] == ($0 < 40 ? $0 + 1 : 0) })
    let capacity = buffer.capacity
    buffer.resize(0)
    #expect(buffer.count == 0 && buffer.capacity == capacity)
  }

  @Test("spans see and change the elements")
  func spans() {
    var buffer = Buffer<Float>([1, 2, 3])
    do {
      var span = buffer.mutableSpan
      for i in span.indices { span[i] *= 2 }
    }
    let span = buffer.span
    #expect(span.count == 3 && span[0] == 2 && span[1] == 4 && span[2] == 6)
  }

  @Test("copies take all of the other buffer and stay apart from it")
  func copies() {
    var a = Buffer<Int>([1, 2, 3])
    var b = Buffer<Int>(count: 50)
    b.copy(from: a)
    a[0] = 9
    #expect(b.array() == [1, 2, 3] && a.array() == [9, 2, 3])
  }
}
