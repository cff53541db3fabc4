import TektiteCore
import TektiteKernels
import TektitePotentials
import TektiteTestSupport
import Testing

/// A model of pair formulas with the atoms to try it on.
struct FormulaCase: Sendable, CustomTestStringConvertible {
  enum Kind: String, Sendable, CaseIterable { case lennardJones, networkFormer, silica, dzugutov, oscillating }
  var kind: Kind
  var scheme: FormulaScheme
  var precision: Precision

  var testDescription: String { "\(kind.rawValue), \(scheme.rawValue), \(precision.rawValue)" }

  static let all: [FormulaCase] = [Precision.double, .mixed].flatMap { precision in
    FormulaScheme.allCases.filter { $0 != .cubicSpline }.map {
      FormulaCase(kind: .lennardJones, scheme: $0, precision: precision)
    } + [
      FormulaCase(kind: .networkFormer, scheme: .cubicSpline, precision: precision),
      FormulaCase(kind: .silica, scheme: .cutAndShift, precision: precision),
      FormulaCase(kind: .dzugutov, scheme: .cut, precision: precision),
      FormulaCase(kind: .oscillating, scheme: .cutAndShift, precision: precision),
    ]
  }

  /// Labels and the formulas of pairs in the order AA, AB, BB.
  var formulas: (labels: [String], pairs: [PairFormula]) {
    func part(_ terms: [PairTerm], _ cutoff: Double, _ scheme: FormulaScheme? = nil) -> PairFormula.Part {
      PairFormula.Part(terms: terms, cutoff: cutoff, scheme: scheme ?? self.scheme)
    }
    switch kind {
    case .lennardJones:
      let pairs = [(1.0, 1.0), (1.5, 0.8), (0.5, 0.88)].map { epsilon, sigma in
        PairFormula([part([.lennardJones(epsilon: epsilon, sigma: sigma)], 2.5 * sigma)])
      }
      return (["A", "B"], pairs)
    case .networkFormer:
      return (
        ["A", "B"],
        [
          PairFormula([part([.inversePower(epsilon: 1, sigma: 1, exponent: 12)], 1.8)]),
          PairFormula([part([.lennardJones(epsilon: 6, sigma: 0.49)], 1.078)]),
          PairFormula([part([.inversePower(epsilon: 1, sigma: 0.85, exponent: 12)], 1.53)]),
        ]
      )
    case .silica:
      // Beest, Kramer and van Santen with a wall, in ångström and eV; e²/4πε₀ to five digits is enough here.
      func ions(_ q: Double) -> PairFormula.Part {
        part([.coulomb(product: 14.4 * q, damping: 0.1)], 9, .shiftedForce)
      }
      let mixed: [PairTerm] = [
        .exponential(amplitude: 18003.7572, rate: 4.87318), .power(coefficient: -133.5381, exponent: 6),
        .inversePower(epsilon: 4 * 3.097948e-3, sigma: 1.313635, exponent: 30),
      ]
      let oxygen: [PairTerm] = [
        .exponential(amplitude: 1388.773, rate: 2.76), .power(coefficient: -175, exponent: 6),
        .inversePower(epsilon: 4 * 1.05105e-3, sigma: 1.779239, exponent: 30),
      ]
      return (
        ["Si", "O"],
        [
          PairFormula([ions(5.76)]), PairFormula([part(mixed, 5.5), ions(-2.88)]),
          PairFormula([part(oxygen, 5.5), ions(1.44)]),
        ]
      )
    case .dzugutov:
      let term = PairTerm.dzugutov(
        PairTerm.Dzugutov(inner: 5.82, outer: 1.28, a: 1.87, b: 1.94, c: 1.1, d: 0.27, m: 16))
      return (["A"], [PairFormula([part([term], 1.94)])])
    case .oscillating:
      let term = PairTerm.oscillating(
        PairTerm.Oscillating(a: 1.04, alpha: 0.33, kappa: 4.139, b: 4.2e6, sigma: 0.348, exponent: 14.5))
      return (["A"], [PairFormula([part([term], 2.64488)])])
    }
  }

  func model(_ precision: Precision) throws(PotentialError) -> PairFormulas {
    let (labels, pairs) = formulas
    let matrix = labels.count == 1 ? pairs : [pairs[0], pairs[1], pairs[1], pairs[2]]
    return try PairFormulas(labels: labels, pairs: matrix, precision: precision)
  }

