import ArgumentParser
import Foundation
import Tektite

/// `tektite analyze`.
struct AnalyzeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "analyze",
    abstract: "Compute observables of finished trajectories.",
    discussion: """
      Reads one or several trajectories of the same atoms and writes a table (.csv) and a plot (.svg) for each observable, and observables.json \
      with all of them, their definitions and what was read off them:

        tektite analyze production.nc --k 7.25 --output analysis
        tektite analyze run-1/production.nc run-2/production.nc --observables msd fs --k 7.25 --species A

      Several files are several runs, over which averages are taken. The code is that by which 'observe:' in a deck averages while a run goes on. \
      Correlations start at every frame of evenly spaced trajectories, and at the starts of the blocks of log-linear ones. Frames are read one by \
      one, so files may be of any length. Positions must be unwrapped, as Tektite writes them; --wrapped follows atoms through the walls by their \
      nearest images, which is right while none moves farther than half the cell between frames.

      --certificate adds certificate.json: whether the run was in equilibrium, from the drift of its energy (of --thermo, the table of the run), F_s of its two \
      halves at the first of --k, its length in relaxation times, and crystals in its last frame. In the folder of the run, 'tektite report' shows it.

        tektite analyze run/production.nc --certificate --thermo run/production.csv --species A --observables fs --output run
      """)

  /// Observables by their short names.
  enum Kind: String, CaseIterable, ExpressibleByArgument {
    case msd, fs, alpha2, overlap, vacf, gr, sk, fkt, gs, gd, s4, stress, bonds, crmsd, order, hexatic, solid, voronoi

    /// What is computed unless something else is asked for: what needs nothing that is not known, and costs little.
    static let usual: [Kind] = [.msd, .fs, .alpha2, .overlap, .gr, .sk]
  }

  @Argument(help: "The trajectories: AMBER NetCDF or extended XYZ.", completion: .file())
  var trajectories: [String]
  @Option(name: [.short, .long], help: ArgumentHelp("The folder to write to.", valueName: "folder"))
  var output: String
  @Option(
    parsing: .upToNextOption,
    help: """
      What to compute: msd, fs, alpha2, overlap, gr, sk; vacf (needs velocities); fkt, F(k, t); gs and gd, van Hove functions, and s4, S_4(q, t), \
      at --lags; stress, G(t) and viscosity (needs velocities and stresses); bonds, bond breaking; crmsd, relative to neighbours; \
      order, bond-orientational order, hexatic, that of two dimensions; solid, crystallinity; voronoi. \
      (default: the first six)
      """)
  var observables: [Kind] = []
  @Option(
    name: .customLong("k"), parsing: .upToNextOption,
    help:
      "Wave numbers of fs and fkt, in one over the unit of length. (default: 7.25 in reduced units; otherwise fs needs it)"
  )
  var waveNumbers: [Double] = []
  @Option(parsing: .upToNextOption, help: "Species whose motion is followed, each on its own. (default: all and each)")
  var species: [String] = []
  @Option(help: "Distance within which an atom counts as not having moved, for overlap and s4. (default: 0.3, or 1 Å)")
  var distance: Double?
  @Option(parsing: .upToNextOption, help: "Lags of gs, gd and s4, in steps.")
  var lags: [Int] = []
  @Option(
    parsing: .upToNextOption,
    help:
      "Waiting times in steps, for systems that age: correlations begin at these steps only, each a curve of its own. (default: averages)"
  )
  var waiting: [Int] = []
  @Option(
    parsing: .upToNextOption,
    help: "Lengths of pairs for bonds and crmsd, such as A-A=1 A-B=0.8 B-B=0.88. (default in reduced units: 1 each)")
  var sigma: [String] = []
  @Option(help: "Neighbours are nearer than this times the length of their pair.")
  var formed = 1.3
  @Option(help: "A bond is broken beyond this times the length of its pair.")
  var broken = 1.7
  @Option(help: "Largest distance of gr, gs and gd. (default: half the narrowest width of the cell)")
  var range: Double?
  @Option(help: "Bins of gr, gs and gd.")
  var bins = 200
  @Option(help: "Largest wave number of sk (default: 20, or 10 1/Å) and s4 (default: 4, or 2 1/Å).")
  var largest: Double?
  @Option(
    parsing: .upToNextOption,
    help: "Between which times fs and overlap are fitted by f exp[-(t/tau)^beta]. (default: their slow decay)")
  var fitWindow: [Double] = []
  @OptionGroup var local: StructureOptions
  @Option(help: "Lags in each factor of ten.")
  var perDecade = 10
  @Option(help: "Units of the files, lj or real. (default: what files of Tektite say)")
  var units: String?
  @Option(help: "Time from one step to the next, tau or fs, where files tell no times.")
  var timestep: Double?
  @Flag(help: "Positions are folded into the cell; follow atoms from frame to frame.")
  var wrapped = false
  @Flag(help: "Also say whether the run was in equilibrium (certificate.json).")
  var certificate = false
  @Option(
    help: ArgumentHelp(
      "The thermo table of the run, for the certificate. (default: energies of frames, if any)", valueName: "file"))
  var thermo: String?
  @Option(help: "Relaxation times that the run must last for the certificate.")
  var relaxationTimes = 20.0
  @Flag(
    help:
      "Also write displacements.extxyz: how far each atom has moved, and whether its neighbourhood is that of a crystal."
  )
  var displacements = false
  @Option(
    help: ArgumentHelp(
      "With --displacements, also how the neighbourhood of each atom within a radius was deformed: d2min (Falk and Langer) and local_shear.",
      valueName: "radius"))
  var nonaffine: Double?
  @Option(help: "What --nonaffine compares frames with: first or previous.")
  var since = "first"
  @Option(help: "Number of threads; results do not depend on it. (default: the cores there are)")
  var threads: Int?
  @Flag(help: "Replace the tables of an earlier analysis.")
  var overwrite = false
  @Flag(name: [.short, .long], help: "Say nothing but errors.")
  var quiet = false

  func run() throws {
    let units = try chosenUnits()
    let fields = try local.chosenFields()
    var analysis = TrajectoryAnalysis(trajectories, units: units, requests: try requests(units))
    analysis.perDecade = try positive(perDecade, "--per-decade", most: 1000)
    if let timestep {
      guard timestep > 0, timestep.isFinite else { throw InputError("must be greater than 0", file: "--timestep") }
      analysis.timestep = timestep / units.femtoseconds
    }
    analysis.isWrapped = wrapped
    analysis.threads = try Cores.threads(threads, atoms: .max)
    let nonaffine = try chosenNonaffine()
    let folder = URL(fileURLWithPath: output, isDirectory: true)
    let tables = analysis.requests.flatMap(\.files)
    let wanted = try certificateRequest(units)
    let isOnlyFields = !fields.isEmpty && observables.isEmpty && !displacements && wanted == nil
    let names =
      (isOnlyFields ? [] : tables + tables.map(Self.drawing) + [Self.summary])
      + (wanted == nil ? [] : [Self.certificateFile]) + (displacements ? [Self.displacementsFile] : [])
      + (fields.isEmpty ? [] : [Self.fields])
    try check(folder, for: names)
    if !fields.isEmpty { try writeFields(fields, units, to: folder) }
    if isOnlyFields { return }
    let began = ContinuousClock().now
    var frames = 0
    let report = try analysis.run { frames = $0 }
    let verdict = try wanted.map { request throws(InputError) in try analysis.certify(request, thermo: thermo) }
    try make(folder)
    if let verdict { try write(verdict.json, to: folder, Self.certificateFile) }
    if displacements { try writeDisplacements(analysis, nonaffine, to: folder) }
    for table in report.tables {
      try write(table.csv, to: folder, table.file)
      let plot = Plot(table)
      if !plot.isEmpty { try write(plot.svg(), to: folder, Self.drawing(table.file)) }
    }
    try write(report.json, to: folder, Self.summary)
    guard !quiet else { return }
    let seconds = (ContinuousClock().now - began) / .seconds(1)
    say("\(Wording.count(frames, "frame")) in \(Wording.duration(seconds)); \(output) holds")
    for table in report.tables {
      say("  \(table.file.padding(toLength: 20, withPad: " ", startingAt: 0))  \(table.title)")
    }
    say("  \(Self.summary)    all of them, with definitions")
    for table in report.tables {
      for finding in table.findings { say(finding.sentence) }
      for fit in table.fits ?? [] { say("\(table.y.label): \(fit.sentence)") }
      for note in table.notes { say("note: \(table.title): \(note)") }
    }
    if let verdict {
      say(verdict.verdict)
      for check in verdict.checks { say("  \(check.sentence)") }
    }
  }

  private static let certificateFile = "certificate.json"
  private static let displacementsFile = "displacements.extxyz"

  /// Writes the fields of atoms, frame by frame.
  private func writeDisplacements(
    _ analysis: TrajectoryAnalysis, _ nonaffine: (radius: Double, reference: NonaffineDisplacement.Reference)?,
    to folder: URL
  ) throws {
    let file = try WholeFile(folder.appendingPathComponent(Self.displacementsFile).path, overwrite: true)
    do {
      try file.write(Data())
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file.partial))
      defer { try? handle.close() }
      try analysis.atomFields(nonaffine: nonaffine) { try handle.write(contentsOf: Data($0.utf8)) }
      try handle.synchronize()
      try file.finish()
    } catch {
      file.discard()
      throw error
    }
  }

  /// What --nonaffine and --since ask for.
  private func chosenNonaffine() throws(InputError) -> (radius: Double, reference: NonaffineDisplacement.Reference)? {
    guard let reference = NonaffineDisplacement.Reference(rawValue: since) else {
      throw InputError("'\(since)' is no frame to compare with; expected first or previous", file: "--since")
    }
    guard let nonaffine else {
      if reference != .first { throw InputError("belongs to --nonaffine", file: "--since") }
      return nil
    }
    guard displacements else { throw InputError("belongs to --displacements", file: "--nonaffine") }
    guard nonaffine > 0, nonaffine.isFinite else { throw InputError("must be greater than 0", file: "--nonaffine") }
    return (nonaffine, reference)
  }

  private func certificateRequest(_ units: Units) throws(InputError) -> CertificateRequest? {
    guard certificate else {
      if thermo != nil { throw InputError("belongs to --certificate", file: "--thermo") }
      return nil
    }
    guard let k = waveNumbers.first ?? (units == .lj ? 7.25 : nil) else {
      throw InputError("needs a wave number in 1/Å, such as --k 2.0", file: "--certificate")
    }
    guard relaxationTimes > 0, relaxationTimes.isFinite else {
      throw InputError("must be greater than 0", file: "--relaxation-times")
    }
    var request = CertificateRequest(waveNumber: k, species: species.first, file: Self.certificateFile)
    request.relaxationTimes = relaxationTimes
    return request
  }

  private static let summary = "observables.json"
  private static let fields = "fields.extxyz"

  /// Writes one frame of the last trajectory with columns.
  private func writeFields(_ fields: [AtomicFields.Field], _ units: Units, to folder: URL) throws {
    let path = trajectories[trajectories.count - 1]
    let structure = try local.structure(in: path, units: units)
    let choice = AtomicFields(
      fields, criterion: try local.criterion(isPlanar: structure.dimensions == 2), radii: try local.radii())
    let columns: [ExtendedXYZ.Column]
    do throws(InputError) {
      columns = try choice.columns(of: structure, units: units)
    } catch { throw error.file == "fields" ? InputError(error.message, file: path) : error }
    try make(folder)
    let file = try WholeFile(folder.appendingPathComponent(Self.fields).path, overwrite: true)
    do {
      let writer = try ExtendedXYZ.Writer(path: file.partial, units: units)
      try writer.append(structure.folded, info: choice.info, columns: columns)
      try writer.close()
      try file.finish()
    } catch {
      file.discard()
      throw error
    }
    guard !quiet else { return }
    let names = columns.map(\.name).joined(separator: ", ")
    say("\(output)/\(Self.fields) holds \(Wording.count(structure.count, "atom")) with \(names)")
  }

  /// The plot of a table.
  private static func drawing(_ table: String) -> String { (table as NSString).deletingPathExtension + ".svg" }

  private func positive(_ value: Int, _ option: String, most: Int) throws(InputError) -> Int {
    guard (1...most).contains(value) else {
      throw InputError("\(value); expected a number from 1 to \(most)", file: option)
    }
    return value
  }

  private func chosenUnits() throws(InputError) -> Units {
    if let units {
      guard let known = Units(rawValue: units) else {
        throw InputError("'\(units)' is no system of units; expected lj or real", file: "--units")
      }
      return known
    }
    for path in trajectories {
      let format = try StructureFile.format(of: path)
      if format == .amberTrajectory || format == .amberRestart, let stated = try AmberTrajectory.Reader.units(of: path)
      {
        return stated
      }
    }
    throw InputError(
      "does not say in which units its numbers are; give --units lj, or --units real for Å and fs",
      file: trajectories[0])
  }

  private func requests(_ units: Units) throws(InputError) -> [ObservableRequest] {
    let chosen = observables.isEmpty ? Kind.usual : observables
    let isReduced = units == .lj
    for k in waveNumbers where !(k > 0 && k.isFinite) {
      throw InputError("a wave number must be greater than 0", file: "--k")
    }
    for (name, value) in [
      ("--distance", distance), ("--range", range), ("--largest", largest), ("--formed", formed), ("--broken", broken),
    ] {
      if let value, !(value > 0 && value.isFinite) { throw InputError("must be greater than 0", file: name) }
    }
    let fit = try FitCommand.window(fitWindow, "--fit-window").map { FitWindow.between($0.lowerBound, $0.upperBound) }
    let bins = try positive(bins, "--bins", most: 100_000)
    guard waiting == Set(waiting).sorted(), waiting.count <= 100, waiting.first ?? 0 >= 0 else {
      throw InputError("takes at most 100 waiting times in steps, which increase", file: "--waiting")
    }
    var requests: [ObservableRequest] = []
    for kind in Kind.allCases where chosen.contains(kind) {
      let quantity: ObservableRequest.Quantity
      switch kind {
      case .msd: quantity = .meanSquaredDisplacement
      case .fs:
        if waveNumbers.isEmpty && !isReduced {
          if observables.isEmpty { continue }
          throw InputError("fs needs wave numbers in 1/Å, such as --k 2.0", file: "--observables")
        }
        quantity = .selfIntermediateScattering(waveNumbers: waveNumbers.isEmpty ? [7.25] : waveNumbers)
      case .alpha2: quantity = .nonGaussianParameter
      case .overlap: quantity = .overlap(distance: distance ?? (isReduced ? 0.3 : 1))
      case .vacf: quantity = .velocityAutocorrelation
      case .fkt:
        if waveNumbers.isEmpty && !isReduced {
          throw InputError("fkt needs wave numbers in 1/Å, such as --k 2.0", file: "--observables")
        }
        quantity = .intermediateScattering(
          waveNumbers: waveNumbers.isEmpty ? [7.25] : waveNumbers, width: nil, vectors: 30)
      case .gs: quantity = .selfVanHove(lags: try chosenLags(kind), range: range, bins: min(bins, 10_000))
      case .gd: quantity = .distinctVanHove(lags: try chosenLags(kind), range: range, bins: min(bins, 10_000))
      case .s4:
        quantity = .fourPointStructureFactor(
          lags: try chosenLags(kind), distance: distance ?? (isReduced ? 0.3 : 1),
          largest: largest ?? (isReduced ? 4 : 2),
          vectors: 30)
      case .stress: quantity = .stressAutocorrelation
      case .bonds: quantity = .bondBreaking(try criterion(units), broken: broken)
      case .crmsd: quantity = .cageRelativeDisplacement(try criterion(units))
      case .gr: quantity = .radialDistribution(range: range, bins: bins)
      case .sk: quantity = .structureFactor(largest: largest ?? (isReduced ? 20 : 10), resolution: nil, vectors: 30)
      case .order:
        let degrees = local.degrees.isEmpty ? [4, 6] : local.degrees
        quantity = .bondOrder(degrees: degrees, neighbors: try local.rule(), bins: 100)
      case .hexatic: quantity = .hexaticOrder(fold: 6, neighbors: try local.rule(nearest: 6), bins: 100)
      case .solid: quantity = .crystallinity(try local.criterion())
      case .voronoi: quantity = .voronoi(radii: try local.radii(), signatures: 10, bins: 100)
      }
      var request = ObservableRequest(quantity, file: "\(kind.rawValue).csv")
      if request.isCorrelation { request.species = species }
      // Those at chosen lags are averages in any case.
      if request.isCorrelation, request.chosenLags == nil { request.sampling.waiting = waiting }
      // S_4 is fitted against wave numbers, not times.
      request.fit = kind == .s4 ? .automatic : fit ?? .automatic
      requests.append(request)
    }
    return requests
  }

  /// The lags, which some observables must be told.
  private func chosenLags(_ kind: Kind) throws(InputError) -> [Int] {
    guard !lags.isEmpty else {
      throw InputError("\(kind.rawValue) needs lags in steps, such as --lags 100 10000", file: "--observables")
    }
    guard lags.allSatisfy({ $0 > 0 }), lags.count <= 100 else {
      throw InputError("takes at most 100 lags, each a positive number of steps", file: "--lags")
    }
    return lags
  }

  /// What are neighbours.
  private func criterion(_ units: Units) throws(InputError) -> NeighborCriterion {
    var criterion = NeighborCriterion(formed: formed)
    for text in sigma {
      let parts = text.split(separator: "=", omittingEmptySubsequences: false)
      let labels = (parts.first ?? "").split(separator: "-", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, labels.count == 2, let length = Double(parts[1]), length > 0, length.isFinite else {
        throw InputError("'\(text)' is not the length of a pair, such as A-B=0.8", file: "--sigma")
      }
      criterion.pairs.append(.init(labels[0], labels[1], sigma: length))
    }
    if criterion.pairs.isEmpty, units != .lj {
      throw InputError(
        "lengths of pairs in Å are needed to know neighbours, such as Si-O=1.6 Si-Si=3.1 O-O=2.6", file: "--sigma")
    }
    return criterion
  }

  /// Nothing of an earlier analysis is replaced unasked.
  private func check(_ folder: URL, for names: [String]) throws(InputError) {
    let manager = FileManager.default
    if !overwrite, let old = names.first(where: { manager.fileExists(atPath: folder.appendingPathComponent($0).path) })
    {
      throw InputError("already holds '\(old)'; choose another folder, or replace it by --overwrite", file: output)
    }
  }

  private func make(_ folder: URL) throws(InputError) {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw InputError("the folder cannot be made: \(error.localizedDescription)", file: output)
    }
  }

  private func write(_ text: String, to folder: URL, _ name: String) throws {
    let file = try WholeFile(folder.appendingPathComponent(name).path, overwrite: true)
    do {
      try file.write(Data(text.utf8))
      try file.finish()
    } catch {
      file.discard()
      throw error
    }
  }
}
