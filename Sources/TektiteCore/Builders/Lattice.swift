/// Where the atoms of a built structure sit.
public enum Lattice: String, Sendable, CaseIterable {
  /// Uniformly at random, no two closer than a minimum distance.
  case random
  /// Simple cubic.
  case sc
  /// Body-centred cubic.
  case bcc
  /// Face-centred cubic.
  case fcc
  /// Diamond: two face-centred lattices, a quarter of the diagonal apart.
  case diamond
  /// Of squares, in a plane.
  case square
  /// Of equilateral triangles, in a plane, by centred rectangles of sides 1 and √3.
  case hexagonal

  /// The number of dimensions that the lattice fills; nil for `random`, which goes with both.
  public var dimensions: Int? {
    switch self {
    case .random: nil
    case .sc, .bcc, .fcc, .diamond: 3
    case .square, .hexagonal: 2
    }
  }

  /// Fractional coordinates of the sites of one unit cell; none for `random`.
  public var basis: [Vector3] {
    let faces = [Vector3(0, 0, 0), Vector3(0, 0.5, 0.5), Vector3(0.5, 0, 0.5), Vector3(0.5, 0.5, 0)]
    switch self {
    case .random: return []
    case .sc, .square: return [.zero]
    case .hexagonal: return [.zero, Vector3(0.5, 0.5, 0)]
    case .bcc: return [.zero, Vector3(0.5, 0.5, 0.5)]
    case .fcc: return faces
    case .diamond: return faces + faces.map { $0 + Vector3(0.25, 0.25, 0.25) }
    }
  }

  /// The numbers of unit cells along the three lattice vectors of `cell` that hold at least `count` sites at the least cost, where the cost is the
  /// fraction of empty sites plus the relative spread of the spacings along the three directions: 10 % of vacancies are as bad as a lattice
  /// stretched by 10 %. When `count` fills a lattice of equal spacings, that lattice is the answer.
  public func grid(for count: Int, in cell: Cell) -> (Int, Int, Int) {
    if dimensions == 2 { return planarGrid(for: count, in: cell) }
    let widths = cell.widths
    let unitCells = max(1, (Double(count) / Double(max(1, basis.count))).rounded(.up))
    let spacing = (widths.x * widths.y * widths.z / unitCells).cubeRoot
    func options(_ width: Double) -> ClosedRange<Int> {
      let ratio = width / spacing
      let ideal = ratio >= 1 && ratio < 1e9 ? Int(ratio) : 1
      return max(1, ideal - 1)...ideal + 2
    }
    var best = (1, 1, 1)
    var least = Double.infinity
    for a in options(widths.x) {
      for b in options(widths.y) {
        for c in options(widths.z) {
          let sites = Double(a) * Double(b) * Double(c) * Double(basis.count)
          guard sites >= Double(count) else { continue }
          let s = [widths.x / Double(a), widths.y / Double(b), widths.z / Double(c)]
          let spread = (s.max() ?? 1) / (s.min() ?? 1) - 1
          let cost = (sites / Double(max(1, count)) - 1) + spread
          if cost < least - 1e-12 { (best, least) = ((a, b, c), cost) }
        }
      }
    }
    if least == .infinity {
      // Only where the volume overflows or vanishes in floating point: one row of enough cells along the longest side.
      let n = Int(unitCells)
      if widths.x >= widths.y && widths.x >= widths.z { return (n, 1, 1) }
      return widths.y >= widths.z ? (1, n, 1) : (1, 1, n)
    }
    return best
  }
}

extension Lattice {
  /// The second side of a planar unit cell over the first.
  private var aspect: Double { self == .hexagonal ? 3.0.squareRoot() : 1 }

  /// `grid` of a planar lattice. A lattice is stretched as far as the sides of its unit cell are off their ratio.
  private func planarGrid(for count: Int, in cell: Cell) -> (Int, Int, Int) {
    let widths = cell.widths
    let (na, nb) = planarCells(for: count) { a, b in
      let ratio = widths.y / Double(b) / (widths.x / Double(a)) / aspect
      return max(ratio, 1 / ratio) - 1
    }
    return (na, nb, 1)
  }

  /// A cell of a density for `count` atoms: a square, and for the hexagonal lattice the rectangle of a perfect one with few vacancies that is near a square. `grid` may
  /// then still prefer a lattice that is strained a little and has fewer vacancies.
  /// - Parameter density: atoms per area.
  public func rectangle(for count: Int, density: Double) -> Cell {
    let area = Double(count) / density
    guard self == .hexagonal else { return .rectangle(area.squareRoot(), area.squareRoot()) }
    let (na, nb) = planarCells(for: count) { a, b in
      let ratio = Double(b) * aspect / Double(a)
      return max(ratio, 1 / ratio) - 1
    }
    let width = (area * Double(na) / (Double(nb) * aspect)).squareRoot()
    return .rectangle(width, area / width)
  }

  /// The numbers of unit cells along a and b that hold `count` sites at the least cost: the fraction of empty sites plus what `strain` says.
  private func planarCells(for count: Int, strain: (Int, Int) -> Double) -> (Int, Int) {
    let unitCells = max(1, (count + basis.count - 1) / basis.count)
    var best = (unitCells, 1)
    var least = Double.infinity
    // One number for each of a, from a single row to a single column; few thousands for millions of atoms around the square.
    let middle = Int((Double(unitCells)).squareRoot())
    for a in max(1, middle / 8)...min(unitCells, 8 * middle + 8) {
      let b = (unitCells + a - 1) / a
      let vacancies = Double(a * b * basis.count) / Double(max(1, count)) - 1
      let cost = vacancies + strain(a, b)
      if cost < least - 1e-12 { (best, least) = ((a, b), cost) }
    }
    return best
  }
}

extension Double {
  /// The cube root, by Newton's method from an estimate of the exponent.
  var cubeRoot: Double {
    guard self > 0, isFinite else { return self }
    var x = Double(sign: .plus, exponent: exponent / 3, significand: 1)
    for _ in 0..<64 {
      let next = (2 * x + self / (x * x)) / 3
      if abs(next - x) <= 2 * x.ulp { return next }
      x = next
    }
    return x
  }
}
