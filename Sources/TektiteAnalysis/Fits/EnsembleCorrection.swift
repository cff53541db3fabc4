import TektiteCore

/// What fluctuations of the energy add to the four-point susceptibility: χ₄ at constant temperature is χ₄ at constant energy + (k_B T²/c_V)(∂Q/∂T)², with the heat capacity at constant volume c_V of
/// an atom (Berthier et al., Science 2005; J. Chem. Phys. 126, 184503 (2007)). Both lack the fluctuations of density and composition, which are fixed in a cell.
public struct EnsembleCorrection: Hashable, Sendable {
  /// A curve in time with standard errors, which may be missing (not a number).
  public struct Curve: Hashable, Sendable {
    /// The times.
    public var times: [Double]
    /// What there is at these times.
    public var values: [Double]
    /// Its standard errors.
    public var errors: [Double]

    /// Makes a curve.
    public init(times: [Double], values: [Double], errors: [Double]) {
      precondition(times.count == values.count && times.count == errors.count, "columns of different lengths")
      self.times = times
      self.values = values
      self.errors = errors
    }
  }

  /// A row of the result.
  public struct Row: Hashable, Sendable {
    /// The time.
    public var time: Double
    /// χ₄ at constant energy.
    public var microcanonical: Double
    /// Its standard error.
    public var microcanonicalError: Double
    /// ∂Q/∂T.
    public var slope: Double
    /// Its standard error.
    public var slopeError: Double
    /// What is added.
    public var correction: Double
    /// Its standard error.
    public var correctionError: Double
    /// χ₄ at constant temperature.
    public var canonical: Double { microcanonical + correction }
    /// Its standard error.
    public var canonicalError: Double {
      (microcanonicalError * microcanonicalError + correctionError * correctionError).squareRoot()
    }
  }

  /// The temperature at which χ₄ was measured.
  public var temperature: Double
  /// c_V/k_B of an atom, 3/2 of it from its velocity.
  public var heatCapacity: Double
  /// Its standard error.
  public var heatCapacityError = 0.0
  /// The part of all atoms that χ₄ and Q are about.
  public var fraction = 1.0

  /// Makes a correction.
  public init(temperature: Double, heatCapacity: Double) {
    self.temperature = temperature
    self.heatCapacity = heatCapacity
  }

  /// Corrects a curve, at those of its times that both overlaps have too.
  /// - Parameters:
  ///   - susceptibility: N(⟨Q²⟩ − ⟨Q⟩²) at constant energy, at the temperature between the two.
  ///   - colder: Q at a lower temperature.
  ///   - warmer: Q at a higher one.
  public func rows(
    _ susceptibility: Curve, colder: (temperature: Double, overlap: Curve),
    warmer: (temperature: Double, overlap: Curve)
  ) -> [Row] {
    let width = warmer.temperature - colder.temperature
    let scale = fraction * temperature * temperature / heatCapacity
    return susceptibility.times.indices.compactMap { index in
      let time = susceptibility.times[index]
      guard let low = Self.place(time, colder.overlap), let high = Self.place(time, warmer.overlap) else { return nil }
      let slope = (warmer.overlap.values[high] - colder.overlap.values[low]) / width
      let (e0, e1) = (colder.overlap.errors[low], warmer.overlap.errors[high])
      let slopeError = (e0 * e0 + e1 * e1).squareRoot() / width
      // The variance of a square x² of a Gaussian number is 4x²σ² + 2σ⁴, which is not nothing where the slope is within its error.
      let square = slope * slope
      let spread = (4 * square * slopeError * slopeError + 2 * slopeError * slopeError * slopeError * slopeError)
      let relative = heatCapacityError / heatCapacity
      let error = scale * (spread + square * square * relative * relative).squareRoot()
      guard susceptibility.values[index].isFinite, slope.isFinite else { return nil }
      return Row(
        time: time, microcanonical: susceptibility.values[index], microcanonicalError: susceptibility.errors[index],
        slope: slope, slopeError: slopeError, correction: scale * square, correctionError: error)
    }
  }

  /// The place of a time, which tables of different runs may round differently in the last digits.
  private static func place(_ time: Double, _ curve: Curve) -> Int? {
    curve.times.firstIndex { abs($0 - time) <= 1e-9 * max(abs(time), abs($0)) }
  }
}
