import Foundation
import TektiteTestSupport
import Testing

@testable import TektiteModelFiles

/// Weights and card of a model, in a folder of their own that goes with them.
private final class Pair {
  let folder: String
  var weights: String { folder + "/model.safetensors" }
  var card: String { folder + "/model.json" }

  init(_ model: String = "mace.model", digest: String = "abc") throws {
    folder = NSTemporaryDirectory() + "tektite-card-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let made = try ModelCard.encoded(
      ModelFile(path: Fixtures.path(model)), source: .init(name: model, digest: digest, bytes: 7))
    try write(made.weights, to: weights)
    try write(Array(made.card.utf8), to: card)
  }
  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func write(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
  var text: String {
    get throws { String(decoding: try Fixtures.bytes(card), as: UTF8.self) }
  }
  /// The card with one text in the place of another, which must be there.
  func replace(_ old: String, _ new: String) throws {
    let text = try text
    try #require(text.contains(old))
    try write(Array(text.replacingOccurrences(of: old, with: new).utf8), to: card)
  }
  var refusal: ModelFileError? {
    do throws(ModelFileError) {
      _ = try ModelFile(path: weights)
      return nil
    } catch { return error }
  }
}

@Suite("Model cards")
struct ModelCardTests {
  /// Everything of a value as text, objects by their classes.
  private func spelled(_ value: PickleValue) throws -> String {
    if value.isNone { return "None" }
    if let bool = value.bool { return "\(bool)" }
    if let integer = value.integer { return "int \(integer)" }
    if let number = value.number { return "float \(number.bitPattern)" }
    if let string = value.string { return "'\(string)'" }
    if let tensor = value.tensor { return "\(tensor.type) \(tensor.shape) \(try tensor.littleEndianBytes())" }
    if value.isGlobal { return "global \(value.className ?? "")" }
    var text = value.className ?? value.kindName
    if let entries = value.entries {
      text += try "{" + entries.map { "\(try spelled($0.key)): \(try spelled($0.value))" }.joined(separator: ", ") + "}"
    }
    if let elements = value.elements { text += try "[" + elements.map(spelled).joined(separator: ", ") + "]" }
    return text
  }

  private func compare(_ found: TorchModule, _ expected: TorchModule) throws {
    #expect(found.className == expected.className && found.path == expected.path)
    #expect(found.children.map(\.name) == expected.children.map(\.name), "\(expected.path)")
    #expect(found.parameters.map(\.name) == expected.parameters.map(\.name))
    #expect(found.buffers.map(\.name) == expected.buffers.map(\.name))
    // What e3nn compiled is bytes, and left out by name.
    for name in expected.attributeNames where !ModelCard.isInternal(name) && name != "__codegen__" {
      let value = try #require(found.attribute(name), "\(expected.path).\(name)")
      #expect(try spelled(value) == spelled(try #require(expected.attribute(name))), "\(expected.path).\(name)")
    }
    for (a, b) in zip(found.children, expected.children) { try compare(a.module, b.module) }
  }

  @Test(
    "A model and its two files hold the same, and written again they are the same bytes",
    arguments: ["mace.model", "module.pt"])
  func roundTrip(_ name: String) throws {
    let original = try ModelFile(path: Fixtures.path(name))
    let pair = try Pair(name)
    let found = try ModelFile(path: pair.weights)
    #expect(found.kind == original.kind && found.source == .init(name: name, digest: "abc", bytes: 7))
    #expect(
      found.parameterCount == original.parameterCount
        && found.typeCounts.map(\.count) == original.typeCounts.map(\.count))
    #expect(found.checkpoint.names == original.checkpoint.names)
    for entry in original.checkpoint.entries {
      let tensor = try found.checkpoint.tensor(entry.name, shape: entry.tensor.shape)
      #expect(tensor.type == entry.tensor.type && tensor.isParameter == entry.tensor.isParameter)
      #expect(try tensor.littleEndianBytes() == entry.tensor.littleEndianBytes(), "\(entry.name)")
    }
    try compare(try #require(found.module), try #require(original.module))
    let again = try ModelCard.encoded(found, source: .init(name: name, digest: "abc", bytes: 7))
    #expect(try again.weights == Fixtures.bytes(pair.weights))
    // But for the format of the source, and for what was left out the first time.
    let format = (found.checkpoint.provenance.format, original.checkpoint.provenance.format)
    let omitted = ",\n      \"omitted\": [\n        \"__codegen__\"\n      ]"
    let expected = try pair.text.replacing(format.1, with: format.0).replacing(omitted, with: "")
    #expect(again.card == expected)
  }

