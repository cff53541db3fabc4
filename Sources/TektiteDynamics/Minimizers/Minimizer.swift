import TektiteCore

/// Goes downhill in energy, one iteration at a time. Forces (and energy, where the potential has one) are up to date with the positions
/// before and after an iteration.
public protocol Minimizer: ~Copyable {
  /// Force evaluations so far.
  var evaluations: Int { get }
  /// Whether no further descent is possible with these positions: the forces are not the gradient of the energy to the accuracy needed.
  var isStalled: Bool { get }
  /// One iteration.
  mutating func iterate(_ system: inout System, _ field: inout ForceField) throws(PotentialError)
  /// Writes what the next iteration depends on, besides the system and the forces.
  func encode(into bytes: inout ByteWriter)
  /// Takes over what `encode` wrote.
  mutating func decode(from bytes: inout ByteReader) throws(InputError)
}

/// How large the forces of a system are.
public struct ForceSize: Hashable, Sendable {
  /// Root mean square over the 3N components (2N in two dimensions), energy per length.
  public var rms: Double
  /// Length of the largest force on an atom, energy per length.
  public var maximum: Double

  /// Measures forces; not a number when a component is not finite.
  public init(_ forces: borrowing Buffer<Vector3>, dimensions: Int = 3) {
    var largest = 0.0
    for i in forces.indices {
      let f = forces[i]
      let size = max(abs(f.x), abs(f.y), abs(f.z))
      guard f.isFinite else {
        (rms, maximum) = (.nan, .nan)
        return
      }
      largest = max(largest, size)
    }
    guard largest > 0 else {
      (rms, maximum) = (0, 0)
      return
    }
    // Divided by the largest component first, because squares of the forces of an overlap can leave the range of a Double.
    var sum = 0.0
    var longest = 0.0
    for i in forces.indices {
      let square = (forces[i] / largest).lengthSquared
      sum += square
      longest = max(longest, square)
    }
    rms = largest * (sum / Double(dimensions * forces.count)).squareRoot()
    maximum = largest * longest.squareRoot()
  }
}

/// How a minimisation ended.
public struct MinimizationResult: Hashable, Sendable {
  /// Why it ended.
  public enum Ending: String, Hashable, Sendable, Codable {
    /// The rms force fell below the tolerance.
    case converged
    /// The number of force evaluations was used up.
    case exhausted
    /// No step could lower the energy further.
    case stalled
  }
  /// Why it ended.
  public var ending: Ending
  /// Iterations.
  public var iterations: Int
  /// Force evaluations.
  public var evaluations: Int
  /// The energy at the end.
  public var energy: Double
  /// The forces at the end.
  public var forces: ForceSize
}

extension Minimizer where Self: ~Copyable {
  /// What a minimisation has come to, if it is at its end: forces below the tolerance, no way down, or as many evaluations as were allowed.
  fileprivate func result(
    _ size: ForceSize, _ field: borrowing ForceField, _ iterations: Int, tolerance: Double, most: Int
  ) -> MinimizationResult? {
    let ending: MinimizationResult.Ending? =
      size.rms < tolerance ? .converged : isStalled ? .stalled : evaluations >= most ? .exhausted : nil
    return ending.map {
      MinimizationResult(
        ending: $0, iterations: iterations, evaluations: evaluations, energy: field.evaluation.energy, forces: size)
    }
  }
}

/// Minimises a system; its velocities are used as scratch by FIRE.
/// - Parameters:
///   - tolerance: of the root-mean-square force component, energy per length.
///   - maximumEvaluations: of the forces.
public func minimize<M: Minimizer & ~Copyable>(
  _ system: inout System, _ field: inout ForceField, with minimizer: inout M, tolerance: Double, maximumEvaluations: Int
) throws(PotentialError) -> MinimizationResult {
  try field.update(&system, MinimizeQuantities.of(field))
  var iterations = 0
  while true {
    let size = ForceSize(field.evaluation.forces, dimensions: system.dimensions)
    if let result = minimizer.result(size, field, iterations, tolerance: tolerance, most: maximumEvaluations) {
      return result
    }
    try minimizer.iterate(&system, &field)
    iterations += 1
  }
}

/// Minimises a system as `minimize` does, but for signals and configurations that make no sense. Nil when `stops` says so on the way.
/// - Parameter place: what an error names.
/// - Throws: `InputError` for forces that are not numbers; what the potential throws.
func descend<M: Minimizer & ~Copyable>(
  _ system: inout System, _ field: inout ForceField, _ minimizer: inout M, tolerance: Double, maximumEvaluations: Int,
  place: String, stops: () -> Bool
) throws -> MinimizationResult? {
  try field.update(&system, MinimizeQuantities.of(field))
  var iterations = 0
  while true {
    let size = ForceSize(field.evaluation.forces, dimensions: system.dimensions)
    guard size.rms.isFinite else {
      throw InputError(
        "the descent to a minimum met forces that are not numbers after \(minimizer.evaluations) evaluations; the configuration may overlap",
        file: place)
    }
    if let result = minimizer.result(size, field, iterations, tolerance: tolerance, most: maximumEvaluations) {
      return result
    }
    if stops() { return nil }
    try minimizer.iterate(&system, &field)
    iterations += 1
  }
}

/// What a minimiser asks of a potential.
enum MinimizeQuantities {
  /// Forces, and the energy and the spread of a committee where there are any.
  static func of(_ field: borrowing ForceField) -> Quantities {
    Quantities([.forces, .energy, .variance]).intersection(field.requirements.quantities)
  }
}
