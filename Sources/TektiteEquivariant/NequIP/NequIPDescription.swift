import TektiteCore
import TektiteIrreps

/// A network of the NequIP type (Batzner et al. 2022, doi:10.1038/s41467-022-29939-5) as typed values, read from what NequIP or SevenNet (Park et al. 2024,
/// doi:10.1021/acs.jctc.4c00190) stores. The two codes write down the same network in different words.
///
/// Species are numbered as in `typeNames`. Lengths are in Å and energies in eV, if the model was trained so.
public struct NequIPDescription: Sendable {
  /// The code that trained the model.
  public enum Origin: String, Hashable, Sendable, CaseIterable {
    /// nequip 0.7 or later.
    case nequIP = "NequIP"
    /// sevenn.
    case sevenNet = "SevenNet"
  }

  /// The code that trained the model.
  public let origin: Origin
  /// Whether the file is of single precision.
  public let isSinglePrecision: Bool
  /// The cutoff.
  public let cutoff: Double
  /// Names of the species: symbols of elements, or for NequIP whatever its user called them.
  public let typeNames: [String]
  /// Names of the modalities (SevenNet), of which each is a model of its own on common features; empty where there are none.
  public let modalities: [String]
  /// The first features of a species: rows. Modalities may add to them.
  public let embedding: [[Double]]
  /// What modalities add to the rows; empty for nothing.
  public let modalEmbedding: [[Double]]
  /// What edges start from.
  public let radial: Radial
  /// The harmonics of edges.
  public let harmonics: Harmonics
  /// The layers, in order.
  public let layers: [Layer]
  /// Applied to the last features, to an energy. Each map but the last is followed by a function.
  public let readout: [Map]
  /// The function after each map of the readout but the last; nil for the identity.
  public let readoutFunctions: [ScaledFunction?]
  /// Factor on the energy of the network, by modality (one row where there are none) and species.
  public let scale: [[Double]]
  /// Energy added for each atom, by modality and species.
  public let shift: [[Double]]
  /// The repulsion of nuclei, if there is one (NequIP).
  public let repulsion: PairRepulsion?

  /// What edges start from.
  public struct Radial: Hashable, Sendable {
    /// The basis.
    public let basis: RadialBasis
    /// The envelope, which multiplies the basis.
    public let envelope: RadialEnvelope
    /// Cutoffs of pairs by species of centre and neighbour; empty for one for all.
    public let pairCutoffs: [[Double]]
  }

  /// Spherical harmonics of edges.
  public struct Harmonics: Hashable, Sendable {
    /// Their irreps: degrees 0, 1, …, of parity (−1)^l or, in networks without parity, all even.
    public let irreps: Irreps
    /// Whether vectors are brought to length one first; if not, Y_l carries |r|^l.
    public let isNormalized: Bool
  }

  /// A linear map with an additional input that says which modality is wanted, and so with biases that depend on it.
  public struct Map: Hashable, Sendable {
    /// The map of the features.
    public let layer: LinearLayer
    /// What each modality adds to the scalars of the output: rows as long as the output has components; empty for nothing.
    public let modalBiases: [[Double]]
    /// Makes a map.
    public init(_ layer: LinearLayer, modalBiases: [[Double]] = []) {
      (self.layer, self.modalBiases) = (layer, modalBiases)
    }
  }

  /// A layer: messages from neighbours, added to the atom's own features, and a gate.
  public struct Layer: Sendable {
    /// What arrives.
    public let input: Irreps
    /// The atom's own features on their way around the sum; nil for none.
    public let selfConnection: LinearLayer?
    /// Applied to features before they travel. Where neighbours count differently by species, it depends on the species.
    public let up: Map
    /// Irreps of the convolution's output, one block for each path.
    public let middle: Irreps
    /// The paths.
    public let paths: [Convolution.Path]
    /// Weights of the paths.
    public let network: RadialNetwork
    /// What the sum is divided by.
    public let division: Double
    /// Applied to the sum.
    public let down: Map
    /// The gate.
    public let gate: GateLayer
    /// What leaves.
    public let output: Irreps
    /// Whether the features that arrive are added to those that leave.
    public let isResidual: Bool
  }
}

extension NequIPDescription: NetworkDescription {
  /// `NequIP` or `SevenNet`.
  public var kind: String { origin.rawValue }
  /// What models within a file are called.
  public var variantWord: String { "modality" }
  /// The names of the models within the file.
  public var variants: [String] { modalities }

  /// The program of one of the models within the file.
  public func program(variant: Int) throws(ProgramError) -> NetworkProgram {
    guard variant == 0 || modalities.indices.contains(variant) else {
      throw ProgramError("modality \(variant) was asked for, the model has \(modalities.count), counted from 0")
    }
    var builder = NequIPBuilder(self, modality: variant)
    return try builder.build()
  }
}
