import Foundation
import TektiteKernels
import TektiteModelFiles
import Testing

@testable import TektiteEquivariant

@Suite("Radial functions at many distances")
struct RadialTabulationTests {
  /// All radial functions of a program, densities too.
  static func functions(_ program: NetworkProgram) -> [RadialFunction] {
    program.steps.flatMap { step -> [RadialFunction] in
      guard case .convolve(let step) = step else { return [] }
      if case .density(let density, _, _) = step.normalization { return [step.radial, density] }
      return [step.radial]
    }
  }

  /// A network 10-64-64-64-1280 as large models have it.
  static func large() throws -> RadialFunction {
    func numbers(_ count: Int, _ width: Int) -> [Double] {
      (0..<count).map { cosine(0.7 * Double($0) * Double($0 % 97) + 1) * (2 / Double(width)).squareRoot() }
    }
    let silu = ScaledFunction(.silu, factor: 1.679)
    return try RadialFunction(
      basis: .bessel(frequencies: (1...10).map { Double($0) * .pi / 6 }, prefactor: 0.58), transform: .identity,
      envelope: .polynomial(.init(exponent: 5, cutoff: 6)), envelopePlace: .basis,
      network: RadialNetwork(
        inputs: 10,
        layers: [
          .init(weights: numbers(640, 10), activation: silu, outputs: 64),
          .init(weights: numbers(4096, 64), activation: silu, outputs: 64),
          .init(weights: numbers(4096, 64), activation: silu, outputs: 64),
          .init(weights: numbers(64 * 1280, 64), outputs: 1280),
        ]))
  }

  @Test("The same as one distance at a time", arguments: Fixtures.models)
  func samples(_ name: String) throws {
    let program = try NetworkProgram(try Fixtures.description(name))
    for function in Self.functions(program) {
      let cutoff = function.envelope.cutoff
      // The last ones are at the cutoff and beyond.
      let distances = (1...41).map { Double($0) * cutoff / 40 }
      for (center, neighbor) in [(0, 0), (0, program.speciesCount - 1), (program.speciesCount - 1, 0)] {
        let found = function.samples(at: distances, center: center, neighbor: neighbor, derivatives: true)
        let plain = function.samples(at: distances, center: center, neighbor: neighbor)
        #expect(plain.values == found.values && plain.derivatives.isEmpty && found.functionCount == function.count)
        let exact = distances.map { function.evaluate($0, center: center, neighbor: neighbor) }
        #expect(discrepancy(found.values, exact.flatMap(\.values)) < 1e-13)
        #expect(discrepancy(found.derivatives, exact.flatMap(\.derivatives)) < 1e-13)
      }
    }
  }

  @Test("Biases of the last layer, and an envelope of the result, pass through the factors")
  func biases() throws {
    for place in [RadialFunction.EnvelopePlace.basis, .result] {
      let function = try RadialFunction(
        basis: .gaussian(centers: [0.5, 1, 2], coefficient: -0.8), transform: .identity,
        envelope: .polynomial(.init(exponent: 6, cutoff: 3)), envelopePlace: place, neighborRows: [[0.3], [-0.2]],
        network: RadialNetwork(
          inputs: 4,
          layers: [
            .init(
              weights: (0..<20).map { cosine(Double($0)) }, biases: [1, 2, 3, 4, 5],
              normalization: .init(scale: [1, 1.1, 0.9, 1, 0.7], shift: [0, 0.1, 0, 0.2, 0], epsilon: 1e-5),
              activation: .init(.tanh), outputs: 5),
            .init(weights: (0..<15).map { sine(Double($0)) }, biases: [0.5, -1, 2], outputs: 3),
          ]))
      let distances = (1...30).map { 0.1 * Double($0) }
      let factors = function.factors(at: distances, center: 1, neighbor: 1, derivatives: true)
      #expect(factors.width == 6 && factors.functionCount == 3)
      let (found, exact) = (
        factors.expanded(), distances.map { function.evaluate($0, center: 1, neighbor: 1) }
      )
      #expect(discrepancy(found.values, exact.flatMap(\.values)) < 1e-13)
      #expect(discrepancy(found.derivatives, exact.flatMap(\.derivatives)) < 1e-13)
    }
  }