  @Test("A card that is missing, damaged, of another model or of a later version is refused with what to do")
  func refusals() throws {
    func refused(_ words: String..., change: (Pair) throws -> Void) throws {
      let pair = try Pair()
      try change(pair)
      let error = try #require(pair.refusal, "\(words)")
      for word in words { #expect(error.message.contains(word), "\(error)") }
      #expect(!error.message.contains("\n") && error.message.utf8.count < 2000)
      #expect(error.file == pair.card || error.file == pair.weights)
    }
    try refused("model.json' cannot open", "copy both") { try FileManager.default.removeItem(atPath: $0.card) }
    try refused("damaged model card", "convert the model again") { try $0.write([], to: $0.card) }
    try refused("damaged model card") { try $0.write(Array("[]".utf8), to: $0.card) }
    try refused("card of another model") { try $0.replace("\"abc\"", "\"abd\"") }
    try refused("version 2", "take a newer program") { try $0.replace("\"version\": 1", "\"version\": 2") }
    try refused("'format'") { try $0.replace("tektite model card", "card") }
    try refused("'source' lacks") { try $0.replace("\"sha256\"", "\"sha257\"") }
    try refused("no list of modules") { try $0.replace("\"modules\"", "\"nodules\"") }
    try refused("out of place") {
      try $0.replace("\"path\": \"node_embedding.linear\"", "\"path\": \"node_embedding\"")
    }
    try refused("stands before") {
      try $0.replace("\"path\": \"node_embedding.linear\"", "\"path\": \"edge_embedding.linear\"")
    }
    try refused("names a tensor 'r_mox'", "the nearest is 'r_max'") { try $0.replace("\"r_max\"", "\"r_mox\"") }
    try refused("class 'mace.modules.models.SmallMACE'") {
      try $0.replace("mace.modules.models.ScaleShiftMACE", "mace.modules.models.SmallMACE")
    }
    // A name that only a program would need is no better than an unknown one.
    try refused("class 'os.system'") { try $0.replace("mace.modules.models.ScaleShiftMACE", "os.system") }
  }

  @Test("Compiled programs are left out, and the card says so")
  func programs() throws {
    let pair = try Pair()
    #expect(try pair.text.contains("\"omitted\": [\n        \"__codegen__\"\n      ]"))
    #expect(try ModelFile(path: pair.weights).module?.module("node_embedding.linear").attribute("__codegen__") == nil)
  }

  @Test("Numbers that JSON cannot write come back")
  func numbers() throws {
    let pair = try Pair()
    try pair.replace(
      "\"attributes\": {", "\"attributes\": {\"odd\": [{\"float\":\"inf\"},{\"float\":\"nan\"},-0.0,1.0,1],")
    let odd = try #require(try ModelFile(path: pair.weights).module?.attribute("odd")?.elements)
    #expect(odd[0].number == .infinity && odd[1].number?.isNaN == true && odd[2].number?.sign == .minus)
    #expect(odd[3].integer == nil && odd[3].number == 1 && odd[4].integer == 1)
  }

  @Test("What holds no whole model is not converted")
  func parts() throws {
    for name in ["weights.safetensors", "types.pth"] {
      let message = Fixtures.refusal(of: Fixtures.path(name)) {
        _ = try ModelCard.encoded(ModelFile(path: Fixtures.path(name)), source: .init(name: "", digest: "", bytes: 0))
      }
      #expect(message.contains("only whole models"))
    }
  }

  @Test("Fuzz: damaged cards are refused or read, never more")
  func fuzz() throws {
    let pair = try Pair()
    let good = try Fixtures.bytes(pair.card)
    let count = ProcessInfo.processInfo.environment["TEKTITE_FUZZ"].flatMap { Int($0) } ?? 500
    var refused = 0
    for k in 0..<count {
      var mutator = Mutator(seed: 15_000_000 &+ UInt64(k))
      try pair.write(mutator.mutate(good), to: pair.card)
      do {
        let file = try ModelFile(path: pair.weights)
        // What is read can be walked through and written again.
        _ = try ModelCard.encoded(file, source: try #require(file.source))
      } catch let error as ModelFileError {
        refused += 1
        #expect(error.file == pair.card || error.file == pair.weights, "seed \(k): \(error)")
        #expect(!error.message.isEmpty && !error.message.contains("\n") && error.message.utf8.count <= 2000)
      }
    }
    #expect(refused > count / 3, "only \(refused) of \(count) were refused")
  }
}
