import TektiteCore

/// The minimum of the energy below a configuration, to the accuracy that second derivatives ask for.
///
/// FIRE goes down to where the energy is a paraboloid, because its path stays in the basin; L-BFGS takes over from there, and where it stalls FIRE ends what it began.
public struct InherentStructure: Sendable {
  /// The configuration at the minimum, positions unwrapped.
  public let structure: Structure
  /// How it ended; evaluations are those of all parts.
  public let minimization: MinimizationResult

  /// The rms force at which L-BFGS takes over, of forces of order one.
  private static let handover = 1e-4

  /// Minimises.
  /// - Parameters:
  ///   - tolerance: rms force component, energy per length.
  ///   - maximumEvaluations: of the forces, in all.
  /// - Throws: what the potential throws.
  public init(
    below start: Structure, _ model: any PotentialModel, units: Units, tolerance: Double, maximumEvaluations: Int,
    team: ThreadTeam
  ) throws(PotentialError) {
    var system = System(start, units: units)
    let skin = Simulation.defaultSkin(try model.makePotential(for: system.table).requirements)
    var field = try ForceField(model, for: system, skin: skin, team: team)
    var fire = FIRE(for: field, units: units)
    var result = try minimize(
      &system, &field, with: &fire, tolerance: max(tolerance, Self.handover), maximumEvaluations: maximumEvaluations)
    let isSmooth = field.requirements.conservative && field.requirements.quantities.contains(.energy)
    if result.forces.rms >= tolerance, result.ending == .converged, isSmooth {
      var lbfgs = LBFGS(for: field)
      let used = result.evaluations
      result = try minimize(
        &system, &field, with: &lbfgs, tolerance: tolerance, maximumEvaluations: maximumEvaluations - used)
      result.evaluations += used
    }
    if result.forces.rms >= tolerance, result.evaluations < maximumEvaluations {
      var last = FIRE(for: field, units: units)
      let used = result.evaluations
      result = try minimize(
        &system, &field, with: &last, tolerance: tolerance, maximumEvaluations: maximumEvaluations - used)
      result.evaluations += used
    }
    var frame = Frame()
    system.copy(into: &frame, velocities: false)
    structure = Structure(topology: start.topology, frame: frame, title: start.title)
    minimization = result
  }
}
