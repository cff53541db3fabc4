import TektiteCore

/// Watches a stage for what cannot be: forces or energies that are not numbers, and forces, temperatures or moves beyond their limits.
///
/// Displacements are tested in every step, by the integrator. The rest is tested at steps that are the same in every run of the same deck:
/// every hundredth and wherever anything is written. Every hundredth step the guard also keeps a copy of the atoms, the last good frame.
struct Guard {
  /// Steps between two copies of the atoms.
  static let interval = 100

  /// A test that failed.
  struct Violation {
    var finding: UnphysicalReport.Finding
    var value: Double
    var limit: Double?
    /// The slot of the atom, where one is known.
    var slot: Int?
  }

  /// What a test saw: the last few tell whether the energy grew before the end.
  struct Observation {
    var step: Int
    var temperature: Double
    /// Conserved energy per atom beyond that at the start.
    var drift: Double
  }

  let stage: String
  let timestep: Double?
  let temperatureLimit: Double
  let forceLimit: Double
  let ledger: StageLedger
  private(set) var lastGood = Frame()
  private(set) var history: [Observation] = []

  /// - Parameters:
  ///   - thermostat: largest k_B T that the thermostat aims at, 0 without one.
  ///   - timestep: nil in a minimisation.
  init(stage: String, limits: GuardLimits, ledger: StageLedger, thermostat: Double, timestep: Double?) {
    self.stage = stage
    self.timestep = timestep
    self.ledger = ledger
    let hundredfold = 100 * max(ledger.temperatureAtStart, thermostat)
    // A start at rest says nothing about how warm the stage will be.
    temperatureLimit = limits.temperature ?? (hundredfold > 0 ? hundredfold : .infinity)
    forceLimit = limits.force ?? .infinity
  }

  /// Tests forces and energy at a step.
  mutating func check(
    forces: borrowing Buffer<Vector3>, energy: Double?, temperature: Double, drift: Double, step: Int
  ) -> Violation? {
    if history.count == 16 { history.removeFirst() }
    history.append(Observation(step: step, temperature: temperature, drift: drift))
    let largest = Self.largest(forces)
    if !largest.force.isFinite {
      return Violation(finding: .nonFiniteForce, value: largest.force, limit: nil, slot: largest.slot)
    }
    if let energy, !energy.isFinite {
      return Violation(finding: .nonFiniteEnergy, value: energy, limit: nil, slot: nil)
    }
    if largest.force > forceLimit {
      return Violation(finding: .force, value: largest.force, limit: forceLimit, slot: largest.slot)
    }
    if !(temperature <= temperatureLimit) {
      return Violation(finding: .temperature, value: temperature, limit: temperatureLimit, slot: largest.slot)
    }
    return nil
  }

  /// Keeps a copy of the atoms, which have passed the test.
  mutating func keep(_ system: borrowing System, step: Int, time: Double) {
    system.copy(into: &lastGood)
    lastGood.step = step
    lastGood.time = time
  }

  /// The largest force and its slot; the first that is not finite wins.
  static func largest(_ forces: borrowing Buffer<Vector3>) -> (slot: Int, force: Double) {
    var best = (slot: 0, force: 0.0)
    for i in forces.indices {
      let square = forces[i].lengthSquared
      if !(square <= best.force) { best = (i, square) }
      if !square.isFinite {
        // The square may be infinite though the force is not.
        if !forces[i].isFinite { return (i, .nan) }
        return (i, .greatestFiniteMagnitude)
      }
    }
    return (best.slot, best.force.squareRoot())
  }

  // MARK: Finding the cause

  /// Puts together what is known about a violation.
  func report(
    _ violation: Violation, step: Int, of system: borrowing System, forces: borrowing Buffer<Vector3>
  ) -> UnphysicalReport {
    var slots = violation.slot.map { [$0] } ?? []
    for slot in Self.worst(forces, 5) where slots.count < 5 && !slots.contains(slot) { slots.append(slot) }
    let spacing = Self.typicalSpacing(system)
    var atoms: [UnphysicalReport.Atom] = []
    for slot in slots {
      let nearest = Self.nearest(to: slot, in: system)
      atoms.append(
        UnphysicalReport.Atom(
          index: Int(system.identity[slot]), species: system.table[Int(system.species[slot])].label,
          force: forces[slot].length, nearest: nearest?.distance,
          neighbor: nearest.map { Int(system.identity[$0.slot]) }))
    }
    // Only atoms that the violation concerns: those with a force near the worst, and the one that tripped the test.
    let worst = atoms.map(\.force).filter(\.isFinite).max() ?? 0
    atoms = atoms.enumerated().filter { $0.offset == 0 || !$0.element.force.isFinite || $0.element.force > worst / 10 }
      .map(\.element)
    var report = UnphysicalReport(
      finding: violation.finding, value: violation.value, limit: violation.limit, stage: stage, step: step,
      lastGoodStep: lastGood.step, atoms: atoms, cause: "")
    report.cause = cause(report, spacing: spacing, lightest: system.masses.array().min() ?? 1, units: system.units)
    return report
  }

