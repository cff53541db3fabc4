import TektiteCore
import TektiteDynamics

/// What is to be observed, in internal units.
public struct ObservableRequest: Hashable, Sendable {
  /// The observables.
  public enum Quantity: Hashable, Sendable {
    /// ⟨Δr²(t)⟩.
    case meanSquaredDisplacement
    /// F_s(k, t) at wave numbers, one over length.
    case selfIntermediateScattering(waveNumbers: [Double])
    /// α₂(t).
    case nonGaussianParameter
    /// Q(t) and χ₄(t), of atoms that moved by less than a distance.
    case overlap(distance: Double)
    /// ⟨v(t)·v(0)⟩/⟨v²⟩.
    case velocityAutocorrelation
    /// F_ab(k, t) at wave numbers, on at most so many vectors of each whose lengths are within a width (nil: a quarter of the smallest).
    case intermediateScattering(waveNumbers: [Double], width: Double?, vectors: Int)
    /// G_s(r, t) and P(log₁₀ Δr; t) at lags in steps, up to a distance (nil: half the narrowest width of the cell) in bins.
    case selfVanHove(lags: [Int], range: Double?, bins: Int)
    /// G_d(r, t)/ρ at lags in steps, likewise.
    case distinctVanHove(lags: [Int], range: Double?, bins: Int)
    /// S₄(q, t) at lags in steps, of atoms that moved by less than a distance, up to a wave number, on at most so many vectors of a length.
    case fourPointStructureFactor(lags: [Int], distance: Double, largest: Double, vectors: Int)
    /// G(t) and the viscosity.
    case stressAutocorrelation
    /// C_B(t) of neighbours that are broken beyond a multiple of the lengths of pairs.
    case bondBreaking(NeighborCriterion, broken: Double)
    /// ⟨Δr²⟩ relative to neighbours.
    case cageRelativeDisplacement(NeighborCriterion)
    /// g_ab(r) up to a distance (nil: half the narrowest width of the cell) in bins.
    case radialDistribution(range: Double?, bins: Int)
    /// S_ab(k) up to a wave number, in bins of a width (nil: that of the shortest vector), from so many vectors of each.
    case structureFactor(largest: Double, resolution: Double?, vectors: Int)
    /// Distributions of q_l, averaged q_l and w_l of some degrees, in bins.
    case bondOrder(degrees: [Int], neighbors: NeighborRule, bins: Int)
    /// Distributions of |ψ_n|, the order of n-fold bonds in a plane, in bins.
    case hexaticOrder(fold: Int, neighbors: NeighborRule, bins: Int)
    /// Solid-like bonds and the fraction of solid-like atoms.
    case crystallinity(Crystallinity)
    /// Signatures, volumes and faces of the cells of the radical tessellation, with the radii of species by their labels; without any, of Voronoi's.
    case voronoi(radii: [String: Double], signatures: Int, bins: Int)
  }

  /// From which pairs of steps correlations in time are averaged.
  public struct Sampling: Hashable, Sendable {
    /// Lags in each factor of ten.
    public var perDecade: Int
    /// Steps from one origin to the next.
    public var origins: Int
    /// The longest lag in steps; nil for half the length of the stage.
    public var longest: Int?

    /// Steps that are the only origins, each on its own and none averaged; empty for averages.
    public var waiting: [Int] = []

    /// Makes a sampling.
    public init(perDecade: Int = 10, origins: Int = 100, longest: Int? = nil) {
      self.perDecade = perDecade
      self.origins = origins
      self.longest = longest
    }

    /// The lags from a waiting time in a stage of so many steps.
    func lags(from waiting: Int, steps: Int, includesZero: Bool) -> [Int] {
      let left = max(0, steps - waiting)
      return (includesZero ? [0] : []) + LagPlan.logarithmic(perDecade: perDecade, longest: min(left, longest ?? left))
    }

    /// The plan for a stage of so many steps; correlations of velocities begin at lag 0.
    func plan(steps: Int, includesZero: Bool) -> LagPlan {
      let lags = LagPlan.logarithmic(perDecade: perDecade, longest: min(steps, longest ?? max(1, steps / 2)))
      return LagPlan(lags: (includesZero ? [0] : []) + lags, origins: origins)
    }
  }

  /// What.
  public var quantity: Quantity
  /// The name of its table's file.
  public var file: String
  /// Labels of the species it is about, each on its own; empty for all atoms and each species.
  public var species: [String]
  /// When pairs of frames are taken; has no meaning for averages over single frames.
  public var sampling = Sampling()
  /// Over which times a relaxation function is fitted by a stretched exponential.
  public var fit = FitWindow.automatic
  /// Steps from one frame to the next, for averages over single frames.
  public var every = 1000