  @Test(
    "A grid is as accurate as it says, at other distances than those that chose it",
    arguments: ["plain", "density", "nonlinear", "soft"])
  func grid(_ name: String) throws {
    let program = try NetworkProgram(try Fixtures.description(name))
    let last = program.speciesCount - 1
    let pairs = [(0, 0), (0, last), (last, 0)].map { RadialTabulation.Pair(center: $0.0, neighbor: $0.1) }
    for function in Self.functions(program) {
      for (degree, tolerance) in [(3, 1e-5), (5, 1e-5), (5, 1e-8)] {
        let table = RadialTabulation(function, pairs: pairs, degree: degree, tolerance: tolerance, samples: 32...4096)
        #expect(table.valueError <= tolerance && table.derivativeError <= tolerance && table.sampleCount < 4096)
        #expect(abs((table.distances.last ?? 0) - function.envelope.cutoff) < 1e-12)
        let n = table.functionCount
        for pair in pairs {
          let place = try #require(table.tableOfPair[pair])
          let (samples, ends) = (table.tables[place], table.slopes[place])
          var (errors, slopeErrors, values, slopes) = ([Double](), [Double](), [Double](), [Double]())
          let fits = (0..<n).map { f in
            SplineFit(
              samples: (0..<table.sampleCount).map { samples[$0 * n + f] }, spacing: table.spacing, degree: degree,
              slopes: (ends.first[f], ends.last[f]))
          }
          for k in 0..<300 {
            let shortest = table.distances[0]
            let r = shortest + (Double(k) + 0.61) / 301 * (function.envelope.cutoff - shortest)
            let exact = function.evaluate(r, center: pair.center, neighbor: pair.neighbor)
            (values, slopes) = (values + exact.values, slopes + exact.derivatives)
            for f in 0..<n {
              let (value, bent) = fits[f].evaluate(at: SplineGrid.coordinate(r, bend: table.bend) - table.start)
              let slope = bent * SplineGrid.slope(r, bend: table.bend)
              errors.append(value - exact.values[f])
              slopeErrors.append(slope - exact.derivatives[f])
            }
          }
          // Largest values over other distances differ a little.
          #expect(RadialNorm(of: values, functions: n).largest(ofErrors: errors) < 1.2 * tolerance)
          #expect(RadialNorm(of: slopes, functions: n).largest(ofErrors: slopeErrors) < 1.2 * tolerance)
        }
      }
    }
  }

