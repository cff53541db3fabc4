import Foundation
import Testing

@testable import TektiteModelFiles

@Suite("Safetensors")
struct SafeTensorsTests {
  private func file(_ header: String, data: Int = 0, length: Int? = nil) -> [UInt8] {
    let header = Array(header.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: (length ?? header.count) >> (8 * $0)) } + header
      + [UInt8](repeating: 0, count: data)
  }

  @Test("Metadata are read, sorted by key")
  func metadata() throws {
    let found = try ModelFile(path: Fixtures.path("weights.safetensors"))
    #expect(found.metadata.map(\.key) == ["format", "note"] && found.metadata.map(\.value) == ["pt", "a \"b\" é"])
    #expect(found.kind == .safeTensors && found.module == nil && found.root == nil)
  }

  @Test("What is written is read again, whatever the order, and every tensor is aligned")
  func roundTrip() throws {
    for name in ["types.pth", "mace.model", "weights.safetensors"] {
      let original = try ModelFile(path: Fixtures.path(name)).checkpoint
      let bytes = try SafeTensors.encoded(original.entries, metadata: [("z", "1"), ("a", "é\n\u{1}\"\\")])
      #expect(
        try bytes == SafeTensors.encoded(original.entries.reversed(), metadata: [("a", "é\n\u{1}\"\\"), ("z", "1")]))
      let start = 8 + Int(bytes.little(0, 8))
      #expect(start % 8 == 0)
      try Fixtures.withFile(bytes) { path in
        let (found, metadata) = try SafeTensors.read(path: path)
        #expect(found.names.sorted() == original.names.sorted())
        #expect(metadata.map(\.key) == ["a", "z"] && metadata[0].value == "é\n\u{1}\"\\")
        for entry in original.entries {
          let tensor = try found.tensor(entry.name, shape: entry.tensor.shape)
          #expect(
            try tensor.type == entry.tensor.type && tensor.littleEndianBytes() == entry.tensor.littleEndianBytes())
        }
        // The same tensors once more give the same bytes.
        #expect(try SafeTensors.encoded(found.entries, metadata: metadata) == bytes)
      }
    }
  }

  @Test("Headers that lie are refused")
  func lies() throws {
    let good =
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[],"data_offsets":[8,9]}}"#
    try Fixtures.withFile(file(good, data: 9)) { path in
      let names = try SafeTensors.read(path: path).checkpoint.names
      #expect(names == ["a", "b"])
    }
    func a(_ dtype: String, _ shape: String, _ offsets: String) -> String {
      #"{"a":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}}"#
    }
    let lies: [([UInt8], String)] = [
      (file(good, data: 10), "belong to none"), (file(good, data: 8), "is said to have the bytes"),
      (file("[]"), "no JSON object"),
      (file("{", length: 1 << 40), "its header is said"), (file("{", length: Int.max), "its header is said"),
      (file("{}", length: -1), "its header is said"),
      (file(a("F32", "[2]", "[0,4]"), data: 4), "reaches beyond"),
      (file(a("F32", "[2]", "[4,12]"), data: 12), "begins at byte 4"),
      (file(a("F32", "[2]", "[8,0]"), data: 8), "is said to have"),
      (file(a("F33", "[2]", "[0,8]"), data: 8), "not supported"),
      (file(a("F32", "[-2]", "[0,8]"), data: 8), "lacks"), (file(a("F32", "[2.5]", "[0,8]"), data: 8), "lacks"),
      (file(a("F32", "2", "[0,8]"), data: 8), "lacks"),
      (file(a("F32", "[9223372036854775807,4]", "[0,8]"), data: 8), "reaches beyond"),
      (file(a("F32", "[2]", "[0,9]"), data: 9), "is said to have"),
      (file(a("F32", "[2]", "[0,99999999999999999999]"), data: 9), "lacks"),
      (
        file(
          #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#,
          data: 1), "begins at byte 0"
      ),
      (
        file(
          #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#,
          data: 2), "twice"
      ),
      (file(#"{"__metadata__":{"a":1}}"#), "no string"), (file(#"{"a":1}"#), "lacks"), (file("{} x"), "more than one"),
      (file("{"), "key was expected"),
      (file(String(repeating: "[", count: 100_000)), "nested"), (file(#"{"\ud800":1}"#), "surrogate"),
      (file("{\"a\u{1}\":1}"), "control character"), ([1, 2, 3], "bytes long"),
    ]
    for (bytes, word) in lies {
      let message = try Fixtures.withFile(bytes) { path in
        Fixtures.refusal(of: path) { _ = try SafeTensors.read(path: path) }
      }
      #expect(message.contains(word), "\(message)")
    }
  }

  @Test("JSON is read as RFC 8259 says")
  func json() throws {
    func value(_ text: String) -> JSONValue? { try? JSONValue.parse(Array(text.utf8)).get() }
    #expect(
      value(#" [ 1 , -2.5e3, true,false,null, "\u00e9\ud83d\ude00\n\/", {"a":{}} ] "#)
        == .array([
          .integer(1), .number(-2500), .bool(true), .bool(false), .null, .string("é😀\n/"),
          .object([.init("a", .object([]))]),
        ]))
    for wrong in [
      "", "01", "-", "1.", ".5", "+1", "1e", "nan", "Infinity", "[1,]", "{\"a\":1,}", "'a'", "tru", "[1 2]", "\"\\x\"",
      "\"\\u12g4\"", "\"a", "{1:2}", "0x10",
    ] {
      #expect(value(wrong) == nil, "\(wrong)")
    }
    #expect(JSONValue.array([.number(.nan), .number(0.1), .string("a\tb")]).text == "[null,0.1,\"a\\u0009b\"]")
  }
}
