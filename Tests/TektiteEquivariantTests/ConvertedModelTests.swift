import Foundation
import TektiteCore
import TektiteModelFiles
import TektiteTestSupport
import Testing

@testable import TektiteEquivariant

@Suite("Converted models")
struct ConvertedModelTests {
  /// Writes weights and card of a fixture into a folder and reads them there.
  private func converted(_ name: String, _ body: (ModelFile, _ folder: String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "tektite-converted-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let made = try ModelCard.encoded(
      ModelFile(path: Fixtures.path(name.contains(".") ? name : name + ".model")),
      source: .init(name: name, digest: "0", bytes: 1))
    try Data(made.weights).write(to: URL(fileURLWithPath: folder + "/m.safetensors"))
    try Data(made.card.utf8).write(to: URL(fileURLWithPath: folder + "/m.json"))
    try body(ModelFile(path: folder + "/m.safetensors"), folder)
  }

  @Test("The program of a converted model is that of its source, bit for bit", arguments: Fixtures.models)
  func programs(_ name: String) throws {
    let source = try Fixtures.description(name)
    try converted(name) { file, _ in
      let found = try MACEDescription(file)
      #expect(found.summary == source.summary)
      for head in source.heads.indices {
        #expect(try NetworkProgram(found, head: head) == NetworkProgram(source, head: head))
      }
    }
  }

  @Test(
    "The same for SevenNet and NequIP",
    arguments: [
      "sevennet-plain.pth", "sevennet-modal.pth", "sevennet-old-names.pth", "nequip-plain.nequip.zip",
      "nequip-repulsion.nequip.zip", "nequip-average.ckpt", "nequip-trained.ckpt",
    ])
  func others(_ name: String) throws {
    let original = try ModelFile(path: Fixtures.path(name))
    let source = try original.network()
    try converted(name) { file, _ in
      let found = try file.network()
      #expect(file.kind == original.kind && found.summary == source.summary)
      for variant in 0..<max(1, source.variants.count) {
        #expect(try found.program(variant: variant) == source.program(variant: variant))
      }
    }
  }

  @Test("Damaged cards make no model or a sound one, never more")
  func fuzz() throws {
    let count = ProcessInfo.processInfo.environment["TEKTITE_FUZZ"].flatMap { Int($0) } ?? 200
    try converted("edges") { _, folder in
      let card = URL(fileURLWithPath: folder + "/m.json")
      let good = Array(try Data(contentsOf: card))
      var refused = 0
      for k in 0..<count {
        var mutator = Mutator(seed: 16_000_000 &+ UInt64(k))
        try Data(mutator.mutate(good)).write(to: card)
        do {
          _ = try NetworkModel(ModelFile(path: folder + "/m.safetensors"))
        } catch let error as ModelFileError {
          refused += 1
          #expect(!error.message.isEmpty && !error.message.contains("\n"), "seed \(k): \(error)")
        }
      }
      #expect(refused > count / 3, "only \(refused) of \(count) were refused")
    }
  }

  @Test("Labels that stand for elements, and options")
  func elements() throws {
    let file = try ModelFile(path: Fixtures.path("plain.model"))
    let options = NetworkOptions(isSinglePrecision: true, usesExactRadial: true)
    let model = try NetworkModel(file, elements: ["A": 8, "C": 1], options: options)
    #expect(model.labels == ["A", "C", "H", "O"] && model.options == options && model.elements == ["A": 8, "C": 1])
    func structure(_ labels: [String]) -> Structure {
      var frame = Frame()
      frame.positions = [Vector3(0, 0, 0), Vector3(1, 0.1, 0), Vector3(-0.3, 1, 0.2)]
      return Structure(topology: Topology(table: labels.map { Species($0) }, species: [0, 1, 2]), frame: frame)
    }
    let mapped = try Measurement(model, of: structure(["A", "C", "H"]), units: .real)
    let plain = try Measurement(NetworkModel(file, options: options), of: structure(["O", "H", "H"]), units: .real)
    #expect(mapped == plain && plain.energy != 0)
    do {
      _ = try NetworkModel(file, elements: ["A": 32])
      Issue.record("accepted")
    } catch {
      #expect(error.message.contains("without the element Ge, which the species 'A' is to be; it knows H, C, O"))
    }
    #expect(throws: PotentialError.unknownSpecies("B", known: ["A", "C", "H", "O"], model: model.name)) {
      _ = try model.makePotential(for: [Species("B")])
    }
  }
}
