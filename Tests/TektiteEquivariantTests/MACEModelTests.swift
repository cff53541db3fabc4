import Foundation
import TektiteCore
import TektiteTestSupport
import Testing

@testable import TektiteEquivariant
@testable import TektiteModelFiles

@Suite("MACE as a potential, and files that are none")
struct MACEModelTests {
  private static let sample = Sample(
    table: [Species("O"), Species("H"), Species("C")], minimumDistance: 1.0, density: 0.08)

  @Test("What every potential promises, allocating nothing included", arguments: ["edges", "repulsion"])
  func conformance(_ name: String) throws {
    let file = try ModelFile(path: Fixtures.path(name + ".model"))
    let head = try MACEDescription(file).heads.last
    let suite = PotentialConformance(
      try NetworkModel(file, variant: head), sample: Self.sample, smoothness: .curvature, units: .real)
    for check in suite.checks { if let failure = check.failure() { Issue.record("\(failure)") } }
    #expect(suite.checks.count > 10)
  }

  @Test("The same in single precision, against double")
  func single() throws {
    let file = try ModelFile(path: Fixtures.path("edges.model"))
    var suite = PotentialConformance(
      try NetworkModel(file, options: NetworkOptions(isSinglePrecision: true)), sample: Self.sample,
      tolerances: .mixed, smoothness: .none, units: .real)
    suite.reference = try NetworkModel(file)
    for check in suite.checks { if let failure = check.failure() { Issue.record("\(failure)") } }
  }

  @Test("Species and heads by name")
  func names() throws {
    let model = try NetworkModel(ModelFile(path: Fixtures.path("plain.model")))
    #expect(model.name == "mace (plain.model)" && model.variant == "Default")
    #expect(throws: PotentialError.unknownSpecies("Fe", known: ["H", "C", "O"], model: model.name)) {
      _ = try model.makePotential(for: [Species("H"), Species("Fe")])
    }
    #expect(throws: PotentialError.unknownSpecies("A", known: ["H", "C", "O"], model: model.name)) {
      _ = try model.makePotential(for: [Species("A")])
    }
    let heads = try ModelFile(path: Fixtures.path("heads.model"))
    #expect(try NetworkModel(heads, variant: "b").name == "mace (heads.model, head b)")
    #expect(
      throws: ModelFileError(
        "holds a model with 3 heads, one of which must be chosen (with 'head' in a deck, with --head in a command): 'a', 'b', 'c'",
        file: heads.path)
    ) {
      _ = try NetworkModel(heads)
    }
    #expect(throws: ModelFileError.self) { _ = try NetworkModel(heads, variant: "d") }
  }

  @Test("A file of another kind is refused")
  func otherKind() throws {
    let path = NSTemporaryDirectory() + "tektite-\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let header = #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
    var bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    bytes += Array(header.utf8) + [0, 0, 0, 0]
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let file = try ModelFile(path: path)
    #expect(
      throws: ModelFileError(
        "holds a safetensors file, and it has weights without an architecture; expected a model of MACE, NequIP or SevenNet as their own tools save it",
        file: path)
    ) {
      _ = try NetworkModel(file)
    }
  }

  @Test("What is missing or not supported is named with its place")
  func damaged() throws {
    // Names of the same length, so that the rest of the pickle stays what it was.
    let cases = [
      ("plain", "linear_up", "linear_no", "has no submodule 'linear_up'; the nearest is 'linear_no'"),
      ("plain", "weights_max", "weights_mix", "has no parameter or buffer 'weights_max'; the nearest is 'weights_mix'"),
      ("plain", "U_matrix_2", "U_matrix_9", "has no parameter or buffer 'U_matrix_2'"),
      (
        "plain", "avg_num_neighbors", "avg_num_neighbirs",
        "has no 'avg_num_neighbors'; the nearest is 'avg_num_neighbirs'"
      ),
      (
        "plain", "node_embedding", "mode_embedding",
        "has no submodule 'node_embedding'; the nearest is 'mode_embedding'"
      ),
      ("plain", "bessel_weights", "bessel_weighty", "has no parameter or buffer 'bessel_weights'"),
      ("density", "covalent_radii", "covalent_radio", "has no parameter or buffer 'covalent_radii'"),
      ("plain", "uvu", "uvw", "module 'interactions.0.conv_tp' has an instruction that is not understood"),
      ("plain", "component", "componont", "module 'spherical_harmonics' has another normalisation"),
      (
        "plain", "RealAgnosticResidualInteractionBlock", "RealAgnosticAttResidualInteractionBl",
        "holds objects of class"
      ),
    ]
    for (model, old, new, expected) in cases {
      let found = try StoredPickle.message(Fixtures.path(model + ".model"), old, new) { file throws(ModelFileError) in
        try NetworkModel(file)
      }
      #expect(found.contains(expected), "\(old): \(found)")
    }
  }

  @Test("Damaged files never trap")
  func fuzz() throws {
    let edges = [
      Interpreter.Edge(center: 0, neighbor: 1, vector: Vector3(1, 0.2, 0)),
      Interpreter.Edge(center: 1, neighbor: 0, vector: Vector3(-1, -0.2, 0)),
    ]
    let files = ["edges", "nonlinear"].map { Fixtures.path($0 + ".model") }
    let (accepted, refused) = try StoredPickle.damage(files, times: 600, seed: 11) { file throws(ModelFileError) in
      let heads = try MACEDescription(file).heads
      let model = try NetworkModel(file, variant: heads[0])
      _ = Interpreter(model.program).evaluate(species: [0, model.program.speciesCount - 1], edges: edges)
    }
    #expect(accepted > 20 && refused > 100, "\(accepted) accepted, \(refused) refused")
  }
}