  private func cause(_ report: UnphysicalReport, spacing: Double?, lightest: Double, units: Units) -> String {
    let pair = report.closestPair
    let isClose = pair.map { pair in spacing.map { pair.distance < 0.7 * $0 } ?? false } ?? false
    func pairWords() -> String {
      guard let pair, let spacing else { return "" }
      return "atoms \(pair.first) and \(pair.second) are \(brief(pair.distance)) \(units.lengthName) apart, "
        + "where neighbours are typically \(brief(spacing)) apart"
    }
    if report.finding == .strain {
      return
        "The pressure is far from that of the barostat, or the barostat follows it too quickly: start from a density nearer to its own, give it a "
        + "longer 'relaxation' or a smaller 'compressibility', or let the pressure rise over the stage."
    }
    guard let timestep else {
      return isClose
        ? "The structure overlaps: \(pairWords()). Check its cell and units, or build it at a lower density."
        : "The potential gives no usable forces for this structure: check its units, its cell and its species."
    }
    // The move that the largest force at the start makes in one step, against the distance of neighbours.
    let firstMove = ledger.forceAtStart * timestep * timestep / lightest
    let wasStrained = !ledger.forceAtStart.isFinite || spacing.map { firstMove > 0.05 * $0 } ?? false
    if report.step <= 2 * Self.interval && (wasStrained || report.step <= 1) {
      return (isClose ? "The start overlaps: \(pairWords())" : "The start is strained")
        + " (largest force at step 0: \(brief(ledger.forceAtStart)) \(units.energyName)/\(units.lengthName))."
        + " Put a minimize stage before this one, and check the units and the cell of the structure."
    }
    let shown = units == .lj ? brief(timestep) : "\(brief(timestep * units.femtoseconds)) fs"
    let half = units == .lj ? brief(timestep / 2) : "\(brief(timestep * units.femtoseconds / 2)) fs"
    let scale = max(ledger.temperatureAtStart, 1e-300)
    let grew = history.dropLast().contains { abs($0.drift) > 0.01 * scale }
    if grew, let before = history.dropLast().last {
      return
        "The timestep of \(shown) is too long: the conserved energy had drifted by \(brief(before.drift)) per atom "
        + "by step \(before.step). Try \(half) or less."
    }
    if report.step <= 10 * Self.interval {
      return "The timestep of \(shown) is probably too long for this potential and these masses. Try \(half) or less."
    }
    let place = isClose ? " (\(pairWords()))" : ""
    return "The energy was well conserved until shortly before, so a single event is to blame: atoms met in a way that "
      + "the potential does not describe\(place). Look at the last good frame; a timestep of \(half) may pass it."
  }

  /// The slots with the largest forces, worst first; those that are not finite come before all.
  private static func worst(_ forces: borrowing Buffer<Vector3>, _ count: Int) -> [Int] {
    var best: [(slot: Int, size: Double)] = []
    for i in forces.indices {
      let square = forces[i].lengthSquared
      let size = square.isNaN ? .infinity : square
      if best.count == count, let last = best.last, size <= last.size { continue }
      let place = best.firstIndex { $0.size < size } ?? best.count
      best.insert((i, size), at: place)
      if best.count > count { best.removeLast() }
    }
    return best.map(\.slot)
  }

  /// The atom nearest to a slot, images included; nil when nothing has a place.
  static func nearest(to slot: Int, in system: borrowing System) -> (slot: Int, distance: Double)? {
    let basis = system.cell.basis
    let inverse = basis.inverse
    let periodic = system.cell.periodic
    let origin = system.positions[slot]
    guard origin.isFinite else { return nil }
    var best: (slot: Int, square: Double)?
    for other in 0..<system.count {
      var fraction = (system.positions[other] - origin) * inverse
      guard fraction.isFinite else { continue }
      for axis in 0..<3 where periodic[axis] { fraction[axis] -= fraction[axis].rounded() }
      // In a slanted cell the nearest image need not be the one with the smallest fractions, so its neighbours are tried too.
      for a in periodic.a ? -1...1 : 0...0 {
        for b in periodic.b ? -1...1 : 0...0 {
          for c in periodic.c ? -1...1 : 0...0 {
            if other == slot && a == 0 && b == 0 && c == 0 { continue }
            let square = ((fraction + Vector3(Double(a), Double(b), Double(c))) * basis).lengthSquared
            if best == nil || square < best!.square { best = (other, square) }
          }
        }
      }
    }
    return best.map { ($0.slot, $0.square.squareRoot()) }
  }

  /// The median distance to the nearest neighbour over a sample of atoms, or the spacing that the density gives where that is larger.
  private static func typicalSpacing(_ system: borrowing System) -> Double? {
    let samples = min(31, system.count)
    guard samples > 0 else { return nil }
    var distances: [Double] = []
    for k in 0..<samples {
      if let nearest = nearest(to: k * system.count / samples, in: system) { distances.append(nearest.distance) }
    }
    distances.sort()
    var spacing = distances.isEmpty ? nil : distances[distances.count / 2]
    if let volume = system.cell.volume {
      // A dense liquid has its neighbours near the side of a cube, or of a square in a plane, that is as large as an atom's share.
      let side = Dimensions.side(of: volume / Double(system.count), in: system.dimensions)
      spacing = max(spacing ?? 0, min(0.9 * side, 2 * (spacing ?? side)))
    }
    return spacing
  }
}
