import TektiteCore
import TektiteDynamics

/// Which atoms count as the neighbours of an atom.
public enum NeighborRule: Hashable, Sendable {
  /// The radius of a pair of species, in either order.
  public struct PairRadius: Hashable, Sendable {
    /// Labels of the two species.
    public var first: String, second: String
    /// Atoms closer than this are neighbours.
    public var radius: Double

    /// Makes a radius.
    public init(_ first: String, _ second: String, _ radius: Double) {
      self.first = first
      self.second = second
      self.radius = radius
    }
  }

  /// All that are closer than a radius.
  case radius(Double)
  /// All that are closer than the radius of their pair of species, usually where its g(r) has the first minimum. Each pair needs one.
  case radii([PairRadius])
  /// The k nearest, of those at equal distances the ones that come first.
  case nearest(Int)

  /// In words, for tables.
  var words: String {
    switch self {
    case .radius(let radius): "closer than \(brief(radius))"
    case .radii(let radii):
      radii.map { "\($0.first)-\($0.second) closer than \(brief($0.radius))" }.joined(separator: ", ")
    case .nearest(let count): "the \(count) nearest"
    }
  }

  /// The most neighbours of an atom that are put up with, on average over the cell.
  private static let most = 1000.0

  /// Why it cannot be applied, or nil.
  func problem(_ topology: Topology, _ cell: Cell, _ units: Units) -> String? {
    switch self {
    case .radius(let radius): return problem(radius, topology.count, cell, units)
    case .radii(let radii):
      let labels = Packing(topology).groups.map(\.label)
      for label in radii.flatMap({ [$0.first, $0.second] }) where !labels.contains(label) {
        let nearest = InputError.nearest(to: label, among: labels).map { "; did you mean '\($0)'?" } ?? "."
        return
          "there are no atoms of species '\(label)' for a radius of neighbours\(nearest) The system has \(labels.joined(separator: ", "))"
      }
      for (k, a) in labels.enumerated() {
        for b in labels[k...] {
          let fitting = radii.filter { $0.joins(a, b) }
          if fitting.isEmpty {
            return "the radii of neighbours lack the pair \(a)-\(b); give each pair of species one"
          }
          if fitting.count > 1 { return "the radii of neighbours hold the pair \(a)-\(b) twice" }
        }
      }
      return radii.lazy.compactMap { problem($0.radius, topology.count, cell, units) }.first
    case .nearest(let count):
      if count < 1 { return "the number of nearest neighbours must be at least 1" }
      if topology.count <= count && !cell.periodic.any {
        return "\(count) nearest neighbours need more than \(topology.count) atoms"
      }
      return Double(count) > Self.most ? "\(count) nearest neighbours are more than \(Int(Self.most))" : nil
    }
  }

  private func problem(_ radius: Double, _ atoms: Int, _ cell: Cell, _ units: Units) -> String? {
    guard radius > 0, radius.isFinite else { return "a radius of neighbours must be greater than 0" }
    guard let volume = cell.volume, volume > 0 else { return nil }
    let expected = Dimensions.ball(radius, in: cell.dimensions) * Double(atoms) / volume
    let unit = units == .lj ? "" : " \(units.lengthName)"
    return expected > Self.most
      ? "a radius of \(brief(radius))\(unit) makes about \(brief(expected)) neighbours of each atom; give one that holds the first shell"
      : nil
  }
}

extension NeighborRule.PairRadius {
  /// Whether it is that of two species.
  func joins(_ a: String, _ b: String) -> Bool { (first == a && second == b) || (first == b && second == a) }
}
