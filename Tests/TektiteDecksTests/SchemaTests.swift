import Foundation
import Testing

@testable import TektiteDecks

@Suite("Schema")
struct SchemaTests {
  private func parsed() throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(deckSchema().utf8)) as? [String: Any])
  }

  @Test("Every reference has a definition, every definition a use, every key a description")
  func complete() throws {
    let schema = try parsed()
    let definitions = try #require(schema["$defs"] as? [String: Any])
    var used: Set<String> = []
    func walk(_ value: Any) {
      if let object = value as? [String: Any] {
        if let reference = object["$ref"] as? String { used.insert(String(reference.dropFirst("#/$defs/".count))) }
        if let properties = object["properties"] as? [String: Any], object["description"] != nil {
          for (key, property) in properties {
            let text = (property as? [String: Any])?["description"] as? String
            #expect((text?.count ?? 0) >= 10, "\(key) has no description that teaches")
          }
        }
        for child in object.values { walk(child) }
      }
      if let list = value as? [Any] { for child in list { walk(child) } }
    }
    walk(schema)
    #expect(used == Set(definitions.keys))
    #expect(schema["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
  }

  @Test("Another implementation of JSON Schema accepts all good decks and refuses unknown keys")
  func python() throws {
    guard let python = ProcessInfo.processInfo.environment["TEKTITE_PYTHON"] else {
      print("TEKTITE_PYTHON is not set: the schema is not checked against the Python package jsonschema")
      return
    }
    let script = """
      import json, sys, yaml, jsonschema
      schema = json.load(open(sys.argv[1]))
      jsonschema.Draft202012Validator.check_schema(schema)
      validator = jsonschema.Draft202012Validator(schema)
      def load(path):
          return json.loads(json.dumps(yaml.load(open(path), Loader=yaml.BaseLoader))) if 'labels' in path else yaml.safe_load(open(path))
      for path in sys.argv[2:]:
          deck = load(path)
          errors = list(validator.iter_errors(deck))
          if errors: sys.exit(path + ': ' + str(errors[0]))
          deck['nonsense'] = 1
          if validator.is_valid(deck): sys.exit(path + ': accepts an unknown key')
          del deck['nonsense']
          deck['stages'][0][list(deck['stages'][0])[0]]['nonsense'] = 1
          if validator.is_valid(deck): sys.exit(path + ': accepts an unknown key of a stage')
      print('checked', len(sys.argv) - 2)
      """
    let folder = FileManager.default.temporaryDirectory.path + "/tektite-schema-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try deckSchema().write(toFile: folder + "/schema.json", atomically: true, encoding: .utf8)
    var decks = DeckDocuments.good
    for path in DeckDocuments.good where !path.hasSuffix("labels.yaml") {
      let spelled = folder + "/" + (path as NSString).lastPathComponent
      try Deck(contentsOf: path).spelledOut.write(toFile: spelled, atomically: true, encoding: .utf8)
      decks.append(spelled)
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["-c", script, folder + "/schema.json"] + decks
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(output)")
    #expect(output.contains("checked \(decks.count)"), "\(output)")
  }
}
