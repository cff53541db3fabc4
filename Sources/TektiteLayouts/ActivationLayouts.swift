/// Functions of single numbers that kernels know.
public enum KnownActivation: Sendable, Hashable, CaseIterable {
  /// x / (1 + e⁻ˣ).
  case silu
  /// The hyperbolic tangent.
  case tanh
  /// 1 / (1 + e⁻ˣ).
  case sigmoid
}

/// Numbers that pass a function side by side: values factor·f(x), and slopes factor·f′(x).
@frozen
public struct ActivationPass {
  /// f.
  public var function: KnownActivation
  /// The factor.
  public var factor: Double
  /// x.
  public var input: UnsafeRawPointer
  /// Values; nil where they are not wanted.
  public var values: UnsafeMutableRawPointer?
  /// Slopes; nil where they are not wanted.
  public var slopes: UnsafeMutableRawPointer?
  /// How many numbers.
  public var count: Int

  /// Makes a pass.
  @inlinable public init(
    _ function: KnownActivation, factor: Double, input: UnsafeRawPointer, values: UnsafeMutableRawPointer?,
    slopes: UnsafeMutableRawPointer? = nil, count: Int
  ) {
    (self.function, self.factor, self.input) = (function, factor, input)
    (self.values, self.slopes, self.count) = (values, slopes, count)
  }
}
