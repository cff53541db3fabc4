import TektiteCore
import TektiteDynamics

/// Requests for the local structure of single frames.
extension ObservableRequest {
  /// See `contents`.
  var structureContents: [(file: String, title: String)] {
    switch quantity {
    case .bondOrder(let degrees, _, _):
      [(file, "bond-orientational order"), (file("averaged"), "averaged bond-orientational order")]
        + (degrees.contains { $0 % 2 == 0 } ? [(file("w"), "bond-orientational order of third degree")] : [])
    case .hexaticOrder: [(file, "bond-orientational order in the plane")]
    case .crystallinity: [(file, "solid-like bonds")]
    case .voronoi:
      [
        (file, "Voronoi signatures"), (file("volumes"), "Voronoi volumes"),
        (file("faces"), "faces of Voronoi cells"),
      ]
    default: []
    }
  }

  /// See `problem(in:)`.
  func structureProblem(in stage: ObservedStage) -> String? {
    if let problem = dimensionProblem(stage.cell) { return problem }
    switch quantity {
    case .hexaticOrder(let fold, let rule, _):
      if !HexaticOrder.folds.contains(fold) {
        return
          "bonds of an order from \(HexaticOrder.folds.lowerBound) to \(HexaticOrder.folds.upperBound), not \(fold)"
      }
      return rule.problem(stage.topology, stage.cell, stage.units)
    case .bondOrder(let degrees, let rule, _):
      if degrees.isEmpty { return "bond-orientational order needs a degree" }
      for (k, l) in degrees.enumerated() {
        if !(1...BondOrder.largestDegree).contains(l) {
          return "bond-orientational order has degrees from 1 to \(BondOrder.largestDegree), not \(l)"
        }
        if degrees[..<k].contains(l) { return "degree \(l) of bond-orientational order stands twice" }
      }
      return rule.problem(stage.topology, stage.cell, stage.units)
    case .crystallinity(let criterion): return criterion.problem(stage.topology, stage.cell, stage.units)
    case .voronoi(let radii, _, _): return Self.voronoiProblem(radii, stage.topology, stage.cell)
    default: return nil
    }
  }

  /// Why it has no meaning in the dimensions of a cell, or nil.
  private func dimensionProblem(_ cell: Cell) -> String? {
    switch quantity {
    case .hexaticOrder:
      return cell.isPlanar
        ? nil
        : "the order of bonds in a plane has no meaning in three dimensions; take 'bond-order' with degrees 4 and 6"
    case .bondOrder:
      return cell.isPlanar
        ? "q_l and w_l are of directions in three dimensions; in two, take 'hexatic-order', whose psi_6 is of directions in the plane"
        : nil
    case .crystallinity:
      return cell.isPlanar
        ? "solid-like bonds are told by harmonics of three dimensions; in two, take 'hexatic-order'" : nil
    case .voronoi:
      return cell.isPlanar
        ? "cells with faces and volumes need three dimensions; in two, take 'hexatic-order' or 'radial-distribution'"
        : nil
    default: return nil
    }
  }

  /// Why there can be no tessellation with these radii, or nil.
  static func voronoiProblem(_ radii: [String: Double], _ topology: Topology, _ cell: Cell) -> String? {
    guard cell.volume != nil, !cell.isPlanar else {
      return
        "a Voronoi tessellation needs walls or images around each atom, so a cell that repeats in all three directions"
    }
    let labels = Packing(topology).groups.map(\.label)
    for label in radii.keys.sorted() where !labels.contains(label) {
      let nearest = InputError.nearest(to: label, among: labels).map { "; did you mean '\($0)'?" } ?? "."
      return
        "there are no atoms of species '\(label)' for a Voronoi radius\(nearest) The system has \(labels.joined(separator: ", "))"
    }
    if !radii.isEmpty, let lacking = labels.first(where: { radii[$0] == nil }) {
      return "the Voronoi radii lack species '\(lacking)'; give each species one, or none any"
    }
    for (label, radius) in radii.sorted(by: { $0.key < $1.key }) where !(radius >= 0 && radius.isFinite) {
      return "the Voronoi radius of species '\(label)' must not be negative"
    }
    return nil
  }

  /// See `average(_:topology:cell:)`.
  func structureAverage(_ packing: Packing, topology: Topology, cell: Cell) -> (any FrameObservable)? {
    let choice = GroupChoice(packing, species: species)
    switch quantity {
    case .bondOrder(let degrees, let rule, let bins):
      guard let order = try? BondOrder(degrees: degrees) else { return nil }
      return BondOrderDistribution(
        files: (file, file("averaged"), file("w")), topology: topology, packing: packing, choice: choice,
        order: order, rule: rule, bins: bins)
    case .hexaticOrder(let fold, let rule, let bins):
      return HexaticOrder(
        file: file, topology: topology, packing: packing, choice: choice, fold: fold, rule: rule, bins: bins)
    case .crystallinity(let criterion):
      return SolidBonds(file: file, topology: topology, packing: packing, choice: choice, criterion: criterion)
    case .voronoi(let radii, let shown, let bins):
      return VoronoiStatistics(
        files: (file, file("volumes"), file("faces")), topology: topology, packing: packing, choice: choice,
        radii: topology.table.map { radii[$0.label] ?? 0 }, cell: cell, shown: shown, bins: bins)
    default: return nil
    }
  }
}
