import TektiteCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How far the neighbourhood of each atom is from having been strained evenly: D²_min of Falk and Langer (1998, doi:10.1103/PhysRevE.57.7192). Over the neighbours j of an atom i,
/// those within a radius in the reference frame with all images,
///
///     D²_min = min over E of Σ_j |d_j − d_j⁰ E|²
///
/// where d_j⁰ and d_j are the vectors from i to j in the reference frame and in the other one. It is a sum, not a mean, and a squared length. The best E is the local
/// deformation, and its shear is the von Mises norm of the strain η = (E Eᵀ − 1)/2 (Shimizu, Ogata, Li 2007, doi:10.2320/matertrans.MJ200769).
public struct NonaffineDisplacement: Sendable {
  /// Which frame the others are compared with.
  public enum Reference: String, Hashable, Sendable, CaseIterable {
    /// The first of the trajectory.
    case first
    /// The one before.
    case previous
  }

  /// What is found for an atom.
  public struct Value: Hashable, Sendable {
    /// D²_min, length squared.
    public var square: Double
    /// The von Mises shear of the local strain.
    public var shear: Double
    /// The number of neighbours.
    public var neighbors: Int
  }

  private let start: Frame
  // The neighbours of each atom, the vectors to them and the images that they are.
  private let offsets: [Int]
  private let neighbors: [(atom: Int32, image: Vector3, vector: Vector3)]

  /// Finds the neighbours of a reference frame.
  /// - Parameter radius: length.
  public init(since start: Frame, radius: Double) {
    self.start = start
    let finder = PeriodicNeighbors(start, radius: radius)
    let inverse = start.cell.basis.inverse
    var offsets = [0]
    var list: [(atom: Int32, image: Vector3, vector: Vector3)] = []
    for i in start.positions.indices {
      finder.forEach(near: i, within: radius) { j, d, _ in
        let fraction = (d - (start.positions[j] - start.positions[i])) * inverse
        var image = Vector3.zero
        for axis in 0..<3 where start.cell.periodic[axis] { image[axis] = fraction[axis].rounded() }
        list.append((Int32(j), image, d))
      }
      offsets.append(list.count)
    }
    (self.offsets, neighbors) = (offsets, list)
  }

  /// The values of all atoms in a frame.
  /// - Parameters:
  ///   - positions: unwrapped.
  ///   - cell: the vectors that those of the reference have become, without flips (`ContinuousCell`).
  public func values(_ positions: [Vector3], cell: Matrix3) -> [Value] {
    start.positions.indices.map { i in
      var outer = Matrix3.zero
      var mixed = Matrix3.zero
      let range = offsets[i]..<offsets[i + 1]
      func present(_ k: Int) -> Vector3 {
        positions[Int(neighbors[k].atom)] - positions[i] + neighbors[k].image * cell
      }
      for k in range {
        outer += Matrix3.outer(neighbors[k].vector, neighbors[k].vector)
        mixed += Matrix3.outer(neighbors[k].vector, present(k))
      }
      // A hair on both diagonals, so that neighbours in a plane or on a line have a solution: 1 in the directions that they leave open.
      let hair = 1e-13 * outer.trace
      let map = (outer + hair * .identity).inverse * (mixed + hair * .identity)
      guard !range.isEmpty, hair > 0 else { return Value(square: 0, shear: 0, neighbors: range.count) }
      var sum = 0.0
      for k in range { sum += (present(k) - neighbors[k].vector * map).lengthSquared }
      return Value(square: sum, shear: Self.shear(map, isPlanar: start.cell.isPlanar), neighbors: range.count)
    }
  }

  /// The von Mises shear of the strain of a map of row vectors: the size of what the strain has beside a change of volume or, in two dimensions, of area.
  static func shear(_ map: Matrix3, isPlanar: Bool = false) -> Double {
    let strain = 0.5 * (map * map.transposed - .identity)
    let (x, y, z) = (strain.a.x, strain.b.y, strain.c.z)
    if isPlanar { return (strain.a.y * strain.a.y + (x - y) * (x - y) / 4).squareRoot() }
    let off = strain.a.y * strain.a.y + strain.a.z * strain.a.z + strain.b.z * strain.b.z
    return (off + ((x - y) * (x - y) + (y - z) * (y - z) + (z - x) * (z - x)) / 6).squareRoot()
  }
}

/// Follows the vectors of a cell from frame to frame through exchanges for equivalent ones, as flips under shear are: a vector is taken to have become the one of the new
/// lattice that is nearest to it, which is right for strains below a half between frames.
public struct ContinuousCell: Sendable {
  /// The vectors that those of the first frame have become.
  public private(set) var vectors: Matrix3

  /// Starts with a cell.
  public init(_ cell: Cell) { vectors = cell.vectors }

  /// Goes on to the cell of the next frame.
  public mutating func follow(_ cell: Cell) {
    let basis = cell.basis
    let inverse = basis.inverse
    for k in 0..<3 where cell.periodic[k] {
      let difference = (vectors[k] - cell.vectors[k]) * inverse
      var turns = Vector3.zero
      for axis in 0..<3 where cell.periodic[axis] { turns[axis] = difference[axis].rounded() }
      vectors[k] = cell.vectors[k] + turns * basis
    }
  }
}
