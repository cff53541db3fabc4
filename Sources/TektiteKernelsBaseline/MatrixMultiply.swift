import TektiteLayouts

/// A·B for small row-major matrices: a tile of C stays in registers over the whole depth, rows of B are loaded as vectors and numbers of A broadcast. Nothing
/// is packed, since B (weights) stays in the second-level cache and is read along its rows. Each element of C is one chain of sums in order of depth,
/// so its bits do not depend on the shape of the tiles.
@inline(__always)
private func product<L: PairLanes>(_ lanes: L.Type, _ p: borrowing MatrixProduct) {
  typealias S = L.Scalar
  let a = p.a.assumingMemoryBound(to: S.self)
  let b = p.b.assumingMemoryBound(to: S.self)
  let c = p.c.assumingMemoryBound(to: S.self)
  let (rows, depth, columns) = (p.rows, p.depth, p.columns)
  let (strideA, strideB, strideC) = (p.strideA, p.strideB, p.strideC)
  // 18 kB of B, or 24 in wide registers; less where rows of B lie a multiple of 512 bytes apart, so that few sets of the cache hold them all.
  let isCrowded = strideB * MemoryLayout<S>.stride % 512 == 0
  let depthBlock = isCrowded ? 64 : MemoryLayout<L>.stride >= 64 ? 128 : 192
  var (first, last) = (0, 0)
  var adds = false

  // A tile of up to eight rows and three vectors. Both counts are literals where it is called, so the rest of it disappears.
  @inline(__always) func tile(_ rows: Int, _ vectors: Int, _ row: Int, _ column: Int) {
    let a0 = a + row * strideA
    let a1 = a0 + strideA
    let a2 = a0 + 2 * strideA
    let a3 = a0 + 3 * strideA
    let a4 = a0 + 4 * strideA
    let a5 = a0 + 5 * strideA
    let a6 = a0 + 6 * strideA
    let a7 = a0 + 7 * strideA
    var line = b + first * strideB + column
    let out = c + row * strideC + column
    var c00 = L.zero, c01 = L.zero, c02 = L.zero
    var c10 = L.zero, c11 = L.zero, c12 = L.zero
    var c20 = L.zero, c21 = L.zero, c22 = L.zero
    var c30 = L.zero, c31 = L.zero, c32 = L.zero
    var c40 = L.zero, c41 = L.zero, c42 = L.zero
    var c50 = L.zero, c51 = L.zero, c52 = L.zero
    var c60 = L.zero, c61 = L.zero, c62 = L.zero
    var c70 = L.zero, c71 = L.zero, c72 = L.zero
    @inline(__always) func start(_ r: Int, _ v: Int, _ x: inout L) {
      if rows > r && vectors > v { x = L.load(out + r * strideC + v * L.count) }
    }
    @inline(__always) func finish(_ r: Int, _ v: Int, _ x: L) {
      if rows > r && vectors > v { x.store(out + r * strideC + v * L.count) }
    }
    if adds {
      start(0, 0, &c00); start(0, 1, &c01); start(0, 2, &c02)
      start(1, 0, &c10); start(1, 1, &c11); start(1, 2, &c12)
      start(2, 0, &c20); start(2, 1, &c21); start(2, 2, &c22)
      start(3, 0, &c30); start(3, 1, &c31); start(3, 2, &c32)
      start(4, 0, &c40); start(4, 1, &c41); start(4, 2, &c42)
      start(5, 0, &c50); start(5, 1, &c51); start(5, 2, &c52)
      start(6, 0, &c60); start(6, 1, &c61); start(6, 2, &c62)
      start(7, 0, &c70); start(7, 1, &c71); start(7, 2, &c72)
    }
    for k in first..<max(first, last) {
      let b0 = L.load(line)
      let b1 = vectors > 1 ? L.load(line + L.count) : L.zero
      let b2 = vectors > 2 ? L.load(line + 2 * L.count) : L.zero
      line += strideB
      @inline(__always) func step(_ x: S, _ y0: inout L, _ y1: inout L, _ y2: inout L) {
        let s = L.constant(x)
        y0 = L.fma(s, b0, y0)
        if vectors > 1 { y1 = L.fma(s, b1, y1) }
        if vectors > 2 { y2 = L.fma(s, b2, y2) }
      }
      step(a0[k], &c00, &c01, &c02)
      if rows > 1 { step(a1[k], &c10, &c11, &c12) }
      if rows > 2 { step(a2[k], &c20, &c21, &c22) }
      if rows > 3 { step(a3[k], &c30, &c31, &c32) }
      if rows > 4 { step(a4[k], &c40, &c41, &c42) }
      if rows > 5 { step(a5[k], &c50, &c51, &c52) }
      if rows > 6 { step(a6[k], &c60, &c61, &c62) }
      if rows > 7 { step(a7[k], &c70, &c71, &c72) }
    }
    finish(0, 0, c00); finish(0, 1, c01); finish(0, 2, c02)
    finish(1, 0, c10); finish(1, 1, c11); finish(1, 2, c12)
    finish(2, 0, c20); finish(2, 1, c21); finish(2, 2, c22)
    finish(3, 0, c30); finish(3, 1, c31); finish(3, 2, c32)
    finish(4, 0, c40); finish(4, 1, c41); finish(4, 2, c42)
    finish(5, 0, c50); finish(5, 1, c51); finish(5, 2, c52)
    finish(6, 0, c60); finish(6, 1, c61); finish(6, 2, c62)
    finish(7, 0, c70); finish(7, 1, c71); finish(7, 2, c72)
  }
  // All rows of one panel of columns and one block of depth, so that this part of B stays in the first-level cache. Later blocks add to C, which continues
  // each chain of sums where it was.
  @inline(__always) func panel(_ vectors: Int, _ column: Int) {
    first = 0
    repeat {
      last = min(depth, first + depthBlock)
      adds = p.accumulates || first > 0
      var row = 0
      #if TEKTITE_AVX512
        while row + 8 <= rows {
          tile(8, vectors, row, column)
          row += 8
        }
      #endif
      while row + 4 <= rows {
        tile(4, vectors, row, column)
        row += 4
      }
      switch rows - row {
      case 3: tile(3, vectors, row, column)
      case 2: tile(2, vectors, row, column)
      case 1: tile(1, vectors, row, column)
      default: break
      }
      first = last
    } while first < depth
  }

  var column = 0
  // Four vectors that remain are taken as two and two, since one alone would wait for its own sums.
  while columns - column >= 5 * L.count || columns - column == 3 * L.count {
    panel(3, column)
    column += 3 * L.count
  }
  while columns - column >= 2 * L.count {
    panel(2, column)
    column += 2 * L.count
  }
  if column < columns { panel(1, column) }
}

@inline(never) private func productOfFloats(_ p: borrowing MatrixProduct) { product(WideFloats.self, p) }
@inline(never) private func productOfDoubles(_ p: borrowing MatrixProduct) { product(WideDoubles.self, p) }

/// C = A·B or C += A·B.
public func multiplyMatrices(isDouble: Bool, _ p: borrowing MatrixProduct) {
  isDouble ? productOfDoubles(p) : productOfFloats(p)
}
