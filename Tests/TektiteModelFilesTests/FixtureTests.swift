import Testing

@testable import TektiteModelFiles

@Suite("Files that torch wrote")
struct FixtureTests {
  @Test("Every file has the kind, names, types, shapes and values that torch says")
  func values() throws {
    #expect(Fixtures.files.count == 12)
    for (name, kind, expected) in Fixtures.files {
      let file = try ModelFile(path: Fixtures.path(name))
      #expect(file.kind.rawValue == kind, "\(name)")
      let found = kind == "safetensors file" ? file.checkpoint.names.sorted() : file.checkpoint.names
      let names = kind == "safetensors file" ? expected.map(\.name).sorted() : expected.map(\.name)
      #expect(found == names, "\(name)")
      for tensor in expected {
        let got = try file.checkpoint.tensor(tensor.name, shape: tensor.shape)
        #expect(got.type.rawValue == tensor.type && got.isParameter == tensor.isParameter, "\(name) \(tensor.name)")
        #expect(try got.doubles() == tensor.values, "\(name) \(tensor.name)")
        #expect(try got.floats() == tensor.values.map { Float($0) }, "\(name) \(tensor.name)")
        if !got.type.isFloatingPoint {
          #expect(try got.integers().map { Double($0) } == tensor.values, "\(name) \(tensor.name)")
        }
      }
      try file.checkpoint.requireFinite()
    }
  }

  @Test("Tensors that share a storage in the file share it here")
  func sharing() throws {
    let checkpoint = try ModelFile(path: Fixtures.path("types.pth")).checkpoint
    let whole = try checkpoint.tensor("whole")
    for name in ["transposed", "strided", "row", "permuted", "scalar", "expanded"] {
      #expect(try checkpoint.tensor(name).storage === whole.storage, "\(name)")
    }
    #expect(try checkpoint.tensor("transposed").strides == [1, 6])
    #expect(try !checkpoint.tensor("permuted").isContiguous && whole.isContiguous)
    #expect(try checkpoint.tensor("expanded").strides == [1, 0])
  }