  func suite() throws -> PotentialConformance {
    let exact = try model(.double)
    // In another order than the model's, so that a mix-up of the two indices shows.
    let table = exact.labels.reversed().map { Species($0) }
    let map = table.map { exact.labels.firstIndex(of: $0.label) ?? 0 }
    let oracle = PairOracle(cutoff: exact.pairs.map(\.cutoff).max() ?? 0) { a, b, r2 in
      let pair = exact.pairEnergy(map[a], map[b], r2: r2)
      return (pair.energy, pair.forceOverDistance)
    }
    var tolerances = precision == .mixed ? PotentialConformance.Tolerances.mixed : .double
    // Tables are made to 5e-11 of what their functions vary by in a doubling of r², some twenty times the force.
    if precision == .double { tolerances.identity = 1e-9 }
    let smoothness: PotentialConformance.Smoothness =
      switch (kind, scheme) {
      case (.dzugutov, _), (_, .smooth), (_, .cubicSpline): .curvature
      case (.silica, _), (_, .cutAndShift): .energy
      case (_, .shiftedForce): .force
      case (_, .cut): .none
      }
    let sample: Sample =
      switch kind {
      case .silica: Sample(table: table, minimumDistance: 1.3, density: 0.07)
      case .networkFormer: Sample(table: table, minimumDistance: 0.45, density: 1.6)
      default: Sample(table: table, minimumDistance: 0.78, density: 0.9)
      }
    let cutoffs = Set(exact.pairs.flatMap { pair in pair.parts.map(\.cutoff) + [pair.cutoff] })
    return PotentialConformance(
      try model(precision), sample: sample, tolerances: tolerances, smoothness: smoothness, cutoffs: cutoffs.sorted(),
      oracle: { oracle.evaluate($0) }, reference: precision == .mixed ? exact : nil,
      units: kind == .silica ? .real : .lj, seed: 60)
  }
}

@Suite("Pair formulas conform")
struct FormulaConformance {
  @Test("passes every check", arguments: FormulaCase.all)
  func passes(_ entry: FormulaCase) throws {
    for check in try entry.suite().checks {
      if let failure = check.failure() { Issue.record("\(failure)") }
    }
  }

  @Test(
    "derivatives of formulas are those of the energy", arguments: FormulaCase.all.filter { $0.precision == .double })
  func derivatives(_ entry: FormulaCase) {
    for pair in entry.formulas.pairs {
      for k in 1..<60 {
        // In the last hundredths of its range Dzugutov's potential fades faster than any step of a difference.
        let r = pair.cutoff * (0.3 + 0.67 * (Double(k) + 0.37) / 60)
        let h = 1e-4 * r
        // Not across a distance at which terms end.
        if pair.parts.contains(where: { abs(r - $0.cutoff) < 3 * h }) { continue }
        func u(_ x: Double) -> PairTerm.Values { pair.values(at: r + x) }
        let (near, far) = (u(h).energy - u(-h).energy, u(2 * h).energy - u(-2 * h).energy)
        let slope = (8 * near - far) / (12 * h)
        let (nearSlope, farSlope) = (u(h).slope - u(-h).slope, u(2 * h).slope - u(-2 * h).slope)
        let curvature = (8 * nearSlope - farSlope) / (12 * h)
        let v = u(0)
        // Rounding of the difference, 1e-16/1e-4, and 4e-16 times the fifth derivative of the steepest term, some 30⁵.
        let scale = abs(v.energy) / r + abs(v.slope) + r * abs(v.curvature)
        #expect(abs(slope - v.slope) < 1e-7 * scale, "\(entry) at \(r)")
        #expect(abs(curvature - v.curvature) < 1e-6 * (scale / r + abs(v.curvature)), "\(entry) at \(r)")
      }
    }
  }

  @Test("tables keep to their tolerance, and the force is the derivative of the energy", arguments: FormulaCase.all)
  func tables(_ entry: FormulaCase) throws {
    let model = try entry.model(entry.precision)
    // The most digits that there are leave 2e-10 where Dzugutov's potential fades.
    let tolerance = entry.precision == .mixed ? 5e-8 : (entry.kind == .dzugutov ? 2e-10 : 5e-11)
    #expect(model.tables.error < tolerance, "\(model.tables.digits) digits")
    // Where intervals of single precision meet, the slope of the force has a jump that differences would see.
    if entry.precision == .mixed { return }
    for (table, k) in [0, 1, 3].prefix(model.labels.count == 1 ? 1 : 3).enumerated() {
      let pair = model.pairs[k]
      for step in 0..<200 {
        let r = pair.cutoff * (0.01 + 0.96 * (Double(step) + 0.41) / 200)
        if pair.parts.contains(where: { abs(r - $0.cutoff) < 3e-4 }) { continue }
        let h = 1e-4 * r * r
        func u(_ x: Double) -> Double { model.tables.energy(table, r2: r * r + x) }
        let slope = (8 * (u(h) - u(-h)) - (u(2 * h) - u(-2 * h))) / (12 * h)
        let found = model.tables.forceOverDistance(table, r2: r * r)
        // 1e-16/1e-4 of the energy by rounding; the third derivative of the force jumps where intervals meet, which leaves 1e-4 of a step's effect.
        #expect(abs(found + 2 * slope) < 1e-8 * (abs(found) + abs(u(0)) / (r * r)), "\(entry) at \(r)")
      }
    }
  }
}
