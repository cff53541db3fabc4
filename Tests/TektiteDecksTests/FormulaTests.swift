import Foundation
import TektiteCore
import TektitePotentials
import TektiteTestSupport
import Testing

@testable import TektiteDecks

@Suite("Potentials of formulas")
struct FormulaTests {
  private func formulas(_ name: String) throws -> PairFormulas {
    try #require(try ModelReference.resolve(name, precision: nil).model as? PairFormulas)
  }

  // The minimum and the maximum of the published curve, printed to three digits.
  @Test("Dzugutov's potential has its well and its hill")
  func dzugutov() throws {
    let model = try formulas("dzugutov")
    func u(_ r: Double) -> Double { model.pairEnergy(0, 0, r2: r * r).energy }
    let distances = (900...1939).map { Double($0) / 1000 }
    let lowest = try #require(distances.min { u($0) < u($1) })
    #expect(abs(lowest - 1.130) < 1.5e-3 && abs(u(lowest) + 0.581) < 5e-4)
    let highest = try #require(distances.filter { $0 > 1.3 }.max { u($0) < u($1) })
    #expect(abs(highest - 1.628) < 2e-3 && abs(u(highest) - 0.460) < 5e-4)
    #expect(u(1.94) == 0 && model.pairs[0].cutoff == 1.94)
  }

  // Computed by another program from the formulas of the model's file, to 1e-12.
  @Test(
    "BKS silica has the energies of its formulas",
    arguments: [
      (1.2, [53.525210200766, -19.351334672155, 574.559631199593]),
      (1.6, [36.577403458478, -18.848846747306, 15.593013306628]),
      (2.6, [17.468852375600, -9.105496303965, 4.868279345579]),
      (5.4, [3.250095982117, -1.625609697127, 0.811900430260]),
      (7.0, [1.066396602288, -0.533198301144, 0.266599150572]),
    ])
  func silica(_ r: Double, _ values: [Double]) throws {
    let resolved = try ModelReference.resolve("bks-silica", precision: nil)
    #expect(resolved.units == .real && resolved.scheme == "shifted-force and cut-and-shift")
    let model = try formulas("bks-silica")
    #expect(model.labels == ["Si", "O"])
    for (k, pair) in [(0, 0), (0, 1), (1, 1)].enumerated() {
      let found = model.pairEnergy(pair.0, pair.1, r2: r * r).energy
      // Values are printed to 1e-12; cancellations among terms of some 1e4.
      #expect(abs(found - values[k]) < 2e-11, "\(found)")
      let table = [0, 1, 2][k]
      #expect(abs(model.tables.energy(table, r2: r * r) - found) < 1e-9 * max(1, abs(found)))
    }
  }

  @Test("The network former ends where its splines do")
  func networkFormer() throws {
    let model = try formulas("coslovich-pastore")
    // For a power -12 the end is 1 + 2/13 of the knot.
    #expect(abs(model.pairs[0].cutoff - 1.8 * 15 / 13) < 1e-14 && abs(model.pairs[3].cutoff - 1.53 * 15 / 13) < 1e-14)
    for (knot, pair) in [(1.8, 0), (1.078, 1), (1.53, 3)] {
      let formula = model.pairs[pair]
      let (below, above) = (formula.values(at: knot * (1 - 1e-12)), formula.values(at: knot * (1 + 1e-12)))
      #expect(abs(below.energy - above.energy) < 1e-11 && abs(below.slope - above.slope) < 1e-10)
      #expect(abs(below.curvature - above.curvature) < 1e-9)
    }
  }

  /// What berni knows of one of its sample configurations.
  private struct BerniSample: Decodable {
    var cell: Double, species: [String], positions: [[Double]], energy: Double
  }

