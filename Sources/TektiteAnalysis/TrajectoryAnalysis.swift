import TektiteCore
import TektiteDynamics
import TektiteTrajectories

/// Observables of finished trajectories, by the code that observes running stages. Frames are read one after the other, so that memory
/// is that of the frames that are origins at a time.
public struct TrajectoryAnalysis {
  /// The files; each is a run of its own, and averages are over all of them.
  public var paths: [String]
  /// The units of their numbers.
  public var units: Units
  /// What is to be found.
  public var requests: [ObservableRequest]
  /// Lags in each factor of ten, beyond a block of frames.
  public var perDecade = 10
  /// Time from one step to the next, internal units; nil for what the times of frames say.
  public var timestep: Double?
  /// Whether positions were folded into the cell and are to be followed from frame to frame by the nearest image.
  public var isWrapped = false
  /// Threads that read and add up; results do not depend on their number.
  public var threads = 1

  /// Makes an analysis.
  public init(_ paths: [String], units: Units, requests: [ObservableRequest]) {
    self.paths = paths
    self.units = units
    self.requests = requests
  }

  /// The steps of the frames of a file, from the first, and the time of a step.
  struct Course {
    var steps: [Int] = []
    var timestep: Double?
  }

  /// What a file holds first.
  struct Start {
    var structure: Structure
    var course: Course
  }

  /// Reads the files and adds up.
  /// - Parameter progress: told the number of frames read so far.
  /// - Throws: `InputError` for files that cannot be read, that differ in their atoms, or whose steps do not increase; and for what cannot be
  ///   observed in them, naming the observable.
  public func run(progress: (Int) -> Void = { _ in }) throws(InputError) -> ObservableReport {
    guard let first = paths.first else { throw InputError("there is no trajectory to analyse", file: "analyze") }
    let start = try scan(first)
    let structure = start.structure
    let step = timestep ?? start.course.timestep
    var requests = self.requests
    let plan = LagPlan(frames: start.course.steps, perDecade: perDecade, includesZero: false)
    // Averages over frames are taken at the starts of blocks, since frames within a block are alike.
    let block = plan.levels.first?.spacing ?? 1
    for index in requests.indices {
      requests[index].every = 1
      let waiting = requests[index].sampling.waiting
      requests[index].sampling = .init(perDecade: perDecade)
      requests[index].sampling.waiting = waiting
      let stage = ObservedStage(
        name: first, units: units, topology: structure.topology, cell: structure.frame.cell, timestep: step ?? 1,
        steps: start.course.steps.last ?? 0, ensemble: "")
      if let problem = requests[index].problem(in: stage, lags: plan.lags) { throw InputError(problem, file: first) }
      for wait in waiting where !start.course.steps.contains(wait) {
        let nearest = start.course.steps.min { (abs($0 - wait), $0) < (abs($1 - wait), $1) } ?? 0
        throw InputError(
          "no frame is \(wait) steps after the first; the nearest waiting time that the frames have is \(nearest)",
          file: first)
      }
      for lag in requests[index].chosenLags ?? [] {
        if let problem = Self.problem(lag: lag, start.course.steps, block: block) {
          throw InputError(problem, file: first)
        }
      }
    }
    let velocities = LagPlan(frames: start.course.steps, perDecade: perDecade, includesZero: true)
    var sums = ObservableSums(requests, topology: structure.topology, cell: structure.frame.cell) {
      if let lags = $0.chosenLags { return LagPlan(lags: lags, origins: block, kept: 100) }
      return $0.includesZero ? velocities : plan
    } lags: { request, wait in
      start.course.steps.filter { request.includesZero ? $0 >= wait : $0 > wait }.map { $0 - wait }
    }
    sums.useTiles()
    let team = ThreadTeam(threads: max(1, threads))
    var count = 0
    for path in paths {
      sums.restart()
      var reader = try FrameBatches(path: path, units: units, atoms: structure.count, team: team)
      var origin: Int?
      var unwrapper = Unwrapper()
      while let batch = try reader.next() {
        var frames: [Frame] = []
        frames.reserveCapacity(batch.count)
        for (index, item) in batch.enumerated() {
          var next = item
          try check(next, like: structure, sums, path: path, index: reader.framesRead - batch.count + index + 1)
          if isWrapped { unwrapper.follow(&next.frame) }
          let base = origin ?? next.frame.step
          origin = base
          next.frame.step -= base
          frames.append(next.frame)
        }
        sums.add(frames, team: team) { $0 % block == 0 }
        count += batch.count
        progress(count)
      }
    }
    var tables = sums.tables(timestep: step ?? 1 / units.femtoseconds, units: units, ensemble: "")
    if step == nil {
      for index in tables.indices where tables[index].isCorrelation {
        tables[index].x.label = "steps"
        tables[index].x.unit = ""
        tables[index].notes.append("The file tells no times; lags are in steps.")
      }
    }
    return ObservableReport(
      source: paths.joined(separator: ", "), units: units.rawValue, ensemble: "", tables: tables)
  }

