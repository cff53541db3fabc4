/// Atoms numbered for a network, cut into tiles and chunks, with the edges within the cutoff.
final class TiledGraph<S: NetworkScalar> {
  /// Neighbouring receivers of one species.
  struct Tile {
    let first: Int, count: Int, species: Int
  }

  /// Tiles of a chunk at most, and chunks of a small system at most: enough to share among threads, few enough to add.
  static var tilesInChunk: Int { 32 }
  static var fewChunks: Int { 16 }

  private(set) var count = 0
  private(set) var speciesCount = 1
  private(set) var tiles: [Tile] = []
  private(set) var chunkCount = 0
  private var tilesPerChunk = 1
  /// The slot of each atom, its species, and the number of each slot.
  let slots = Scratch(), species = Scratch(), numbers = Scratch()
  /// For each atom its first edge of each species of senders, and one past the last: speciesCount + 1 numbers.
  let starts = Scratch()
  /// For each edge the sender's number and its place in the chunk's list, and r_ij.
  let senders = Scratch(), targets = Scratch(), x = Scratch(), y = Scratch(), z = Scratch()
  /// Atoms that chunks touch, in lists that begin at `lists`; a chunk's own atoms come first.
  let touched = Scratch()
  private(set) var lists: [Int] = []
  /// Where each atom is in the lists, in the order of chunks.
  let visits = Scratch(), visitEnds = Scratch()
  private let firstEdge = Scratch(), listRooms = Scratch(), listCounts = Scratch()
  private var nextStamp: UInt64 = 1
  private var firstStamp: UInt64 = 1

  func tiles(of chunk: Int) -> Range<Int> {
    (chunk * tilesPerChunk)..<min(tiles.count, (chunk + 1) * tilesPerChunk)
  }
  func firstAtom(of chunk: Int) -> Int { tiles[chunk * tilesPerChunk].first }
  func atoms(of chunk: Int) -> Range<Int> {
    let tile = tiles[tiles(of: chunk).upperBound - 1]
    return firstAtom(of: chunk)..<(tile.first + tile.count)
  }
  /// Places in all lists.
  var touchedCount: Int { lists.last ?? 0 }

  func reserve(atoms: Int, edges: Int, species kinds: Int) {
    for array in [slots, species, numbers, visitEnds] { array.reserve(atoms * 4) }
    starts.reserve(atoms * (kinds + 1) * 4)
    firstEdge.reserve((atoms + 1) * 8)
    for array in [senders, targets] { array.reserve(edges * 4) }
    for array in [x, y, z] { array.reserve(edges * MemoryLayout<S>.stride) }
  }

  /// Numbers the atoms and cuts tiles and chunks.
  func number(_ input: NetworkInput, _ plan: NetworkPlan, tileSize: Int) {
    reserve(atoms: input.count, edges: input.edgeCount, species: plan.speciesCount)
    count = input.count
    speciesCount = plan.speciesCount
    let slots = self.slots.numbers(Int32.self)
    let numbers = self.numbers.numbers(Int32.self)
    let kinds = species.numbers(Int32.self)
    tiles.removeAll(keepingCapacity: true)
    var next = 0
    for z in 0..<speciesCount {
      let first = next
      for slot in 0..<count where Int(input.map[Int(input.species[slot])]) == z {
        slots[next] = Int32(slot)
        numbers[slot] = Int32(next)
        kinds[next] = Int32(z)
        next += 1
      }
      var start = first
      while start < next {
        let size = min(tileSize, next - start)
        tiles.append(Tile(first: start, count: size, species: z))
        start += size
      }
    }
    tilesPerChunk = max(1, min(Self.tilesInChunk, (tiles.count + Self.fewChunks - 1) / Self.fewChunks))
    chunkCount = (tiles.count + tilesPerChunk - 1) / tilesPerChunk
    // Room for edges, and for the atoms that a chunk can touch.
    let edges = firstEdge.numbers(Int.self)
    var sum = 0
    for i in 0..<count {
      edges[i] = sum
      let slot = Int(slots[i])
      sum += input.offsets[slot + 1] - input.offsets[slot]
    }
    edges[count] = sum
    let rooms = listRooms.numbers(Int.self, chunkCount + 1)
    var room = 0
    for chunk in 0..<chunkCount {
      rooms[chunk] = room
      let own = atoms(of: chunk)
      room += min(count, own.count + edges[own.upperBound] - edges[own.lowerBound])
    }
    rooms[chunkCount] = room
    touched.reserve(room * 4)
    listCounts.reserve(chunkCount * 8)
    firstStamp = nextStamp
    nextStamp += UInt64(chunkCount)
  }

