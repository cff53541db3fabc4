import TektiteKernels

/// Radial functions of one pair of species at many distances.
public struct RadialSamples: Sendable {
  /// The distances.
  public let distances: [Double]
  /// How many functions.
  public let functionCount: Int
  /// R, of shape [distance][function].
  public let values: [Double]
  /// dR/dr of the same shape; empty unless asked for.
  public let derivatives: [Double]
}

/// Radial functions at many distances as sums of few: R_f(r) = Σ_k φ_k(r) W_kf, where the φ are what the last layer of the network reads, times the envelope if that multiplies the
/// result, and one more for its biases. Where the last layer is not linear, or there is none, the φ are the functions themselves.
public struct RadialFactors: Sendable {
  /// The distances.
  public let distances: [Double]
  /// How many φ.
  public let width: Int
  /// φ, of shape [distance][width].
  public let values: [Double]
  /// dφ/dr of the same shape; empty unless asked for.
  public let derivatives: [Double]
  /// W, of shape [width][function]; nil where the φ are the functions. Depends on neither distances nor species.
  public let weights: [Double]?
  /// How many functions.
  public let functionCount: Int

  /// The functions.
  public func expanded() -> RadialSamples {
    RadialSamples(
      distances: distances, functionCount: functionCount, values: expand(values),
      derivatives: derivatives.isEmpty ? [] : expand(derivatives))
  }

  /// x·W for rows of numbers that belong to the φ.
  func expand(_ x: [Double]) -> [Double] {
    guard let weights else { return x }
    return DenseProduct.multiply(x, weights, rows: x.count / max(1, width), depth: width, columns: functionCount)
  }
}

extension RadialFunction {
  /// R at many distances, the same numbers as `evaluate` gives up to rounding, at a fraction of the time: all distances pass the layers of the network together.
  public func samples(
    at distances: [Double], center: Int, neighbor: Int, derivatives: Bool = false
  ) -> RadialSamples {
    factors(at: distances, center: center, neighbor: neighbor, derivatives: derivatives).expanded()
  }

  /// The factors φ and W of R at many distances.
  public func factors(
    at distances: [Double], center: Int, neighbor: Int, derivatives: Bool = false
  ) -> RadialFactors {
    let stretch = stretch(center: center, neighbor: neighbor)
    let stretched = stretch == 1 ? distances : distances.map { stretch * $0 }
    var batch = RadialBatch(self, stretched, center, neighbor, derivatives)
    var (layers, weights) = (network.layers[...], [Double]?.none)
    var hasBiases = false
    if let last = layers.last, last.normalization == nil, last.activation == nil, !isDensity, powers.isEmpty {
      weights = last.weights + last.biases
      hasBiases = !last.biases.isEmpty
      layers.removeLast()
    }
    for layer in layers { batch.pass(layer) }
    if hasBiases { batch.appendOne() }
    if isDensity { batch.applyDensity() }
    if envelopePlace == .result { batch.multiply(by: envelope, stretched) }
    if stretch != 1 { batch.multiplySlopes(by: stretch) }
    if !powers.isEmpty { batch.multiply(by: powers, distances) }
    return RadialFactors(
      distances: distances, width: batch.width, values: batch.values, derivatives: batch.slopes, weights: weights,
      functionCount: weights == nil ? batch.width : count)
  }

  /// What of two species the functions depend on: pairs with equal numbers have equal functions.
  func speciesParameters(center: Int, neighbor: Int) -> [Double] {
    var parameters: [Double] = []
    switch transform {
    case .identity: break
    case .agnesi(_, _, _, let radii), .soft(_, let radii): parameters.append(radii[center] + radii[neighbor])
    }
    if !pairCutoffs.isEmpty { parameters.append(pairCutoffs[center][neighbor]) }
    if !neighborRows.isEmpty { parameters += neighborRows[neighbor] }
    if !centerRows.isEmpty { parameters += centerRows[center] }
    return parameters
  }
}

/// Rows of numbers, one for each distance, on their way through a network, with derivatives if these are wanted.
private struct RadialBatch {
  private(set) var width: Int
  private(set) var values: [Double]
  private(set) var slopes: [Double]
  private let rows: Int
  private let hasSlopes: Bool

