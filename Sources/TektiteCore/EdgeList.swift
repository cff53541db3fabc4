import TektiteKernels

/// Owns a full neighbour list in compressed rows (see `EdgeView`).
struct EdgeList: ~Copyable {
  var offsets = Buffer<Int>(count: 1)
  var neighbors = Buffer<Int32>()
  var shifts = Buffer<LatticeShift>()

  var view: EdgeView {
    @_lifetime(borrow self)
    get { EdgeView(offsets: offsets.span, neighbors: neighbors.span, shifts: shifts.span) }
  }

  /// Fills the list with every pair closer than `radius`.
  mutating func build(positions: Span<Vector3>, cell: Cell, radius: Double) {
    let n = positions.count
    offsets.resize(n + 1)
    let w = cell.widths
    let h = cell.vectors
    let reach = (0..<3).map { cell.periodic[$0] ? Int((radius / w[$0]).rounded(.up)) + 1 : 0 }
    var list: [(Int32, LatticeShift)] = []
    for i in 0..<n {
      offsets[i] = list.count
      for j in 0..<n {
        for a in -reach[0]...reach[0] {
          for b in -reach[1]...reach[1] {
            for c in -reach[2]...reach[2] where !(i == j && a == 0 && b == 0 && c == 0) {
              let d = positions[j] - positions[i] + Vector3(Double(a), Double(b), Double(c)) * h
              if d.lengthSquared < radius * radius { list.append((Int32(j), LatticeShift(Int16(a), Int16(b), Int16(c)))) }
            }
          }
        }
      }
    }
    offsets[n] = list.count
    neighbors.resize(list.count)
    shifts.resize(list.count)
    for k in list.indices {
      neighbors[k] = list[k].0
      shifts[k] = list[k].1
    }
  }
}
