import TektiteIrreps

/// A function of a scalar with a factor: x ↦ factor · f(x). e3nn's normalised functions have the factor that makes the second moment one.
public struct ScaledFunction: Hashable, Sendable {
  /// f.
  public let function: ActivationFunction
  /// The factor.
  public let factor: Double
  /// Makes a function.
  public init(_ function: ActivationFunction, factor: Double = 1) { (self.function, self.factor) = (function, factor) }
  func value(_ x: Double) -> Double { factor * function(x) }
  func derivative(_ x: Double) -> Double { factor * function.derivative(x) }
}

/// A network of dense layers on the features of an edge.
public struct RadialNetwork: Hashable, Sendable {
  /// y = f(N(x W + b)), where normalisation N and function f may be missing.
  public struct Layer: Hashable, Sendable {
    /// W, row-major [inputs, outputs], with all constant factors multiplied in.
    public let weights: [Double]
    /// b; empty for none.
    public let biases: [Double]
    /// N.
    public let normalization: LayerNormalization?
    /// f.
    public let activation: ScaledFunction?
    /// The number of outputs.
    public let outputs: Int

    /// Makes a layer.
    public init(
      weights: [Double], biases: [Double] = [], normalization: LayerNormalization? = nil,
      activation: ScaledFunction? = nil,
      outputs: Int
    ) {
      (self.weights, self.biases, self.normalization) = (weights, biases, normalization)
      (self.activation, self.outputs) = (activation, outputs)
    }
  }

  /// x_k ↦ γ_k (x_k − ⟨x⟩)/√(⟨x²⟩ − ⟨x⟩² + ε) + β_k (Ba et al. 2016, arXiv:1607.06450).
  public struct LayerNormalization: Hashable, Sendable {
    /// γ.
    public let scale: [Double]
    /// β.
    public let shift: [Double]
    /// ε.
    public let epsilon: Double
    /// Makes a normalisation.
    public init(scale: [Double], shift: [Double], epsilon: Double) {
      (self.scale, self.shift, self.epsilon) = (scale, shift, epsilon)
    }
  }

  /// The number of inputs.
  public let inputs: Int
  /// The layers in order.
  public let layers: [Layer]
  /// The number of outputs.
  public var outputs: Int { layers.last?.outputs ?? inputs }

  /// Makes a network; throws when sizes do not fit together.
  public init(inputs: Int, layers: [Layer]) throws(ProgramError) {
    var width = inputs
    for (k, layer) in layers.enumerated() {
      let normalized = layer.normalization.map { [$0.scale.count, $0.shift.count] } ?? []
      guard layer.weights.count == width * layer.outputs, layer.biases.isEmpty || layer.biases.count == layer.outputs,
        normalized.allSatisfy({ $0 == layer.outputs })
      else {
        throw ProgramError(
          "layer \(k) of a radial network takes \(width) numbers to \(layer.outputs), and its weights do not fit")
      }
      width = layer.outputs
    }
    (self.inputs, self.layers) = (inputs, layers)
  }

  /// The outputs, and their derivatives along one direction in which the inputs change.
  func evaluate(_ x: [Double], _ dx: [Double]) -> (values: [Double], derivatives: [Double]) {
    var (x, dx) = (x, dx)
    for layer in layers {
      let n = layer.outputs
      var y = layer.biases.isEmpty ? [Double](repeating: 0, count: n) : layer.biases
      var dy = [Double](repeating: 0, count: n)
      for (i, (value, derivative)) in zip(x, dx).enumerated() {
        for k in 0..<n {
          y[k] += value * layer.weights[i * n + k]
          dy[k] += derivative * layer.weights[i * n + k]
        }
      }
      if let norm = layer.normalization {
        let count = Double(max(1, n))
        let mean = y.reduce(0, +) / count
        let dmean = dy.reduce(0, +) / count
        let (centered, dcentered) = (y.map { $0 - mean }, dy.map { $0 - dmean })
        let variance = centered.reduce(0) { $0 + $1 * $1 } / count
        let dvariance = 2 * zip(centered, dcentered).reduce(0) { $0 + $1.0 * $1.1 } / count
        let scale = 1 / (variance + norm.epsilon).squareRoot()
        let dscale = -0.5 * scale * scale * scale * dvariance
        for k in 0..<n {
          y[k] = norm.scale[k] * centered[k] * scale + norm.shift[k]
          dy[k] = norm.scale[k] * (dcentered[k] * scale + centered[k] * dscale)
        }
      }
      if let activation = layer.activation {
        for k in 0..<n {
          dy[k] *= activation.derivative(y[k])
          y[k] = activation.value(y[k])
        }
      }
      (x, dx) = (y, dy)
    }
    return (x, dx)
  }
}

/// Numbers R_p(r) that weight the paths of a convolution, as functions of distance and of the two species:
///
///     R(r) = e₂(r) · g(network([e₁(r) b(x(r)), s(z_neighbour), t(z_centre)]))
///
/// with a basis b, a transform x, an envelope that multiplies either the basis (e₁) or the result (e₂), rows s and t that belong to the species
/// (or nothing), and g the identity or tanh(y²). Where pairs of species have cutoffs of their own, r is the distance in units of the pair's cutoff times the envelope's. Outputs may be
/// multiplied by powers of the distance itself, as harmonics of vectors that are not of length one bring them.
public struct RadialFunction: Hashable, Sendable {
  /// What the envelope multiplies.
  public enum EnvelopePlace: Hashable, Sendable {
    /// The basis.
    case basis
    /// The result.
    case result
  }

