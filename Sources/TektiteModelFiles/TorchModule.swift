/// A `torch.nn.Module` of a file that holds a whole model: its class by name, submodules, weights and attributes.
public struct TorchModule: Sendable {
  /// The object.
  public let value: PickleValue
  /// The names from the root to here, with dots; empty for the root.
  public let path: String
  private let state: PickleValue

  private static let mostLevels = 64
  private static let longestPath = 1024

  /// A module, if a value is one: an object with `_modules`, `_parameters` and `_buffers`.
  public init?(_ value: PickleValue, path: String = "") {
    guard value.className != nil, let state = value.state, state["_modules"] != nil, state["_parameters"] != nil else {
      return nil
    }
    self.value = value
    self.state = state
    self.path = path
  }

  /// The full name of the class: `mace.modules.models.ScaleShiftMACE`.
  public var className: String { value.className ?? "" }
  /// The path of the file.
  public var file: String { value.graph.file }

  private func join(_ name: String) -> String { path.isEmpty ? name : path + "." + name }
  private func error(_ message: String) -> ModelFileError {
    let place = path.isEmpty ? "the model" : "module \(ModelFileError.quoted(path))"
    return ModelFileError("\(place) of class \(ModelFileError.quoted(className)) \(message)", file: file)
  }

  /// How many entries the submodules' own dictionaries have, all of which are looked through to find the submodules.
  private var childEntryCount: Int {
    (state["_modules"]?.entries ?? []).reduce(0) { $0 + ($1.value.state?.entryCount ?? 0) }
  }

  /// How many entries the module's dictionaries have.
  private var entryCount: Int {
    1 + state.entryCount + (state["_modules"]?.entryCount ?? 0) + (state["_parameters"]?.entryCount ?? 0)
      + (state["_buffers"]?.entryCount ?? 0)
  }

  /// The submodules by name, in order. Those that are None are left out, and so are compiled graphs of torch.fx, which hold programs.
  public var children: [(name: String, module: TorchModule)] {
    (state["_modules"]?.entries ?? []).compactMap { key, value in
      guard let name = key.string, name.utf8.count <= Self.longestPath,
        let module = TorchModule(value, path: join(name))
      else { return nil }
      return (name, module)
    }
  }

  /// The trained parameters by name, without those of submodules. Those that are None are left out.
  public var parameters: [(name: String, tensor: Tensor)] { tensors("_parameters") }
  /// The buffers by name, without those of submodules. Those that are None are left out.
  public var buffers: [(name: String, tensor: Tensor)] { tensors("_buffers") }
  private func tensors(_ kind: String) -> [(name: String, tensor: Tensor)] {
    (state[kind]?.entries ?? []).compactMap { key, value in
      guard let name = key.string, let tensor = value.tensor else { return nil }
      return (name, tensor)
    }
  }

  /// The names of the plain attributes.
  public var attributeNames: [String] { state.keys }
  /// A plain attribute, such as a number, a string or a list of irreps.
  public func attribute(_ name: String) -> PickleValue? { state[name] }

  /// A plain attribute that must be there.
  public func requiredAttribute(_ name: String) throws(ModelFileError) -> PickleValue {
    guard let value = state[name] else {
      throw error(
        "has no attribute \(ModelFileError.quoted(name))\(ModelFileError.suggestion(for: name, among: state.keys))")
    }
    return value
  }

  /// Whether there is a submodule on a path with dots.
  public func hasModule(_ path: String) -> Bool { (try? module(path)) != nil }

  /// The submodule on a path with dots.
  /// - Throws: `ModelFileError` that names the nearest submodule if it is missing.
  public func module(_ path: String) throws(ModelFileError) -> TorchModule {
    var here = self
    for name in path.split(separator: ".", omittingEmptySubsequences: false).map(String.init) {
      guard let value = here.state["_modules"]?[name] else {
        let near = ModelFileError.suggestion(for: name, among: here.state["_modules"]?.keys ?? [])
        throw here.error("has no submodule \(ModelFileError.quoted(name))\(near)")
      }
      guard let next = TorchModule(value, path: here.join(name)) else {
        throw here.error("has \(value.kindName) as \(ModelFileError.quoted(name)) where a module was expected")
      }
      here = next
    }
    return here
  }

