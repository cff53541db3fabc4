import Testing

@testable import TektiteIrreps

@Suite("Spherical harmonics")
struct SphericalHarmonicsTests {
  private func vectors(_ flat: [Double]) -> [(x: Double, y: Double, z: Double)] {
    stride(from: 0, to: flat.count, by: 3).map { (flat[$0], flat[$0 + 1], flat[$0 + 2]) }
  }

  @Test("Values agree with e3nn: l ≤ 8 on 50 vectors, l = 9 to 11 on 8")
  func values() throws {
    let fixture = try #require(try Fixtures.e3nn().harmonics)
    let harmonics = try SphericalHarmonics<Double>(upTo: 11)
    let points = vectors(fixture.vectors)
    #expect(points.count == 50)
    for (i, r) in points.enumerated() {
      let y = harmonics.values(r.x, r.y, r.z)
      #expect(difference(Array(y[..<81]), Array(fixture.values[(81 * i)..<(81 * i + 81)])) < 5e-14)
      guard i < 8 else { continue }
      #expect(difference(Array(y[81...]), Array(fixture.high[(63 * i)..<(63 * i + 63)])) < 1e-13)
    }
  }

  @Test("Mixtures and their gradients agree with e3nn's, in all settings")
  func mixtures() throws {
    let fixture = try #require(try Fixtures.e3nn().harmonics)
    let points = vectors(fixture.vectors)
    #expect(fixture.mixtures.count == 18)
    for mixture in fixture.mixtures {
      let normalization = try #require(HarmonicNormalization(rawValue: mixture.normalization))
      let harmonics = try SphericalHarmonics<Double>(
        upTo: mixture.degree, normalization: normalization, normalizesVectors: mixture.normalize)
      let c = Fixtures.draw(3, harmonics.count)
      for (i, expected) in mixture.values.enumerated() {
        let r = points[i]
        let (y, g) = harmonics.valuesAndGradients(r.x, r.y, r.z)
        #expect(y == harmonics.values(r.x, r.y, r.z))
        let size = max(1, y.map(abs).max() ?? 1)
        #expect(abs(dot(c, y) - expected) < 1e-13 * size, "\(mixture.normalization) \(mixture.degree)")
        let mixed = (0..<3).map { axis in c.indices.reduce(0.0) { $0 + c[$1] * g[3 * $1 + axis] } }
        let scale = max(1, g.map(abs).max() ?? 1)
        #expect(difference(mixed, Array(mixture.gradients[(3 * i)..<(3 * i + 3)])) < 1e-13 * scale)
      }
    }
  }

  @Test("Gradients agree with finite differences of every component, l ≤ 12", arguments: [true, false])
  func gradients(_ normalizes: Bool) throws {
    let harmonics = try SphericalHarmonics<Double>(upTo: 12, normalizesVectors: normalizes)
    for r in [[0.3, -0.7, 0.5], [0, 1, 0], [0, -1.1, 0], [0.9, 0, 0], [1e-7, 0.8, 1e-7], [-0.5, 0.1, -1]] {
      let g = harmonics.valuesAndGradients(r[0], r[1], r[2]).gradients
      for axis in 0..<3 {
        let h = 1e-4
        // Fourth order, so that the step can be large.
        let f = [-2.0, -1, 1, 2].map { k in
          var s = r
          s[axis] += k * h
          return harmonics.values(s[0], s[1], s[2])
        }
        for k in 0..<harmonics.count {
          let slope = (f[0][k] - 8 * f[1][k] + 8 * f[2][k] - f[3][k]) / (12 * h)
          #expect(abs(slope - g[3 * k + axis]) < 1e-9, "component \(k) axis \(axis) at \(r)")
        }
      }
    }
  }

  @Test("The first degrees are the polynomials that the documentation names")
  func polynomials() throws {
    let (x, y, z) = (0.3, -0.4, 1.2)
    let r = (x * x + y * y + z * z).squareRoot()
    let values = try SphericalHarmonics<Double>(upTo: 2).values(x, y, z)
    let s = 15.0.squareRoot() / (r * r)
    let expected = [
      1, 3.0.squareRoot() * x / r, 3.0.squareRoot() * y / r, 3.0.squareRoot() * z / r,
      s * x * z, s * x * y, s * (2 * y * y - x * x - z * z) / (2 * 3.0.squareRoot()), s * y * z,
      s * (z * z - x * x) / 2,
    ]
    #expect(difference(values, expected) < 1e-15)
    #expect(values[0] == 1)
  }

  @Test("Lengths are those of the normalisation", arguments: HarmonicNormalization.allCases)
  func lengths(_ normalization: HarmonicNormalization) throws {
    var random = SplitMix(seed: 5)
    let harmonics = try SphericalHarmonics<Double>(upTo: 12, normalization: normalization)
    for _ in 0..<20 {
      let y = harmonics.values(random.number(), random.number(), random.number())
      for l in 0...12 {
        let squares = y[(l * l)..<((l + 1) * (l + 1))].reduce(0) { $0 + $1 * $1 }
        #expect(abs(squares.squareRoot() / normalization.length(ofDegree: l) - 1) < 2e-14)
      }
    }
    // ∫ Y² = 1: the mean over the sphere times 4π, by symmetry the length squared over 2l+1 times 4π.
    if normalization == .integral {
      #expect(abs(normalization.length(ofDegree: 3) * normalization.length(ofDegree: 3) / 7 * 4 * .pi - 1) < 1e-15)
    }
  }