  /// Makes a request.
  public init(_ quantity: Quantity, file: String, species: [String] = []) {
    self.quantity = quantity
    self.file = file
    self.species = species
  }

  /// Whether it correlates pairs of frames, or averages over single ones.
  public var isCorrelation: Bool {
    switch quantity {
    case .radialDistribution, .structureFactor, .bondOrder, .hexaticOrder, .crystallinity, .voronoi: false
    default: true
    }
  }

  /// The files with its tables.
  public var files: [String] { contents.map(\.file) }

  /// Its tables' files, and in a few words what each holds.
  public var contents: [(file: String, title: String)] {
    switch quantity {
    case .meanSquaredDisplacement: [(file, "mean squared displacement")]
    case .selfIntermediateScattering: [(file, "self-intermediate scattering function")]
    case .nonGaussianParameter: [(file, "non-Gaussian parameter")]
    case .overlap:
      // A susceptibility is a variance over origins.
      [(file, "overlap")] + (sampling.waiting.isEmpty ? [(susceptibilityFile, "four-point susceptibility")] : [])
    case .velocityAutocorrelation: [(file, "velocity autocorrelation")]
    case .intermediateScattering: [(file, "intermediate scattering function")]
    case .selfVanHove: [(file, "self part of the van Hove function"), (file("log"), "distribution of displacements")]
    case .distinctVanHove: [(file, "distinct part of the van Hove function")]
    case .fourPointStructureFactor: [(file, "four-point structure factor")]
    case .stressAutocorrelation: [(file, "stress autocorrelation"), (file("viscosity"), "viscosity by Green and Kubo")]
    case .bondBreaking: [(file, "bond breaking")]
    case .cageRelativeDisplacement: [(file, "cage-relative mean squared displacement")]
    case .radialDistribution: [(file, "radial distribution functions")]
    case .structureFactor: [(file, "structure factors")]
    case .bondOrder, .hexaticOrder, .crystallinity, .voronoi: structureContents
    }
  }

  private var susceptibilityFile: String { file("chi4") }

  /// The name of a second table, with what it ends in.
  func file(_ suffix: String) -> String {
    (file.hasSuffix(".csv") ? String(file.dropLast(4)) : file) + "-\(suffix).csv"
  }

  /// The lags in steps where the observable is about some only.
  public var chosenLags: [Int]? {
    switch quantity {
    case .selfVanHove(let lags, _, _), .distinctVanHove(let lags, _, _), .fourPointStructureFactor(let lags, _, _, _):
      lags
    default: nil
    }
  }

  /// Whether the lag 0 belongs to it; such correlations keep their origins apart from the others.
  var includesZero: Bool {
    switch quantity {
    case .velocityAutocorrelation, .intermediateScattering, .stressAutocorrelation: true
    default: false
    }
  }

  /// The pairs of steps in a stage of so many steps.
  func plan(steps: Int) -> LagPlan {
    if let chosenLags { return LagPlan(lags: chosenLags, origins: sampling.origins) }
    guard case .stressAutocorrelation = quantity else {
      return sampling.plan(steps: steps, includesZero: includesZero)
    }
    // A stress is seven numbers, so that all origins can be kept for long; lags are multiples of the sampling interval.
    let longest = min(steps, sampling.longest ?? max(1, steps / 2))
    let lags = LagPlan.logarithmic(perDecade: sampling.perDecade, unit: sampling.origins, longest: longest)
    return LagPlan(lags: [0] + lags, origins: sampling.origins, kept: 1000)
  }

  /// What is fitted to it, where something is.
  private var fitModel: FitModel? {
    switch quantity {
    case .selfIntermediateScattering, .overlap, .intermediateScattering, .bondBreaking: .kww
    default: nil
    }
  }

  /// Why there is nothing to fit in the window that was asked for, or nil.
  private func fitProblem(lags: [Int], timestep: Double, unit: String) -> String? {
    guard case .between(let first, let last) = fit, let fitModel else { return nil }
    guard first < last else {
      return "the fit window goes from \(brief(first)) to \(brief(last)), which is not forward in time"
    }
    let times = lags.map { Double($0) * timestep }
    let found = times.filter { (first...last).contains($0) }.count
    let needed = fitModel.parameters.count + 1
    guard found < needed else { return nil }
    let reach =
      times.isEmpty
      ? "; there are no lags"
      : "; lags go from \(brief(times[0])) to \(brief(times[times.count - 1]))\(unit), move the window there or sample more of them"
    return "the fit window from \(brief(first)) to \(brief(last))\(unit) holds \(found) of the lags, but "
      + "\(fitModel.formula) needs at least \(needed)\(reach)"
  }

