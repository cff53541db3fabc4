import TektiteIrreps
import TektiteKernels
import Testing

@Suite("Harmonics and splines of edges")
struct EdgeGeometryTests {
  /// Rows for degrees to 4: x y z, r, 25 harmonics, 8 weights, dE/dr, 25 adjoints, 3 gradients.
  static func rows(_ storage: Scalars, count: Int, degree: Int) -> EdgeRows {
    var rows = EdgeRows(
      base: storage.base, chunkStride: 66 * NetworkGrain.lanes(isDouble: storage.isDouble), count: count)
    rows.harmonics = 4
    rows.weights = 29
    rows.lengthAdjoint = 37
    rows.harmonicsAdjoint = 38
    rows.gradient = 63
    rows.degree = degree
    return rows
  }
  static func place(_ c: KernelCase, _ edge: Int, _ row: Int) -> Int {
    edge / c.lanes * 66 * c.lanes + row * c.lanes + edge % c.lanes
  }
  static func storage(_ c: KernelCase, _ vectors: [[Double]]) -> Scalars {
    let chunks = (vectors.count + c.lanes - 1) / c.lanes
    let storage = Scalars(chunks * 66 * c.lanes, isDouble: c.isDouble)
    for e in 0..<(chunks * c.lanes) {
      for axis in 0..<3 { storage[place(c, e, axis)] = e < vectors.count ? vectors[e][axis] : 1 }
    }
    return storage
  }

  @Test("harmonics, lengths and gradients are those of TektiteIrreps", arguments: KernelCase.all)
  func harmonics(_ c: KernelCase) throws {
    var random = SmallGenerator(3)
    var vectors = (0..<37).map { _ in random.array(3).map { 3 * $0 } }
    // The poles and the axes.
    vectors += [[0, 2, 0], [0, -1, 0], [1, 0, 0], [0, 0, -3], [-2, 0, 0]]
    for degree in 0...4 {
      let storage = Self.storage(c, vectors)
      let rows = Self.rows(storage, count: vectors.count, degree: degree)
      c.kernels.harmonics(rows)
      let oracle = try SphericalHarmonics<Double>(upTo: degree, normalization: .component)
      let size = (degree + 1) * (degree + 1)
      var expected: [Double] = []
      var found: [Double] = []
      var expectedGradients: [Double] = []
      for (e, given) in vectors.enumerated() {
        let v = (0..<3).map { storage[Self.place(c, e, $0)] }
        let (y, dy) = oracle.valuesAndGradients(v[0], v[1], v[2])
        let r = (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).squareRoot()
        expected += y + [r]
        found += (0..<size).map { storage[Self.place(c, e, 4 + $0)] } + [storage[Self.place(c, e, 3)]]
        #expect(given.count == 3)
        let adjoint = random.array(size)
        let slope = random.next()
        for k in 0..<size { storage[Self.place(c, e, 38 + k)] = adjoint[k] }
        storage[Self.place(c, e, 37)] = slope
        for axis in 0..<3 {
          var g = slope * v[axis] / r
          for k in 0..<size { g += storage[Self.place(c, e, 38 + k)] * dy[k * 3 + axis] }
          expectedGradients.append(g)
        }
      }
      #expect(relativeError(found, expected) < c.tolerance, "degree \(degree)")
      c.kernels.harmonicsAdjoint(rows)
      let gradients = vectors.indices.flatMap { e in (0..<3).map { storage[Self.place(c, e, 63 + $0)] } }
      #expect(relativeError(gradients, expectedGradients) < 3 * c.tolerance, "gradient, degree \(degree)")
    }
  }

