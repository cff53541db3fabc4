import TektiteIrreps
import TektiteKernels

extension ActivationFunction {
  /// The function as kernels know it.
  var known: KnownActivation? {
    switch self {
    case .silu: .silu
    case .tanh: .tanh
    case .sigmoid: .sigmoid
    default: nil
    }
  }
}
