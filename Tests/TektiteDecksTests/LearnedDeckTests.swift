import Foundation
import TektiteCore
import TektitePotentials
import Testing

@testable import TektiteDecks
@testable import TektiteEquivariant

@Suite("Learned models in decks")
struct LearnedDeckTests {
  private static let fixtures = DeckDocuments.folder + "/../TektiteEquivariantTests/fixtures"

  private func deck(_ potential: String, units: String = "real", counts: String = "{H: 4, O: 2}") throws -> Deck {
    let density = units == "real" ? "0.3 g/cm^3" : "0.05"
    return try Deck(
      text: """
        units: \(units)
        system: {build: {lattice: random, counts: \(counts), density: \(density), minimum-distance: 1}}
        potential: \(potential)
        stages: [{dynamics: {timestep: 0.001, steps: 1}}]
        """, path: Self.fixtures + "/deck.yaml")
  }

  private func resolved(_ name: String, text: String, precision: Precision? = nil, head: String? = nil) throws
    -> ResolvedModel
  {
    let path = NSTemporaryDirectory() + "tektite-\(UUID().uuidString).yaml"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try text.replacing("FIXTURES", with: Self.fixtures).write(toFile: path, atomically: true, encoding: .utf8)
    return try ModelReference.resolve(path, precision: precision, head: head)
  }

  @Test("A path is a MACE model with defaults")
  func paths() throws {
    let long = try #require(try deck("{kind: mace, file: plain.model}").resolvedModels().first)
    for text in ["./plain.model", "plain.model", "{kind: plain.model}", "{kind: plain.model, precision: single}"] {
      let short = try #require(try deck(text).resolvedModels().first)
      let (a, b) = (try #require(short.model as? NetworkModel), try #require(long.model as? NetworkModel))
      #expect(a.program == b.program && a.options == b.options && a.variant == b.variant && a.elements == b.elements)
      #expect(short.precision == .single && long.precision == .single && short.labels == ["H", "C", "O"])
      #expect(short.files == long.files && short.files.first?.digest.count == 64)
    }
    #expect(try deck("plain.model").plan().deckText.contains("precision: single"))
  }

  @Test("SevenNet and NequIP models by kind, and by path")
  func otherNetworks() throws {
    let modal = try #require(
      try deck("{kind: sevennet, file: sevennet-modal.pth, modality: hse}").resolvedModels().first)
    #expect((modal.model as? NetworkModel)?.variant == "hse" && modal.labels.contains("O"))
    let packed = try #require(try deck("{kind: nequip, file: nequip-plain.nequip.zip}").resolvedModels().first)
    let byPath = try #require(try deck("./nequip-plain.nequip.zip").resolvedModels().first)
    #expect((packed.model as? NetworkModel)?.program == (byPath.model as? NetworkModel)?.program)
  }

  @Test(
    "What is wrong with a choice is wrong in the deck",
    arguments: [
      ("{kind: sevennet, file: sevennet-modal.pth, modality: pb}", 65, "without a modality 'pb'; it has 'pbe'"),
      ("{kind: sevennet, file: sevennet-modal.pth}", 12, "one of which must be chosen (with 'modality' in a deck"),
      ("{kind: mace, file: sevennet-plain.pth}", 19, "is a model of SevenNet, and not of MACE; write 'kind: sevennet'"),
      ("{kind: sevenet, file: sevennet-plain.pth}", 19, "no network is called 'sevenet'; did you mean 'sevennet'?"),
      ("{kind: sevennet, file: nowhere.pth}", 35, "there is no model file"),
    ])
  func choices(_ potential: String, _ column: Int, _ sentence: String) throws {
    do {
      _ = try deck(potential).resolvedModels()
      Issue.record("\(potential) was not refused")
    } catch let error as InputError {
      #expect(error.message.contains(sentence), "\(error)")
      #expect(error.line == 3 && error.column == column, "\(error)")
    }
  }

  @Test("Precision, head, exact radial functions and species arrive at the model")
  func options() throws {
    let text = "{kind: mace, file: heads.model, head: b, precision: double, exact-radial: true, species: {W: O, A: C}}"
    let found = try #require(try deck(text, counts: "{W: 2, A: 3, H: 1}").resolvedModels().first)
    let model = try #require(found.model as? NetworkModel)
    #expect(model.variant == "b" && model.elements == ["W": 8, "A": 6])
    #expect(model.options == NetworkOptions(isSinglePrecision: false, usesExactRadial: true))
    #expect(found.precision == .double && found.labels == ["A", "W", "H", "C", "O"])
    // W is tungsten, and here it has the mass of oxygen.
    let table = try deck(text, counts: "{W: 2, A: 3, H: 1}").plan().structure.topology.table
    #expect(table.map(\.mass) == [15.999, 12.011, 1.008])
    let spelled = try deck(text, counts: "{W: 2, A: 3, H: 1}").spelledOut
    for words in ["kind: mace", "head: b", "precision: double", "exact-radial: true", "W: O", "units: real"] {
      #expect(spelled.contains(words), "\(spelled)")
    }
  }

