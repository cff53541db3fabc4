import TektiteCore
import TektiteDynamics

/// Which atoms are near each atom of a frame, by their places in the packing.
struct PlaceNeighbors: Hashable, Sendable {
  /// Where the neighbours of a place begin, and after the last one where they end.
  private(set) var starts: [Int32] = [0]
  /// The neighbours of each place, increasing.
  private(set) var neighbors: [Int32] = []

  /// The neighbours of a place.
  func of(_ place: Int) -> ArraySlice<Int32> { neighbors[Int(starts[place])..<Int(starts[place + 1])] }

  /// Finds all pairs that are nearer than a cutoff, which may differ by pair of species.
  /// - Parameters:
  ///   - fractions: positions in fractions of the cell.
  ///   - cutoffs: of pairs of groups, row by row; at most half the narrowest width of the cell, so that only nearest images count.
  init(_ packing: Packing, _ fractions: PackedVectors, _ cell: Cell, cutoffs: [Double]) {
    let basis = cell.basis
    let groups = packing.groupOfPlace
    let squares = cutoffs.map { $0 * $0 }
    let places = packing.order.indices.filter { packing.order[$0] >= 0 }
    var frame = Frame()
    frame.cell = cell
    frame.positions = places.map { fractions[$0] * basis }
    let search = NeighborSearch()
    let table =
      search.find(frame, radius: cutoffs.max() ?? 0)
      ? search.table { i, j, square in
        i != j && square < squares[groups[places[i]] * packing.groups.count + groups[places[j]]]
      } : .empty(places.count)
    starts.reserveCapacity(packing.order.count + 1)
    var row = 0
    for place in packing.order.indices {
      if packing.order[place] >= 0 {
        neighbors += table.neighbors[table[row]].map { Int32(places[Int($0)]) }.sorted()
        row += 1
      }
      starts.append(Int32(neighbors.count))
    }
  }
}

extension Packing {
  /// The index of the group of each place.
  var groupOfPlace: [Int] {
    var result = [Int](repeating: 0, count: order.count)
    for (index, group) in groups.enumerated() {
      for place in 4 * group.packs.lowerBound..<4 * group.packs.upperBound { result[place] = index }
    }
    return result
  }

  /// The places of the atoms of a group.
  func places(of group: Group) -> Range<Int> { 4 * group.packs.lowerBound..<4 * group.packs.lowerBound + group.count }
}