  /// b.
  public let basis: RadialBasis
  /// x.
  public let transform: DistanceTransform
  /// e, a function of r itself.
  public let envelope: RadialEnvelope
  /// Where it is applied.
  public let envelopePlace: EnvelopePlace
  /// s, by species; empty for none.
  public let neighborRows: [[Double]]
  /// t, by species; empty for none.
  public let centerRows: [[Double]]
  /// The network.
  public let network: RadialNetwork
  /// Whether g(y) = tanh(y²), which keeps densities between 0 and 1; otherwise g(y) = y.
  public let isDensity: Bool
  /// Cutoffs of pairs by species of the centre and of the neighbour, none above the envelope's; empty where all pairs have that.
  public let pairCutoffs: [[Double]]
  /// For each output the power of the distance that multiplies it; empty for none.
  public let powers: [Int]

  /// The number of outputs.
  public var count: Int { network.outputs }

  /// Makes a function; throws when the widths do not add up.
  public init(
    basis: RadialBasis, transform: DistanceTransform, envelope: RadialEnvelope, envelopePlace: EnvelopePlace,
    neighborRows: [[Double]] = [], centerRows: [[Double]] = [], network: RadialNetwork, isDensity: Bool = false,
    pairCutoffs: [[Double]] = [], powers: [Int] = []
  ) throws(ProgramError) {
    let (s, t) = (neighborRows.first?.count ?? 0, centerRows.first?.count ?? 0)
    guard basis.count + s + t == network.inputs, neighborRows.allSatisfy({ $0.count == s }),
      centerRows.allSatisfy({ $0.count == t })
    else {
      throw ProgramError(
        "a radial network takes \(network.inputs) numbers, but there are \(basis.count) of the basis and \(s) and \(t) of the species"
      )
    }
    guard pairCutoffs.joined().allSatisfy({ $0 > 0 && $0 <= envelope.cutoff }) else {
      throw ProgramError("pairs of species have cutoffs that are not above 0 and at most \(envelope.cutoff)")
    }
    guard powers.isEmpty || powers.count == network.outputs, powers.allSatisfy({ $0 >= 0 }) else {
      throw ProgramError("\(powers.count) powers of the distance were given for \(network.outputs) radial functions")
    }
    (self.pairCutoffs, self.powers) = (pairCutoffs, powers)
    (self.basis, self.transform, self.envelope, self.envelopePlace) = (basis, transform, envelope, envelopePlace)
    (self.neighborRows, self.centerRows, self.network, self.isDensity) = (neighborRows, centerRows, network, isDensity)
  }

  /// Whether species 0 ..< count are all known.
  func covers(_ count: Int) -> Bool {
    [
      transform.speciesCount, neighborRows.isEmpty ? nil : neighborRows.count,
      centerRows.isEmpty ? nil : centerRows.count, pairCutoffs.isEmpty ? nil : pairCutoffs.count,
    ]
    .allSatisfy { $0 == nil || $0 == count } && pairCutoffs.allSatisfy { $0.count == count }
  }

  /// What distances of a pair are multiplied by before anything else.
  func stretch(center: Int, neighbor: Int) -> Double {
    pairCutoffs.isEmpty ? 1 : envelope.cutoff / pairCutoffs[center][neighbor]
  }

  /// R and dR/dr at distance r.
  public func evaluate(_ distance: Double, center: Int, neighbor: Int) -> (values: [Double], derivatives: [Double]) {
    let stretch = stretch(center: center, neighbor: neighbor)
    let r = stretch * distance
    let (e, de) = envelope.evaluate(r)
    let (x, dx) = transform.evaluate(r, center, neighbor)
    var (b, db) = basis.evaluate(x)
    for k in b.indices {
      db[k] *= dx
      if envelopePlace == .basis {
        db[k] = db[k] * e + b[k] * de
        b[k] *= e
      }
    }
    let rows = (neighborRows.isEmpty ? [] : neighborRows[neighbor]) + (centerRows.isEmpty ? [] : centerRows[center])
    var (y, dy) = network.evaluate(b + rows, db + rows.map { _ in 0 })
    for k in y.indices {
      if isDensity {
        let t = hyperbolicTangent(y[k] * y[k])
        dy[k] *= 2 * y[k] * (1 - t * t)
        y[k] = t
      }
      if envelopePlace == .result {
        dy[k] = dy[k] * e + y[k] * de
        y[k] *= e
      }
      dy[k] *= stretch
      if !powers.isEmpty, powers[k] > 0 {
        let (n, lower) = (Double(powers[k]), power(distance, Double(powers[k] - 1)))
        dy[k] = dy[k] * lower * distance + y[k] * n * lower
        y[k] *= lower * distance
      }
    }
    return (y, dy)
  }
}
