import TektiteCore
import TektiteDynamics

/// What an equilibrium certificate asks of a stage, in internal units.
public struct CertificateRequest: Hashable, Sendable {
  /// The wave number of F_s, one over length.
  public var waveNumber: Double
  /// The species whose F_s is followed; nil for all atoms together.
  public var species: String?
  /// The name of its file.
  public var file: String
  /// Steps from one energy to the next.
  public var every = 100
  /// Steps from one origin of F_s to the next.
  public var origins = 100
  /// The least length of the stage in units of tau_alpha.
  public var relaxationTimes = 20.0
  /// The largest fraction of atoms with a crystalline neighbourhood.
  public var crystal = 0.05

  /// The largest deviation that still counts as chance, in standard errors. Errors come from six blocks and more; of normal blocks as few as six, one
  /// mean in thirty is farther off.
  public static let largestDeviation = 3.0

  /// Makes a request.
  public init(waveNumber: Double, species: String? = nil, file: String) {
    self.waveNumber = waveNumber
    self.species = species
    self.file = file
  }

  /// The same as that of an observable, whose species and wave number are subject to the same conditions.
  var scattering: ObservableRequest {
    ObservableRequest(
      .selfIntermediateScattering(waveNumbers: [waveNumber]), file: file, species: species.map { [$0] } ?? [])
  }

  /// Why there is none in two dimensions.
  public static let planarProblem =
    "an equilibrium certificate looks for crystals of three dimensions; in two, observe 'self-intermediate-scattering' and 'hexatic-order'"

  /// Why it cannot be had in a stage, or nil.
  public func problem(in stage: ObservedStage) -> String? {
    if stage.cell.isPlanar { return Self.planarProblem }
    if let problem = scattering.problem(in: stage) { return problem }
    if stage.steps < 2 * origins {
      return
        "a certificate compares the two halves of a stage, and \(stage.steps) steps with an origin every \(origins) are too few; "
        + "take a smaller 'origins' or a longer stage"
    }
    return nil
  }
}
