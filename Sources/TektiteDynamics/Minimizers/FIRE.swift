import TektiteCore

/// The fast inertial relaxation engine (Bitzek et al. 2006, doi:10.1103/PhysRevLett.97.170201): dynamics of unit masses whose velocities
/// are steered downhill, which speed up while they go down and stop dead when they go up.
///
/// The power F·v is tested with the velocities *before* the kick. After the kick it contains Δt F², which stays positive while the
/// motion already climbs, and the descent never settles.
///
/// The velocities of the system are the velocities of the descent: whoever needs them afterwards keeps a copy. No atom moves farther than `largestMove` in one
/// iteration, so that overlapping starts come apart.
public struct FIRE: Minimizer, ~Copyable {
  /// Timestep after which the motion no longer speeds up, in units of the first.
  private static let growthLimit = 10.0
  /// Timestep below which a climb no longer slows down, in units of the first.
  private static let smallest = 0.02
  private static let speedUp = 1.1
  private static let slowDown = 0.5
  private static let firstSteering = 0.1
  private static let steeringDecay = 0.99
  /// Downhill iterations before it speeds up.
  private static let latency = 5

  /// Force evaluations so far.
  public private(set) var evaluations = 0
  /// Never: FIRE has no step that it could refuse.
  public var isStalled: Bool { false }
  private let firstTimestep: Double
  private let largestMove: Double
  private var timestep: Double
  private var steering = FIRE.firstSteering
  private var downhill = 0
  private var isFresh = true

  /// Makes a minimiser.
  /// - Parameters:
  ///   - timestep: the first one, for unit masses; it grows up to tenfold.
  ///   - largestMove: length.
  public init(timestep: Double, largestMove: Double) {
    firstTimestep = timestep
    self.timestep = timestep
    self.largestMove = largestMove
  }

  /// Makes a minimiser with a first timestep that suits the units (0.003 in reduced units, 0.01 in real ones) and moves up to
  /// a twenty-fifth of the cutoff. Tenfold, these stay below the stability limit 2/ω of the stiffest motions: for the Kob-Andersen
  /// liquid at T = 0.44 a first timestep of 0.004 took 480 iterations to an rms force of 1e-5, one of 0.005, past the limit, 1992.
  public init(for field: borrowing ForceField, units: Units) {
    self.init(timestep: units == .lj ? 0.003 : 0.01, largestMove: field.requirements.cutoff / 25)
  }

  /// One iteration.
  public mutating func iterate(_ system: inout System, _ field: inout ForceField) throws(PotentialError) {
    if isFresh { system.velocities.fill(.zero) }
    isFresh = false
    let power = Self.dot(system.velocities, field.evaluation.forces)
    if power > 0 {
      let size = ForceSize(field.evaluation.forces, dimensions: system.dimensions).rms
      let speed = ForceSize(system.velocities, dimensions: system.dimensions).rms
      let pull = size > 0 ? steering * speed / size : 0
      for i in 0..<system.count {
        system.velocities[i] = (1 - steering) * system.velocities[i] + pull * field.evaluation.forces[i]
      }
      downhill += 1
      if downhill > Self.latency {
        timestep = min(timestep * Self.speedUp, firstTimestep * Self.growthLimit)
        steering *= Self.steeringDecay
      }
    } else {
      system.velocities.fill(.zero)
      // Power 0 is a standing start, which says nothing about the timestep.
      if power < 0 { timestep = max(timestep * Self.slowDown, firstTimestep * Self.smallest) }
      steering = Self.firstSteering
      downhill = 0
    }
    for i in 0..<system.count {
      var velocity = system.velocities[i] + timestep * field.evaluation.forces[i]
      // Components first: the square of a huge velocity has no finite value.
      let size = max(abs(velocity.x), abs(velocity.y), abs(velocity.z)) * timestep
      if size > 0.5 * largestMove {
        let length = size * ((timestep / size) * velocity).length
        if length > largestMove { velocity = (largestMove / length) * velocity }
      }
      system.velocities[i] = velocity
      system.positions[i] += timestep * velocity
    }
    try field.update(&system, MinimizeQuantities.of(field))
    evaluations += 1
  }

  private static func dot(_ a: borrowing Buffer<Vector3>, _ b: borrowing Buffer<Vector3>) -> Double {
    var sum = 0.0
    for i in a.indices { sum += a[i].dot(b[i]) }
    return sum
  }

  /// Writes what the next iteration depends on.
  public func encode(into bytes: inout ByteWriter) {
    bytes.put(evaluations)
    bytes.put(timestep)
    bytes.put(steering)
    bytes.put(downhill)
    bytes.put(isFresh ? 1 : 0)
  }

  /// Takes over what `encode` wrote.
  public mutating func decode(from bytes: inout ByteReader) throws(InputError) {
    evaluations = try bytes.int()
    timestep = try bytes.double()
    steering = try bytes.double()
    downhill = try bytes.int()
    isFresh = try bytes.int() != 0
  }
}
