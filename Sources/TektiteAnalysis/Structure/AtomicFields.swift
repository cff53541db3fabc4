import TektiteCore
import TektiteDynamics
import TektiteTrajectories

/// Local structure of every atom of a single frame, as columns of a file that programs colour atoms by.
public struct AtomicFields: Hashable, Sendable {
  /// A quantity of an atom.
  public enum Field: Hashable, Sendable {
    /// q_l.
    case order(Int)
    /// q_l averaged over an atom and its neighbours.
    case averagedOrder(Int)
    /// Normalised w_l, of an even degree.
    case third(Int)
    /// |ψ₆| of atoms in a plane.
    case hexatic
    /// The number of neighbours.
    case neighbors
    /// The number of solid-like bonds.
    case solidBonds
    /// The volume of the cell in the radical tessellation.
    case voronoiVolume
    /// The number of its faces.
    case voronoiFaces
    /// Its signature, four numbers.
    case voronoiIndex

    /// Reads a name such as `q6`, `averaged-q6`, `w4`, `psi6`, `neighbors`, `solid-bonds`, `voronoi-volume`, `voronoi-faces` or `voronoi-index`; nil for others.
    public init?(_ name: String) {
      func degree(_ prefix: String) -> Int? {
        guard name.hasPrefix(prefix), let l = Int(name.dropFirst(prefix.count)) else { return nil }
        return (1...BondOrder.largestDegree).contains(l) ? l : nil
      }
      switch name {
      case "neighbors": self = .neighbors
      case "psi6": self = .hexatic
      case "solid-bonds": self = .solidBonds
      case "voronoi-volume": self = .voronoiVolume
      case "voronoi-faces": self = .voronoiFaces
      case "voronoi-index": self = .voronoiIndex
      default:
        if let l = degree("averaged-q") {
          self = .averagedOrder(l)
        } else if let l = degree("q") {
          self = .order(l)
        } else if let l = degree("w"), l % 2 == 0 {
          self = .third(l)
        } else {
          return nil
        }
      }
    }

    /// The name of its column.
    public var column: String {
      switch self {
      case .order(let l): "q\(l)"
      case .averagedOrder(let l): "averaged_q\(l)"
      case .third(let l): "w\(l)"
      case .hexatic: "psi6"
      case .neighbors: "neighbors"
      case .solidBonds: "solid_bonds"
      case .voronoiVolume: "voronoi_volume"
      case .voronoiFaces: "voronoi_faces"
      case .voronoiIndex: "voronoi_index"
      }
    }

    /// The degree of harmonics that it needs.
    var degree: Int? {
      switch self {
      case .order(let l), .averagedOrder(let l), .third(let l): l
      default: nil
      }
    }

    var isVoronoi: Bool { self == .voronoiVolume || self == .voronoiFaces || self == .voronoiIndex }
  }

  /// What is computed, a column each.
  public var fields: [Field]
  /// Which atoms are neighbours; of solid-like bonds too.
  public var criterion: Crystallinity
  /// Radii of species in the tessellation by their labels; without any, cells are those of Voronoi.
  public var radii: [String: Double]

  /// Makes a choice of fields.
  public init(_ fields: [Field], criterion: Crystallinity = Crystallinity(), radii: [String: Double] = [:]) {
    self.fields = fields
    self.criterion = criterion
    self.radii = radii
  }

  /// What the columns depended on, as pairs for the comment line.
  public var info: [(key: String, value: String)] {
    var info = [(key: "neighbor_rule", value: criterion.neighbors.words)]
    if fields.contains(.solidBonds) { info.append((key: "solid_bond_threshold", value: brief(criterion.threshold))) }
    if fields.contains(where: \.isVoronoi) {
      let words = radii.sorted { $0.key < $1.key }.map { "\($0.key) \(brief($0.value))" }.joined(separator: ", ")
      info.append((key: "voronoi_radii", value: words.isEmpty ? "equal" : words))
    }
    return info
  }

  /// Computes the columns of a structure.
  /// - Throws: `InputError` for what cannot be computed of it, in words.
  public func columns(of structure: Structure, units: Units) throws(InputError) -> [ExtendedXYZ.Column] {
    let (frame, topology) = (structure.frame, structure.topology)
    if let problem = criterion.problem(topology, frame.cell, units) { throw InputError(problem, file: "fields") }
    if frame.cell.isPlanar {
      if let field = fields.first(where: { $0 != .neighbors && $0 != .hexatic }) {
        throw InputError(
          "'\(field.column)' has no meaning in two dimensions; there are psi6 and neighbors", file: "fields")
      }
    } else if fields.contains(.hexatic) {
      throw InputError("psi6 is the order of bonds in two dimensions; in three there is q6", file: "fields")
    }
    guard frame.positions.allSatisfy(\.isFinite) else {
      throw InputError("the frame holds positions that are not finite", file: "fields")
    }
    let table = NeighborFinder(criterion.neighbors, topology).table(frame)
    let atoms = topology.count
    let degrees = Array(Set(fields.compactMap(\.degree))).sorted()
    guard let order = try? BondOrder(degrees: degrees) else {
      throw InputError("degrees go from 1 to \(BondOrder.largestDegree)", file: "fields")
    }
    let moments = order.moments(table)
    let averaged = order.averaged(moments, table)
    var cells: [VoronoiCell] = []
    if fields.contains(where: \.isVoronoi) {
      if let problem = ObservableRequest.voronoiProblem(radii, topology, frame.cell) {
        throw InputError(problem, file: "fields")
      }
      let own = topology.table.map { radii[$0.label] ?? 0 }
      cells = VoronoiTessellation(radii: topology.species.map { own[Int($0)] }).cells(frame)
    }
    return fields.map { field in
      func place(_ l: Int) -> Int { degrees.firstIndex(of: l) ?? 0 }
      switch field {
      case .order(let l): return .init(field.column, order.order(moments, place(l), atoms: atoms))
      case .averagedOrder(let l): return .init(field.column, order.order(averaged, place(l), atoms: atoms))
      case .third(let l): return .init(field.column, order.third(moments, place(l), atoms: atoms))
      case .hexatic:
        return .init(
          field.column, HexaticOrder.order(table, fold: 6).map { ($0.x * $0.x + $0.y * $0.y).squareRoot() })
      case .neighbors: return .init(field.column, (0..<atoms).map { Double(table[$0].count) }, isWhole: true)
      case .solidBonds: return .init(field.column, criterion.judge(table).bonds.map(Double.init), isWhole: true)
      case .voronoiVolume: return .init(field.column, cells.map(\.volume))
      case .voronoiFaces: return .init(field.column, cells.map { Double($0.faces) }, isWhole: true)
      case .voronoiIndex:
        let numbers = cells.flatMap { cell in
          [cell.signature.n3, cell.signature.n4, cell.signature.n5, cell.signature.n6].map(Double.init)
        }
        return .init(field.column, width: 4, numbers, isWhole: true)
      }
    }
  }
}

extension Structure {
  /// The structure with its atoms folded into the cell where that repeats, as pictures want them.
  public var folded: Structure {
    var folded = self
    let (h, inverse) = (frame.cell.basis, frame.cell.basis.inverse)
    for i in frame.positions.indices {
      let fraction = frame.positions[i] * inverse
      var shift = Vector3.zero
      for axis in 0..<3 where frame.cell.periodic[axis] { shift[axis] = fraction[axis].rounded(.down) }
      if shift != .zero { folded.frame.positions[i] -= shift * h }
    }
    return folded
  }
}