  @Test("A whole model keeps classes, attributes, named tuples and numbers of numpy")
  func attributes() throws {
    let file = try ModelFile(path: Fixtures.path("mace.model"))
    let model = try #require(file.module)
    #expect(model.className == "mace.modules.models.ScaleShiftMACE")
    #expect(try model.requiredAttribute("elements").elements?.compactMap(\.integer) == [1, 6, 8])
    #expect(model.attribute("average")?.number == 12.25)
    #expect(model.attribute("single")?.number == 0.5)
    #expect(model.attribute("flag")?.bool == true)
    #expect(model.attribute("big_endian")?.number == 3)
    #expect(try model.numbers("atomic_numbers") == [1, 6, 8] && model.numbers("elements") == [1, 6, 8])
    #expect(try model.number("r_max") == 4 && model.number("average") == 12.25 && model.numbers("array").count == 6)
    #expect(model.attribute("heads")?.elements?.compactMap(\.string) == ["Default"])
    let array = try #require(model.attribute("array")?.tensor)
    #expect(try array.shape == [2, 3] && array.doubles() == [0, 1, 2, 3, 4, 5] && array.type == .float32)
    let fortran = try #require(model.attribute("fortran")?.tensor)
    #expect(try fortran.shape == [2, 3] && fortran.integers() == [0, 1, 2, 3, 4, 5] && !fortran.isContiguous)
    let linear = try model.module("node_embedding.linear")
    #expect(linear.className == "e3nn.o3._linear.Linear" && linear.path == "node_embedding.linear")
    let irreps = try #require(linear.attribute("irreps_out")?.elements)
    #expect(irreps.count == 2 && irreps[0].className == "e3nn.o3._irreps._MulIr")
    #expect(irreps[1].elements?[0].integer == 1)
    #expect(irreps[1].elements?[1].elements?.compactMap(\.integer) == [1, -1])
    let instruction = try #require(linear.attribute("instructions")?.elements?.first?.elements)
    #expect(
      instruction.count == 4 && instruction[2].elements?.compactMap(\.integer) == [3, 2] && instruction[3].number == 0.5
    )
    #expect(linear.attribute("__codegen__")?["_compiled_main"]?.bytes == [0x50, 0x4B, 3, 4, 0, 0xFF, 0x80])
    #expect(linear.parameters.map(\.name) == ["weight"] && linear.buffers.isEmpty)
    #expect(model.children.map(\.name) == ["node_embedding"])
    #expect(file.parameterCount == 6)
  }

  @Test("What is missing is named, with the nearest name")
  func missing() throws {
    let path = Fixtures.path("mace.model")
    let file = try ModelFile(path: path)
    let model = try #require(file.module)
    func message(_ body: () throws -> Void) -> String { Fixtures.refusal(of: path, body) }
    #expect(message { _ = try model.tensor("node_embedding.linear.wieght") }.contains("the nearest is 'weight'"))
    #expect(message { _ = try model.tensor("node_embeding.linear.weight") }.contains("the nearest is 'node_embedding'"))
    #expect(message { _ = try model.tensor("r_max", shape: [2]) }.contains("expected [2]"))
    #expect(message { _ = try model.requiredAttribute("averge") }.contains("the nearest is 'average'"))
    #expect(message { _ = try model.number("r_mx") }.contains("the nearest is 'r_max'"))
    #expect(message { _ = try model.number("elements") }.contains("where one was expected"))
    #expect(message { _ = try model.numbers("heads") }.contains("where numbers were expected"))
    #expect(message { _ = try model.module("") }.contains("no submodule"))
    #expect(
      message { _ = try file.checkpoint.tensor("node_embedding.linear.weigh") }.contains(
        "'node_embedding.linear.weight'"))
    #expect(
      model.hasTensor("node_embedding.linear.weight") && !model.hasTensor("x.y") && model.hasModule("node_embedding"))
    #expect(message { _ = try file.checkpoint.tensor("r_max").integers() }.contains("whole numbers"))
  }

  @Test("Configurations are read, and foreign objects among hyperparameters stay names")
  func configurations() throws {
    let sevenNet = try #require(try ModelFile(path: Fixtures.path("sevennet.pth")).configuration)
    #expect(
      sevenNet["cutoff"]?.number == 5 && sevenNet["channel"]?.integer == 8 && sevenNet["is_parity"]?.bool == false)
    #expect(sevenNet["irreps_manual"]?.elements?.compactMap(\.string) == ["8x0e", "8x0e+4x1o"])
    #expect(sevenNet["_type_map"]?.entries?.map { [$0.key.integer, $0.value.integer] } == [[1, 0], [8, 1]])
    #expect(try sevenNet["shift"]?.tensor?.doubles() == [0.5, -0.5])
    #expect(sevenNet["none"]?.isNone == true && sevenNet["negative"]?.integer == -(1 << 40))
    #expect(sevenNet["large"]?.integer == nil && sevenNet["large"]?.kindName == "int")
    #expect(sevenNet["device"]?.className == "torch.device" && sevenNet["absent"] == nil)
    let lightning = try #require(try ModelFile(path: Fixtures.path("lightning.ckpt")).configuration)
    #expect(lightning["model"]?["_target_"]?.string == "nequip.model.NequIPGNNModel")
    #expect(lightning["model"]?["r_max"]?.number == 4.5)
    let strange = try #require(lightning["strange"])
    #expect(strange.isForeign && strange.className == "somewhere.Foreign" && strange.state?["value"]?.integer == 7)
    #expect(lightning["list"]?.elements?.compactMap(\.integer) == [1, 2])
  }

  @Test("Files of other kinds are refused with what to do instead")
  func refusals() throws {
    let words = [
      "refused-class.pt": "somewhere.Foreign", "refused-training.pt": "training checkpoint",
      "refused-legacy.pt": "before version 1.6",
      "refused-torchscript.pt": "not compiled", "refused-system.pt": ".system'", "refused-deflated.pth": "zip -0 -r",
      "refused-program.pt2": "compiled for one machine", "plain2.pkl": "bare pickle", "expected.json": "no model file",
      "": "folder",
      "absent": "cannot open",
    ]
    for (name, word) in words {
      let path = Fixtures.path(name)
      let message = Fixtures.refusal(of: path) { _ = try ModelFile(path: path) }
      #expect(message.contains(word), "\(name): \(message)")
    }
  }

  @Test("The card says what is in a file, and nothing about where it is")
  func card() throws {
    let file = try ModelFile(path: Fixtures.path("module.pt"))
    #expect(file.card["class"] == .string("torch.nn.modules.container.ModuleList"))
    #expect(file.card["parameters"] == .integer(try #require(file.parameterCount)))
    #expect(Fixtures.array(file.card["tensors"]).count == file.checkpoint.entries.count)
    #expect(!file.card.text.contains("fixtures"))
    #expect(file.summary.hasPrefix("torch module (torch archive, version 3)\n"))
    guard case .success(let again) = JSONValue.parse(Array(file.card.text.utf8)) else {
      Issue.record("the card is no JSON")
      return
    }
    #expect(again == file.card)
  }
}
