import TektiteCore

/// Limited-memory BFGS (Nocedal 1980, doi:10.1090/S0025-5718-1980-0572855-7; Liu and Nocedal 1989) with a backtracking line search.
///
/// The history is kept in the user's order of atoms, because atoms change slots when neighbour lists are rebuilt. A trial step is
/// accepted when it lowers the energy enough (Armijo) or, where differences of the energy drown in rounding, when the slope along the step has
/// fallen while the energy is unchanged to 1e-7 of itself (the approximate condition of Hager and Zhang 2005, doi:10.1137/030601880).
/// When no step is accepted the history is dropped once and the gradient tried; if that fails too, `isStalled` says so.
public struct LBFGS: Minimizer, ~Copyable {
  /// Steps and gradient changes that are remembered.
  private static let memory = 10
  private static let sufficientDecrease = 1e-4
  private static let energyNoise = 1e-7
  private static let trials = 25

  /// Force evaluations so far.
  public private(set) var evaluations = 0
  /// Whether neither the history nor the gradient gave a step downhill.
  public private(set) var isStalled = false
  private let largestMove: Double
  private var steps: [[Vector3]] = []
  private var changes: [[Vector3]] = []
  // Scratch in the user's order.
  private var force: [Vector3] = []
  private var direction: [Vector3] = []

  /// Makes a minimiser. No atom moves farther than `largestMove` (length) in one trial step.
  public init(largestMove: Double) { self.largestMove = largestMove }

  /// Makes a minimiser that moves atoms up to a twenty-fifth of the cutoff.
  public init(for field: borrowing ForceField) { self.init(largestMove: field.requirements.cutoff / 25) }

  /// One iteration.
  public mutating func iterate(_ system: inout System, _ field: inout ForceField) throws(PotentialError) {
    guard field.requirements.quantities.contains(.energy) else {
      throw .unavailable("the energy that the L-BFGS line search compares; use fire", model: "the potential")
    }
    system.scatter(field.evaluation.forces, into: &force)
    findDirection()
    var slope = -Self.dot(force, direction)
    if !(slope < 0) {
      forget()
      direction = force
      slope = -Self.dot(force, force)
    }
    guard slope < 0, slope.isFinite else {
      isStalled = true
      return
    }
    if try !search(&system, &field, slope: slope) {
      if steps.isEmpty { isStalled = true } else { forget() }
    }
  }

  /// Backtracks along `direction` from a full step. Returns false, with the system where it was but for rounding, when no trial is accepted.
  private mutating func search(
    _ system: inout System, _ field: inout ForceField, slope: Double
  ) throws(PotentialError) -> Bool {
    let energy = field.evaluation.energy
    var longest = 0.0
    for d in direction { longest = max(longest, d.length) }
    // Without history the scale of the gradient is unknown: a tenth of the largest move, or less where forces are already small.
    var scale = steps.isEmpty ? min(0.1 * largestMove / longest, 0.01) : min(1, largestMove / longest)
    var taken = 0.0
    var trialForce = [Vector3](repeating: .zero, count: system.count)
    for _ in 0..<Self.trials {
      Self.move(&system, along: direction, by: scale - taken)
      taken = scale
      try field.update(&system, MinimizeQuantities.of(field))
      evaluations += 1
      system.scatter(field.evaluation.forces, into: &trialForce)
      let change = field.evaluation.energy - energy
      let trialSlope = -Self.dot(trialForce, direction)
      let isLower = change <= Self.sufficientDecrease * scale * slope
      let isFlat =
        abs(change) <= Self.energyNoise * abs(energy) && trialSlope <= (2 * Self.sufficientDecrease - 1) * slope
      if isLower || isFlat {
        remember(scale: scale, trialForce)
        return true
      }
      // The minimum of the parabola through both energies and the slope, kept between a tenth and a half.
      let parabola = -slope * scale / (2 * (change / scale - slope))
      let shorter = parabola.isFinite ? parabola / scale : 0.1
      scale *= min(0.5, max(0.1, shorter))
    }
    Self.move(&system, along: direction, by: -taken)
    try field.update(&system, MinimizeQuantities.of(field))
    evaluations += 1
    return false
  }

  /// The two-loop recursion: direction ← H · force, with the inverse Hessian H of the history.
  private mutating func findDirection() {
    direction = force
    guard let lastStep = steps.last, let lastChange = changes.last else { return }
    var weights = [Double](repeating: 0, count: steps.count)
    for k in steps.indices.reversed() {
      weights[k] = Self.dot(steps[k], direction) / Self.dot(changes[k], steps[k])
      Self.add(-weights[k], changes[k], to: &direction)
    }
    let scale = Self.dot(lastStep, lastChange) / Self.dot(lastChange, lastChange)
    for i in direction.indices { direction[i] = scale * direction[i] }
    for k in steps.indices {
      let weight = Self.dot(changes[k], direction) / Self.dot(changes[k], steps[k])
      Self.add(weights[k] - weight, steps[k], to: &direction)
    }
  }

  private mutating func remember(scale: Double, _ trialForce: [Vector3]) {
    var step = direction
    var change = force
    for i in step.indices {
      step[i] = scale * step[i]
      change[i] -= trialForce[i]
    }
    // A pair without positive curvature would make H indefinite.
    let curvature = Self.dot(step, change)
    let bound = 1e-10 * (Self.dot(step, step) * Self.dot(change, change)).squareRoot()
    guard curvature > bound, curvature.isFinite else { return }
    if steps.count == Self.memory {
      steps.removeFirst()
      changes.removeFirst()
    }
    steps.append(step)
    changes.append(change)
  }

  private mutating func forget() {
    steps.removeAll()
    changes.removeAll()
  }

  private static func move(_ system: inout System, along direction: [Vector3], by scale: Double) {
    for slot in 0..<system.count { system.positions[slot] += scale * direction[Int(system.identity[slot])] }
  }

  private static func dot(_ a: [Vector3], _ b: [Vector3]) -> Double {
    var sum = 0.0
    for i in a.indices { sum += a[i].dot(b[i]) }
    return sum
  }

  private static func add(_ scale: Double, _ a: [Vector3], to b: inout [Vector3]) {
    for i in b.indices { b[i] += scale * a[i] }
  }

  /// Writes what the next iteration depends on.
  public func encode(into bytes: inout ByteWriter) {
    bytes.put(evaluations)
    bytes.put(isStalled ? 1 : 0)
    bytes.put(steps.count)
    for k in steps.indices {
      bytes.put(steps[k])
      bytes.put(changes[k])
    }
  }

  /// Takes over what `encode` wrote.
  public mutating func decode(from bytes: inout ByteReader) throws(InputError) {
    evaluations = try bytes.int()
    isStalled = try bytes.int() != 0
    let count = try bytes.int()
    guard (0...Self.memory).contains(count) else { throw bytes.malformed("\(count) remembered steps") }
    forget()
    for _ in 0..<count {
      steps.append(try bytes.vectors())
      changes.append(try bytes.vectors())
    }
    guard steps.allSatisfy({ $0.count == steps[0].count }), changes.allSatisfy({ $0.count == steps[0].count }) else {
      throw bytes.malformed("remembered steps of different sizes")
    }
  }
}
