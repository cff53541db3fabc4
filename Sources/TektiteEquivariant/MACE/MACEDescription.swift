import TektiteCore
import TektiteIrreps

/// A MACE model (Batatia et al. 2022, arXiv:2206.07697) as typed values, read from what its file stores. Nothing is worked out again that is stored: irreps, paths
/// and their coefficients, coupling tensors of contractions, constants of activation functions are those of the file.
///
/// Species are numbered as in `atomicNumbers`. Lengths are in Å and energies in eV, if the model was trained so.
public struct MACEDescription: Sendable {
  /// Whether the file is of single precision. Its coupling tensors were then rounded, and models must be evaluated with them.
  public let isSinglePrecision: Bool
  /// The cutoff r_max.
  public let cutoff: Double
  /// The elements.
  public let atomicNumbers: [Int]
  /// Their symbols.
  public var elementSymbols: [String] { atomicNumbers.map { Element(number: $0)?.symbol ?? "\($0)" } }
  /// Names of the heads, of which each is a model of its own on common features; one, `Default`, where the file names none.
  public let heads: [String]
  /// E0: energies of isolated atoms, by head and species.
  public let atomicEnergies: [[Double]]
  /// Factor on the energy of the network, by head: 1 for class MACE.
  public let scale: [Double]
  /// Energy added for each atom, by head: 0 for class MACE.
  public let shift: [Double]
  /// The first features of a species: rows.
  public let embedding: [[Double]]
  /// Basis and cutoff that all interactions share.
  public let radial: Radial
  /// The repulsion of nuclei, if there is one. Class MACE adds it as it is; ScaleShiftMACE scales it with the rest.
  public let repulsion: PairRepulsion?
  /// The largest degree of spherical harmonics.
  public let largestDegree: Int
  /// Interactions, in order.
  public let interactions: [Interaction]
  /// Product bases, one for each interaction.
  public let products: [Product]
  /// Readouts. One for each product, or a single one that reads the last.
  public let readouts: [Readout]

  /// What edges start from.
  public struct Radial: Hashable, Sendable {
    /// The basis.
    public let basis: RadialBasis
    /// What is done to distances before.
    public let transform: DistanceTransform
    /// The envelope.
    public let envelope: PolynomialEnvelope
    /// What it multiplies: the basis, or (`apply_cutoff` false) the weights of paths and densities.
    public let envelopePlace: RadialFunction.EnvelopePlace
  }

  /// An interaction block: messages from neighbours.
  public struct Interaction: Sendable {
    /// The class.
    public enum Kind: String, Sendable, CaseIterable {
      /// RealAgnosticInteractionBlock: species enter after the sum.
      case plain = "RealAgnosticInteractionBlock"
      /// RealAgnosticResidualInteractionBlock: species enter beside it.
      case residual = "RealAgnosticResidualInteractionBlock"
      /// RealAgnosticDensityInteractionBlock.
      case density = "RealAgnosticDensityInteractionBlock"
      /// RealAgnosticDensityResidualInteractionBlock.
      case densityResidual = "RealAgnosticDensityResidualInteractionBlock"
      /// RealAgnosticResidualNonLinearInteractionBlock.
      case nonLinear = "RealAgnosticResidualNonLinearInteractionBlock"
    }

    /// The class.
    public let kind: Kind
    /// Applied to features before they travel.
    public let linearUp: LinearLayer
    /// Irreps of the convolution's output.
    public let middle: Irreps
    /// Paths of the convolution.
    public let paths: [Convolution.Path]
    /// Weights of the paths.
    public let network: RadialNetwork
    /// The density, for the kinds that divide by one.
    public let density: RadialNetwork?
    /// What the others divide by.
    public let averageNeighbors: Double
    /// Applied to the sum.
    public let linear: LinearLayer
    /// The skip connection: of the message for `plain` and `density`, of the features for the others.
    public let skip: LinearLayer
    /// What only `nonLinear` has.
    public let nonLinear: NonLinear?
  }

  /// Parts of the non-linear interaction.
  public struct NonLinear: Sendable {
    /// Rows by species that enter the radial networks: of the sender (neighbour).
    public let source: [[Double]]
    /// The same of the receiver (centre).
    public let target: [[Double]]
    /// Applied to the receiver's own features.
    public let residual: LinearLayer
    /// The gate.
    public let gate: GateLayer
    /// After the gate.
    public let linear: LinearLayer
    /// Messages are divided by α + β density.
    public let alpha: Double
    /// β.
    public let beta: Double
  }

  /// A product basis.
  public struct Product: Sendable {
    /// Contractions; `outputBlock` refers to the input of `linear`.
    public let terms: [SymmetricContraction.Term]
    /// Applied to the products.
    public let linear: LinearLayer
    /// Whether the skip connection is added, if the interaction has one.
    public let usesSkip: Bool
  }

  /// A readout.
  public struct Readout: Sendable {
    /// Linear maps, each but the last followed by a function. The last gives an energy for each head.
    public let layers: [LinearLayer]
    /// The function after each layer but the last; nil for the identity.
    public let functions: [ScaledFunction?]
    /// Whether hidden features belong to heads, one head after another.
    public let hasHiddenHeads: Bool
  }
}

extension MACEDescription: NetworkDescription {
  /// `MACE`.
  public var kind: String { "MACE" }
  /// What models within a file are called.
  public var variantWord: String { "head" }
  /// The names of the models within the file.
  public var variants: [String] { heads }
  /// Symbols of the elements.
  public var typeNames: [String] { elementSymbols }
  /// The program of one of the models within the file.
  public func program(variant: Int) throws(ProgramError) -> NetworkProgram { try NetworkProgram(self, head: variant) }
}
