import TektiteIrreps
import TektiteModelFiles

extension NequIPDescription {
  /// How far the forces on an atom depend on others, Å: the cutoff times the number of layers.
  public var reach: Double { (cutoff * Double(layers.count) * 1e9).rounded() / 1e9 }

  /// The name of the type of its weights.
  public var storedIn: String { isSinglePrecision ? "float32" : "float64" }

  /// The network in words, a line for each thing that one may want to know.
  public var summary: [String] {
    let isElements = typeNames.count > 12 ? "\(typeNames.count) species" : "species"
    var lines = [
      "\(isElements): \(typeNames.joined(separator: ", "))",
      "cutoff: \(cutoff) Å; reach: \(reach) Å over \(layers.count) layer\(layers.count == 1 ? "" : "s")",
    ]
    if !radial.pairCutoffs.isEmpty {
      let all = radial.pairCutoffs.joined()
      lines.append("cutoffs of pairs: \(all.min() ?? 0) to \(all.max() ?? 0) Å")
    }
    lines += [
      "radial basis: \(radialWords)",
      "harmonics: \(harmonics.irreps)\(harmonics.isNormalized ? "" : ", times powers of the distance")",
      "embedding: \(embedding.first?.count ?? 0) features of each species",
    ]
    for (k, layer) in layers.enumerated() { lines += words(layer, number: k + 1) }
    let widths = readout.dropLast().map { " to \($0.layer.plan.output)" }.joined()
    lines.append("readout: \(readout.first?.layer.plan.input ?? Irreps([]))\(widths) to an energy")
    if !modalities.isEmpty { lines.append("modalities: \(modalities.joined(separator: ", "))") }
    for (m, (scale, shift)) in zip(scale, shift).enumerated() {
      let place = modalities.isEmpty ? "" : " of \(modalities[m])"
      // Foundation models know nearly all elements, whose energies nobody reads in a line.
      let shown = zip(typeNames, zip(scale, shift)).prefix(8).map { "\($0) \($1.0), \($1.1)" }.joined(separator: "; ")
      let more = typeNames.count > 8 ? "; and \(typeNames.count - 8) more" : ""
      lines.append("scale and shift\(place): \(shown)\(more) eV")
    }
    if let repulsion {
      lines.append("pair repulsion: ZBL to the cutoff, p = \(repulsion.envelopeExponent)")
    }
    lines.append("stored in: \(storedIn)")
    return lines
  }

  private var radialWords: String {
    let count = radial.basis.count
    switch radial.envelope {
    case .polynomial(let envelope):
      return "\(count) Bessel functions; polynomial envelope with p = \(envelope.exponent)"
    case .xplor(let envelope): return "\(count) Bessel functions; XPLOR envelope from \(envelope.start) Å"
    }
  }

  private func words(_ layer: Layer, number: Int) -> [String] {
    let own =
      switch layer.selfConnection?.weights.count {
      case nil: "no self-connection"
      case 1: "a linear self-connection"
      default: "a self-connection by species"
      }
    let widths = ([layer.network.inputs] + layer.network.layers.map(\.outputs)).map { "\($0)" }.joined(separator: "-")
    return [
      "layer \(number): \(layer.input) to \(layer.output), \(own)\(layer.isResidual ? ", added to what arrived" : "")",
      "  \(layer.paths.count) paths to \(layer.middle.simplified())\(layer.division == 1 ? "" : ", divided by \(layer.division)"), weights from a network \(widths)",
    ]
  }

  /// The same as data.
  public var card: JSONValue {
    func numbers(_ values: [Double]) -> JSONValue { .array(values.map(JSONValue.number)) }
    func text(_ irreps: Irreps) -> JSONValue { .string("\(irreps)") }
    let layers = layers.map { layer in
      JSONValue.object([
        .init("input", text(layer.input)), .init("output", text(layer.output)),
        .init("convolution", text(layer.middle.simplified())), .init("paths", .integer(layer.paths.count)),
        .init(
          "network", .array(([layer.network.inputs] + layer.network.layers.map(\.outputs)).map(JSONValue.integer))),
        .init("division", .number(layer.division)),
        .init(
          "self_connection",
          layer.selfConnection.map { .string($0.weights.count == 1 ? "linear" : "by species") } ?? .null),
        .init("residual", .bool(layer.isResidual)),
      ])
    }
    let shifts = zip(scale, shift).enumerated().map { m, pair in
      JSONValue.object([
        .init("modality", modalities.indices.contains(m) ? .string(modalities[m]) : .null),
        .init("scale", numbers(pair.0)), .init("shift", numbers(pair.1)),
      ])
    }
    return .object([
      .init("origin", .string(origin.rawValue)), .init("species", .array(typeNames.map(JSONValue.string))),
      .init("cutoff", .number(cutoff)), .init("reach", .number(reach)), .init("radial_basis", .string(radialWords)),
      .init("harmonics", text(harmonics.irreps)), .init("embedding", .integer(embedding.first?.count ?? 0)),
      .init("layers", .array(layers)),
      .init("readout", .array(readout.map { text($0.layer.plan.input) })),
      .init("modalities", .array(modalities.map(JSONValue.string))), .init("energies", .array(shifts)),
      .init("zbl", .bool(repulsion != nil)), .init("stored_in", .string(storedIn)),
    ])
  }
}
