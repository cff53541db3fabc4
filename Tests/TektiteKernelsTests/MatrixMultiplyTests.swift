import TektiteKernels
import Testing

@Suite("Matrix products of network layers")
struct MatrixMultiplyTests {
  @Test("all shapes of tiles, with strides, stored and added", arguments: KernelCase.all)
  func shapes(_ c: KernelCase) {
    var random = SmallGenerator(1)
    for (rows, depth, columns) in [
      (1, 1, 16), (2, 5, 32), (3, 16, 48), (4, 17, 64), (5, 96, 96), (7, 33, 16), (8, 48, 112), (13, 96, 80),
      (16, 2, 128),
      (21, 0, 16), (0, 3, 16),
    ] {
      for adds in [false, true] {
        let (strideA, strideB, strideC) = (depth + 3, columns + 16, columns + 32)
        let a = Scalars(random.array(rows * strideA + 1), isDouble: c.isDouble)
        let b = Scalars(random.array(depth * strideB + 1), isDouble: c.isDouble)
        let out = Scalars(random.array(rows * strideC + 1), isDouble: c.isDouble)
        let before = out.values
        c.kernels.multiply(
          MatrixProduct(
            a: a.base, b: b.base, c: out.base, rows: rows, depth: depth, columns: columns, strideA: strideA,
            strideB: strideB, strideC: strideC, accumulates: adds))
        var expected = before
        for i in 0..<rows {
          for j in 0..<columns {
            var sum = adds ? before[i * strideC + j] : 0
            for k in 0..<depth { sum += a[i * strideA + k] * b[k * strideB + j] }
            expected[i * strideC + j] = sum
          }
        }
        #expect(relativeError(out.values, expected) < c.tolerance, "\(rows) \(depth) \(columns) \(adds)")
        // Nothing outside the rows' columns is touched.
        for i in 0..<rows {
          for j in columns..<strideC { #expect(out[i * strideC + j] == before[i * strideC + j]) }
        }
      }
    }
  }

  @Test("an element has the same bits whatever rows surround it", arguments: KernelCase.all)
  func determinism(_ c: KernelCase) {
    var random = SmallGenerator(2)
    let (rows, depth, columns) = (11, 96, 80)
    let a = Scalars(random.array(rows * depth), isDouble: c.isDouble)
    let b = Scalars(random.array(depth * columns), isDouble: c.isDouble)
    let whole = Scalars(rows * columns, isDouble: c.isDouble)
    c.kernels.multiply(MatrixProduct(a: a.base, b: b.base, c: whole.base, rows: rows, depth: depth, columns: columns))
    let bytes = c.isDouble ? 8 : 4
    for i in 0..<rows {
      let one = Scalars(columns, isDouble: c.isDouble)
      c.kernels.multiply(
        MatrixProduct(a: a.base + i * depth * bytes, b: b.base, c: one.base, rows: 1, depth: depth, columns: columns))
      for j in 0..<columns { #expect(one[j] == whole[i * columns + j]) }
    }
  }
}
