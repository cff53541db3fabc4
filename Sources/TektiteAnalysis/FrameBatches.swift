import TektiteCore
import TektiteTrajectories

/// The frames of a file in batches that hold at most a few megabytes, so that threads can share in the work on them. Frames of AMBER trajectories are read by several threads
/// at a time, and the system is told which come next.
struct FrameBatches {
  private enum Source {
    case amber(AmberTrajectory.Reader, Topology, title: String)
    case other(StructureFile.Reader)
  }
  private var source: Source
  private let team: ThreadTeam
  /// Frames in a batch.
  private let size: Int
  /// The number of frames read so far.
  private(set) var framesRead = 0

  /// Opens a file; see `StructureFile.Reader`.
  init(path: String, units: Units, atoms: Int, team: ThreadTeam) throws(InputError) {
    self.team = team
    size = max(1, min(64, (1 << 24) / (24 * max(1, atoms))))
    if try StructureFile.format(of: path) == .amberTrajectory {
      let reader = try AmberTrajectory.Reader(path: path, units: units)
      if reader.frameCount > 0, let topology = try reader.topology() {
        reader.expect(0..<min(size, reader.frameCount))
        source = .amber(reader, topology, title: reader.attribute("title") ?? "")
        return
      }
    }
    source = .other(try StructureFile.Reader(path: path, units: units))
  }

  /// The next frames, at least one, or nil after the last.
  /// - Throws: `InputError` for damaged frames.
  mutating func next() throws(InputError) -> [Structure]? {
    let batch: [Structure]
    switch source {
    case .amber(let reader, let topology, let title):
      batch = try read(reader).map { Structure(topology: topology, frame: $0, title: title) }
    case .other(var reader):
      var frames: [Structure] = []
      while frames.count < size, let frame = try reader.next() { frames.append(frame) }
      source = .other(reader)
      batch = frames
    }
    framesRead += batch.count
    return batch.isEmpty ? nil : batch
  }

  private func read(_ reader: AmberTrajectory.Reader) throws(InputError) -> [Frame] {
    let first = framesRead
    let count = min(size, reader.frameCount - first)
    guard count > 0 else { return [] }
    reader.expect(first + count..<min(first + count + size, reader.frameCount))
    var results = [Result<Frame, InputError>](repeating: .success(Frame()), count: count)
    // Each thread its own bytes, taken along from frame to frame.
    var scratch = [[UInt8]](repeating: [], count: team.count)
    results.withUnsafeMutableBufferPointer { results in
      scratch.withUnsafeMutableBufferPointer { scratch in
        team.forEachChunk(count) { (k: Int, thread: Int) in
          do throws(InputError) {
            results[k] = .success(try reader.frame(first + k, scratch: &scratch[thread]))
          } catch { results[k] = .failure(error) }
        }
      }
    }
    var frames: [Frame] = []
    frames.reserveCapacity(count)
    for result in results { frames.append(try result.get()) }
    return frames
  }
}
