/// Places atoms one after another at random, each at least a distance from all before (random sequential addition). When an
/// atom finds no room in 200 tries, the distance shrinks by 5 % for it and all that follow, so the work stays linear in the number of atoms
/// and every density can be filled.
struct RandomPlacement {
  private(set) var distance: Double
  private let count: Int
  private let cell: Cell
  private var grid: (Int, Int, Int) = (1, 1, 1)
  private static let tries = 200

  init(count: Int, in cell: Cell, distance: Double?) {
    self.count = count
    self.cell = cell
    let w = cell.widths
    let volume = abs(cell.isPlanar ? cell.basis.determinant : cell.vectors.determinant)
    let wanted = distance ?? 0.7 * Dimensions.side(of: volume / Double(max(1, count)), in: cell.dimensions)
    // Half the smallest width is the largest distance at which one image of each atom is enough.
    let narrowest = min(w.x, cell.isPlanar ? w.y : min(w.y, w.z))
    self.distance = min(wanted, 0.5 * narrowest)
    var cells = [w.x, w.y, w.z].map {
      Int(max(1, min(1e6, ($0 / max(self.distance, .leastNormalMagnitude)).rounded(.down))))
    }
    if cell.isPlanar { cells[2] = 1 }
    // A tiny distance would ask for more cells than atoms; halve the finest direction until there are few enough.
    while Double(cells[0]) * Double(cells[1]) * Double(cells[2]) > Double(4 * count + 64) {
      let finest = cells[0] >= cells[1] && cells[0] >= cells[2] ? 0 : cells[1] >= cells[2] ? 1 : 2
      cells[finest] = max(1, cells[finest] / 2)
    }
    grid = (cells[0], cells[1], cells[2])
  }

  mutating func place(_ numbers: inout DrawnNumbers) -> [Vector3] {
    let h = cell.vectors
    var fractions: [Vector3] = []
    var positions: [Vector3] = []
    fractions.reserveCapacity(count)
    positions.reserveCapacity(count)
    // Chains of atoms by grid cell: the last one placed, and for each atom the one before it in its cell.
    var last = [Int32](repeating: -1, count: grid.0 * grid.1 * grid.2)
    var previous: [Int32] = []
    previous.reserveCapacity(count)
    var failures = 0
    while fractions.count < count {
      let f = Vector3(numbers.unit(), numbers.unit(), numbers.unit())
      if isFree(f, fractions, last, previous) {
        let home = index(of: f)
        let slot = (home.0 * grid.1 + home.1) * grid.2 + home.2
        previous.append(last[slot])
        last[slot] = Int32(fractions.count)
        fractions.append(f)
        positions.append(f * h)
        failures = 0
      } else {
        failures += 1
        if failures == Self.tries {
          distance *= 0.95
          failures = 0
        }
      }
    }
    return positions
  }

  private func index(of f: Vector3) -> (Int, Int, Int) {
    (
      min(grid.0 - 1, Int(f.x * Double(grid.0))), min(grid.1 - 1, Int(f.y * Double(grid.1))),
      min(grid.2 - 1, Int(f.z * Double(grid.2)))
    )
  }

  // The grid cells next to `home` in one direction, each once; below zero where the grid ends.
  @inline(__always)
  private func neighbor(_ k: Int, of home: Int, in n: Int, periodic: Bool) -> Int {
    if n < 3 { return k }
    // The cell itself first: most atoms that are in the way are there.
    let next = k == 0 ? home : home + 2 * k - 3
    if next >= 0 && next < n { return next }
    return periodic ? (next < 0 ? n - 1 : 0) : -1
  }

  private func isFree(_ f: Vector3, _ fractions: [Vector3], _ last: [Int32], _ previous: [Int32]) -> Bool {
    let home = index(of: f)
    let periodic = cell.periodic
    let h = cell.vectors
    let limit = distance * distance
    for ka in 0..<min(3, grid.0) {
      let a = neighbor(ka, of: home.0, in: grid.0, periodic: periodic.a)
      if a < 0 { continue }
      for kb in 0..<min(3, grid.1) {
        let b = neighbor(kb, of: home.1, in: grid.1, periodic: periodic.b)
        if b < 0 { continue }
        for kc in 0..<min(3, grid.2) {
          let c = neighbor(kc, of: home.2, in: grid.2, periodic: periodic.c)
          if c < 0 { continue }
          var j = last[(a * grid.1 + b) * grid.2 + c]
          while j >= 0 {
            var d = fractions[Int(j)] - f
            if periodic.a { d.x -= d.x > 0.5 ? 1 : d.x < -0.5 ? -1 : 0 }
            if periodic.b { d.y -= d.y > 0.5 ? 1 : d.y < -0.5 ? -1 : 0 }
            if periodic.c { d.z -= d.z > 0.5 ? 1 : d.z < -0.5 ? -1 : 0 }
            if (d * h).lengthSquared < limit { return false }
            j = previous[Int(j)]
          }
        }
      }
    }
    return true
  }
}
