/// Atoms cut into ranges for parallel passes; depends on their number only.
struct Ranges {
  let total: Int
  let length: Int
  let count: Int

  /// Ranges of at least `target` atoms, at most 256 of them.
  init(_ total: Int, target: Int) {
    self.total = total
    length = max(target, (total + 255) / 256)
    count = (total + length - 1) / length
  }
  subscript(k: Int) -> Range<Int> { k * length..<min(total, (k + 1) * length) }
}

/// Where the atoms are, in grid coordinates and in space.
struct Bounds {
  /// Lowest grid coordinate; 0 where the cell repeats.
  let low: Vector3
  /// Extent in grid coordinates; the width of the cell where it repeats.
  let size: Vector3
  /// The middle of the box around the atoms or the cell.
  let center: Vector3
  /// The largest coordinate relative to the centre.
  let extent: Double
  /// Whether all atoms have the same second coordinate, along which nothing repeats.
  let isFlat: Bool

  init(_ positions: borrowing Buffer<Vector3>, _ g: CellGeometry) {
    let p = positions.base
    let t = g.inverse.transposed
    let (r0, r1, r2) = (g.widths.x * t.a, g.widths.y * t.b, g.widths.z * t.c)
    var (lo, hi) = (Vector3.zero, g.widths)
    if !(g.periodic0 && g.periodic1 && g.periodic2) {
      var (l, h) = (Vector3(.infinity, .infinity, .infinity), -Vector3(.infinity, .infinity, .infinity))
      for i in 0..<positions.count {
        let u = Vector3(p[i].dot(r0), p[i].dot(r1), p[i].dot(r2))
        l = Vector3(min(l.x, u.x), min(l.y, u.y), min(l.z, u.z))
        h = Vector3(max(h.x, u.x), max(h.y, u.y), max(h.z, u.z))
      }
      if positions.count == 0 { (l, h) = (.zero, .zero) }
      if !g.periodic0 { (lo.x, hi.x) = (l.x, h.x) }
      if !g.periodic1 { (lo.y, hi.y) = (l.y, h.y) }
      if !g.periodic2 { (lo.z, hi.z) = (l.z, h.z) }
    }
    low = lo
    // A hair wider, so that the last atom is inside.
    let s = hi - lo
    isFlat = !g.periodic1 && s.y == 0 && positions.count > 1
    size = Vector3(max(s.x, 1e-6), max(s.y, 1e-6), max(s.z, 1e-6))
    let middle = 0.5 * (lo + hi)
    center = Vector3(middle.x / g.widths.x, middle.y / g.widths.y, middle.z / g.widths.z) * g.basis
    extent =
      0.5
      * (s.x / g.widths.x * g.basis.a.length + s.y / g.widths.y * g.basis.b.length + s.z / g.widths.z * g.basis.c.length)
  }
}

extension SearchGrid {
  /// A grid whose columns are as wide as a cube that holds one cluster, and whose bins are a quarter of that.
  init(atoms n: Int, clusterWidth: Int, bounds: Bounds, geometry g: CellGeometry) {
    self.init()
    let s = bounds.size
    if bounds.isFlat {
      // Strips as wide as a square that holds one cluster, and bins along them.
      let side = Double.maximum((Double(clusterWidth) * (s.x * s.z) / Double(max(n, 1))).squareRoot(), 1e-9)
      let most = Double(4 * n + 64)
      n0 = max(1, Int(Double.minimum((s.x / side).rounded(), most)))
      n1 = 1
      n2 = max(1, Int(Double.minimum((4 * s.z / side).rounded(), 4 * most / Double(n0))))
      (width0, width1, width2) = (Float(s.x), Float(s.y), Float(s.z))
      (periodic0, periodic1, periodic2) = (g.periodic0, g.periodic1, g.periodic2)
      orthogonal = g.orthogonal
      return
    }
    let side = Double.maximum((Double(clusterWidth) * (s.x * s.y * s.z) / Double(max(n, 1))).cubeRoot, 1e-9)
    let most = Double(4 * n + 64)
    n0 = max(1, Int(Double.minimum((s.x / side).rounded(), most)))
    n1 = max(1, Int(Double.minimum((s.y / side).rounded(), most / Double(n0))))
    n2 = max(1, Int(Double.minimum((4 * s.z / side).rounded(), 4 * most / Double(n0 * n1))))
    (width0, width1, width2) = (Float(s.x), Float(s.y), Float(s.z))
    (periodic0, periodic1, periodic2) = (g.periodic0, g.periodic1, g.periodic2)
    orthogonal = g.orthogonal
  }
}

extension Double {
  /// The cube root, by Newton's method from the exponent; enough for sizing a grid, and the same on every machine.
  fileprivate var cubeRoot: Double {
    guard self > 0, isFinite else { return 0 }
    var r = Double(sign: .plus, exponent: exponent / 3, significand: 1)
    for _ in 0..<60 { r = (2 * r + self / (r * r)) / 3 }
    return r
  }
}

extension CellGeometry {
  /// The three directions, longest first; equal ones keep their order. Where all atoms have one third coordinate, along which nothing repeats, that
  /// direction stands in the middle, so that columns become strips of the plane.
  func axes(for positions: borrowing Buffer<Vector3>) -> (Int, Int, Int) {
    if !periodic2, orthogonalToPlane, positions.count > 1 {
      let p = positions.base
      let height = p[0].z
      var isFlat = true
      for i in 1..<positions.count where p[i].z != height {
        isFlat = false
        break
      }
      if isFlat { return widths.x >= widths.y ? (0, 2, 1) : (1, 2, 0) }
    }
    return axesByWidth
  }

  /// Whether the third vector stands upright on the other two, which lie in the plane of x and y.
  private var orthogonalToPlane: Bool {
    basis.a.z == 0 && basis.b.z == 0 && basis.c.x == 0 && basis.c.y == 0
  }

  private var axesByWidth: (Int, Int, Int) {
    let sorted = [0, 1, 2].sorted { widths[$0] > widths[$1] || (widths[$0] == widths[$1] && $0 < $1) }
    return (sorted[0], sorted[1], sorted[2])
  }

  /// The same cell with its directions in another order.
  func turned(_ axes: (Int, Int, Int)) -> CellGeometry {
    let periodic = [periodic0, periodic1, periodic2]
    return CellGeometry(
      basis: Matrix3(basis[axes.0], basis[axes.1], basis[axes.2]),
      periodic: (periodic[axes.0], periodic[axes.1], periodic[axes.2]))
  }
}