  /// What the network reads: the basis, with the envelope if that multiplies it, and the rows of the species.
  init(_ function: RadialFunction, _ distances: [Double], _ center: Int, _ neighbor: Int, _ hasSlopes: Bool) {
    let species =
      (function.neighborRows.isEmpty ? [] : function.neighborRows[neighbor])
      + (function.centerRows.isEmpty ? [] : function.centerRows[center])
    let (basis, width) = (function.basis.count, function.network.inputs)
    (self.width, self.hasSlopes, rows) = (width, hasSlopes, distances.count)
    var values = [Double](repeating: 0, count: rows * width)
    var slopes = [Double](repeating: 0, count: hasSlopes ? rows * width : 0)
    for (i, r) in distances.enumerated() {
      let (x, dx) = function.transform.evaluate(r, center, neighbor)
      let (e, de) = function.envelopePlace == .basis ? function.envelope.evaluate(r) : (1, 0)
      function.basis.forEachFunction(at: x) { n, b, db in
        values[i * width + n] = b * e
        if hasSlopes { slopes[i * width + n] = db * dx * e + b * de }
      }
      for (n, number) in species.enumerated() { values[i * width + basis + n] = number }
    }
    (self.values, self.slopes) = (values, slopes)
  }

  mutating func pass(_ layer: RadialNetwork.Layer) {
    let n = layer.outputs
    values = DenseProduct.multiply(values, layer.weights, rows: rows, depth: width, columns: n)
    if hasSlopes { slopes = DenseProduct.multiply(slopes, layer.weights, rows: rows, depth: width, columns: n) }
    width = n
    if !layer.biases.isEmpty {
      for i in 0..<rows {
        for k in 0..<n { values[i * n + k] += layer.biases[k] }
      }
    }
    if let normalization = layer.normalization {
      for i in 0..<rows { normalize(i, normalization) }
    }
    guard let activation = layer.activation else { return }
    if let known = activation.function.known {
      DenseActivation.apply(known, factor: activation.factor, to: &values, slopes: &slopes)
      return
    }
    guard hasSlopes else {
      for k in values.indices { values[k] = activation.value(values[k]) }
      return
    }
    for k in values.indices {
      let (value, derivative) = activation.function.evaluate(values[k])
      slopes[k] *= activation.factor * derivative
      values[k] = activation.factor * value
    }
  }

  private mutating func normalize(_ row: Int, _ norm: RadialNetwork.LayerNormalization) {
    let (range, count) = ((row * width)..<((row + 1) * width), Double(max(1, width)))
    var (mean, slope) = (0.0, 0.0)
    for k in range { mean += values[k] }
    mean /= count
    if hasSlopes {
      for k in range { slope += slopes[k] }
      slope /= count
    }
    var (variance, change) = (0.0, 0.0)
    for k in range {
      values[k] -= mean
      variance += values[k] * values[k]
      guard hasSlopes else { continue }
      slopes[k] -= slope
      change += 2 * values[k] * slopes[k]
    }
    let scale = 1 / (variance / count + norm.epsilon).squareRoot()
    let scaleSlope = -0.5 * scale * scale * scale * change / count
    for (n, k) in range.enumerated() {
      if hasSlopes { slopes[k] = norm.scale[n] * (slopes[k] * scale + values[k] * scaleSlope) }
      values[k] = norm.scale[n] * values[k] * scale + norm.shift[n]
    }
  }

  /// A column of ones, which biases multiply.
  mutating func appendOne() {
    let (n, old, oldSlopes) = (width, values, slopes)
    width += 1
    values = [Double](repeating: 1, count: rows * width)
    slopes = [Double](repeating: 0, count: hasSlopes ? rows * width : 0)
    for i in 0..<rows {
      for k in 0..<n { values[i * width + k] = old[i * n + k] }
      guard hasSlopes else { continue }
      for k in 0..<n { slopes[i * width + k] = oldSlopes[i * n + k] }
    }
  }

  /// y ↦ tanh(y²).
  mutating func applyDensity() {
    for k in values.indices {
      let t = hyperbolicTangent(values[k] * values[k])
      if hasSlopes { slopes[k] *= 2 * values[k] * (1 - t * t) }
      values[k] = t
    }
  }

  mutating func multiplySlopes(by factor: Double) {
    for k in slopes.indices { slopes[k] *= factor }
  }

  /// Each column by a power of the distance.
  mutating func multiply(by powers: [Int], _ distances: [Double]) {
    for (i, r) in distances.enumerated() {
      for (k, n) in powers.enumerated() where n > 0 {
        let (at, lower) = (i * width + k, power(r, Double(n - 1)))
        if hasSlopes { slopes[at] = slopes[at] * lower * r + values[at] * Double(n) * lower }
        values[at] *= lower * r
      }
    }
  }

  mutating func multiply(by envelope: RadialEnvelope, _ distances: [Double]) {
    for (i, r) in distances.enumerated() {
      let (e, de) = envelope.evaluate(r)
      for k in (i * width)..<((i + 1) * width) {
        if hasSlopes { slopes[k] = slopes[k] * e + values[k] * de }
        values[k] *= e
      }
    }
  }
}
