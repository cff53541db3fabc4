import Foundation
import TektiteCore
import TektitePotentials
import Testing

@testable import TektiteDecks

@Suite("Registry")
struct RegistryTests {
  /// The classical models.
  static let names = [
    "argon", "bernu-hansen", "bks-silica", "coslovich-pastore", "coslovich-pastore-cut-and-shift", "dzugutov",
    "harmonic-spheres", "ka2", "kob-andersen", "kob-andersen-2d",
    "kob-andersen-2d-ternary", "kob-andersen-smooth",
    "kob-andersen-wca", "polydisperse-spheres", "roux-barrat-hansen", "wahnstrom",
  ]
  static let learnedNames = ["acetylacetone-mace", "kob-andersen-mace", "kob-andersen-nequip"]

  @Test("The models are found")
  func found() {
    #expect(Registry.entries().map(\.name) == (Self.names + Self.learnedNames).sorted())
  }

  @Test("Every model resolves in both precisions and says where it comes from", arguments: names)
  func resolves(_ name: String) throws {
    for precision in [Precision.double, .mixed] {
      let model = try ModelReference.resolve(name, precision: precision)
      #expect(model.precision == precision && model.name == name && !model.title.isEmpty && !model.notes.isEmpty)
      #expect(model.doi?.hasPrefix("10.") == true && model.scheme != nil && !model.statePoints.isEmpty)
      #expect(Set(model.masses.keys) == Set(model.labels))
      #expect(model.files.count == 1 && model.files[0].digest.count == 64)
      var table = model.labels.map { Species($0) }
      for index in table.indices { table[index].diameters = model.diameters?.range }
      _ = try model.model.makePotential(for: table)
    }
    #expect(try ModelReference.resolve(name, precision: nil).precision == .double)
  }

  @Test("The learned model of the registry is found by name, and its file beside its card")
  func learned() throws {
    let model = try ModelReference.resolve("acetylacetone-mace", precision: nil)
    #expect(model.name == "acetylacetone-mace" && model.units == .real && !model.title.isEmpty && !model.notes.isEmpty)
    #expect(model.labels == ["H", "C", "O"])
    _ = try model.model.makePotential(for: [Species("O"), Species("H")])
    #expect(model.files.map(\.name) == ["acetylacetone-mace", "acetylacetone-mace.model"])
    #expect(model.files.allSatisfy { $0.digest.count == 64 })
    #expect(throws: InputError.self) { try ModelReference.resolve("acetylacetone-mace", precision: .mixed) }
  }

  @Test(
    "The learned Kob-Andersen liquids have the labels, units and masses of their teacher",
    arguments: [("kob-andersen-mace", "kob-andersen-mace.model"), ("kob-andersen-nequip", "kob-andersen-nequip.ckpt")])
  func learnedLiquid(_ name: String, _ file: String) throws {
    let model = try ModelReference.resolve(name, precision: nil)
    #expect(model.name == name && model.units == .lj && !model.title.isEmpty && !model.notes.isEmpty)
    #expect(model.masses["A"] == 1 && model.masses["B"] == 1)
    _ = try model.model.makePotential(for: [Species("A"), Species("B")])
    #expect(model.files.map(\.name) == [name, file])
  }

  private func lennardJones(_ name: String) throws -> LennardJones {
    try #require(try ModelReference.resolve(name, precision: nil).model as? LennardJones)
  }

  // Pair values computed independently with 13 digits.
  @Test(
    "Kob-Andersen has the published matrix",
    arguments: [
      (0.9, [6.652435844389, -1.475252920778, -0.212301615733]),
      (1.0, [0.016316891136, -1.136071802880, -0.489307416357]),
      (1.2, [-0.874648396447, -0.456029554714, -0.254519621743]),
      (1.5, [-0.304019703143, -0.110430876636, -0.070058508031]),
    ])
  func kobAndersen(_ r: Double, _ values: [Double]) throws {
    let model = try lennardJones("kob-andersen")
    #expect(model.labels == ["A", "B"] && model.scheme == .cutAndShift)
    for (index, pair) in [(0, 0), (0, 1), (1, 1)].enumerated() {
      // The values are printed to 1e-12.
      #expect(abs(model.pairEnergy(pair.0, pair.1, r2: r * r).energy - values[index]) < 1.1e-12)
    }
    #expect(model.pairs.map(\.cutoff) == [2.5, 2.0, 2.0, 2.2])
  }

  @Test("The smooth variant has the published polynomial")
  func smooth() throws {
    let model = try lennardJones("kob-andersen-smooth")
    let (c0, c2, c4) = (0.040490237952, -0.00970155098112, 0.000620126168678)
    for (pair, epsilon, sigma) in [((0, 0), 1.0, 1.0), ((0, 1), 1.5, 0.8), ((1, 1), 0.5, 0.88)] {
      let x = 1.3
      let expected = 4 * epsilon * (pow(x, -12) - pow(x, -6) + c0 + c2 * x * x + c4 * x * x * x * x)
      // The coefficients are printed to about 1e-14.
      #expect(abs(model.pairEnergy(pair.0, pair.1, r2: x * x * sigma * sigma).energy - expected) < 1e-12)
    }
  }

