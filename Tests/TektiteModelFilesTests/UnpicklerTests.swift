import Testing

@testable import TektiteModelFiles

/// Reads a pickle by hand-made opcodes; storages are 64 doubles.
func unpickle(_ bytes: [UInt8]) throws -> PickleValue {
  var unpickler = Unpickler(bytes, file: "f", member: "m") { _, type, count throws(ModelFileError) in
    guard type == .float64, count <= 64 else { throw ModelFileError("no such storage", file: "f") }
    return TensorStorage(type, bytes: [UInt8](repeating: 0, count: 8 * count), isBigEndian: false, file: "f")
  }
  return try unpickler.load()
}

/// Opcodes as text, where `\u{..}` of one byte stand for themselves.
private func ops(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8($0.value) } }

@Suite("Pickles")
struct UnpicklerTests {
  private static let start = "\u{80}\u{02}"

  @Test("Plain values of Python in protocols 2 to 5", arguments: 2...5)
  func plain(version: Int) throws {
    let root = try unpickle(try Fixtures.bytes(Fixtures.path("plain\(version).pkl")))
    #expect(root["none"]?.isNone == true && root["true"]?.bool == true && root["false"]?.bool == false)
    let ints = root["ints"]?.elements?.compactMap(\.integer)
    #expect(ints == [0, 255, 256, 65535, 65536, -1, -(1 << 31), 1 << 31, 1 << 40, Int.min])
    #expect(root["large"]?.kindName == "int" && root["large"]?.integer == nil && root["large"]?.number == nil)
    #expect(root["floats"]?.elements?.compactMap(\.number) == [0.5, -1e300, .infinity])
    #expect(root["text"]?.string == "Ångström 😀" && root["long"]?.string == String(repeating: "x", count: 300))
    #expect(root["bytes"]?.bytes == [0, 0xFF, 0x80] && root["longbytes"]?.bytes == [UInt8](repeating: 1, count: 300))
    #expect(root["array"]?.bytes == Array("abc".utf8))
    let empty = try #require(root["empty"]?.elements)
    #expect(empty[0].elements == [] && empty[1].elements == [] && empty[2].entries?.isEmpty == true)
    #expect(empty[3].bytes == [] && empty[4].string == "")
    let tuple = try #require(root["tuple"]?.elements)
    #expect(tuple.dropFirst().map { $0.elements?.compactMap(\.integer) } == [[2, 3], [4, 5, 6], [7, 8, 9, 10]])
    #expect(
      root["set"]?.elements?.compactMap(\.integer) == [3] && root["frozen"]?.elements?.compactMap(\.integer) == [4])
    #expect(root["ordered"]?.keys == ["z", "a"])
    let shared = try #require(root["shared"]?.elements)
    #expect(shared[0] == shared[1] && shared[0].elements?.first?.string == "shared")
  }

  @Test("Opcodes that Python's pickler seldom writes")
  func opcodes() throws {
    func value(_ text: String) throws -> PickleValue { try unpickle(ops(Self.start + text + ".")) }
    #expect(try value("(K\u{1}K\u{2}l").elements?.compactMap(\.integer) == [1, 2])
    #expect(try value("(X\u{1}\0\0\0aK\u{2}d")["a"]?.integer == 2)
    #expect(try value("K\u{1}K\u{2}0").integer == 1)
    #expect(try value("K\u{1}(K\u{2}K\u{3}1").integer == 1)
    #expect(try value("K\u{1}(0").integer == 1)
    #expect(try value("K\u{7}2\u{86}").elements?.compactMap(\.integer) == [7, 7])
    #expect(try value("\u{8A}\u{0}").integer == 0)
    #expect(try value("\u{8A}\u{1}\u{FF}").integer == -1)
    #expect(try value("\u{8B}\u{2}\0\0\0\u{0}\u{80}").integer == -32768)
    #expect(try value("\u{8D}\u{2}\0\0\0\0\0\0\0ab").string == "ab")
    #expect(try value("\u{8E}\u{2}\0\0\0\0\0\0\0ab").bytes == Array("ab".utf8))
    #expect(try value("\u{96}\u{1}\0\0\0\0\0\0\0a").bytes == Array("a".utf8))
    #expect(try value("\u{8F}(K\u{1}\u{90}").elements?.compactMap(\.integer) == [1])
    #expect(try value("(K\u{1}\u{91}").kindName == "set")
    #expect(try value("K\u{5}\u{94}h\0\u{86}").elements?.compactMap(\.integer) == [5, 5])
    #expect(try value("\u{8C}\u{B}collections\u{8C}\u{B}OrderedDict\u{93})R").entries?.isEmpty == true)
    let object = try value("cmace.x\nY\n)}X\u{1}\0\0\0kK\u{3}s\u{92}")
    #expect(object.className == "mace.x.Y" && object.state?["k"]?.integer == 3 && object.isForeign)
    // A key that is set twice counts as Python counts it.
    #expect(try value("}X\u{1}\0\0\0kK\u{3}sX\u{1}\0\0\0kK\u{4}s")["k"]?.integer == 4)
  }

  @Test("Numbers of numpy in either byte order are plain numbers")
  func scalars() throws {
    func scalar(_ order: String, _ code: String, _ bytes: String) throws -> PickleValue {
      let type = "cnumpy\ndtype\n(X\u{2}\0\0\0\(code)K\0K\u{1}tR(K\u{3}X\u{1}\0\0\0\(order)NNNK\0K\0K\0tb"
      let data = "C" + String(Character(Unicode.Scalar(UInt8(bytes.unicodeScalars.count)))) + bytes
      return try unpickle(ops(Self.start + "cnumpy._core.multiarray\nscalar\n" + type + data + "\u{86}R."))
    }
    #expect(try scalar("<", "f8", "\0\0\0\0\0\0\u{8}\u{40}").number == 3)
    #expect(try scalar(">", "f8", "\u{40}\u{8}\0\0\0\0\0\0").number == 3)
    #expect(try scalar(">", "i4", "\u{FF}\u{FF}\u{FF}\u{FE}").integer == -2)
    #expect(try scalar("<", "u2", "\u{1}\u{FF}").integer == 0xFF01)
    #expect(try scalar("|", "b1", "\u{1}").bool == true)
    #expect(try scalar("<", "V8", "\0\0\0\0\0\0\0\0").number == nil)
    #expect(Fixtures.refusal(of: "f") { _ = try scalar("<", "f8", "\0") }.contains("another number of bytes"))
  }

  @Test("A list within itself is a value like others")
  func circular() throws {
    let root = try unpickle(ops(Self.start + "]q\0h\0a."))
    #expect(root.elements == [root])
  }

  @Test("Damaged pickles are refused, each with a word on what is wrong")
  func damaged() throws {
    let cases: [(String, String)] = [
      ("", "no pickle"), ("K\u{1}.", "no pickle"), (Self.start, "more bytes"), (Self.start + ".", "empty stack"),
      (Self.start + "h\u{5}.", "never remembered"), (Self.start + "K\u{1}a.", "there is none"),
      (Self.start + "K\u{1}K\u{2}a.", "no list"),
      (Self.start + "t.", "lacks a mark"), (Self.start + "(K\u{1}d.", "without a value"),
      (Self.start + "]K\u{1}K\u{2}s.", "no dictionary"),
      (Self.start + "X\u{FF}\u{FF}\u{FF}\u{FF}a.", "more bytes"),
      (Self.start + "\u{8D}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}a.", "more bytes"),
      (Self.start + "X\u{1}\0\0\0\u{FF}.", "UTF-8"), ("\u{80}\u{6}N.", "protocol 6"),
      (Self.start + "\u{95}\u{FF}\0\0\0\0\0\0\0N.", "frame"),
      (Self.start + "K\u{1})R.", "no class"), (Self.start + "\u{97}.", "out-of-band"),
      (Self.start + "q\0.", "there is none"),
      (Self.start + "c\n\n.", "empty"), (Self.start + "cos\nsystem\n.", "would run something"),
      (Self.start + "K\u{1}K\u{2}\u{93}.", "no string"),
      (Self.start + "cbuiltins\neval\n.", "would run something"),
      (Self.start + "c__builtin__\nexec\n.", "would run something"),
      (Self.start + "csubprocess\nPopen\n.", "would run something"), (Self.start + "S'a'\n.", "no opcode 0x53"),
      (Self.start + "NN\u{86}(N1K\u{1}K\u{2}b.", "gives a state"), (Self.start + "(K\u{1}0.", "empty stack"),
    ]
    for (text, word) in cases {
      let message = Fixtures.refusal(of: "f") { _ = try unpickle(ops(text)) }
      #expect(message.contains(word), "\(text.debugDescription): \(message)")
    }
  }

  @Test("Tensors that reach beyond their storage, or beyond reason, are refused")
  func tensors() throws {
    // storage of `count` doubles, offset, sizes, strides
    func tensor(_ count: Int, _ offset: Int, _ sizes: [Int], _ strides: [Int]) -> [UInt8] {
      func long(_ value: Int) -> [UInt8] { [0x8A, 8] + (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
      func tuple(_ values: [Int]) -> [UInt8] { ops("(") + values.flatMap(long) + ops("t") }
      return ops(
        Self.start
          + "ctorch._utils\n_rebuild_tensor_v2\n((X\u{7}\0\0\0storagectorch\nDoubleStorage\nX\u{1}\0\0\00X\u{3}\0\0\0cpu"
      )
        + long(count) + ops("tQ") + long(offset) + tuple(sizes) + tuple(strides) + ops("\u{89}NtR.")
    }
    let good = try unpickle(tensor(64, 4, [3, 20], [20, 1]))
    #expect(good.tensor?.shape == [3, 20] && good.tensor?.count == 60)
    #expect(try unpickle(tensor(1, 0, [100, 40], [0, 0])).tensor?.doubles().count == 4000)
    #expect(try unpickle(tensor(0, 0, [0, Int.max, Int.max], [1, 1, 1])).tensor?.doubles() == [])
    let bad: [(Int, Int, [Int], [Int])] = [
      (64, 5, [3, 20], [20, 1]), (64, 0, [65], [1]), (64, -1, [1], [1]), (64, 0, [-1], [1]), (64, 0, [2], [-1]),
      (64, 64, [1], [1]),
      (64, 0, [Int.max, Int.max], [0, 0]), (64, 0, [1 << 40], [0]), (64, Int.max, [2], [Int.max]),
      (64, 0, [2, 2], [Int.max, Int.max]),
      (64, 0, [1], []), (1, 0, [Int](repeating: 1, count: 17), [Int](repeating: 1, count: 17)), (-1, 0, [1], [1]),
      (65, 0, [1], [1]),
      (0, 0, [], []), (64, 65, [0], [1]),
    ]
    for (count, offset, sizes, strides) in bad {
      _ = Fixtures.refusal(of: "f") { _ = try unpickle(tensor(count, offset, sizes, strides)) }
    }
  }

  @Test("A pickle that would grow without bound is small here, or refused")
  func bombs() throws {
    // Forty lists, each with the one before twice: 2⁴⁰ members if they were copied.
    var text = Self.start + "]q\0"
    for k in 1...40 {
      text +=
        "]q\(Character(Unicode.Scalar(UInt8(k))))h\(Character(Unicode.Scalar(UInt8(k - 1))))ah\(Character(Unicode.Scalar(UInt8(k - 1))))a"
    }
    let doubled = try unpickle(ops(text + "."))
    #expect(doubled.graph.nodes.count < 60 && doubled.elements?.count == 2)
    // A million lists, one within the other: nothing may recurse.
    let deep = try unpickle(
      ops(Self.start) + [UInt8](repeating: UInt8(ascii: "]"), count: 1_000_000)
        + [UInt8](repeating: UInt8(ascii: "a"), count: 999_999) + ops("."))
    #expect(deep.elements?.count == 1)
    // A list of thousands that is copied again and again.
    var copies =
      ops(Self.start + "](") + [UInt8](repeating: UInt8(ascii: "N"), count: 10_000) + ops("eq\0cbuiltins\nlist\nq\u{1}")
    for _ in 0..<1000 { copies += ops("h\u{1}h\0\u{85}R") }
    #expect(Fixtures.refusal(of: "f") { _ = try unpickle(copies + ops(".")) }.contains("copies lists"))
    // More values than any model has.
    let many = ops(Self.start) + [UInt8](repeating: UInt8(ascii: "]"), count: Unpickler.mostNodes)
    #expect(Fixtures.refusal(of: "f") { _ = try unpickle(many) }.contains("holds more than"))
  }
}
