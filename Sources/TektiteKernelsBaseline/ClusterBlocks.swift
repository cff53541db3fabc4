import TektiteLayouts

/// Writes positions into blocks: for each cluster `width` numbers x, then y, then z, relative to an origin. Lanes beyond the last atom repeat it.
@inline(__always)
func packBlocks<L: PairLanes>(
  _ lanes: L.Type, _ p: UnsafePointer<Vector3>, _ count: Int, _ origin: Vector3, _ range: Range<Int>,
  _ out: UnsafeMutablePointer<L.Scalar>
) {
  let width = L.count
  for cluster in range {
    let block = out + cluster * 3 * width
    for lane in 0..<width {
      let d = p[min(cluster * width + lane, count - 1)] - origin
      block[lane] = L.Scalar(d.x)
      block[width + lane] = L.Scalar(d.y)
      block[2 * width + lane] = L.Scalar(d.z)
    }
  }
}

/// A run of clusters that one window holds accumulators of.
private struct Piece {
  /// Where cluster 0 would be.
  var base: UnsafeMutableRawPointer
  var first: Int
  var end: Int
}

/// Adds the windows of all chunks to the forces of a range of clusters, for each atom in the order of chunks. A window holds `runs` numbers for each
/// atom, of which the first three are forces.
@inline(__always)
func collectForces<L: PairLanes>(
  _ lanes: L.Type, _ chunks: UnsafePointer<ClusterChunk>, _ chunkCount: Int, runs: Int, _ range: Range<Int>,
  _ count: Int,
  _ forces: UnsafeMutablePointer<Vector3>
) {
  let width = L.count
  let block = 3 * width
  let bytes = runs * width * MemoryLayout<L.Scalar>.stride
  withUnsafeTemporaryAllocation(of: Piece.self, capacity: 2 * chunkCount) { pieces in
    withUnsafeTemporaryAllocation(of: Double.self, capacity: block) { buffer in
      let piece = pieces.baseAddress.unsafelyUnwrapped
      let sum = buffer.baseAddress.unsafelyUnwrapped
      var pieceCount = 0
      for k in 0..<chunkCount {
        let window = UnsafeMutableRawPointer(chunks[k].window.base)
        let (first, end) = (chunks[k].firstCluster, chunks[k].windowEnd)
        if first < range.upperBound && end > range.lowerBound {
          piece[pieceCount] = Piece(base: window - first * bytes, first: first, end: end)
          pieceCount += 1
        }
        if chunks[k].wrappedEnd > range.lowerBound {
          piece[pieceCount] = Piece(base: window + (end - first) * bytes, first: 0, end: chunks[k].wrappedEnd)
          pieceCount += 1
        }
      }
      for cluster in range {
        for i in 0..<block { sum[i] = 0 }
        for k in 0..<pieceCount where cluster >= piece[k].first && cluster < piece[k].end {
          let part = (piece[k].base + cluster * bytes).assumingMemoryBound(to: L.Scalar.self)
          for i in 0..<block { sum[i] += Double(part[i]) }
        }
        let slot = cluster * width
        for lane in 0..<min(width, count - slot) {
          forces[slot + lane] += Vector3(sum[lane], sum[width + lane], sum[2 * width + lane])
        }
      }
    }
  }
}

/// The entry points of the level.
public func packClusters(
  isDouble: Bool, _ positions: UnsafePointer<Vector3>, _ count: Int, origin: Vector3, _ range: Range<Int>,
  _ out: UnsafeMutableRawPointer
) {
  if isDouble {
    packBlocks(WideDoubles.self, positions, count, .zero, range, out.assumingMemoryBound(to: Double.self))
  } else {
    packBlocks(WideFloats.self, positions, count, origin, range, out.assumingMemoryBound(to: Float.self))
  }
}

/// Adds the windows to the forces.
public func collectClusters(
  isDouble: Bool, _ chunks: UnsafePointer<ClusterChunk>, _ chunkCount: Int, runs: Int, _ range: Range<Int>,
  _ count: Int,
  _ forces: UnsafeMutablePointer<Vector3>
) {
  if isDouble {
    collectForces(WideDoubles.self, chunks, chunkCount, runs: runs, range, count, forces)
  } else {
    collectForces(WideFloats.self, chunks, chunkCount, runs: runs, range, count, forces)
  }
}
