import TektiteKernels
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Times of the network kernels, printed when TEKTITE_TIMINGS is set. Only optimised builds tell anything.
@Suite("Timings of network kernels", .serialized, .enabled(if: getenv("TEKTITE_TIMINGS") != nil))
struct NetworkKernelTimings {
  /// Seconds of one call, the best of several rounds.
  static func best(_ calls: Int, _ body: () -> Void) -> Double {
    var best = Double.infinity
    for _ in 0..<12 {
      let clock = ContinuousClock.now
      for _ in 0..<calls { body() }
      let (seconds, attoseconds) = (ContinuousClock.now - clock).components
      best = min(best, (Double(seconds) + 1e-18 * Double(attoseconds)) / Double(calls))
    }
    return best
  }
  static func report(_ c: KernelCase, _ name: String, _ microseconds: Double, flops: Double) {
    func digits(_ x: Double) -> String { String(Double(Int(x * 100 + 0.5)) / 100) }
    print("\(c) | \(name) | \(digits(microseconds)) us | \(digits(flops / microseconds / 1000)) GFLOP/s")
  }
  static let cases = KernelCase.all.filter { $0.level == ProcessorLevel.current }

  @Test("matrix products", arguments: cases)
  func products(_ c: KernelCase) {
    for (rows, depth, columns) in [
      (16, 96, 96), (24, 96, 96), (56, 96, 96), (64, 96, 96), (5, 96, 96), (1, 96, 96), (8, 64, 16), (64, 128, 128),
      (56, 480, 128),
    ] {
      let a = Scalars(rows * depth, isDouble: c.isDouble)
      let b = Scalars(depth * columns, isDouble: c.isDouble)
      let out = Scalars(rows * columns, isDouble: c.isDouble)
      let p = MatrixProduct(a: a.base, b: b.base, c: out.base, rows: rows, depth: depth, columns: columns)
      let flops = Double(2 * rows * depth * columns)
      let t = Self.best(Int(max(10, 2e7 / flops))) { c.kernels.multiply(p) }
      Self.report(c, "product \(rows)x\(depth)x\(columns)", t * 1e6, flops: flops)
    }
  }

  @Test("edges", arguments: cases)
  func edges(_ c: KernelCase) {
    let count = 320
    var random = SmallGenerator(1)
    let storage = EdgeGeometryTests.storage(c, (0..<count).map { _ in random.array(3).map { 3 * $0 } })
    let rows = EdgeGeometryTests.rows(storage, count: count, degree: 3)
    let grid = SplineGrid(start: 0, spacing: 0.02, intervals: 256, rowStride: 384)
    var quintic = grid
    quintic.degree = 5
    let knots = UnsafeMutablePointer<Int32>.allocate(capacity: count + 16)
    defer { knots.deallocate() }
    let perAtom = 40.0 / Double(count) * 1e6
    Self.report(c, "harmonics to 3, 40 edges", Self.best(200) { c.kernels.harmonics(rows) } * perAtom, flops: 0)
    Self.report(
      c, "spline weights, 40 edges", Self.best(200) { c.kernels.splineWeights(rows, grid, knots: knots) } * perAtom,
      flops: 0)
    Self.report(
      c, "spline weights of degree 5, 40 edges",
      Self.best(200) { c.kernels.splineWeights(rows, quintic, knots: knots) } * perAtom, flops: 0)
    Self.report(
      c, "harmonics adjoint, 40 edges", Self.best(200) { c.kernels.harmonicsAdjoint(rows) } * perAtom, flops: 0)
  }

  @Test("fits of tables", arguments: [3, 5])
  func fits(_ degree: Int) {
    let values = (0..<(512 * 1280)).map { 1 / Double(1 + $0 / 1280) }
    let t = Self.best(1) {
      let table = RadialTable<Float>(
        start: 0, spacing: 0.01, samples: 512, functions: 10, channels: 128, degree: degree, values: values)
      precondition(table.grid.intervals == 511)
    }
    print("fit of 1280 functions of 512 samples, degree \(degree) | \(Int(t * 1e6)) us")
  }

  @Test("convolutions", arguments: cases)
  func convolutions(_ c: KernelCase) {
    for (name, channels, shapes) in [
      ("scalar senders, l to 3, 96 channels", 96, [(1, 1), (1, 3), (1, 5), (1, 7)]),
      (
        "0e+1o senders, 10 paths, 128 channels", 128,
        [(1, 1), (1, 3), (1, 5), (1, 7), (3, 1), (3, 3), (3, 3), (3, 5), (3, 5), (3, 7)]
      ),
    ] {
      for knots in [24, 128, 256] {
        let receivers = 8
        let t = ConvolutionTile(
          c, channels: channels, shapes: shapes, counts: Array(repeating: 40, count: receivers), seed: 3,
          senderCount: 200, intervals: knots - 3)
        let perEdge = shapes.reduce((0, 0)) { sum, s in
          (sum.0 + 8 + s.0 * (1 + 2 * s.1), sum.1 + 7 + s.0 * (4 * s.1 + 2 + 2 + 1 + 8))
        }
        let work = Double(40 * t.padded)
        t.withPass { pass in
          let forward = Self.best(30) { c.kernels.convolve(pass) } * 1e6 / Double(receivers)
          Self.report(
            c, "\(name), \(knots) knots, forward, an atom of 40 edges", forward, flops: work * Double(perEdge.0))
          let backward = Self.best(30) { c.kernels.convolveAdjoint(pass) } * 1e6 / Double(receivers)
          Self.report(
            c, "\(name), \(knots) knots, adjoint, an atom of 40 edges", backward, flops: work * Double(perEdge.1))
        }
      }
    }
  }

