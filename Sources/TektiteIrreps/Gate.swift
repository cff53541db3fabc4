/// Scalars pass functions; every other copy is multiplied by a scalar gate of its own that has passed a function. e3nn's `Gate`.
///
/// The input holds scalars, gates and gated copies *sorted together* by irrep, in e3nn's order: equal irreps of the three groups end up side by side, scalars
/// first. The output holds scalars, then gated copies.
public struct Gate: Hashable, Sendable {
  /// Irreps of the input, sorted and simplified.
  public let input: Irreps
  /// Irreps of the output.
  public let output: Irreps
  /// What happens to the scalars.
  public let scalars: Activation
  /// What happens to the gates.
  public let gates: Activation
  /// The copies that are multiplied.
  public let gated: Irreps

  /// Where each component of the scalars lies in the input.
  public let scalarSources: [Int]
  /// Where each gate lies in the input.
  public let gateSources: [Int]
  /// Where each component of the gated copies lies in the input.
  public let gatedSources: [Int]
  /// For each component of the gated copies the gate that multiplies it.
  private let gateOfComponent: [Int]

  /// The most components that a gate may have, since it keeps a table of them.
  public static let largestDimension = 1 << 24

  /// Makes a plan. Throws when scalars or gates are not scalars, when gates and gated copies differ in number, or when functions do not fit.
  public init(
    scalars: Irreps, _ scalarFunctions: [ActivationFunction?], gates: Irreps, _ gateFunctions: [ActivationFunction?],
    gated: Irreps
  ) throws(IrrepsError) {
    for (name, irreps) in [("scalars", scalars), ("gates", gates)] where (irreps.largestDegree ?? 0) > 0 {
      throw IrrepsError("the \(name) of a gate must have degree 0, they are '\(irreps)'")
    }
    guard gates.copies == gated.copies else {
      throw IrrepsError("'\(gated)' has \(gated.copies) copies to gate, there are \(gates.copies) gates")
    }
    guard scalars.dimension + gates.dimension + gated.dimension <= Self.largestDimension else {
      throw IrrepsError("a gate of more than \(Self.largestDimension) components is not made")
    }
    self.scalars = try Activation(scalars, scalarFunctions)
    self.gates = try Activation(gates, gateFunctions)
    self.gated = gated

    let parts = [scalars.simplified(), gates.simplified(), gated.simplified()]
    let (sorted, order) = (parts[0] + parts[1] + parts[2]).sorted()
    input = sorted.simplified()
    let slices = sorted.slices
    var block = 0
    let sources = parts.map { part in
      part.flatMap { _ -> Range<Int> in
        defer { block += 1 }
        return slices[order.destination[block]]
      }
    }
    (scalarSources, gateSources, gatedSources) = (sources[0], sources[1], sources[2])
    var owner: [Int] = []
    var copy = 0
    for block in parts[2] {
      for _ in 0..<block.multiplicity {
        owner += [Int](repeating: copy, count: block.irrep.dimension)
        copy += 1
      }
    }
    gateOfComponent = owner
    // The product's irreps: cut where either the irrep or the parity of the gate changes.
    let product = try TensorProduct.elementwise(gated, self.gates.output, convention: .e3nn06)
    output = self.scalars.output + product.output
  }

  /// The output for one input. Throws on a wrong length.
  public func evaluate(_ x: [Double]) throws(IrrepsError) -> [Double] {
    try check(x)
    let g = try gates.evaluate(gateSources.map { x[$0] })
    var z = try scalars.evaluate(scalarSources.map { x[$0] })
    z += zip(gatedSources, gateOfComponent).map { x[$0] * g[$1] }
    return z
  }

  /// Derivatives of Σ_k z_k ḡ_k with respect to the input for a given ḡ. Throws on a wrong length.
  public func gradient(_ x: [Double], output adjoint: [Double]) throws(IrrepsError) -> [Double] {
    try check(x)
    guard adjoint.count == output.dimension else {
      throw IrrepsError("an adjoint of \(output) has \(output.dimension) components, this one \(adjoint.count)")
    }
    let gateInput = gateSources.map { x[$0] }
    let (g, dg) = (try gates.evaluate(gateInput), try gates.derivatives(gateInput))
    let ds = try scalars.derivatives(scalarSources.map { x[$0] })
    var dx = [Double](repeating: 0, count: x.count)
    for (k, source) in scalarSources.enumerated() { dx[source] = adjoint[k] * ds[k] }
    for (k, (source, gate)) in zip(gatedSources, gateOfComponent).enumerated() {
      let a = adjoint[scalarSources.count + k]
      dx[source] = a * g[gate]
      dx[gateSources[gate]] += a * x[source] * dg[gate]
    }
    return dx
  }

  private func check(_ x: [Double]) throws(IrrepsError) {
    guard x.count == input.dimension else {
      throw IrrepsError("an input of \(input) has \(input.dimension) components, this one \(x.count)")
    }
  }
}
