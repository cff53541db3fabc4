import TektiteCore

/// Athermal quasistatic shear: the cell and all atoms are sheared by a small strain, the energy is minimised, and so on. It is the limit of slow shear at
/// temperature 0 (Maloney and Lemaître 2006, doi:10.1103/PhysRevE.74.016118).
public struct QuasistaticShearStage: Hashable, Sendable {
  /// Which strains are gone through.
  public enum Course: Hashable, Sendable {
    /// From 0 by so many steps.
    case monotonic(steps: Int)
    /// From 0 to the amplitude, back to minus the amplitude and to 0, so many times; the amplitude is so many steps.
    case cyclic(amplitude: Int, cycles: Int)
  }

  /// Name for logs and default file names.
  public var name: String
  /// Flow and gradient.
  public var plane = ShearPlane.xy
  /// The strain of a step; negative ones shear the other way.
  public var strainStep: Double
  /// Which strains are gone through.
  public var course: Course
  /// How the energy is minimised after each step.
  public var algorithm = MinimizeStage.Algorithm.fire
  /// A descent ends when the root-mean-square force per degree of freedom falls below this.
  public var forceTolerance: Double
  /// A descent ends after this many force evaluations.
  public var maximumSteps = 100_000
  /// A step is a plastic event if the stress falls by more than this, energy per volume, in the direction of the strain.
  public var eventDrop = 0.0
  /// The table of the stage.
  public var table: String
  /// Trajectories to write; their triggers count steps of strain.
  public var trajectories: [TrajectoryOutput] = []
  /// When to write checkpoints; steps are those of strain.
  public var checkpoint: CheckpointPolicy = .seconds(600)
  /// Margin of the neighbour list; nil for the engine's choice.
  public var skin: Double?

  /// Makes a stage whose table is named after it.
  public init(name: String, strainStep: Double, course: Course, forceTolerance: Double) {
    self.name = name
    self.strainStep = strainStep
    self.course = course
    self.forceTolerance = forceTolerance
    table = "\(name).csv"
  }

  /// The number of steps of strain.
  public var steps: Int {
    switch course {
    case .monotonic(let steps): steps
    case .cyclic(let amplitude, let cycles): 4 * amplitude * cycles
    }
  }

  /// The strain at a step in units of `strainStep`.
  func position(at step: Int) -> Int {
    guard case .cyclic(let amplitude, _) = course else { return step }
    let phase = step % (4 * amplitude)
    return phase <= amplitude ? phase : phase <= 3 * amplitude ? 2 * amplitude - phase : phase - 4 * amplitude
  }

  /// The strain at a step.
  public func strain(at step: Int) -> Double {
    // Adding 0 takes the sign off that of a negative step would leave on 0.
    strainStep * Double(position(at: step)) + 0
  }

  /// What is wrong with the numbers of the stage, or nil.
  var complaint: String? {
    guard strainStep.isFinite, strainStep != 0, abs(strainStep) <= RunawayCell.limit else {
      return "a strain of \(strainStep) in one step; expected one up to \(RunawayCell.limit), not 0"
    }
    switch course {
    case .monotonic(let steps):
      if steps < 1 { return "\(steps) steps of strain; expected at least 1" }
    case .cyclic(let amplitude, let cycles):
      let total = amplitude.multipliedReportingOverflow(by: 4).partialValue.multipliedReportingOverflow(by: cycles)
      if amplitude < 1 || cycles < 1 || amplitude > 1 << 40 || total.overflow {
        return "\(cycles) cycles of an amplitude of \(amplitude) steps; expected at least 1 of each"
      }
    }
    if !(forceTolerance > 0) { return "a force tolerance of \(forceTolerance); expected a positive number" }
    if !(eventDrop >= 0) { return "a drop of stress of \(eventDrop); expected 0 or more" }
    return nil
  }
}

/// What a quasistatic stage keeps from one step to the next: the last state, the events so far, and the stress in the first steps.
struct QuasistaticRecord {
  private(set) var energy = 0.0
  private(set) var stress = 0.0
  private(set) var strain = 0.0
  private(set) var events = 0
  private(set) var unconverged = 0
  private(set) var evaluations = 0
  // Sums over the first steps, until the first event: number, strain, stress, strain², strain · stress.
  private var sums = [0.0, 0, 0, 0, 0]
  /// Steps from which the modulus is found.
  private static let firstSteps = 5.0

  /// What a step has to tell.
  struct Step {
    var index: Int
    var strain: Double
    var energy: Double
    var stress: Double
    var volume: Double
    var evaluations: Int
    var isConverged: Bool
  }
  /// What follows from it and the step before: the slope of the stress, the energy that was lost, and whether the step is an event.
  struct Finding {
    var modulus = Double.nan
    var dissipation = 0.0
    var isEvent = false
  }

  /// Takes up a step.
  mutating func take(_ step: Step, eventDrop: Double) -> Finding {
    var finding = Finding()
    let change = step.strain - strain
    if step.index > 0 {
      finding.modulus = (step.stress - stress) / change
      finding.dissipation = 0.5 * step.volume * (step.stress + stress) * change - (step.energy - energy)
      finding.isEvent = (step.stress - stress) * (change < 0 ? -1 : 1) < -eventDrop
    }
    if finding.isEvent { events += 1 }
    if !step.isConverged { unconverged += 1 }
    evaluations += step.evaluations
    // A rearrangement that raises the stress is no event, but it loses more energy than the change of the stress stores.
    let isLossy = finding.dissipation > 0.5 * step.volume * abs((step.stress - stress) * change)
    if events == 0, !isLossy, sums[0] <= Self.firstSteps, Double(step.index) == sums[0] {
      let terms = [1, step.strain, step.stress, step.strain * step.strain, step.strain * step.stress]
      for k in 0..<5 { sums[k] += terms[k] }
    }
    (energy, stress, strain) = (step.energy, step.stress, step.strain)
    return finding
  }

  /// The slope of the stress over the first five steps, or those before the first event or the first loss of energy: the modulus of the relaxed solid at zero temperature, for this
  /// configuration, plane and direction. Nil when the first step is an event.
  var modulus: Double? {
    let n = sums[0]
    guard n >= 2 else { return nil }
    return (n * sums[4] - sums[1] * sums[2]) / (n * sums[3] - sums[1] * sums[1])
  }
  /// The steps from which it was found.
  var modulusSteps: Int { max(0, Int(sums[0]) - 1) }

  /// All of it, for checkpoints.
  var memory: [Double] {
    get { [energy, stress, strain, Double(events), Double(unconverged), Double(evaluations)] + sums }
    set {
      guard newValue.count == 11, newValue[3...5].allSatisfy({ abs($0) < 1e15 }) else { return }
      (energy, stress, strain) = (newValue[0], newValue[1], newValue[2])
      (events, unconverged, evaluations) = (Int(newValue[3]), Int(newValue[4]), Int(newValue[5]))
      sums = Array(newValue[6...])
    }
  }
}