  @Test("convolutions with six knots", arguments: cases)
  func sixKnots(_ c: KernelCase) {
    for (name, channels, shapes) in [
      ("scalar senders, l to 3, 96 channels", 96, [(1, 1), (1, 3), (1, 5), (1, 7)]),
      (
        "0e+1o senders, 10 paths, 128 channels", 128,
        [(1, 1), (1, 3), (1, 5), (1, 7), (3, 1), (3, 3), (3, 3), (3, 5), (3, 5), (3, 7)]
      ),
    ] {
      let t = ConvolutionTile(
        c, channels: channels, shapes: shapes, counts: Array(repeating: 40, count: 8), seed: 3, senderCount: 200,
        intervals: 64, degree: 5)
      t.withPass { pass in
        let forward = Self.best(30) { c.kernels.convolve(pass) } * 1e6 / 8
        Self.report(c, "\(name), degree 5, 64 intervals, forward", forward, flops: 0)
        let backward = Self.best(30) { c.kernels.convolveAdjoint(pass) } * 1e6 / 8
        Self.report(c, "\(name), degree 5, 64 intervals, adjoint", backward, flops: 0)
      }
    }
  }

  @Test("senders without features", arguments: cases)
  func featureless(_ c: KernelCase) {
    for degree in [3, 5] {
      for (channels, shared) in [(48, true), (64, true), (96, false)] {
        for count in [40, 37] {
          let t = ConvolutionTile(
            c, channels: channels, shapes: [(1, 1), (1, 3), (1, 5), (1, 7)], counts: Array(repeating: count, count: 8),
            seed: 3, intervals: 128, degree: degree, hasFeatures: false, shared: shared)
          let name =
            "no features, l to 3, \(channels) channels, \(t.functionCount) functions, degree \(degree), \(count) edges"
          t.withPass { pass in
            Self.report(c, name + ", forward", Self.best(60) { c.kernels.convolve(pass) } * 1e6 / 8, flops: 0)
            Self.report(c, name + ", adjoint", Self.best(60) { c.kernels.convolveAdjoint(pass) } * 1e6 / 8, flops: 0)
          }
        }
      }
    }
  }

  @Test("contractions", arguments: cases)
  func contractions(_ c: KernelCase) throws {
    for (input, output, order) in [
      ("0e+1o+2e+3o", "0e", 3), ("0e+1o+2e+3o", "1o", 3), ("0e+1o+2e", "0e", 3), ("0e+1o+2e", "1o", 3),
    ] {
      let (list, paths, inputs, components, _) = try PolynomialContractionTests.monomials(
        input, to: output, order: order)
      let (atoms, channels) = (8, 96)
      let stride = atoms * channels
      let a = Scalars(inputs * stride, isDouble: c.isDouble)
      let weights = Scalars(atoms * components * paths * channels, isDouble: c.isDouble)
      let out = Scalars(max(inputs, components) * stride, isDouble: c.isDouble)
      let sums = Scalars(components * stride, isDouble: c.isDouble)
      for (name, tables) in [
        ("values", PolynomialTables.values(list, inputs: inputs)),
        ("gradient", PolynomialTables.gradients(list, inputs: inputs, paths: paths)),
      ] {
        let scratch = Scalars(tables.scratchBytes / 8, isDouble: true)
        let pass = PolynomialPass(
          program: tables.program, atoms: atoms, channels: channels, input: a.base, inputStride: stride,
          weights: weights.base, output: out.base, outputStride: stride, values: sums.base, scratch: scratch.base)
        let t = Self.best(50) { c.kernels.evaluate(pass) } * 1e6 / Double(atoms)
        Self.report(
          c, "\(input) to \(output), \(name), 96 channels, \(tables.productCount) products, \(tables.sumCount) sums", t,
          flops: 0)
      }
      guard let cubic = CubicTables(list, inputs: inputs, components: components, paths: paths) else { continue }
      let rows = Scalars(cubic.rowCount * channels, isDouble: c.isDouble)
      let scratch = Scalars(cubic.scratchBytes / 8, isDouble: true)
      let adjoint = Scalars(components * stride, isDouble: c.isDouble)
      var pass = CubicPass(
        program: cubic.program, atoms: atoms, channels: channels, input: a.base, inputStride: stride,
        weights: rows.base, values: sums.base, valueStride: stride, scratch: scratch.base)
      let name =
        "\(input) to \(output) by pairs, 96 channels, \(cubic.rowCount) rows, \(cubic.pairCount) pairs, \(cubic.termCount) terms"
      Self.report(c, name + ", values", Self.best(50) { c.kernels.evaluate(pass) } * 1e6 / Double(atoms), flops: 0)
      (pass.gradient, pass.gradientStride) = (out.base, stride)
      if components == 1 {
        let t = Self.best(50) { c.kernels.evaluate(pass) } * 1e6 / Double(atoms)
        Self.report(c, name + ", gradient and value", t, flops: 0)
      }
      (pass.adjoint, pass.adjointStride) = (UnsafeRawPointer(adjoint.base), stride)
      let t = Self.best(50) { c.kernels.evaluate(pass) } * 1e6 / Double(atoms)
      Self.report(c, name + ", gradient with adjoint", t, flops: 0)
    }
  }
}
