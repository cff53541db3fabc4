import Foundation
import TektiteCore
import TektiteModelFiles
import TektiteTestSupport
import Testing

@testable import TektiteEquivariant

@Suite("NequIP and SevenNet as potentials, and files that are none")
struct NequIPModelTests {
  private static let sample = Sample(
    table: [Species("O"), Species("H"), Species("C")], minimumDistance: 1.0, density: 0.08)

  private static func file(_ name: String) throws -> ModelFile { try ModelFile(path: Fixtures.path(name)) }

  @Test(
    "What every potential promises, allocating nothing included",
    // Networks without parity know the difference between a structure and its mirror image, so they are not among these.
    arguments: ["sevennet-parity.pth", "nequip-repulsion.nequip.zip"])
  func conformance(_ name: String) throws {
    let file = try Self.file(name)
    let suite = PotentialConformance(
      try NetworkModel(file, variant: try file.network().variants.last), sample: Self.sample, smoothness: .curvature,
      units: .real)
    for check in suite.checks { if let failure = check.failure() { Issue.record("\(failure)") } }
    #expect(suite.checks.count > 10)
  }

  @Test("The same in single precision, against double", arguments: ["sevennet-parity.pth", "nequip-single.nequip.zip"])
  func single(_ name: String) throws {
    let file = try Self.file(name)
    var suite = PotentialConformance(
      try NetworkModel(file, options: NetworkOptions(isSinglePrecision: true)), sample: Self.sample,
      tolerances: .mixed, smoothness: .none, units: .real)
    suite.reference = try NetworkModel(file)
    for check in suite.checks { if let failure = check.failure() { Issue.record("\(failure)") } }
  }

  @Test("Modalities by name")
  func modalities() throws {
    let file = try Self.file("sevennet-modal.pth")
    #expect(
      throws: ModelFileError(
        "holds a model with 3 modalities, one of which must be chosen (with 'modality' in a deck, with --head in a command): 'pbe', 'r2scan', 'hse'",
        file: file.path)
    ) { _ = try NetworkModel(file) }
    #expect(
      throws: ModelFileError(
        "holds a model without a modality 'r2can'; it has 'pbe', 'r2scan', 'hse'; the nearest is 'r2scan'",
        file: file.path)
    ) { _ = try NetworkModel(file, variant: "r2can") }
    #expect(try NetworkModel(file, variant: "hse").name == "sevennet (sevennet-modal.pth, modality hse)")
    let single = try Self.file("sevennet-plain.pth")
    #expect(throws: ModelFileError("holds a model without modalities, so 'pbe' cannot be chosen", file: single.path)) {
      _ = try NetworkModel(single, variant: "pbe")
    }
    #expect(try NetworkModel(Self.file("nequip-plain.nequip.zip")).name == "nequip (nequip-plain.nequip.zip)")
  }

  @Test("The average of weights is what counts in a checkpoint that has one")
  func average() throws {
    let average = try NequIPDescription(nequIP: try Self.file("nequip-average.ckpt"))
    let state = try Self.file("nequip-average.ckpt").checkpoint
    let raw = try state.tensor("model.sole_model.model.func.type_embed.embed_module.weight").doubles()
    #expect(average.embedding.flatMap { $0 } == (try state.tensor("ema.ema_weight_0").doubles()))
    #expect(average.embedding.flatMap { $0 } != raw)
  }

  @Test("What is missing or not supported is named with its place")
  func damaged() throws {
    // Names of the same length, so that the rest of the pickle stays what it was.
    let cases = [
      (
        "sevennet-plain.pth", "0_self_interaction_1.linear.weight", "0_self_interaction_9.linear.weight",
        "has no tensor '0_self_interaction_1.linear.weight'"
      ),
      (
        "sevennet-plain.pth", "num_convolution_layer", "num_convolution_later",
        "without 'num_convolution_layer'; the nearest is"
      ),
      ("sevennet-plain.pth", "XPLOR", "XPLER", "with the cutoff function 'XPLER'; supported are poly_cut and XPLOR"),
      ("sevennet-plain.pth", "bessel", "vessel", "with another radial basis than Bessel functions"),
      ("sevennet-plain.pth", "_type_map", "_type_mop", "without '_type_map'; the nearest is '_type_mop'"),
      ("sevennet-parity.pth", "nequip", "nequop", "with the interaction type 'nequop', which is not supported"),
      (
        "nequip-trained.ckpt", "NequIPGNNModel", "AllegroXModel_",
        "is a checkpoint of a model made by 'nequip.model.AllegroXModel_'"
      ),
      ("nequip-trained.ckpt", "type_names", "type_nomes", "without 'type_names'; the nearest is 'type_nomes'"),
      ("nequip-average.ckpt", "ema._extra_state", "ema._extra_stata", "lacks its state 'ema._extra_state'"),
      ("nequip-average.ckpt", "ema.ema_weight_3", "ema.ema_weight_x", "has no tensor 'ema.ema_weight_3'"),
      (
        "nequip-plain.nequip.zip", "tp_scatter", "tp_scutter",
        "has no submodule 'tp_scatter'; the nearest is 'tp_scutter'"
      ),
      ("nequip-plain.nequip.zip", "equivariant_nonlin", "equivariant_nonlon", "has no submodule 'equivariant_nonlin'"),
      ("nequip-repulsion.nequip.zip", "_qqr2exesquare", "_qqr2exesquore", "has no '_qqr2exesquare'"),
    ]
    for (file, old, new, expected) in cases {
      let found = try StoredPickle.message(Fixtures.path(file), old, new) { file throws(ModelFileError) in
        try NetworkModel(file)
      }
      #expect(found.contains(expected), "\(file), \(old): \(found)")
    }
  }

  @Test("Damaged files never trap")
  func fuzz() throws {
    let edges = [
      Interpreter.Edge(center: 0, neighbor: 1, vector: Vector3(1, 0.2, 0)),
      Interpreter.Edge(center: 1, neighbor: 0, vector: Vector3(-1, -0.2, 0)),
    ]
    let files = ["sevennet-readout.pth", "sevennet-modal.pth", "nequip-trained.ckpt", "nequip-single.nequip.zip"]
    let (accepted, refused) = try StoredPickle.damage(
      files.map { Fixtures.path($0) }, times: 800, seed: 12
    ) { file throws(ModelFileError) in
      let model = try NetworkModel(file, variant: try file.network().variants.first)
      guard model.program.speciesCount < 1000 else { return }
      _ = Interpreter(model.program).evaluate(species: [0, model.program.speciesCount - 1], edges: edges)
    }
    #expect(accepted > 20 && refused > 100, "\(accepted) accepted, \(refused) refused")
  }

  /// Set to the folder `pretrained_potentials` of the wheel of sevenn 0.13.0.
  private static let published = ProcessInfo.processInfo.environment["TEKTITE_SEVENNET"]

  @Test("Published models", .enabled(if: published != nil))
  func publishedModels() throws {
    let all: [String: Fixtures.Expected] = try Fixtures.decode(Fixtures.tests + "/sevennet-real.json")
    #expect(all.count == 4)
    for (name, expected) in all {
      let path = (Self.published ?? "") + "/" + name
      try InterpreterCheck.compare(try ModelFile(path: path).network(), expected, name)
    }
  }
}
