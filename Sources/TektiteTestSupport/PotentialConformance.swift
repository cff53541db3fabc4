import TektiteCore

/// The suite that every potential passes: a list of named checks of what `Potential` promises, run through `System` and `ForceField`
/// as a simulation would. A third party's potential is tested with
///
/// ```swift
/// let suite = PotentialConformance(MyModel(), sample: Sample(table: [Species("A")], minimumDistance: 0.8, density: 0.9))
/// for check in suite.checks { if let failure = check.failure() { Issue.record("\(failure)") } }
/// ```
///
/// Random configurations come from a seed that is part of every message. Errors are relative: energies to the sum of the atoms' absolute
/// energies, forces to the largest force (see `Scale`).
public struct PotentialConformance: Sendable {
  /// How close numbers must be.
  public struct Tolerances: Sendable, Hashable {
    /// Displacement of the central differences, length.
    public var step: Double
    /// Relative error of a derivative by central differences of fourth order.
    public var derivative: Double
    /// Relative error of relations that hold but for rounding.
    public var identity: Double
    /// Forces below this size, energy per length, need not be right relative to themselves, only to this: where a force
    /// passes through zero, its rounding does not.
    public var smallestForce: Double

    /// Makes tolerances.
    public init(step: Double, derivative: Double, identity: Double, smallestForce: Double = 0) {
      self.smallestForce = smallestForce
      self.step = step
      self.derivative = derivative
      self.identity = identity
    }

    /// For arithmetic in 64 bits. Differences over 1e-4 lose four of sixteen digits and more in the sum over atoms; truncation
    /// is (1e-4)⁴ times the fifth derivative.
    public static let double = Tolerances(step: 1e-4, derivative: 1e-7, identity: 1e-11)
    /// For pair arithmetic in 32 bits. Coordinates of size 10 are rounded to 6e-7, which the relative stiffness of a
    /// close pair (some 20 per length) turns into 1e-5 of its force; a few such errors meet in an atom. A difference over
    /// 2e-3 keeps three to four digits.
    public static let mixed = Tolerances(step: 2e-3, derivative: 3e-3, identity: 5e-5, smallestForce: 1)
  }

  /// What is continuous where a pair crosses the cutoff; each case includes those before.
  public enum Smoothness: Int, Sendable, Comparable {
    /// Nothing is promised.
    case none
    /// The energy.
    case energy
    /// The force.
    case force
    /// The derivative of the force.
    case curvature

    /// Whether one promises less than another.
    public static func < (a: Smoothness, b: Smoothness) -> Bool { a.rawValue < b.rawValue }
  }

  /// Draws a random structure of a number of atoms in a cell of some shape.
  public typealias Draw = @Sendable (CellShape, Int, inout SeededGenerator) -> Structure

  /// The model under test.
  public var model: any PotentialModel
  /// Species and densities of the samples.
  public var sample: Sample
  /// How structures are drawn; gases of the sample unless set.
  public var draw: Draw
  /// How close numbers must be.
  public var tolerances: Tolerances
  /// What the model promises at its cutoffs.
  public var smoothness: Smoothness
  /// Distances at which pairs of atoms cross a cutoff. Empty means the model's own requirements name them.
  public var cutoffs: [Double]
  /// An independent evaluation to compare with, or nil.
  public var oracle: (@Sendable (Structure) -> Measurement)?
  /// A more precise version of the same model to compare with, or nil.
  public var reference: (any PotentialModel)?
  /// Units of the systems.
  public var units: Units
  /// Seed of all random numbers.
  public var seed: UInt64

  /// Makes the suite for a model.
  public init(
    _ model: any PotentialModel, sample: Sample, tolerances: Tolerances = .double, smoothness: Smoothness = .none,
    cutoffs: [Double] = [], oracle: (@Sendable (Structure) -> Measurement)? = nil,
    reference: (any PotentialModel)? = nil, units: Units = .lj, seed: UInt64 = 1
  ) {
    self.model = model
    self.sample = sample
    self.draw = { shape, count, random in sample.gas(shape, atoms: count, using: &random) }
    self.tolerances = tolerances
    self.smoothness = smoothness
    self.cutoffs = cutoffs
    self.oracle = oracle
    self.reference = reference
    self.units = units
    self.seed = seed
  }