  @Test("WCA is zero at the minimum of the well and epsilon at sigma")
  func wca() throws {
    let model = try lennardJones("kob-andersen-wca")
    for (a, b, epsilon, sigma) in [(0, 0, 1.0, 1.0), (0, 1, 1.5, 0.8), (1, 1, 0.5, 0.88)] {
      #expect(abs(model.pairs[a * 2 + b].cutoff - sigma * pow(2, 1.0 / 6)) < 1e-15)
      #expect(abs(model.pairEnergy(a, b, r2: sigma * sigma).energy - epsilon) < 1e-14)
      let edge = sigma * pow(2, 1.0 / 6) * 0.999_999
      // Near its minimum the well is flat: u ≈ 36 · 2^(2/3) ε (Δ/σ)² ~ 1e-10.
      #expect(abs(model.pairEnergy(a, b, r2: edge * edge).energy) < 1e-9)
    }
  }

  @Test("The third species of KA2 lies midway between the others")
  func ternary() throws {
    let model = try lennardJones("ka2")
    #expect(model.labels == ["A", "B", "C"])
    func pair(_ a: Int, _ b: Int) -> LennardJones.Pair { model.pairs[a * 3 + b] }
    for (middle, low, high) in [(pair(0, 2), pair(0, 0), pair(0, 1)), (pair(1, 2), pair(0, 1), pair(1, 1))] {
      #expect(abs(middle.epsilon - (low.epsilon + high.epsilon) / 2) < 1e-15)
      #expect(abs(middle.sigma - (low.sigma + high.sigma) / 2) < 1e-15)
    }
    #expect(pair(2, 2).epsilon == 0.75 && pair(2, 2).sigma == 0.94)
  }

  @Test("Argon has a well of 119.8 K")
  func argon() throws {
    let resolved = try ModelReference.resolve("argon", precision: nil)
    let model = try lennardJones("argon")
    #expect(resolved.units == .real && resolved.masses == ["Ar": 39.95])
    // k_B in eV/K from the definitions of the SI; a few roundings.
    #expect(abs(model.pairs[0].epsilon - 119.8 * 1.380_649e-23 / 1.602_176_634e-19) < 1e-16)
    #expect(model.pairs[0].sigma == 3.405 && model.pairs[0].cutoff == 2.5 * 3.405)
  }

  @Test("A model file and a whole deck serve as MODEL")
  func paths() throws {
    let folder = DeckDocuments.folder + "/good"
    let own = try ModelReference.resolve(folder + "/models/mine.yaml", precision: nil)
    #expect(own.precision == .mixed && own.name == "mine" && own.masses == ["A": 3, "B": 7])
    #expect(try ModelReference.resolve(folder + "/models/mine.yaml", precision: .double).precision == .double)
    #expect(try ModelReference.resolve(folder + "/argon.yaml", precision: nil).precision == .mixed)
    #expect(try ModelReference.resolve(folder + "/potentials.yaml", precision: nil).model is SumModel)
  }

  @Test("Wrong names and files that refer to themselves are errors")
  func wrong() throws {
    func message(_ name: String) -> String {
      do { _ = try ModelReference.resolve(name, precision: nil) } catch { return "\(error)" }
      return "accepted"
    }
    #expect(message("kob-andersson").contains("did you mean 'kob-andersen'?"))
    #expect(message("water.model").contains("there is no model file"))
    #expect(message("/nowhere/x.yaml").contains("there is no model file"))
    #expect(message("").contains("no potential is called ''"))
    let folder = FileManager.default.temporaryDirectory.path + "/tektite-models-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try "potential: ./loop.yaml\n".write(toFile: folder + "/loop.yaml", atomically: true, encoding: .utf8)
    #expect(message(folder + "/loop.yaml").contains("refers to itself"))
    try "potential: [./bomb.yaml, ./bomb.yaml, ./bomb.yaml, ./bomb.yaml]\n".write(
      toFile: folder + "/bomb.yaml", atomically: true, encoding: .utf8)
    #expect(message(folder + "/bomb.yaml").contains("refers to itself"))
    try "potential: kob-andersen\nmasses: {Q: 1}\n".write(
      toFile: folder + "/stray.yaml", atomically: true, encoding: .utf8)
    #expect(message(folder + "/stray.yaml").contains("a mass for 'Q'"))
    try "potential: kob-andersen\ndoi: nowhere\n".write(toFile: folder + "/doi.yaml", atomically: true, encoding: .utf8)
    #expect(message(folder + "/doi.yaml").contains("is not a DOI"))
    try "potential: kob-andersen\npotentials: x\n".write(
      toFile: folder + "/key.yaml", atomically: true, encoding: .utf8)
    #expect(
      message(folder + "/key.yaml").hasPrefix(
        folder + "/key.yaml:2:1: error: a model file has no key 'potentials'; did you mean 'potential'?"))
  }
}