  /// The parameter or buffer on a path with dots, of which the last name is the tensor's; nil if the module is there and has no such tensor.
  private func tensorIfPresent(_ path: String) throws(ModelFileError) -> (
    module: TorchModule, name: String, tensor: Tensor?
  ) {
    let names = path.split(separator: ".", omittingEmptySubsequences: false)
    let name = names.last.map(String.init) ?? ""
    let here = names.count > 1 ? try module(names.dropLast().joined(separator: ".")) : self
    return (here, name, here.state["_parameters"]?[name]?.tensor ?? here.state["_buffers"]?[name]?.tensor)
  }

  /// Whether there is a parameter or buffer on a path with dots.
  public func hasTensor(_ path: String) -> Bool { (try? tensorIfPresent(path))?.tensor != nil }

  /// The parameter or buffer on a path with dots.
  /// - Parameter shape: the shape that it must have, if given.
  /// - Throws: `ModelFileError` that names the nearest one if it is missing, or both shapes if it has another one.
  public func tensor(_ path: String, shape: [Int]? = nil) throws(ModelFileError) -> Tensor {
    let (here, name, found) = try tensorIfPresent(path)
    guard let found else {
      let near = ModelFileError.suggestion(for: name, among: here.parameters.map(\.name) + here.buffers.map(\.name))
      throw here.error("has no parameter or buffer \(ModelFileError.quoted(name))\(near)")
    }
    guard shape == nil || shape == found.shape else {
      throw here.error("has \(ModelFileError.quoted(name)) of shape \(found.shape); expected \(shape ?? [])")
    }
    return found
  }

  /// The numbers that a name stands for, wherever the version that wrote the file kept them: as an attribute that is a number, a list or an
  /// array, or as a buffer or a parameter; the last axis fastest.
  /// - Throws: `ModelFileError` if there is none, or it is no number.
  public func numbers(_ name: String) throws(ModelFileError) -> [Double] {
    if let tensor = state[name]?.tensor ?? state["_buffers"]?[name]?.tensor ?? state["_parameters"]?[name]?.tensor {
      return try tensor.doubles()
    }
    guard let value = state[name] else {
      let names = state.keys + buffers.map(\.name) + parameters.map(\.name)
      throw error("has no \(ModelFileError.quoted(name))\(ModelFileError.suggestion(for: name, among: names))")
    }
    if let number = value.number { return [number] }
    let numbers = value.elements?.compactMap(\.number) ?? []
    guard !numbers.isEmpty, numbers.count == value.elements?.count else {
      throw error("has \(value.kindName) as \(ModelFileError.quoted(name)) where numbers were expected")
    }
    return numbers
  }

  /// The one number that a name stands for, as `numbers` finds it.
  public func number(_ name: String) throws(ModelFileError) -> Double {
    let found = try numbers(name)
    guard found.count == 1 else {
      throw error("has \(found.count) numbers as \(ModelFileError.quoted(name)) where one was expected")
    }
    return found[0]
  }

  /// All parameters and buffers below this module, named from here, in the order of torch: a module's own before its submodules'.
  /// - Throws: `ModelFileError` if modules contain themselves, or are nested or named beyond reason.
  public func allTensors() throws(ModelFileError) -> [(name: String, tensor: Tensor)] {
    var found: [(name: String, tensor: Tensor)] = []
    // A module may stand in several places; a file that needs more steps than it has values is no model, but one that wants to
    // keep us busy.
    var work = 0
    var letters = 0
    let mostWork = 8 * value.graph.nodes.count
    let start = path.isEmpty ? 0 : path.utf8.count + 1
    var pending = [(module: self, level: 0)]
    while let (here, level) = pending.popLast() {
      work += here.entryCount + here.childEntryCount
      guard level < Self.mostLevels, work <= mostWork, here.path.utf8.count <= Self.longestPath else {
        throw error("has submodules nested beyond reason, or within themselves; the file is damaged, or no model")
      }
      for (name, tensor) in here.parameters + here.buffers {
        let full = String(here.join(name).dropFirst(start))
        letters += full.utf8.count
        guard letters <= 16 << 20 else {
          throw error("has tensors with names beyond reason; the file is damaged, or no model")
        }
        found.append((full, tensor))
      }
      let children = here.children
      guard pending.count + children.count <= value.graph.nodes.count else {
        throw error("has more submodules than values; the file is damaged, or no model")
      }
      for (_, child) in children.reversed() { pending.append((child, level + 1)) }
    }
    return found
  }
}