  @Test("Turned vectors give turned harmonics: Y(Rr) = D(R) Y(r), l ≤ 12, inversion included")
  func equivariance() throws {
    var random = SplitMix(seed: 6)
    let harmonics = try SphericalHarmonics<Double>(upTo: 12, normalizesVectors: false)
    let wigner = try WignerD(upTo: 12)
    for k in 0..<10 {
      let turn = k % 2 == 0 ? random.rotation() : random.rotation() * .inversion
      let (x, y, z) = (random.number(), random.number(), random.number())
      let turned = turn(x, y, z)
      let expected = try wigner.rotate(harmonics.values(x, y, z), of: harmonics.irreps, by: turn)
      let found = harmonics.values(turned.x, turned.y, turned.z)
      #expect(difference(found, expected) < 2e-13 * max(1, found.map(abs).max() ?? 1))
    }
  }

  @Test("Null, tiny, huge and broken vectors")
  func extremes() throws {
    let harmonics = try SphericalHarmonics<Double>(upTo: 12)
    for tiny in [0, -0.0, Double.leastNonzeroMagnitude, Double.leastNormalMagnitude / 8] {
      let (y, g) = harmonics.valuesAndGradients(0, tiny, 0)
      #expect(y[0] == 1 && y[1...].allSatisfy { $0 == 0 })
      #expect(g.allSatisfy { $0 == 0 })
    }
    let unit = harmonics.values(0.6, 0, 0.8)
    for scale in [1e-300, 1e-30, 1e30, 1e300] {
      #expect(difference(harmonics.values(0.6 * scale, 0, 0.8 * scale), unit) < 1e-13)
      #expect(harmonics.valuesAndGradients(0.6 * scale, 0, 0.8 * scale).gradients.allSatisfy { $0.isFinite })
    }
    for broken in [[Double.nan, 0, 0], [0, .nan, 0], [0, 0, .nan], [.infinity, 0, 1]] {
      #expect(harmonics.values(broken[0], broken[1], broken[2])[1...].contains { $0.isNaN })
    }
    let raw = try SphericalHarmonics<Double>(upTo: 3, normalizesVectors: false).valuesAndGradients(0, 0, 0)
    #expect(raw.values[0] == 1 && raw.values[1...].allSatisfy { $0 == 0 })
    #expect(abs(raw.gradients[3] - 3.0.squareRoot()) < 1e-15)  // ∂Y_x/∂x is constant
    #expect(throws: IrrepsError.self) { try SphericalHarmonics<Double>(upTo: 13) }
    #expect(throws: IrrepsError.self) { try SphericalHarmonics<Double>(upTo: -1) }
  }

  @Test("Many at once are the same as one by one", arguments: [0, 1, 15, 16, 17, 40])
  func batch(_ n: Int) throws {
    for (top, normalizes) in [
      (0, true), (1, false), (2, true), (3, true), (3, false), (4, true), (4, false), (5, true), (12, true),
      (12, false),
    ] {
      let harmonics = try SphericalHarmonics<Double>(upTo: top, normalization: .integral, normalizesVectors: normalizes)
      let (x, z) = (Fixtures.draw(20, n), Fixtures.draw(22, n))
      var y = Fixtures.draw(21, n)
      if n > 3 { y[3] = 0 }
      var values = [Double](repeating: .nan, count: harmonics.count * n)
      var again = values
      var gradients = [Double](repeating: .nan, count: 3 * harmonics.count * n)
      do {
        var v = values.mutableSpan
        var w = again.mutableSpan
        var g = gradients.mutableSpan
        try harmonics.evaluate(x: x.span, y: y.span, z: z.span, values: &v, gradients: &g)
        try harmonics.evaluate(x: x.span, y: y.span, z: z.span, values: &w)
      }
      #expect(values == again)
      for i in 0..<n {
        let one = harmonics.valuesAndGradients(x[i], y[i], z[i])
        #expect(difference(one.values, (0..<harmonics.count).map { values[$0 * n + i] }) < 1e-14)
        let scale = max(1, one.gradients.map(abs).max() ?? 1)
        #expect(
          difference(one.gradients, (0..<(3 * harmonics.count)).map { gradients[$0 * n + i] }) < 1e-14 * scale)
      }
    }
  }

  @Test("Arrays that do not fit together are refused")
  func wrongLengths() throws {
    let harmonics = try SphericalHarmonics<Float>(upTo: 1)
    let (three, two) = ([Float](repeating: 1, count: 3), [Float](repeating: 1, count: 2))
    var (values, gradients) = ([Float](repeating: 0, count: 12), [Float](repeating: 0, count: 35))
    #expect(throws: IrrepsError.self) {
      var v = values.mutableSpan
      try harmonics.evaluate(x: three.span, y: two.span, z: three.span, values: &v)
    }
    #expect(throws: IrrepsError.self) {
      var v = values.mutableSpan
      try harmonics.evaluate(x: two.span, y: two.span, z: two.span, values: &v)
    }
    #expect(throws: IrrepsError.self) {
      var v = values.mutableSpan
      var g = gradients.mutableSpan
      try harmonics.evaluate(x: three.span, y: three.span, z: three.span, values: &v, gradients: &g)
    }
  }

  @Test("Single precision is double precision rounded, to a few 10⁻⁶")
  func single() throws {
    let (low, high) = (try SphericalHarmonics<Float>(upTo: 12), try SphericalHarmonics<Double>(upTo: 12))
    var random = SplitMix(seed: 9)
    for _ in 0..<30 {
      let (x, y, z) = (Float(random.number()), Float(random.number()), Float(random.number()))
      let a = low.valuesAndGradients(x, y, z)
      let b = high.valuesAndGradients(Double(x), Double(y), Double(z))
      #expect(difference(a.values.map { Double($0) }, b.values) < 1e-5)
      let scale = b.gradients.map(abs).max() ?? 1
      #expect(difference(a.gradients.map { Double($0) }, b.gradients) < 1e-5 * scale)
    }
  }
}
