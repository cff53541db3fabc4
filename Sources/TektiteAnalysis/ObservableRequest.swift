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
    /// g_ab(r) up to a distance (nil: half the narrowest width of the cell) in bins.
    case radialDistribution(range: Double?, bins: Int)
    /// S_ab(k) up to a wave number, in bins of a width (nil: that of the shortest vector), from so many vectors of each.
    case structureFactor(largest: Double, resolution: Double?, vectors: Int)
    /// Distributions of q_l, averaged q_l and w_l of some degrees, in bins.
    case bondOrder(degrees: [Int], neighbors: NeighborRule, bins: Int)
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

    /// Makes a sampling.
    public init(perDecade: Int = 10, origins: Int = 100, longest: Int? = nil) {
      self.perDecade = perDecade
      self.origins = origins
      self.longest = longest
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
    case .radialDistribution, .structureFactor, .bondOrder, .crystallinity, .voronoi: false
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
    case .overlap: [(file, "overlap"), (susceptibilityFile, "four-point susceptibility")]
    case .velocityAutocorrelation: [(file, "velocity autocorrelation")]
    case .radialDistribution: [(file, "radial distribution functions")]
    case .structureFactor: [(file, "structure factors")]
    case .bondOrder, .crystallinity, .voronoi: structureContents
    }
  }

  private var susceptibilityFile: String { file(with: "chi4") }

  /// The name of a second table.
  func file(with suffix: String) -> String {
    (file.hasSuffix(".csv") ? String(file.dropLast(4)) : file) + "-\(suffix).csv"
  }

  /// What is fitted to it, where something is.
  private var fitModel: FitModel? {
    switch quantity {
    case .selfIntermediateScattering, .overlap: .kww
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
    switch quantity {
    case .selfIntermediateScattering(let waveNumbers):
      guard let width = repeating.max() else { return nil }
      let smallest = 2 * Double.pi / width
      for k in waveNumbers where k < smallest * (1 - 1e-9) {
        return "k = \(brief(k)) is below 2π/L = \(brief(smallest)), the smallest wave number that the cell holds; "
          + "take a larger k or a larger system"
      }
    case .radialDistribution(let range, _):
      guard stage.cell.volume != nil else { return Self.needsCell("a radial distribution function") }
      if let range, let narrowest = repeating.min(), range > narrowest / 2 * (1 + 1e-9) {
        return "a range of \(brief(range))\(unit) reaches beyond half the narrowest width of the cell, "
          + "\(brief(narrowest / 2))\(unit), where images of the same atom would be counted; give at most that"
      }
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
    case .bondOrder, .crystallinity, .voronoi: return structureProblem(in: stage)
    default: break
    }
    if isCorrelation, let longest = sampling.longest, longest > stage.steps {
      return "the longest lag of \(longest) steps is beyond the \(stage.steps) steps of the stage"
    }
    if isCorrelation {
      return fitProblem(
        lags: lags ?? sampling.plan(steps: stage.steps, includesZero: false).lags,
        timestep: stage.timestep * stage.units.femtoseconds,
        unit: stage.units == .lj ? "" : " \(stage.units.timeName)")
    }
    return nil
  }

  private static func needsCell(_ what: String) -> String {
    "\(what) needs a density, so a cell that repeats in all three directions"
  }

  /// The correlation, ready to add up.
  func correlation(_ packing: Packing, lags: Int) -> (any PairObservable)? {
    let choice = GroupChoice(packing, species: species)
    switch quantity {
    case .meanSquaredDisplacement: return MeanSquaredDisplacement(file: file, choice: choice, lags: lags)
    case .selfIntermediateScattering(let k):
      return SelfIntermediateScattering(file: file, choice: choice, waveNumbers: k, fit: fit, lags: lags)
    case .nonGaussianParameter: return NonGaussianParameter(file: file, choice: choice, lags: lags)
    case .overlap(let distance):
      return Overlap(files: (file, susceptibilityFile), choice: choice, distance: distance, fit: fit, lags: lags)
    case .velocityAutocorrelation: return VelocityAutocorrelation(file: file, choice: choice, lags: lags)
    case .radialDistribution, .structureFactor, .bondOrder, .crystallinity, .voronoi: return nil
    }
  }

  /// The average over frames, ready to add up.
  func average(_ packing: Packing, topology: Topology, cell: Cell) -> (any FrameObservable)? {
    let widths = cell.widths
    switch quantity {
    case .radialDistribution(let range, let bins):
      let narrowest = min(widths.x, widths.y, widths.z)
      return RadialDistribution(file: file, packing: packing, range: range ?? narrowest / 2, bins: bins)
    case .structureFactor(let largest, let resolution, let vectors):
      let widest = max(widths.x, widths.y, widths.z)
      return StructureFactor(
        file: file, packing: packing, cell: cell, largest: largest,
        resolution: resolution ?? 2 * Double.pi / widest / 4,
        most: vectors)
    case .bondOrder, .crystallinity, .voronoi: return structureAverage(packing, topology: topology, cell: cell)
    default: return nil
    }
  }
}