  /// One property of a potential, under a name.
  public struct Check: Sendable, CustomStringConvertible {
    /// What is checked, a short phrase.
    public let name: String
    let model: String
    let seed: UInt64
    let body: @Sendable (inout Report) throws -> Void

    /// Runs the check. Nil when the model passes, else what failed, with the seed.
    public func failure() -> String? {
      var report = Report()
      do { try body(&report) } catch { report.fail("threw: \(error)") }
      guard !report.failures.isEmpty else { return nil }
      let shown = report.failures.prefix(4).joined(separator: "; ")
      let more = report.failures.count > 4 ? "; and \(report.failures.count - 4) more" : ""
      return "\(model), \(name), seed \(seed): \(shown)\(more)"
    }

    /// The name.
    public var description: String { name }
  }

  /// Collects what failed within a check.
  struct Report {
    var failures: [String] = []
    mutating func fail(_ message: String) { failures.append(message) }
    mutating func expect(_ condition: Bool, _ message: @autoclosure () -> String) {
      if !condition { failures.append(message()) }
    }
    mutating func expect(_ discrepancy: Discrepancy, within tolerance: Double, _ context: String) {
      if let text = discrepancy.failure(beyond: tolerance) { failures.append("\(context): \(text)") }
    }
  }

  /// All checks, in an order from contract to physics.
  public var checks: [Check] {
    let list: [(String, @Sendable (inout Report) throws -> Void)] = [
      ("inputs stay untouched", inputsStayUntouched),
      ("results are added to what is there", resultsAreAdded),
      ("what is asked for is right, whatever else is asked for", askedForQuantities),
      ("shares of atoms sum to the total", sharesSumToTotal),
      ("forces are the gradient of the energy", forcesAreGradients),
      ("the virial is the strain derivative", virialIsStrainDerivative),
      ("continuous at the cutoff as promised", continuousAtCutoff),
      ("translation changes nothing", translation),
      ("rotation and inversion turn forces along", rotationAndInversion),
      ("renumbering atoms renumbers forces", permutation),
      ("atoms may lie in any cell", latticeShifts),
      ("a supercell is so many cells", supercells),
      ("cells smaller than the cutoff", tinyCells),
      ("atoms without neighbours, one atom, no atoms", sparseSystems),
      ("any skin gives the same", skins),
      ("nothing is remembered from other configurations", nothingIsRemembered),
      ("any number of threads gives the same bits", threads),
      ("nothing is allocated after warm-up", allocations),
      ("agrees with the oracle", agreesWithOracle),
      ("agrees with the more precise version", agreesWithReference),
    ]
    return list.map { Check(name: $0.0, model: model.name, seed: seed, body: $0.1) }
  }
}

extension PotentialConformance {
  /// The sizes that errors are compared with.
  struct Scale {
    var energy: Double
    var force: Double
    var virial: Double

    init(_ measurement: Measurement, length: Double, smallestForce: Double) {
      func largest(_ w: Matrix3) -> Double { (0..<9).reduce(0) { max($0, abs(w[$1 / 3, $1 % 3])) } }
      let energies = measurement.atomicEnergies.map { abs($0) }
      let virials = measurement.atomicVirials.map(largest)
      // In a symmetric surrounding the force on an atom vanishes though its parts do not: virials of atoms, in which
      // nothing cancels, tell how large the parts are.
      let parts = (virials.max() ?? largest(measurement.virial)) / length
      force = max(measurement.largestForce, parts, smallestForce, .leastNormalMagnitude)
      energy = max(abs(measurement.energy), energies.reduce(0, +)) + force * length
      virial = max(largest(measurement.virial), virials.reduce(0, +)) + energy
    }
  }

  /// The sizes that errors of a measurement are compared with.
  func scale(of measurement: Measurement) -> Scale {
    Scale(measurement, length: sample.minimumDistance, smallestForce: tolerances.smallestForce)
  }

  /// A generator that depends on the seed and the check only.
  func random(_ salt: UInt64) -> SeededGenerator { SeededGenerator(seed: seed &* 0x1000_0001 &+ salt) }

