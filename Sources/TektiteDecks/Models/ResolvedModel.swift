import TektiteCore
import TektitePotentials

/// A potential found, read and made ready, with what its file says about it.
public struct ResolvedModel: Sendable {
  /// The name by which it was asked for, or its kind.
  public var name: String
  /// The description from which workers are made.
  public var model: any PotentialModel
  /// The units of its parameters.
  public var units: Units
  /// The labels of species that it knows, in the order of its file.
  public var labels: [String]
  /// Masses by label, in internal units, where its file gives them.
  public var masses: [String: Double] = [:]
  /// What it is, in a line; may be empty.
  public var title = ""
  /// The DOI of its source, where its file gives one.
  public var doi: String?
  /// What happens at the cutoff; nil for a sum of potentials that differ.
  public var scheme: String?
  /// The arithmetic.
  public var precision: Precision
  /// The files that were read for it, with their SHA-256 digests.
  public var files: [File] = []
  /// State points that its file lists.
  public var statePoints: [StatePoint] = []
  /// From what diameters are usually drawn, for models whose atoms have one each.
  public var diameters: DiameterDistribution?
  /// The usual composition, as whole shares by label; empty where its file gives none.
  public var composition: [(label: String, share: Int)] = []
  /// What a user should know, from its file.
  public var notes: [String] = []

  /// A file that was read.
  public struct File: Hashable, Sendable {
    /// The name of the model in it.
    public var name: String
    /// Where it is.
    public var path: String
    /// SHA-256 in hexadecimal digits.
    public var digest: String
  }

  /// A state of a model and what is known there, in the model's surface units (reduced, or Å, eV, K).
  public struct StatePoint: Hashable, Sendable {
    /// Atoms per volume.
    public var density: Double?
    /// Mass per volume, amu/Å³.
    public var massDensity: Double?
    /// Temperature.
    public var temperature: Double?
    /// Mean potential energy per atom.
    public var energy: Double?
    /// Mean pressure.
    public var pressure: Double?
    /// Where the numbers come from.
    public var note: String?
  }
}

extension ResolvedModel {
  /// What is known of several potentials that are evaluated together by `model`.
  /// - Precondition: there is at least one, and all have the same units.
  static func combined(_ parts: [ResolvedModel], name: String, title: String, model: any PotentialModel) -> Self {
    var result = parts[0]
    result.model = model
    result.name = name
    result.title = title
    result.labels = result.labels.filter { label in parts.allSatisfy { $0.labels.contains(label) } }
    result.scheme = parts.allSatisfy { $0.scheme == result.scheme } ? result.scheme : nil
    // The least exact part speaks for all.
    for precision in [Precision.mixed, .single] where parts.contains(where: { $0.precision == precision }) {
      result.precision = precision
    }
    result.files = parts.flatMap(\.files)
    result.masses = parts.reduce(into: [:]) { all, part in all.merge(part.masses) { first, _ in first } }
    result.notes = parts.flatMap(\.notes).reduce(into: []) { all, note in if !all.contains(note) { all.append(note) } }
    result.statePoints = []
    result.diameters = parts.lazy.compactMap(\.diameters).first
    return result
  }
}