  /// Finds the edges of a chunk's atoms within the cutoff, by species of the sender, and lists the atoms that the chunk touches.
  func findEdges(of chunk: Int, _ input: NetworkInput, cutoff: Double, stamps: UnsafeMutablePointer<UInt64>) {
    let slots = self.slots.numbers(Int32.self)
    let numbers = self.numbers.numbers(Int32.self)
    let kinds = species.numbers(Int32.self)
    let starts = self.starts.numbers(Int32.self)
    let senders = self.senders.numbers(Int32.self)
    let targets = self.targets.numbers(Int32.self)
    let (dx, dy, dz) = (x.numbers(S.self), y.numbers(S.self), z.numbers(S.self))
    let firstEdge = self.firstEdge.numbers(Int.self)
    let list = touched.numbers(Int32.self) + listRooms.numbers(Int.self)[chunk]
    // A stamp holds the evaluation and chunk that wrote it, and the place in that chunk's list.
    let stamp = (firstStamp + UInt64(chunk)) << 32
    var listed = 0
    for i in atoms(of: chunk) {
      list[listed] = Int32(i)
      stamps[i] = stamp | UInt64(listed)
      listed += 1
    }
    let limit = cutoff * cutoff
    let basis = input.basis
    for i in atoms(of: chunk) {
      let slot = Int(slots[i])
      let center = input.positions[slot]
      let row = starts + i * (speciesCount + 1)
      var next = firstEdge[i]
      row[0] = Int32(truncatingIfNeeded: next)
      for z in 0..<speciesCount {
        for e in input.offsets[slot]..<input.offsets[slot + 1] {
          let neighbor = Int(input.neighbors[e])
          let j = Int(numbers[neighbor])
          if speciesCount > 1, Int(kinds[j]) != z { continue }
          let s = input.shifts[e]
          var r = input.positions[neighbor] - center
          if s != .zero { r += Vector3(Double(s.a), Double(s.b), Double(s.c)) * basis }
          guard r.dot(r) < limit else { continue }
          dx[next] = S(r.x)
          dy[next] = S(r.y)
          dz[next] = S(r.z)
          senders[next] = Int32(truncatingIfNeeded: j)
          if stamps[j] & ~0xFFFF_FFFF != stamp {
            list[listed] = Int32(truncatingIfNeeded: j)
            stamps[j] = stamp | UInt64(listed)
            listed += 1
          }
          targets[next] = Int32(truncatingIfNeeded: stamps[j] & 0xFFFF_FFFF)
          next += 1
        }
        row[z + 1] = Int32(truncatingIfNeeded: next)
      }
    }
    listCounts.numbers(Int.self)[chunk] = listed
  }

  /// Puts the chunks' lists one after the other and finds each atom's places in them.
  func placeLists() {
    let counts = listCounts.numbers(Int.self)
    lists.removeAll(keepingCapacity: true)
    lists.append(0)
    for chunk in 0..<chunkCount { lists.append((lists.last ?? 0) + counts[chunk]) }
    let rooms = listRooms.numbers(Int.self)
    let touched = self.touched.numbers(Int32.self)
    let places = visits.numbers(Int32.self, touchedCount)
    let ends = visitEnds.numbers(Int32.self)
    for i in 0..<count { ends[i] = 0 }
    for chunk in 0..<chunkCount {
      let list = touched + rooms[chunk]
      for k in 0..<counts[chunk] { ends[Int(list[k])] += 1 }
    }
    var sum: Int32 = 0
    for i in 0..<count {
      let own = ends[i]
      ends[i] = sum
      sum += own
    }
    // Filling moves each beginning to its end.
    for chunk in 0..<chunkCount {
      let list = touched + rooms[chunk]
      for k in 0..<counts[chunk] {
        let i = Int(list[k])
        places[Int(ends[i])] = Int32(truncatingIfNeeded: lists[chunk] + k)
        ends[i] += 1
      }
    }
  }
}
