import TektiteCore

/// Applies a `NeighborRule` to frames of the same atoms.
struct NeighborFinder {
  private let rule: NeighborRule
  private let search: NeighborSearch
  private let species: [Int32]
  /// Squared radius of each pair of species, row-major; negative for pairs that are never neighbours.
  private let squares: [Double]
  private let kinds: Int

  /// - Parameter threads: how many search; what is found does not depend on it.
  init(_ rule: NeighborRule, _ topology: Topology, threads: Int = 1) {
    self.rule = rule
    search = NeighborSearch(threads: threads)
    species = topology.species
    kinds = topology.table.count
    var squares = [Double](repeating: -1, count: kinds * kinds)
    if case .radii(let radii) = rule {
      for (a, first) in topology.table.enumerated() {
        for (b, second) in topology.table.enumerated() {
          if let pair = radii.first(where: { $0.joins(first.label, second.label) }) {
            squares[a * kinds + b] = pair.radius * pair.radius
          }
        }
      }
    }
    self.squares = squares
  }

  /// The nearest atoms of each, whatever their species.
  init(nearest count: Int) { self.init(.nearest(count), Topology(table: [], species: [])) }

  /// The neighbours in a frame; of none where a position is not finite.
  func table(_ frame: Frame) -> NeighborTable {
    switch rule {
    case .radius(let radius):
      guard search.find(frame, radius: radius) else { return .empty(frame.positions.count) }
      return search.table { _, _, _ in true }
    case .radii(let radii):
      let largest = radii.map(\.radius).max() ?? 0
      guard search.find(frame, radius: largest) else { return .empty(frame.positions.count) }
      return search.table { i, j, square in square < squares[Int(species[i]) * kinds + Int(species[j])] }
    case .nearest(let count): return nearest(count, frame)
    }
  }

  private func nearest(_ count: Int, _ frame: Frame) -> NeighborTable {
    // So wide a sphere holds twice as many atoms at the mean density; where it does not, the atom's own search goes on.
    let share = 2 * Double(count) * frame.meanVolume
    let radius =
      frame.cell.isPlanar ? (share / Double.pi).squareRoot() : (share * 3 / (4 * Double.pi)).cubeRoot
    guard search.find(frame, radius: radius) else { return .empty(frame.positions.count) }
    let wide = search.table { _, _, _ in true }
    var table = NeighborTable(atoms: wide.count)
    table.reserve(wide.count * count)
    for atom in 0..<wide.count {
      var found = wide[atom].map { Neighbor(atom: wide.neighbors[$0], vector: wide.vectors[$0]) }
      var reach = radius
      while found.count < count, reach < 1e3 * (radius + frame.extent) {
        reach *= 1.5
        found = frame.neighbors(of: atom, within: reach)
      }
      found.sort()
      for neighbor in found.prefix(count) { table.append(Int(neighbor.atom), neighbor.vector) }
      table.endRow()
    }
    return table
  }
}

/// A neighbour on its own. The order is that of distance, then of the atoms, then of images, so that it never depends on how it was found.
struct Neighbor: Comparable {
  let atom: Int32
  let vector: Vector3

  static func < (a: Neighbor, b: Neighbor) -> Bool {
    let (p, q) = (a.vector.lengthSquared, b.vector.lengthSquared)
    if p != q { return p < q }
    if a.atom != b.atom { return a.atom < b.atom }
    return (a.vector.x, a.vector.y, a.vector.z) < (b.vector.x, b.vector.y, b.vector.z)
  }
}

extension NeighborTable {
  /// The table of atoms without neighbours.
  static func empty(_ atoms: Int) -> NeighborTable {
    var table = NeighborTable(atoms: atoms)
    for _ in 0..<atoms { table.endRow() }
    return table
  }
}

extension Double {
  /// ∛x of a number that is not negative.
  var cubeRoot: Double {
    guard self > 0, isFinite else { return self }
    // Newton's steps from a power of two that is within a factor of two.
    var root = Double(sign: .plus, exponent: exponent / 3, significand: 1)
    for _ in 0..<12 { root = (2 * root + self / (root * root)) / 3 }
    return root
  }
}

extension Frame {
  /// The diagonal of the box around the atoms.
  var extent: Double {
    guard let first = positions.first else { return 0 }
    var (low, high) = (first, first)
    for r in positions {
      for axis in 0..<3 {
        low[axis] = min(low[axis], r[axis])
        high[axis] = max(high[axis], r[axis])
      }
    }
    return (high - low).length
  }

  /// Volume for each atom: that of the cell, or of a cube around the atoms where the cell is open; in a plane an area.
  var meanVolume: Double {
    let extent = self.extent
    let volume = cell.volume ?? max(1e-9, cell.isPlanar ? extent * extent : extent * extent * extent)
    return volume / Double(max(1, positions.count))
  }

  /// The atoms and images within a radius of one atom, by looking at each: for the few atoms around which a common search did not reach far enough.
  func neighbors(of center: Int, within radius: Double) -> [Neighbor] {
    let (h, inverse, widths) = (cell.basis, cell.basis.inverse, cell.widths)
    var found: [Neighbor] = []
    for (atom, position) in positions.enumerated() {
      let difference = position - positions[center]
      let fraction = difference * inverse
      var (low, high) = (Vector3.zero, Vector3.zero)
      for axis in 0..<3 where cell.periodic[axis] {
        low[axis] = (-fraction[axis] - radius / widths[axis]).rounded(.down)
        high[axis] = (-fraction[axis] + radius / widths[axis]).rounded(.up)
      }
      for a in stride(from: low.x, through: high.x, by: 1) {
        for b in stride(from: low.y, through: high.y, by: 1) {
          for c in stride(from: low.z, through: high.z, by: 1) {
            let isItself = atom == center && a == 0 && b == 0 && c == 0
            let vector = difference + Vector3(a, b, c) * h
            if !isItself && vector.lengthSquared < radius * radius {
              found.append(Neighbor(atom: Int32(truncatingIfNeeded: atom), vector: vector))
            }
          }
        }
      }
    }
    return found
  }
}
