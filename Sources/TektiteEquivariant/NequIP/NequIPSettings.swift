import TektiteIrreps
import TektiteModelFiles

/// What of a NequIP model is not in its tensors, read either from the modules of a package or from the hyperparameters of a checkpoint.
struct NequIPSettings {
  var isSinglePrecision = false
  var cutoff = 0.0
  var typeNames: [String] = []
  /// Irreps of the harmonics.
  var harmonics = Irreps([])
  /// Hidden irreps of each layer.
  var layers: [Irreps] = []
  /// For each layer, whether it has a self-connection.
  var hasSelfConnection: [Bool] = []
  /// For each layer, whether what arrives is added to what leaves, where irreps are the same.
  var isResidual: [Bool] = []
  var scalarFunctions = NequIPLayerPlan.Functions(even: .silu, odd: .tanh)
  var gateFunctions = NequIPLayerPlan.Functions(even: .silu, odd: .tanh)
  /// The exponent of the envelope.
  var exponent = 6
  /// What features are multiplied by before they travel: one number, or one for each type.
  var normalization: [Double] = [1]
  /// The function of the readout's hidden layers; nil for the identity.
  var readoutFunction: ActivationFunction?
  /// The repulsion of nuclei, but for its cutoffs.
  var repulsion: Repulsion?
  /// Hyperparameters that say which tensors are trained, in checkpoints.
  var isBesselTrained = false, areScalesTrained = false, areShiftsTrained = false

  /// ZBL.
  struct Repulsion {
    /// Half of k, energy × length.
    var half: Double
    var exponent: Int
    var atomicNumbers: [Int]
  }

  /// ½ e²/(4πε₀) in eV·Å and kcal/mol·Å, as nequip has them.
  static func halfCoulomb(_ units: String) -> Double? {
    switch units {
    case "metal": 14.399645 * 0.5
    case "real": 332.06371 * 0.5
    default: nil
    }
  }
}