  /// Why it cannot be observed in a stage, or nil.
  /// - Parameter lags: of its correlation, where they are not those of its own sampling.
  public func problem(in stage: ObservedStage, lags: [Int]? = nil) -> String? {
    let labels = Packing(stage.topology).groups.map(\.label)
    for label in species where !labels.contains(label) {
      let nearest = InputError.nearest(to: label, among: labels).map { "; did you mean '\($0)'?" } ?? "."
      return "there are no atoms of species '\(label)'\(nearest) The system has \(labels.joined(separator: ", "))"
    }
    let widths = stage.cell.widths
    let repeating = (0..<3).filter { stage.cell.periodic[$0] }.map { widths[$0] }
    let unit = stage.units == .lj ? "" : " \(stage.units.lengthName)"
    func tooFar(_ range: Double?) -> String? {
      guard let range, let narrowest = repeating.min(), range > narrowest / 2 * (1 + 1e-9) else { return nil }
      return "a range of \(brief(range))\(unit) reaches beyond half the narrowest width of the cell, "
        + "\(brief(narrowest / 2))\(unit), where images of the same atom would be counted; give at most that"
    }
    func tooSmall(_ waveNumbers: [Double]) -> String? {
      guard let width = repeating.max() else { return nil }
      let smallest = 2 * Double.pi / width
      guard let k = waveNumbers.first(where: { $0 < smallest * (1 - 1e-9) }) else { return nil }
      return "k = \(brief(k)) is below 2π/L = \(brief(smallest)), the smallest wave number that the cell holds; "
        + "take a larger k or a larger system"
    }
    func tooMany(_ largest: Double) -> String? {
      let count = StructureFactor.count(stage.cell, largest: largest)
      guard count > 20_000_000 else { return nil }
      return "wave numbers up to \(brief(largest)) are \(brief(Double(count))) vectors in this cell; give a smaller one"
    }
    for lag in chosenLags ?? [] where lag > stage.steps {
      return "a lag of \(lag) steps is beyond the \(stage.steps) steps from the first to the last"
    }
    switch quantity {
    case .selfIntermediateScattering(let waveNumbers):
      if let problem = tooSmall(waveNumbers) { return problem }
    case .intermediateScattering(let waveNumbers, _, _):
      guard stage.cell.volume != nil else { return Self.needsCell("an intermediate scattering function") }
      if let problem = tooSmall(waveNumbers) ?? tooMany(waveNumbers.max() ?? 0) { return problem }
    case .selfVanHove(_, let range, _):
      if range == nil, repeating.isEmpty { return "without a cell the range of distances must be given" }
    case .distinctVanHove(_, let range, _):
      guard stage.cell.volume != nil else { return Self.needsCell("a distinct van Hove function") }
      if let problem = tooFar(range) { return problem }
    case .fourPointStructureFactor(_, _, let largest, _):
      guard stage.cell.volume != nil else { return Self.needsCell("a four-point structure factor") }
      if let problem = tooSmall([largest]) ?? tooMany(largest) { return problem }
    case .stressAutocorrelation:
      guard stage.cell.volume != nil else { return Self.needsCell("a stress") }
    case .bondBreaking(let criterion, let broken):
      if broken < criterion.formed {
        return
          "bonds that form within \(brief(criterion.formed)) and break beyond \(brief(broken)) would be broken at once; "
          + "'broken' must not be below 'formed'"
      }
      if let problem = criterion.problem(
        Packing(stage.topology), largest: broken, narrowest: repeating.min(), unit: unit)
      {
        return problem
      }
    case .cageRelativeDisplacement(let criterion):
      if let problem = criterion.problem(
        Packing(stage.topology), largest: criterion.formed, narrowest: repeating.min(), unit: unit)
      {
        return problem
      }
    case .radialDistribution(let range, _):
      guard stage.cell.volume != nil else { return Self.needsCell("a radial distribution function") }
      if let problem = tooFar(range) { return problem }
    case .structureFactor(let largest, let resolution, _):
      guard stage.cell.volume != nil else { return Self.needsCell("a structure factor") }
      let smallest = repeating.max().map { 2 * Double.pi / $0 } ?? 0
      if largest < smallest {
        return "no vector of the cell is as short as \(brief(largest)); the shortest is \(brief(smallest))"
      }
      let count = StructureFactor.count(stage.cell, largest: largest)
      if count > 20_000_000 {
        return
          "wave numbers up to \(brief(largest)) are \(brief(Double(count))) vectors in this cell; give a smaller 'largest'"
      }
      if let resolution, largest / resolution > 1e6 {
        return "a resolution of \(brief(resolution)) makes more than a million bins"
      }
    case .bondOrder, .hexaticOrder, .crystallinity, .voronoi: return structureProblem(in: stage)
    default: break
    }
    if isCorrelation, !sampling.waiting.isEmpty {
      if case .stressAutocorrelation = quantity {
        return "the stress of a single moment says nothing about viscosity; 'waiting' has no meaning here"
      }
      if let wait = sampling.waiting.first(where: { $0 >= stage.steps }) {
        return "nothing follows a waiting time of \(wait) steps: there are \(stage.steps) steps"
      }
    }
    if isCorrelation, let longest = sampling.longest, longest > stage.steps {
      return "the longest lag of \(longest) steps is beyond the \(stage.steps) steps of the stage"
    }
    if isCorrelation {
      return fitProblem(
        lags: lags ?? plan(steps: stage.steps).lags.filter { $0 > 0 },
        timestep: stage.timestep * stage.units.femtoseconds,
        unit: stage.units == .lj ? "" : " \(stage.units.timeName)")
    }
    return nil
  }

