import TektiteKernelsBaseline
import TektiteKernelsV3
import TektiteKernelsV4

/// The kernels under equivariant networks, at the processor level in use unless another is named. They take plain pointers and check nothing: an executor
/// that has checked its shapes calls them from inside its tiles. Float or double is told by `isDouble`; all layouts are said with the structures.
public struct NetworkKernels: Sendable {
  /// The level.
  public let level: ProcessorLevel
  /// Whether scalars are doubles.
  public let isDouble: Bool

  /// Chooses kernels.
  public init(isDouble: Bool, level: ProcessorLevel = .current) {
    self.level = level
    self.isDouble = isDouble
  }

  /// Scalars in a row of 64 bytes.
  public var lanes: Int { NetworkGrain.lanes(isDouble: isDouble) }

  /// C = A·B or C += A·B.
  public func multiply(_ p: borrowing MatrixProduct) {
    switch level {
    case .baseline: TektiteKernelsBaseline.multiplyMatrices(isDouble: isDouble, p)
    case .v3: TektiteKernelsV3.multiplyMatrices(isDouble: isDouble, p)
    case .v4: TektiteKernelsV4.multiplyMatrices(isDouble: isDouble, p)
    }
  }

  /// |r| and Y_lm of edges from their displacements.
  public func harmonics(_ a: borrowing EdgeRows) {
    switch level {
    case .baseline: TektiteKernelsBaseline.edgeHarmonics(isDouble: isDouble, a)
    case .v3: TektiteKernelsV3.edgeHarmonics(isDouble: isDouble, a)
    case .v4: TektiteKernelsV4.edgeHarmonics(isDouble: isDouble, a)
    }
  }

  /// ∂E/∂r of edges from ∂E/∂Y_lm and ∂E/∂|r|.
  public func harmonicsAdjoint(_ a: borrowing EdgeRows) {
    switch level {
    case .baseline: TektiteKernelsBaseline.edgeHarmonicsAdjoint(isDouble: isDouble, a)
    case .v3: TektiteKernelsV3.edgeHarmonicsAdjoint(isDouble: isDouble, a)
    case .v4: TektiteKernelsV4.edgeHarmonicsAdjoint(isDouble: isDouble, a)
    }
  }

  /// Rows of edges as sums of other rows.
  public func combineRows(_ a: borrowing EdgeRows, _ c: borrowing RowCombination) {
    switch level {
    case .baseline: TektiteKernelsBaseline.combineRows(isDouble: isDouble, a, c)
    case .v3: TektiteKernelsV3.combineRows(isDouble: isDouble, a, c)
    case .v4: TektiteKernelsV4.combineRows(isDouble: isDouble, a, c)
    }
  }

  /// Spline weights of edges, and for each edge of whole chunks the offset of its first table row.
  public func splineWeights(_ a: borrowing EdgeRows, _ grid: SplineGrid, knots: UnsafeMutablePointer<Int32>) {
    switch level {
    case .baseline: TektiteKernelsBaseline.splineWeights(isDouble: isDouble, a, grid, knots)
    case .v3: TektiteKernelsV3.splineWeights(isDouble: isDouble, a, grid, knots)
    case .v4: TektiteKernelsV4.splineWeights(isDouble: isDouble, a, grid, knots)
    }
  }

  /// Messages of a tile of receivers.
  public func convolve(_ p: borrowing ConvolutionPass) {
    switch level {
    case .baseline: TektiteKernelsBaseline.convolution(isDouble: isDouble, p)
    case .v3: TektiteKernelsV3.convolution(isDouble: isDouble, p)
    case .v4: TektiteKernelsV4.convolution(isDouble: isDouble, p)
    }
  }

  /// ∂E/∂K, ∂E/∂|r| and ∂E/∂h from the adjoint of the messages.
  public func convolveAdjoint(_ p: borrowing ConvolutionPass) {
    switch level {
    case .baseline: TektiteKernelsBaseline.convolutionAdjoint(isDouble: isDouble, p)
    case .v3: TektiteKernelsV3.convolutionAdjoint(isDouble: isDouble, p)
    case .v4: TektiteKernelsV4.convolutionAdjoint(isDouble: isDouble, p)
    }
  }

  /// Polynomials of components: symmetric contractions and their gradients.
  public func evaluate(_ p: borrowing PolynomialPass) {
    switch level {
    case .baseline: TektiteKernelsBaseline.evaluatePolynomials(isDouble: isDouble, p)
    case .v3: TektiteKernelsV3.evaluatePolynomials(isDouble: isDouble, p)
    case .v4: TektiteKernelsV4.evaluatePolynomials(isDouble: isDouble, p)
    }
  }

  /// Polynomials of components to order 3 by pairs of factors, or their gradient.
  public func evaluate(_ p: borrowing CubicPass) {
    switch level {
    case .baseline: TektiteKernelsBaseline.evaluateCubics(isDouble: isDouble, p)
    case .v3: TektiteKernelsV3.evaluateCubics(isDouble: isDouble, p)
    case .v4: TektiteKernelsV4.evaluateCubics(isDouble: isDouble, p)
    }
  }

  /// Functions of single numbers.
  public func activate(_ p: borrowing ActivationPass) {
    switch level {
    case .baseline: TektiteKernelsBaseline.activate(isDouble: isDouble, p)
    case .v3: TektiteKernelsV3.activate(isDouble: isDouble, p)
    case .v4: TektiteKernelsV4.activate(isDouble: isDouble, p)
    }
  }
}
