import TektiteCore

/// The cell of an atom in a Voronoi tessellation.
struct VoronoiCell: Hashable, Sendable {
  /// The numbers of its faces with three, four, five and six edges, ⟨n3 n4 n5 n6⟩.
  struct Signature: Hashable, Sendable, Comparable, CustomStringConvertible {
    var n3 = 0, n4 = 0, n5 = 0, n6 = 0
    var description: String { "<\(n3) \(n4) \(n5) \(n6)>" }
    static func < (a: Signature, b: Signature) -> Bool { (a.n3, a.n4, a.n5, a.n6) < (b.n3, b.n4, b.n5, b.n6) }
  }

  /// The volume; 0 where larger neighbours leave an atom no cell of its own.
  var volume = 0.0
  /// The number of its faces.
  var faces = 0
  var signature = Signature()
  /// The atoms beyond its faces.
  var neighbors: [Int32] = []
  /// The areas of the faces.
  var areas: [Double] = []
}

/// Divides space among the atoms of a frame: a point belongs to the atom with the smallest |r − r_i|² − R_i² (radical, or power, tessellation; Gellatly
/// and Finney 1982, doi:10.1016/0022-3093(82)90093-X). With equal radii it is that of Voronoi. The faces lie where R_i² weighs up against R_j²: at
/// (d² + R_i² − R_j²)/2d from atom i towards j.
///
/// Each cell is a cube that the planes of the neighbours cut, nearest first, until no farther atom could reach its corners.
struct VoronoiTessellation {
  private let radii: [Double]
  private let largest: Double
  private let search: NeighborSearch

  /// - Parameters:
  ///   - radii: of each atom; only differences of their squares matter.
  ///   - threads: how many search for neighbours; what is found does not depend on it.
  init(radii: [Double], threads: Int = 1) {
    self.radii = radii
    largest = radii.max() ?? 0
    search = NeighborSearch(threads: threads)
  }

  /// The cells of all atoms, in the user's order; empty where a position is not finite or the cell does not repeat in all directions.
  func cells(_ frame: Frame) -> [VoronoiCell] {
    guard let volume = frame.cell.volume, volume > 0, frame.positions.count == radii.count else { return [] }
    let spacing = frame.meanVolume.cubeRoot
    var cells = [VoronoiCell](repeating: VoronoiCell(), count: radii.count)
    // Some seventy neighbours are enough in a dense system.
    var reach = 2.6 * spacing
    var open = Array(radii.indices)
    for _ in 0..<3 where !open.isEmpty {
      guard search.find(frame, radius: reach) else { return [] }
      let table = search.table { _, _, _ in true }
      open = open.filter { atom in
        var neighbors = table[atom].map { Neighbor(atom: table.neighbors[$0], vector: table.vectors[$0]) }
        neighbors.sort()
        guard let cell = cell(atom, neighbors, reach, frame.cell, spacing) else { return true }
        cells[atom] = cell
        return false
      }
      // A few atoms at the edge of a hole are followed by themselves.
      if 20 * open.count < radii.count { break }
      reach *= 1.6
    }
    let h = frame.cell.vectors
    let enough = 8 * (h.a.length + h.b.length + h.c.length) + 8 * largest
    for atom in open {
      var far = reach
      while far < enough {
        far *= 1.6
        if let cell = cell(atom, frame.neighbors(of: atom, within: far).sorted(), far, frame.cell, spacing) {
          cells[atom] = cell
          break
        }
      }
    }
    return cells
  }

  /// The cell of an atom, or nil where atoms beyond `reach` could cut it.
  private func cell(
    _ atom: Int, _ neighbors: [Neighbor], _ reach: Double, _ box: Cell, _ spacing: Double
  ) -> VoronoiCell? {
    // Rounding is some 1e-16 of the distances; where even 1e-11 cannot tell vertices apart, wider ones are taken for one.
    for tolerance in [1e-11, 1e-9, 1e-7] {
      switch polyhedron(atom, neighbors, reach, box, tolerance * spacing) {
      case .done(let cell): return Self.summary(cell)
      case .isTooNear: return nil
      case .isDegenerate: continue
      }
    }
    return VoronoiCell()
  }

  private enum Attempt {
    case done(ConvexCell), isTooNear, isDegenerate
  }

  private func polyhedron(
    _ atom: Int, _ neighbors: [Neighbor], _ reach: Double, _ box: Cell, _ tolerance: Double
  ) -> Attempt {
    let h = box.vectors
    // The atom's own images keep its cell within half the sum of the lattice vectors.
    var cell = ConvexCell(halfSide: 0.51 * (h.a.length + h.b.length + h.c.length), tolerance: tolerance)
    let square = radii[atom] * radii[atom]
    var corner = cell.reachSquared.squareRoot()
    // No plane of an atom at distance d or more is nearer than this.
    func nearest(_ d: Double) -> Double { (d * d + square - largest * largest) / (2 * d) }
    for neighbor in neighbors {
      let d = neighbor.vector.length
      guard d > tolerance else { continue }
      // The nearest plane recedes with the distance as soon as it is on the atom's own side.
      if nearest(d) > corner { return .done(cell) }
      let other = radii[Int(neighbor.atom)]
      let offset = (d * d + square - other * other) / (2 * d)
      guard offset < corner else { continue }
      guard cell.cut(neighbor.vector / d, offset, maker: Int(neighbor.atom)) else { return .isDegenerate }
      if cell.faces.isEmpty { return .done(cell) }
      corner = cell.reachSquared.squareRoot()
    }
    return nearest(reach) > corner ? .done(cell) : .isTooNear
  }

  private static func summary(_ polyhedron: ConvexCell) -> VoronoiCell {
    var cell = VoronoiCell()
    guard !polyhedron.faces.isEmpty else { return cell }
    cell.volume = polyhedron.volume
    cell.faces = polyhedron.faces.count
    for face in polyhedron.faces {
      switch face.loop.count {
      case 3: cell.signature.n3 += 1
      case 4: cell.signature.n4 += 1
      case 5: cell.signature.n5 += 1
      case 6: cell.signature.n6 += 1
      default: break
      }
      cell.neighbors.append(Int32(truncatingIfNeeded: face.maker))
      cell.areas.append(polyhedron.area(face))
    }
    return cell
  }
}
