import TektiteCore
import TektiteIrreps
import TektiteModelFiles

/// Reads the modules of a package.
private struct PackageReader: ModuleReader {}

extension NequIPSettings {
  /// Where the layers are within a package, and within a checkpoint after `model.`.
  static let place = "sole_model.model.func"

  /// Reads the modules of a package.
  /// - Parameter root: the model in the package, a dictionary with one model.
  init(_ root: TorchModule) throws(ModelFileError) {
    let reader = PackageReader()
    func error(_ module: TorchModule, _ message: String) -> ModelFileError { PackageReader.error(module, message) }
    func truth(_ module: TorchModule, _ name: String) throws(ModelFileError) -> Bool {
      guard let value = try module.requiredAttribute(name).bool else {
        throw error(module, "has '\(name)', which is no truth value")
      }
      return value
    }
    let graph = try root.module("sole_model")
    let body = try root.module(Self.place)
    let names = try graph.requiredAttribute("type_names").elements ?? []
    typeNames = names.compactMap(\.string)
    guard !typeNames.isEmpty, typeNames.count == names.count, Set(typeNames).count == names.count else {
      throw error(graph, "has something in 'type_names' that is no list of different names")
    }
    let embedding = try body.module("type_embed")
    guard try !truth(embedding, "do_categorical_graph_field_embed") else {
      throw error(embedding, "embeds properties of whole structures beside the species, which is not supported")
    }
    isSinglePrecision = try body.tensor("type_embed.embed_module.weight").type == .float32
    let edges = try body.module("spharm")
    harmonics = try reader.irreps(edges, "irreps_edge_sh")
    let sphere = try edges.module("sh")
    guard try truth(sphere, "normalize"), try sphere.requiredAttribute("normalization").string == "component" else {
      throw error(sphere, "has another normalisation than that of components of unit vectors")
    }
    cutoff = try reader.number(try body.module("edge_norm"), "r_max")
    exponent = try reader.integer(try body.module("bessel_encode.cutoff"), "p", 1...1000)

    while body.hasModule("layer\(layers.count)_convnet") {
      let layer = try body.module("layer\(layers.count)_convnet")
      let gate = try layer.module("equivariant_nonlin")
      guard PackageReader.shortName(gate.className, in: "e3nn") == "Gate" else {
        throw error(gate, "is of class '\(gate.className)', which is not supported; supported are gates")
      }
      try read(gate, reader)
      isResidual.append(try truth(layer, "resnet"))
      let interaction = try layer.module("conv")
      hasSelfConnection.append(try truth(interaction, "use_sc"))
      guard
        PackageReader.shortName(try interaction.module("tp_scatter").className, in: "nequip") == "TensorProductScatter"
      else {
        throw error(
          try interaction.module("tp_scatter"), "is of an accelerated class; package the model without modifiers")
      }
      normalization = try reader.values(try interaction.module("avg_num_neighbors_norm"), "norm_const")
      layers.append(try reader.irreps(layer, "feature_irreps_hidden"))
    }
    guard !layers.isEmpty else { throw error(body, "has no layers") }
    let readout = try body.module("per_atom_energy_readout.mlp_module.mlp")
    if readout.hasModule("1") {
      readoutFunction = try reader.function(try readout.module("1").value, in: readout)
    }
    guard body.hasModule("pair_potential") else { return }
    let pair = try body.module("pair_potential")
    guard PackageReader.shortName(pair.className, in: "nequip") == "ZBL" else {
      throw error(pair, "is of class '\(pair.className)', which is not supported; supported is ZBL")
    }
    repulsion = Repulsion(
      half: try reader.number(pair, "_qqr2exesquare"),
      exponent: try reader.integer(try pair.module("cutoff"), "p", 1...1000),
      atomicNumbers: try reader.values(pair, "atomic_numbers").map { Int($0) })
  }

  /// The functions of a gate by the parity of what they act on.
  private mutating func read(_ gate: TorchModule, _ reader: PackageReader) throws(ModelFileError) {
    for (name, functions) in [("act_scalars", \NequIPSettings.scalarFunctions), ("act_gates", \.gateFunctions)] {
      let module = try gate.module(name)
      // Copies, irrep and function of each block.
      for (k, path) in (try module.requiredAttribute("paths").elements ?? []).enumerated() {
        guard let parts = path.elements, parts.count == 3, let irrep = parts[1].elements, irrep.count == 2,
          let parity = irrep[1].integer
        else { throw PackageReader.error(module, "has something in 'paths' that is not understood") }
        let stored = try reader.normalizedFunction(try module.module("acts.\(k)"))
        guard abs(stored.factor - stored.function.secondMomentFactor) < 1e-9 else {
          throw PackageReader.error(module, "normalises a function with \(stored.factor), which is not e3nn's number")
        }
        if parity == 1 {
          self[keyPath: functions].even = stored.function
        } else {
          self[keyPath: functions].odd = stored.function
        }
      }
    }
  }
}