  @Test("Pairs with the same functions share a table, and a grid ends where it was told")
  func sharing() throws {
    let pairs = [(0, 0), (0, 1), (1, 0), (1, 1)].map { RadialTabulation.Pair(center: $0.0, neighbor: $0.1) }
    func table(_ name: String) throws -> RadialTabulation {
      let function = try #require(Self.functions(try NetworkProgram(try Fixtures.description(name))).first)
      return RadialTabulation(function, pairs: pairs, degree: 3, tolerance: 1e-14, samples: 16...40, start: 0.3)
    }
    let plain = try table("plain")
    #expect(plain.representatives.count == 1 && Set(plain.tableOfPair.values) == [0])
    #expect(
      plain.sampleCount == 40 && plain.valueError > 1e-14 && abs(plain.distances[0] - 0.3) < 1e-15
        && plain.distances.count == 40)
    // Transforms see the sum of two radii; the non-linear kind gives rows to both species.
    #expect(try table("density").representatives.count == 3)
    #expect(try table("nonlinear").representatives.count == 4)
  }

  @Test("Few functions represent many", arguments: ["plain", "density", "nonlinear", "soft", "odd"])
  func lowRank(_ name: String) throws {
    let program = try NetworkProgram(try Fixtures.description(name))
    let last = program.speciesCount - 1
    for function in Self.functions(program) {
      let distances = (0..<200).map { (0.05 + 0.95 * Double($0) / 199) * function.envelope.cutoff }
      let factors = RadialFactors.stacked(
        [(0, 0), (last, 0)].map { function.factors(at: distances, center: $0.0, neighbor: $0.1) })
      let exact = RadialFactors.stacked(
        [(0, 0), (last, 0)].map { function.factors(at: distances, center: $0.0, neighbor: $0.1) }
      ).expanded().values
      // As many as the last layer reads, and one for its biases; all where it is not linear.
      let last = try #require(function.network.layers.last)
      let hidden = last.weights.count / last.outputs + (last.biases.isEmpty ? 0 : 1)
      #expect(factors.width == (function.isDensity ? 1 : hidden))
      var before = 0
      for tolerance in [1e-3, 1e-7, 1e-12] {
        let reduced = LowRankRadial(factors, tolerance: tolerance)
        let direct = LowRankRadial(samples: exact, functionCount: function.count, tolerance: tolerance)
        #expect(reduced.error <= tolerance && direct.error <= tolerance, "\(reduced.error) \(direct.error)")
        #expect(reduced.rank <= factors.width && reduced.rank >= before)
        #expect(abs(reduced.rank - direct.rank) <= 1, "\(reduced.rank) \(direct.rank)")
        before = reduced.rank
        // φW once more, the plain way.
        var found = [Double](repeating: 0, count: exact.count)
        let n = function.count
        for i in 0..<(exact.count / n) {
          for k in 0..<reduced.rank {
            for f in 0..<n { found[i * n + f] += reduced.samples[i * reduced.rank + k] * reduced.weights[k * n + f] }
          }
        }
        let errors = zip(found, exact).map { $0 - $1 }
        #expect(RadialNorm(of: exact, functions: n).largest(ofErrors: errors) <= 1.01 * tolerance + 1e-14)
        // Orthogonal, with a mean square of 1.
        for k in 0..<reduced.rank {
          for m in 0...k {
            let overlap = (0..<400).reduce(0.0) {
              $0 + reduced.samples[$1 * reduced.rank + k] * reduced.samples[$1 * reduced.rank + m] / 400
            }
            #expect(abs(overlap - (k == m ? 1 : 0)) < 1e-12)
          }
        }
      }
    }
  }

  @Test("Functions that vanish, and functions without a common factor")
  func degenerate() {
    let zero = LowRankRadial(samples: [Double](repeating: 0, count: 60), functionCount: 6, tolerance: 1e-9)
    #expect(zero.rank == 0 && zero.error == 0)
    var unit = [Double](repeating: 0, count: 36)
    for k in 0..<6 { unit[k * 7] = Double(k + 1) }
    let all = LowRankRadial(samples: unit, functionCount: 6, tolerance: 1e-9)
    #expect(all.rank == 6 && all.error < 1e-15)
  }

  @Test("Times", .enabled(if: ProcessInfo.processInfo.environment["TEKTITE_TIMINGS"] != nil))
  func timings() throws {
    func best(_ body: () -> Void) -> Double {
      let clock = ContinuousClock()
      let times = (0..<5).map { _ in clock.measure(body) }
      return (times.min() ?? .zero) / .milliseconds(1)
    }
    let large = try Self.large()
    let distances = (0..<512).map { 0.3 + 5.7 * Double($0) / 511 }
    print("512 x 10-64-64-64-1280: values \(best { _ = large.samples(at: distances, center: 0, neighbor: 0) }) ms")
    print("with derivatives \(best { _ = large.samples(at: distances, center: 0, neighbor: 0, derivatives: true) }) ms")
    let factors = large.factors(at: distances, center: 0, neighbor: 0)
    let values = factors.expanded().values
    for tolerance in [1e-7, 1e-12] {
      let reduced = LowRankRadial(factors, tolerance: tolerance)
      print("low rank to \(tolerance): \(reduced.rank), error \(reduced.error)")
      print("  from factors \(best { _ = LowRankRadial(factors, tolerance: tolerance) }) ms")
      print(
        "  from samples \(best { _ = LowRankRadial(samples: values, functionCount: 1280, tolerance: tolerance) }) ms")
    }
    let pair = [RadialTabulation.Pair(center: 0, neighbor: 0)]
    print("grid: \(best { _ = RadialTabulation(large, pairs: pair, degree: 5, tolerance: 1e-10) }) ms")
  }

  @Test(
    "Multiplications, knots and ranks of models",
    .enabled(if: ProcessInfo.processInfo.environment["TEKTITE_TIMINGS"] != nil))
  func survey() throws {
    var models = try Fixtures.models.map { ($0, try Fixtures.description($0)) }
    if let folder = ProcessInfo.processInfo.environment["TEKTITE_DATA"] {
      for name in try FileManager.default.contentsOfDirectory(atPath: folder + "/models").sorted()
      where name.hasSuffix(".model") {
        models.append((name, try MACEDescription(ModelFile(path: folder + "/models/" + name))))
      }
    }
    for (name, model) in models.reversed() {
      let program = try NetworkProgram(model)
      let before = program.cost
      let after = try program.simplified().cost
      print(
        "\(name): multiplications for an atom \(before.perAtom) -> \(after.perAtom), an edge \(before.perEdge) -> \(after.perEdge)"
      )
      let species = 0..<program.speciesCount
      let pairs = species.prefix(3).flatMap { i in
        species.prefix(3).map { RadialTabulation.Pair(center: i, neighbor: $0) }
      }
      for function in Self.functions(program) {
        var line = "  \(function.count) functions:"
        for degree in [3, 5] {
          for tolerance in [1e-6, 1e-7, 1e-10, 1e-11] {
            let table = RadialTabulation(
              function, pairs: pairs, degree: degree, tolerance: tolerance, samples: 16...16384)
            let isReached = max(table.valueError, table.derivativeError) <= tolerance
            line += " \(degree)/\(tolerance): \(table.sampleCount)\(isReached ? "" : "*")"
          }
        }
        let some = RadialFactors.stacked(
          RadialTabulation(function, pairs: pairs, degree: 3, tolerance: 1, samples: 400...400).representatives.map {
            function.factors(
              at: (0..<400).map { (0.05 + 0.95 * Double($0) / 399) * function.envelope.cutoff }, center: $0.center,
              neighbor: $0.neighbor)
          })
        line += " rank \(LowRankRadial(some, tolerance: 1e-7).rank) \(LowRankRadial(some, tolerance: 1e-12).rank)"
        print(line)
      }
    }
  }
}