  /// What the model can compute.
  var available: Quantities {
    get throws { try probe(sample.isolated(atoms: sample.table.count, spacing: 1)).field.requirements.quantities }
  }

  /// A driver for a structure.
  func probe(_ structure: Structure, skin: Double = 0, threads: Int = 1) throws(PotentialError) -> Probe {
    try Probe(model, structure, skin: skin, threads: threads, units: units)
  }

  /// Everything that the model can compute at a structure.
  func measure(_ structure: Structure, skin: Double = 0, threads: Int = 1) throws -> Measurement {
    var probe = try probe(structure, skin: skin, threads: threads)
    let quantities = probe.field.requirements.quantities
    return try probe.measure(quantities)
  }

  /// Compares two measurements part by part, each against its own scale.
  func compare(
    _ found: Measurement, _ expected: Measurement, within relative: Double, _ context: String, _ report: inout Report
  ) {
    let scale = self.scale(of: expected)
    compare(found, expected, within: relative, scale: scale, context, &report)
  }

  /// Compares two measurements part by part against given scales.
  func compare(
    _ found: Measurement, _ expected: Measurement, within relative: Double? = nil, scale: Scale, _ context: String,
    _ report: inout Report
  ) {
    let relative = relative ?? tolerances.identity
    var energy = Discrepancy()
    energy.compare(found.energy, expected.energy, "the energy")
    energy.compare(found.atomicEnergies, expected.atomicEnergies, "the energy")
    report.expect(energy, within: relative * scale.energy, context)
    var force = Discrepancy()
    force.compare(found.forces, expected.forces, "the force")
    report.expect(force, within: relative * scale.force, context)
    var virial = Discrepancy()
    virial.compare(found.virial, expected.virial, "the virial")
    virial.compare(found.atomicVirials, expected.atomicVirials, "the virial")
    report.expect(virial, within: relative * scale.virial, context)
    // Of a difference d that is wrong by e the square is wrong by 2de + e².
    func squared(_ error: Double, at variance: Double) -> Double { error * (2 * variance.squareRoot() + error) }
    var spread = Discrepancy()
    spread.compare(found.energyVariance, expected.energyVariance, "the variance of the energy")
    report.expect(spread, within: squared(relative * scale.energy, at: expected.energyVariance), context)
    var spreads = Discrepancy()
    spreads.compare(found.forceVariances, expected.forceVariances, "the variance of the force")
    report.expect(
      spreads, within: squared(relative * scale.force, at: expected.forceVariances.max() ?? 0), context)
  }

  /// A structure of at most `count` atoms in which no pair is within `margin` of a cutoff, unless the model is smooth there.
  /// Draws again until one is found, and with fewer atoms when that takes too long.
  func clearStructure(
    _ shape: CellShape, atoms count: Int, margin: Double, using random: inout SeededGenerator
  ) throws -> Structure? {
    var count = count
    while count >= 1 {
      for _ in 0..<200 {
        var structure = draw(shape, count, &random)
        if smoothness >= .curvature { return structure }
        // Wider or narrower each time, or the images of an atom would stay where they are.
        let factor = random.uniform(0.97...1.4)
        structure.frame.positions = structure.frame.positions.map { factor * $0 }
        structure.frame.cell.vectors = factor * structure.frame.cell.vectors
        let edges = try cutoffDistances(structure)
        let far = (edges.max() ?? 0) + margin
        let pairs = BruteForce.pairs(structure.frame.positions, cell: structure.frame.cell, radius: far)
        if !pairs.contains(where: { pair in edges.contains { abs(pair.vector.length - $0) < margin } }) {
          return structure
        }
      }
      count /= 2
    }
    return nil
  }

  /// The distances at which pairs of atoms cross a cutoff.
  func cutoffDistances(_ structure: Structure) throws -> [Double] {
    if !cutoffs.isEmpty { return cutoffs }
    let requirements = try probe(structure).field.requirements
    return requirements.pairCutoffs.isEmpty ? [requirements.cutoff] : Array(Set(requirements.pairCutoffs)).sorted()
  }
}