  private static func needsCell(_ what: String) -> String {
    "\(what) needs a density, so a cell that repeats in all its directions"
  }

  /// The correlation, ready to add up.
  func correlation(_ packing: Packing, cell: Cell, lags: Int, degreesOfFreedom: Int) -> (any PairObservable)? {
    let choice = GroupChoice(packing, species: species)
    let repeating = (0..<3).filter { cell.periodic[$0] }.map { cell.widths[$0] }
    let half = (repeating.min() ?? 2) / 2
    let dimensions = cell.dimensions
    let smallest = repeating.max().map { 2 * Double.pi / $0 } ?? 1
    switch quantity {
    case .meanSquaredDisplacement:
      return

        MeanSquaredDisplacement(file: file, choice: choice, lags: lags, dimensions: dimensions)
    case .selfIntermediateScattering(let k):
      return SelfIntermediateScattering(
        file: file, choice: choice, waveNumbers: k, fit: fit, lags: lags, dimensions: dimensions)
    case .nonGaussianParameter:
      return
        NonGaussianParameter(file: file, choice: choice, lags: lags, dimensions: dimensions)
    case .overlap(let distance):
      return Overlap(files: (file, susceptibilityFile), choice: choice, distance: distance, fit: fit, lags: lags)
    case .velocityAutocorrelation: return VelocityAutocorrelation(file: file, choice: choice, lags: lags)
    case .intermediateScattering(let k, let width, let vectors):
      return IntermediateScattering(
        file: file, packing: packing, cell: cell, waveNumbers: k, width: width ?? smallest / 4, most: vectors, fit: fit,
        lags: lags)
    case .selfVanHove(_, let range, let bins):
      return SelfVanHove(
        files: (file, file("log")), choice: choice,
        bins: DistanceBins(range: range ?? half, count: bins, dimensions: dimensions), lags: lags)
    case .distinctVanHove(_, let range, let bins):
      return DistinctVanHove(
        file: file, packing: packing,
        bins: DistanceBins(range: range ?? half, count: bins, dimensions: dimensions), lags: lags)
    case .fourPointStructureFactor(_, let distance, let largest, let vectors):
      let shells = StructureFactor.shells(cell, largest: largest, resolution: smallest / 4, most: vectors)
      return FourPointStructureFactor(
        file: file, packing: packing, choice: choice, distance: distance, shells: shells, fit: fit, lags: lags)
    case .stressAutocorrelation:
      return StressAutocorrelation(
        files: (file, file("viscosity")), degreesOfFreedom: degreesOfFreedom, lags: lags, dimensions: dimensions)
    case .bondBreaking(let criterion, let broken):
      return BondBreaking(
        file: file, packing: packing, choice: choice, criterion: criterion, broken: broken, fit: fit, lags: lags)
    case .cageRelativeDisplacement(let criterion):
      return CageRelativeDisplacement(file: file, packing: packing, choice: choice, criterion: criterion, lags: lags)
    case .radialDistribution, .structureFactor, .bondOrder, .hexaticOrder, .crystallinity, .voronoi: return nil
    }
  }

  /// The average over frames, ready to add up.
  func average(_ packing: Packing, topology: Topology, cell: Cell) -> (any FrameObservable)? {
    let widths = cell.repeatingWidths ?? (1, 1)
    switch quantity {
    case .radialDistribution(let range, let bins):
      return RadialDistribution(file: file, packing: packing, range: range ?? widths.narrowest / 2, bins: bins)
    case .structureFactor(let largest, let resolution, let vectors):
      return StructureFactor(
        file: file, packing: packing, cell: cell, largest: largest,
        resolution: resolution ?? 2 * Double.pi / widths.widest / 4,
        most: vectors)
    case .bondOrder, .hexaticOrder, .crystallinity, .voronoi:
      return structureAverage(packing, topology: topology, cell: cell)
    default: return nil
    }
  }
}