  @Test("a null vector gives numbers", arguments: KernelCase.all)
  func null(_ c: KernelCase) {
    let storage = Self.storage(c, [[0, 0, 0]])
    let rows = Self.rows(storage, count: 1, degree: 4)
    c.kernels.harmonics(rows)
    c.kernels.harmonicsAdjoint(rows)
    for value in storage.values { #expect(value.isFinite) }
  }

  @Test("spline weights are those of the recursion, and vanish beyond the table", arguments: KernelCase.all)
  func weights(_ c: KernelCase) {
    for (degree, bend) in [(3, 0.0), (5, 0), (3, 2), (5, 2)] {
      let storage = Self.storage(c, Array(repeating: [1, 0, 0], count: 40))
      let rows = Self.rows(storage, count: 40, degree: 0)
      // From 0.5 to 4.5 in any coordinate.
      let start = SplineGrid.coordinate(0.5, bend: bend)
      let spacing = (SplineGrid.coordinate(4.5, bend: bend) - start) / 32
      let grid = SplineGrid(
        start: start, spacing: spacing, bend: bend, intervals: 32, rowStride: 48, degree: degree)
      let distances = (0..<36).map { 0.51 + 0.11 * Double($0) } + [0.1, 0.5001, 4.51, 9]
      for (e, r) in distances.enumerated() { storage[Self.place(c, e, 3)] = r }
      var knots = [Int32](repeating: -1, count: 48)
      knots.withUnsafeMutableBufferPointer { k in
        if let base = k.baseAddress { c.kernels.splineWeights(rows, grid, knots: base) }
      }
      for (e, r) in distances.enumerated() {
        let length = storage[Self.place(c, e, 3)]
        let u = min(max((SplineGrid.coordinate(length, bend: bend) - start) / spacing, 0), 40)
        let interval = min(Int(u), 31)
        #expect(knots[e] == Int32(interval * 48), "r = \(r)")
        for k in 0...degree {
          // Coefficient interval + k belongs to knot interval + k − (degree − 1)/2.
          let x = u - Double(interval + k - (degree - 1) / 2)
          let value = u < 32 ? centredSpline(x, order: degree + 1) : 0
          let slope =
            u < 32 ? (centredSpline(x + 0.5, order: degree) - centredSpline(x - 0.5, order: degree)) / spacing : 0
          let error = c.isDouble ? 1e-12 : 2e-5
          #expect(abs(storage[Self.place(c, e, 29 + k)] - value) < error, "r = \(r), weight \(k)")
          #expect(
            abs(storage[Self.place(c, e, 30 + degree + k)] - slope * SplineGrid.slope(length, bend: bend)) < error * 10,
            "r = \(r), slope \(k)")
        }
      }
    }
  }

  @Test("sums of rows", arguments: KernelCase.all)
  func combination(_ c: KernelCase) {
    var random = SmallGenerator(5)
    let storage = Scalars(random.array(3 * 66 * c.lanes), isDouble: c.isDouble)
    let rows = Self.rows(storage, count: 2 * c.lanes + 3, degree: 0)
    let before = storage.values
    let targets: [RowCombination.Target] = [.init(row: 40, end: 3), .init(row: 42, end: 3), .init(row: 41, end: 7)]
    let terms = (0..<7).map { k in RowCombination.Term(row: Int32(k * 3 % 8), value: random.next()) }
    targets.withUnsafeBufferPointer { t in
      terms.withUnsafeBufferPointer { s in
        if let t = t.baseAddress, let s = s.baseAddress {
          c.kernels.combineRows(rows, RowCombination(targets: t, targetCount: 3, terms: s))
        }
      }
    }
    var expected = before
    for e in 0..<(3 * c.lanes) {
      func sum(_ range: Range<Int>) -> Double {
        range.reduce(0) { $0 + terms[$1].value * before[Self.place(c, e, Int(terms[$1].row))] }
      }
      expected[Self.place(c, e, 40)] = sum(0..<3)
      expected[Self.place(c, e, 42)] = 0
      expected[Self.place(c, e, 41)] = sum(3..<7)
    }
    #expect(relativeError(storage.values, expected) < c.tolerance)
  }
}
