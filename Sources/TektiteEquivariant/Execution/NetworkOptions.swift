/// How a network is evaluated.
public struct NetworkOptions: Hashable, Sendable {
  /// Arithmetic of 32 bits inside; positions, energies and forces stay in 64.
  public var isSinglePrecision: Bool
  /// Radial functions evaluated by their networks for every edge, not from tables.
  public var usesExactRadial: Bool
  /// Makes options.
  public init(isSinglePrecision: Bool = false, usesExactRadial: Bool = false) {
    (self.isSinglePrecision, self.usesExactRadial) = (isSinglePrecision, usesExactRadial)
  }
}