  @Test("A network that learned reduced units runs in them, and its species have the mass 1")
  func reduced() throws {
    let text = "{kind: mace, file: plain.model, units: lj, species: {B: H}}"
    let plan = try deck(text, units: "lj", counts: "{B: 4, C: 2}").plan()
    #expect(plan.structure.topology.table.map(\.mass) == [1, 1] && plan.units == .lj)
  }

  @Test("In a sum only labels that every term knows are known, and the least exact term speaks for all")
  func sums() throws {
    let text = """
      [{kind: mace, file: plain.model, precision: PRECISION, species: {W: O}},
       {kind: wca, pairs: {W-W: {epsilon: 1 meV, sigma: 2}, W-H: {epsilon: 1 meV, sigma: 1}, H-H: {epsilon: 1 meV, sigma: 1}}}]
      """
    for precision in [Precision.single, .double] {
      let deck = try deck(text.replacing("PRECISION", with: precision.rawValue), counts: "{W: 2, H: 4}")
      let found = try #require(try deck.resolvedModels().first)
      #expect(found.labels == ["W", "H"] && found.precision == precision && found.model is SumModel)
      #expect(try deck.plan().structure.topology.table.map(\.mass) == [15.999, 1.008])
    }
  }

  @Test("A committee holds its members in order, with all their files and notes said once")
  func committee() throws {
    let text =
      "{kind: committee, members: [{kind: mace, file: plain.model}, edges.model, {kind: mace, file: heads.model, head: a}]}"
    let found = try #require(try deck(text).resolvedModels().first)
    let model = try #require(found.model as? CommitteeModel)
    #expect(model.models.map(\.name) == ["mace (plain.model)", "mace (edges.model)", "mace (heads.model, head a)"])
    #expect(
      found.files.map(\.name) == ["plain.model", "edges.model", "heads.model"] && found.labels == ["H", "C", "O"])
    #expect(Set(found.notes).count == found.notes.count && found.name == "committee")
    #expect(try deck(text).plan().hashes.count { $0.key.hasPrefix("potential_") } == 3)
  }

  @Test("Files of the same name in different folders both leave their digests")
  func sameNames() throws {
    let folder = NSTemporaryDirectory() + "tektite-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (place, model) in [("a", "plain"), ("b", "edges")] {
      try FileManager.default.createDirectory(atPath: "\(folder)/\(place)", withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: "\(Self.fixtures)/\(model).model", toPath: "\(folder)/\(place)/m.model")
    }
    let hashes = try deck("{kind: committee, members: [\(folder)/a/m.model, \(folder)/b/m.model]}").plan().hashes
    let (first, second) = (hashes["potential_m_model"], hashes["potential_m_model_2"])
    #expect(first?.count == 64 && second?.count == 64 && first != second)
  }

  @Test("A YAML file with a potential is a MODEL; without 'units' a learned potential has its own")
  func fragments() throws {
    let plain = try resolved("plain", text: "potential: {kind: mace, file: FIXTURES/plain.model}")
    #expect(plain.units == .real && plain.precision == .single && plain.notes.isEmpty)
    let reduced = try resolved("reduced", text: "potential: {kind: mace, file: FIXTURES/plain.model, units: lj}")
    #expect(reduced.units == .lj && reduced.masses["H"] == 1)
    let committee = try resolved(
      "committee", text: "potential: {kind: committee, members: [FIXTURES/plain.model, FIXTURES/edges.model]}")
    #expect(committee.units == .real)
    let double = try resolved(
      "double", text: "potential: {kind: mace, file: FIXTURES/heads.model, head: a}", precision: .double, head: "c")
    #expect(double.precision == .double && (double.model as? NetworkModel)?.variant == "c")
    #expect(throws: InputError.self) {
      _ = try resolved("wrong", text: "units: lj\npotential: {kind: mace, file: FIXTURES/plain.model}")
    }
    #expect(throws: InputError(Precision.mixedIsForPairs, file: "--precision")) {
      _ = try resolved("mixed", text: "potential: {kind: mace, file: FIXTURES/plain.model}", precision: .mixed)
    }
  }
}
