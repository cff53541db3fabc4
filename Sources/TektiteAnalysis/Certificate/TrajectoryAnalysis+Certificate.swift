import TektiteCore
import TektiteDynamics
import TektiteTrajectories

extension TrajectoryAnalysis {
  /// Draws up an equilibrium certificate of a finished trajectory, by the code that does it for running stages.
  /// - Parameters:
  ///   - request: its intervals of steps have no meaning here: all frames are used as they come.
  ///   - thermo: a table with the potential energy; nil for the energies of the frames, where they have any.
  /// - Throws: `InputError` as `run` does, for a table without energies, and for more than one trajectory.
  public func certify(_ request: CertificateRequest, thermo: String?) throws(InputError) -> Certificate {
    guard let path = paths.first, paths.count == 1 else {
      throw InputError("a certificate is about one run; give one trajectory", file: paths.last ?? "analyze")
    }
    let start = try scan(path)
    let structure = start.structure
    let steps = start.course.steps
    let last = steps.last ?? 0
    let timestep = self.timestep ?? start.course.timestep
    guard steps.count >= 4, let timestep else {
      throw InputError(
        steps.count < 4
          ? "has \(steps.count) frames; the two halves of a run cannot be compared with fewer than four"
          : "tells no times, without which a run cannot be measured in relaxation times; give --timestep", file: path)
    }
    let stage = ObservedStage(
      name: path, units: units, topology: structure.topology, cell: structure.frame.cell, timestep: timestep,
      steps: last, ensemble: "")
    if structure.dimensions == 2 { throw InputError(CertificateRequest.planarProblem, file: path) }
    if let problem = request.scattering.problem(in: stage) { throw InputError(problem, file: path) }
    // The second half begins where a block of frames does, so that it has the same pattern.
    let all = LagPlan(frames: steps, perDecade: perDecade, includesZero: false)
    let block = all.levels.first?.spacing ?? 1
    let half = last / 2 / block * block
    guard half > 0 else {
      throw InputError("holds one block of frames; the two halves of a run cannot be compared", file: path)
    }
    let plan = LagPlan(frames: steps.filter { $0 <= half }, perDecade: perDecade, includesZero: false)
    var sums = CertificateSums(request.everyFrame, topology: structure.topology, plan: plan, half: half, last: last)
    let table = try thermo.map { path throws(InputError) in try Self.energies(path, atoms: structure.count) }
    for energy in table ?? [] { sums.add(energyPerAtom: energy) }
    var reader = try StructureFile.Reader(path: path, units: units)
    var unwrapper = Unwrapper()
    var origin: Int?
    while var frame = try reader.next() {
      try check(frame, like: structure, path: path, index: reader.framesRead)
      if isWrapped { unwrapper.follow(&frame.frame) }
      let base = origin ?? frame.frame.step
      origin = base
      frame.frame.step -= base
      // Energies of unevenly spaced frames would weigh parts of the run differently.
      if table != nil || frame.frame.step % block != 0 { frame.frame.energy = nil }
      sums.add(frame.frame)
    }
    return sums.certificate(source: path, ensemble: "", timestep: timestep, units: units)
  }

  /// The potential energies per atom of a table of evenly spaced rows.
  private static func energies(_ path: String, atoms: Int) throws(InputError) -> [Double] {
    var reader = try ThermoTable.Reader(contentsOf: path)
    guard let column = reader.columns.firstIndex(where: { $0.name == "potential" }),
      let steps = reader.columns.firstIndex(where: { $0.name == "step" })
    else {
      throw InputError("has no columns 'step' and 'potential'; give the thermo table of the run", file: path)
    }
    var row: [Double] = []
    var energies: [Double] = []
    var previous: (step: Double, gap: Double?) = (0, nil)
    while try reader.next(into: &row) {
      let step = row[steps]
      if !energies.isEmpty {
        let gap = step - previous.step
        if let expected = previous.gap, gap != expected {
          throw InputError(
            "the rows are not evenly spaced (\(brief(expected)) steps, then \(brief(gap)) before step \(brief(step))), so that a drift cannot be told from them",
            file: path)
        }
        previous.gap = gap
      }
      previous.step = step
      guard row[column].isFinite else {
        throw InputError("step \(brief(step)) has no potential energy", file: path)
      }
      energies.append(row[column] / Double(atoms))
    }
    return energies
  }
}

extension CertificateRequest {
  /// The same with every frame that comes.
  fileprivate var everyFrame: CertificateRequest {
    var request = self
    request.every = 1
    return request
  }
}
