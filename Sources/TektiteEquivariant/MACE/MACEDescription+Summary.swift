import TektiteIrreps
import TektiteModelFiles

extension MACEDescription.Interaction.Kind {
  /// What the class does, in a few words.
  public var meaning: String {
    switch self {
    case .plain: "species after the sum"
    case .residual: "species beside the sum"
    case .density: "species after the sum, which is divided by a density"
    case .densityResidual: "species beside the sum, which is divided by a density"
    case .nonLinear: "radial functions that depend on both species, a gate, and division by a density"
    }
  }
}

extension MACEDescription {
  /// How far the forces on an atom depend on others, Å: the cutoff times the number of layers.
  public var reach: Double { (cutoff * Double(interactions.count) * 1e9).rounded() / 1e9 }

  /// The network in words, a line for each thing that one may want to know.
  public var summary: [String] {
    var lines = [
      "elements: \(elementSymbols.joined(separator: ", "))",
      "cutoff: \(cutoff) Å; reach: \(reach) Å over \(interactions.count) layer\(interactions.count == 1 ? "" : "s")",
      "radial basis: \(radialWords)", "harmonics: to degree \(largestDegree)",
      "embedding: \(embedding.first?.count ?? 0) features of each element",
    ]
    for (k, (interaction, product)) in zip(interactions, products).enumerated() {
      lines += words(interaction, product, number: k + 1)
    }
    let first = readouts.count == 1 ? products.count : 1
    for (k, readout) in readouts.enumerated() {
      let widths = readout.layers.dropLast().map { " to \($0.plan.output)" }.joined()
      let energies = heads.count == 1 ? "an energy" : "\(heads.count) energies"
      lines.append("readout after layer \(first + k): \(readout.layers[0].plan.input)\(widths) to \(energies)")
    }
    if heads.count > 1 { lines.append("heads: \(heads.joined(separator: ", "))") }
    for (h, head) in heads.enumerated() {
      let place = heads.count > 1 ? " of head \(head)" : ""
      // Foundation models know nearly all elements, whose energies nobody reads in a line.
      let shown = zip(elementSymbols, atomicEnergies[h]).prefix(12).map { "\($0) \($1)" }.joined(separator: ", ")
      let more = atomicNumbers.count > 12 ? ", and \(atomicNumbers.count - 12) more" : ""
      lines.append("E0\(place): \(shown)\(more) eV")
      lines.append("scale and shift\(place): \(scale[h]), \(shift[h]) eV")
    }
    if let repulsion {
      lines.append("pair repulsion: ZBL to the sum of covalent radii, p = \(repulsion.envelopeExponent)")
    }
    lines.append("stored in: \(storedIn)")
    return lines
  }

  /// The name of the type of its weights.
  public var storedIn: String { isSinglePrecision ? "float32" : "float64" }

  private var radialWords: String {
    var words =
      switch radial.basis {
      case .bessel(let frequencies, _): "\(frequencies.count) Bessel functions"
      case .gaussian(let centers, _): "\(centers.count) Gaussians"
      case .chebyshev(let count): "\(count) Chebyshev polynomials"
      }
    switch radial.transform {
    case .identity: break
    case .agnesi: words += " of the Agnesi transform"
    case .soft: words += " of the soft transform"
    }
    let place = radial.envelopePlace == .basis ? "" : ", on the weights of paths"
    return words + "; polynomial envelope with p = \(radial.envelope.exponent)\(place)"
  }

  private func words(_ interaction: Interaction, _ product: Product, number: Int) -> [String] {
    let divisor =
      interaction.density == nil ? "divided by \(interaction.averageNeighbors) neighbours" : "divided by a density"
    let orders = Self.paths(product).map { "\($0)" }.joined(separator: " + ")
    return [
      "layer \(number): \(interaction.kind.rawValue) (\(interaction.kind.meaning))",
      "  features \(interaction.linearUp.plan.input), \(interaction.paths.count) paths to \(interaction.middle), \(divisor)",
      "  weights of paths from a network \(Self.widths(interaction.network).map { "\($0)" }.joined(separator: "-"))",
      "  products to correlation \(Self.paths(product).count) (\(orders) paths by order), \(product.linear.plan.output)"
        + (product.usesSkip ? ", with a skip connection" : ""),
    ]
  }

  private static func widths(_ network: RadialNetwork) -> [Int] { [network.inputs] + network.layers.map(\.outputs) }

  /// The number of paths of a product for each order, the first order first.
  private static func paths(_ product: Product) -> [Int] {
    let largest = product.terms.map(\.basis.order).max() ?? 0
    return (0..<largest).map { order in
      product.terms.reduce(0) { $0 + ($1.basis.order == order + 1 ? $1.basis.paths.count : 0) }
    }
  }

  /// The same as data.
  public var card: JSONValue {
    func numbers(_ values: [Double]) -> JSONValue { .array(values.map(JSONValue.number)) }
    func integers(_ values: [Int]) -> JSONValue { .array(values.map(JSONValue.integer)) }
    func text(_ irreps: Irreps) -> JSONValue { .string("\(irreps)") }
    let layers = zip(interactions, products).map { interaction, product in
      JSONValue.object([
        .init("interaction", .string(interaction.kind.rawValue)),
        .init("features", text(interaction.linearUp.plan.input)),
        .init("convolution", text(interaction.middle)), .init("paths", .integer(interaction.paths.count)),
        .init("network", integers(Self.widths(interaction.network))),
        .init("average_neighbors", .number(interaction.averageNeighbors)),
        .init("density", .bool(interaction.density != nil)), .init("correlation", .integer(Self.paths(product).count)),
        .init("product_paths", integers(Self.paths(product))), .init("output", text(product.linear.plan.output)),
        .init("skip", .bool(product.usesSkip)),
      ])
    }
    let heads = heads.enumerated().map { h, name in
      JSONValue.object([
        .init("name", .string(name)), .init("e0", numbers(atomicEnergies[h])), .init("scale", .number(scale[h])),
        .init("shift", .number(shift[h])),
      ])
    }
    return .object([
      .init("elements", .array(elementSymbols.map(JSONValue.string))), .init("cutoff", .number(cutoff)),
      .init("reach", .number(reach)), .init("radial_basis", .string(radialWords)),
      .init("largest_degree", .integer(largestDegree)), .init("embedding", .integer(embedding.first?.count ?? 0)),
      .init("layers", .array(layers)),
      .init(
        "readouts",
        .array(readouts.map { readout in .array(readout.layers.map { text($0.plan.input) }) })),
      .init("heads", .array(heads)), .init("zbl", .bool(repulsion != nil)), .init("stored_in", .string(storedIn)),
    ])
  }
}