  @Test(
    "Sample configurations of the berni collection have their energies",
    arguments: [
      ("coslovich_pastore", "coslovich-pastore", "8398d56bc8ad0ecfc6cd9f75ece4a6f1"),
      ("doye_wales_zetterling_dzugutov-Z2", "", "e9341ace39f4c9ed97ffaf53b950b743"),
    ])
  func berni(_ sample: String, _ name: String, _ digest: String) throws {
    guard let python = ProcessInfo.processInfo.environment["TEKTITE_PYTHON"] else {
      print("TEKTITE_PYTHON is not set: energies are not compared with the Python package berni")
      return
    }
    let script = """
      import json, os, sys, berni
      base = os.path.join(os.path.dirname(berni.__file__), 'samples', sys.argv[1] + '-' + sys.argv[2])
      lines = open(base + '.xyz').read().split('\\n')
      count = int(lines[0])
      rows = [line.split() for line in lines[2:2 + count]]
      about = json.load(open(base + '.json'))
      energy = about.get('potential_energy_per_particle', about.get('potential_energy'))
      print(json.dumps({'cell': float(lines[1].split('cell:')[1].split(',')[0]), 'species': [row[0] for row in rows],
                        'positions': [[float(x) for x in row[1:4]] for row in rows], 'energy': energy}))
      """
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["-c", script, sample, digest]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "berni is part of Tests/requirements.txt")
    let read = try JSONDecoder().decode(BerniSample.self, from: data)
    var frame = Frame()
    frame.positions = read.positions.map { Vector3($0[0], $0[1], $0[2]) }
    frame.cell = .cubic(read.cell)
    let kinds = read.species.map { $0 == "2" ? Int32(1) : 0 }
    let structure = Structure(topology: Topology(table: [Species("A"), Species("B")], species: kinds), frame: frame)
    for precision in [Precision.double, .mixed] {
      let model: PairFormulas
      if name.isEmpty {
        let term = PairTerm.oscillating(
          PairTerm.Oscillating(a: 1.04, alpha: 0.33, kappa: 4.139, b: 4.2e6, sigma: 0.348, exponent: 14.5))
        let pair = PairFormula([PairFormula.Part(terms: [term], cutoff: 2.64488, scheme: .cutAndShift)])
        model = try PairFormulas(labels: ["A", "B"], pairs: [pair, pair, pair, pair], precision: precision)
      } else {
        model = try #require(try ModelReference.resolve(name, precision: precision).model as? PairFormulas)
      }
      var probe = try Probe(model, structure)
      let energy = try probe.measure(.energy).energy / Double(structure.count)
      // One of the samples has its energy to eight digits, printed; of the other, single precision leaves some six.
      let tolerance = precision == .mixed ? 2e-6 : (name.isEmpty ? 1e-7 : 1e-10)
      #expect(abs(energy - read.energy) < tolerance * abs(read.energy), "\(energy) and \(read.energy)")
    }
  }

  @Test("A formula is written out and read back")
  func roundTrip() throws {
    let text = """
      units: lj
      system: {build: {lattice: fcc, counts: {A: 54, B: 54}, density: 1}}
      potential:
        kind: formula
        scheme: smooth
        cutoff: 2.5
        charges: {A: 1, B: -0.5}
        pairs:
          A-A: [{lennard-jones: {epsilon: 1, sigma: 1}}]
          B-A:
            - inverse-power: {epsilon: 1, sigma: 0.9, exponent: 12}
            - coulomb: {damping: 0.2, cutoff: 3, scheme: shifted-force}
          B-B: []
      stages: [{dynamics: {timestep: 0.002, steps: 1}}]
      """
    let deck = try Deck(text: text, path: "x.yaml")
    let model = try #require(try deck.resolvedModels()[0].model as? PairFormulas)
    #expect(model.pairs[3].cutoff == 0 && model.pairs[1].cutoff == 3 && model.pairs[1] == model.pairs[2])
    #expect(model.pairs[1].parts[1].terms == [.coulomb(product: -0.5, damping: 0.2)])
    let again = try Deck(text: deck.spelledOut, path: "x.yaml")
    #expect(again.body.potential == deck.body.potential)
  }
}