  /// Reads the steps of a file's frames and its first structure.
  func scan(_ path: String) throws(InputError) -> Start {
    var moments: [(step: Int, time: Double)] = []
    let structure: Structure
    let format = try StructureFile.format(of: path)
    if format == .amberTrajectory {
      // Steps and times stand by themselves in such a file, and are read without the positions.
      let reader = try AmberTrajectory.Reader(path: path, units: units)
      guard reader.frameCount > 0 else { throw InputError("holds no whole frame", file: path) }
      structure = try reader.structure(0)
      for index in 0..<reader.frameCount { moments.append((try reader.step(index), try reader.time(index) ?? 0)) }
    } else {
      var reader = try StructureFile.Reader(path: path, units: units)
      guard let first = try reader.next() else { throw InputError("holds no whole frame", file: path) }
      structure = first
      moments.append((first.frame.step, first.frame.time))
      while let next = try reader.next() { moments.append((next.frame.step, next.frame.time)) }
    }
    for (index, pair) in zip(moments, moments.dropFirst()).enumerated() where pair.1.step <= pair.0.step {
      throw InputError(
        "frame \(index + 2) has step \(pair.1.step), which is not after step \(pair.0.step) of the frame before; "
          + "correlations in time need steps that increase", file: path)
    }
    let (first, last) = (moments[0], moments[moments.count - 1])
    var course = Course(steps: moments.map { $0.step - first.step })
    let steps = last.step - first.step
    if steps > 0, last.time > first.time { course.timestep = (last.time - first.time) / Double(steps) }
    return Start(structure: structure, course: course)
  }

  /// Why there are no pairs of frames a lag apart, or nil.
  private static func problem(lag: Int, _ steps: [Int], block: Int) -> String? {
    let present = Set(steps)
    let origins = steps.filter { $0 % block == 0 }
    if origins.contains(where: { present.contains($0 + lag) }) { return nil }
    let lags = Set(origins.flatMap { origin in steps.lazy.filter { $0 > origin }.map { $0 - origin } })
    guard let nearest = lags.min(by: { (abs($0 - lag), $0) < (abs($1 - lag), $1) }) else {
      return "there are no two frames to compare, but a lag of \(lag) steps was asked for"
    }
    return "no frame is \(lag) steps after the start of a block; the nearest lag that the frames have is \(nearest)"
  }

  func check(
    _ structure: Structure, like first: Structure, _ sums: ObservableSums? = nil, path: String, index: Int
  ) throws(InputError) {
    guard structure.topology.species == first.topology.species,
      structure.topology.table.map(\.label) == first.topology.table.map(\.label)
    else {
      throw InputError(
        "frame \(index) holds other atoms than the first frame; averages need the same atoms in the same order",
        file: path)
    }
    guard let sums else { return }
    if sums.needsVelocities && structure.frame.velocities.count != structure.count {
      let what = sums.needsStress ? "the stress of moving atoms" : "a velocity autocorrelation"
      throw InputError("frame \(index) has no velocities, which \(what) needs", file: path)
    }
    if sums.needsStress && structure.frame.stress == nil {
      throw InputError("frame \(index) has no stress, which a stress autocorrelation needs", file: path)
    }
  }
}

/// Follows atoms from frame to frame through the walls of the cell.
struct Unwrapper {
  private var last: [Vector3] = []

  /// Moves each atom by lattice vectors to the image that is nearest to where it was.
  mutating func follow(_ frame: inout Frame) {
    if last.count == frame.positions.count {
      let basis = frame.cell.basis
      let inverse = basis.inverse
      for i in frame.positions.indices {
        let moved = (frame.positions[i] - last[i]) * inverse
        var shift = Vector3.zero
        for axis in 0..<3 where frame.cell.periodic[axis] { shift[axis] = moved[axis].rounded() }
        frame.positions[i] -= shift * basis
      }
    }
    last = frame.positions
  }
}
