import Testing

@testable import TektiteIrreps

@Suite("Symmetric contractions")
struct ContractionTests {
  private func basis(_ fixture: Fixtures.Contraction) throws -> SymmetricContractionBasis {
    try SymmetricContractionBasis(Irreps(fixture.input), to: Irrep(fixture.output), order: fixture.order)
  }

  @Test("U agrees with mace-torch: counts, order of paths, values", arguments: 0..<12)
  func againstMACE(_ k: Int) throws {
    let fixtures = try Fixtures.mace().contractions
    #expect(fixtures.count == 12)
    let fixture = fixtures[k]
    let basis = try basis(fixture)
    #expect(basis.paths.count == fixture.paths)
    #expect(basis.elementCount == fixture.nonzero)
    let vectors = (0..<fixture.order).map { Fixtures.draw(800 + UInt64($0), basis.dimension) }
    #expect(difference(try basis.apply(to: vectors), fixture.values) < 1e-13)
  }

  @Test("Symmetrised: the same sums from fewer terms", arguments: 0..<12)
  func symmetrized(_ k: Int) throws {
    let basis = try basis(try Fixtures.mace().contractions[k])
    let small = SymmetrizedContraction(basis)
    let a = Fixtures.draw(1, basis.dimension)
    let weights = Fixtures.draw(2, 2 * basis.paths.count)
    let folded = try small.fold(weights, channels: 2)
    let paths = try basis.apply(to: [[Double]](repeating: a, count: basis.order))
    let n = basis.paths.count
    for channel in 0..<2 {
      let mine = small.keptPaths.indices.map { folded[2 * $0 + channel] }
      let (values, gradients) = try small.evaluate(a, weights: mine)
      let expected = (0..<basis.output.dimension).map { m in
        (0..<n).reduce(0.0) { $0 + weights[2 * $1 + channel] * paths[m * n + $1] }
      }
      #expect(difference(values, expected) < 1e-13)
      for m in 0..<basis.output.dimension {
        let slope = try finiteDifferences(a, 1e-4) { try small.evaluate($0, weights: mine).values[m] }
        #expect(difference(slope, Array(gradients[(m * a.count)..<((m + 1) * a.count)])) < 1e-6)
      }
    }
  }

  @Test("Sizes for A = 0e+1o+2e+3o")
  func sizes() throws {
    let input = try Irreps("0e+1o+2e+3o")
    func counts(_ output: String, _ order: Int) throws -> [Int] {
      let basis = try SymmetricContractionBasis(input, to: Irrep(output), order: order)
      let small = SymmetrizedContraction(basis)
      return [basis.elementCount, basis.paths.count, small.terms.count, small.keptPaths.count]
    }
    #expect(try counts("0e", 3) == [353, 23, 77, 8])
    #expect(try counts("1o", 3) == [2838, 51, 360, 12])
    #expect(try counts("0e", 2)[3] == 4)
    #expect(try counts("0e", 1)[3] == 1)
  }

  @Test("Stored tensors, double and rounded to single precision, give what the generated ones give")
  func stored() throws {
    for (output, order) in [("0e", 3), ("1o", 2)] {
      let made = try SymmetricContractionBasis(Irreps("0e+1o+2e+3o"), to: Irrep(output), order: order)
      var dense = [Double](
        repeating: 0, count: made.output.dimension * (order == 3 ? 4096 : 256) * made.paths.count)
      for (p, path) in made.paths.enumerated() {
        for e in path {
          dense[(e.component * (order == 3 ? 4096 : 256) + e.index) * made.paths.count + p] = e.value
        }
      }
      func stored(_ values: [Double]) throws -> SymmetricContractionBasis {
        try SymmetricContractionBasis(
          made.input, to: made.output, order: order, stored: values, paths: made.paths.count)
      }
      #expect(try stored(dense) == made)
      let exact = SymmetrizedContraction(made)
      let rounded = SymmetrizedContraction(try stored(dense.map { Double(Float($0)) }), tolerance: 1e-5)
      #expect(rounded.keptPaths == exact.keptPaths)
      #expect(rounded.terms.count == exact.terms.count)
      let (a, w) = (Fixtures.draw(1, made.dimension), Fixtures.draw(2, made.paths.count))
      let x = try exact.evaluate(a, weights: exact.fold(w, channels: 1)).values
      #expect(difference(x, try rounded.evaluate(a, weights: rounded.fold(w, channels: 1)).values) < 1e-5)
      #expect(throws: IrrepsError.self) { try stored(Array(dense.dropLast())) }
      #expect(throws: IrrepsError.self) { try stored([]) }
    }
  }

  @Test("Turned input gives turned output, also at order 4", arguments: 0..<12)
  func equivariance(_ k: Int) throws {
    let basis = try basis(try Fixtures.mace().contractions[k])
    let small = SymmetrizedContraction(basis)
    let wigner = try WignerD(upTo: 3)
    var random = SplitMix(seed: 3)
    let a = Fixtures.draw(1, basis.dimension)
    let weights = Fixtures.draw(2, small.keptPaths.count)
    let output = Irreps(basis.output)
    for turn in [random.rotation(), random.rotation() * .inversion] {
      let turned = try small.evaluate(wigner.rotate(a, of: basis.input, by: turn), weights: weights).values
      let expected = try wigner.rotate(small.evaluate(a, weights: weights).values, of: output, by: turn)
      #expect(difference(turned, expected) < 1e-13)
    }
  }

  @Test("Impossible contractions are refused, empty ones are empty")
  func edges() throws {
    let input = try Irreps("0e+1o")
    #expect(throws: IrrepsError.self) { try SymmetricContractionBasis(input, to: Irrep("0e"), order: 0) }
    #expect(throws: IrrepsError.self) { try SymmetricContractionBasis(input, to: Irrep("0e"), order: 5) }
    #expect(throws: IrrepsError.self) {
      try SymmetricContractionBasis(Irreps("100000x0e"), to: Irrep("0e"), order: 4)
    }
    let none = try SymmetricContractionBasis(input, to: Irrep("5o"), order: 2)
    #expect(none.paths.isEmpty)
    let small = SymmetrizedContraction(none)
    #expect(small.terms.isEmpty && small.keptPaths.isEmpty)
    #expect(try small.evaluate([1, 2, 3, 4], weights: []).values == [Double](repeating: 0, count: 11))
    #expect(try SymmetricContractionBasis([], to: Irrep("0e"), order: 3).paths.isEmpty)
    #expect(throws: IrrepsError.self) { try small.fold([1], channels: 1) }
    #expect(try small.fold([], channels: .max).isEmpty)
    #expect(throws: IrrepsError.self) { try SymmetricContractionBasis(input, to: Irrep("13o"), order: 1) }
    #expect(throws: IrrepsError.self) {
      try SymmetricContractionBasis([], to: Irrep("0e"), order: 2, stored: [], paths: .max)
    }
    #expect(throws: IrrepsError.self) {
      try SymmetricContractionBasis(input, to: Irrep("0e"), order: 2, stored: [1], paths: .max)
    }
    #expect(throws: IrrepsError.self) { try small.evaluate([1], weights: []) }
    #expect(throws: IrrepsError.self) { try none.apply(to: [[1, 2, 3, 4]]) }
  }
}
