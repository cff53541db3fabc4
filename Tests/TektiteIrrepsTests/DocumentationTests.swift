import Testing

@testable import TektiteIrreps

/// The examples of docs/irreps.md, with the results that the page states.
@Suite("Examples of the documentation")
struct DocumentationTests {
  @Test("Irreps, 3j tensors, rotations")
  func basics() throws {
    let features = try Irreps("32x0e + 16x1o")
    #expect(features.dimension == 80)
    #expect(features.slices == [0..<32, 32..<80])
    #expect((try Irrep("1o") * Irrep("2e")).description == "[1o, 2o, 3o]")
    let (sorted, order) = try Irreps("1e+0e+1e").sorted()
    #expect(sorted.description == "1x0e+1x1e+1x1e")
    #expect(order.destination == [1, 0, 2])
    let (y, dy) = try SphericalHarmonics<Double>(upTo: 3, normalization: .component).valuesAndGradients(0.1, -0.4, 0.8)
    #expect(y.count == 16 && dy.count == 48)
    #expect(try Wigner3j(1, 2, 2, convention: .e3nn04).dense.count == 75)
    let turn = Rotation(alpha: 0.3, beta: 1.1, gamma: -2.4) * .inversion
    let turned = try WignerD(upTo: 1).rotate([1, 0, 0], of: try Irreps("1o"), by: turn)
    #expect(difference(turned, [turn[0, 0], turn[1, 0], turn[2, 0]]) < 1e-15)
  }

  @Test("A layer: convolution, linear map, gate")
  func layer() throws {
    let plan = try TensorProduct.convolution(
      Irreps("8x0e+8x1o"), .sphericalHarmonics(upTo: 2), keep: Irreps.list("0e,1o"), convention: .e3nn04)
    #expect(plan.output.regrouped().description == "16x0e+24x1o")
    let (x, y) = (Fixtures.draw(1, plan.first.dimension), Fixtures.draw(2, plan.second.dimension))
    let z = try plan.evaluate(x, y, weights: Fixtures.draw(3, plan.weightCount))
    let linear = try Linear(plan.output, to: Irreps("24x0e+8x1o"))
    let gate = try Gate(
      scalars: Irreps("16x0e"), [.silu], gates: Irreps("8x0e"), [.sigmoid], gated: Irreps("8x1o"))
    #expect(gate.input == linear.output)
    let h = try gate.evaluate(linear.evaluate(z, weights: Fixtures.draw(4, linear.weightCount)))
    #expect(h.count == gate.output.dimension && gate.output.description == "16x0e+8x1o")
  }

  @Test("The table of contractions")
  func contractions() throws {
    let basis = try SymmetricContractionBasis(Irreps("0e+1o+2e+3o"), to: Irrep("2e"), order: 3)
    let small = SymmetrizedContraction(basis)
    #expect([basis.elementCount, basis.paths.count, small.terms.count, small.keptPaths.count] == [5782, 65, 649, 14])
  }

  @Test("In all triples to l = 8 the signs differ where the page says")
  func signs() throws {
    var flipped: [[Int]] = []
    for l1 in 0...8 {
      for l2 in l1...8 {
        for l3 in l2...8 where l3 <= l1 + l2 {
          let old = try Wigner3j(l1, l2, l3, convention: .e3nn04).elements[0].value
          if old != (try Wigner3j(l1, l2, l3, convention: .e3nn06).elements[0].value) { flipped.append([l1, l2, l3]) }
        }
      }
    }
    let named =
      (2...8).map { [1, $0, $0] } + [
        [3, 4, 6], [3, 5, 7], [3, 6, 8], [4, 4, 5], [4, 5, 6], [4, 6, 7], [4, 7, 8],
      ]
    #expect(flipped == named + [[5, 5, 5], [5, 6, 6], [5, 7, 7], [5, 8, 8]])
  }
}
