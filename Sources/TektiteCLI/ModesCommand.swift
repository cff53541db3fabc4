import ArgumentParser
import Foundation
import Tektite

/// `tektite modes`.
struct ModesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "modes",
    abstract: "Compute the vibrations of a structure at its inherent structure.",
    discussion: """
      Minimises the energy of the last frame of a file to a root-mean-square force of 1e-10 or so, computes the second derivatives of the energy there, and from them \
      frequencies, participation ratios, the density of states, and how far each atom swings:

        tektite modes kob-andersen start.extxyz --output modes
        tektite modes kob-andersen start.extxyz --output modes --count 50
        tektite report modes

      Second derivatives are analytic for potentials that are sums over pairs, and differences of forces for all others. All modes are computed up to 1000 atoms; beyond, \
      --count says how many of the lowest, and memory and time grow with their number. The folder gets modes.csv with a row for each mode, vdos and participation as tables and plots, and modes.extxyz, whose frames hold \
      the lowest vibrations as vectors (column 'mode') and the Debye-Waller factors (column 'debye_waller') for OVITO.

      MODEL is a name such as kob-andersen, a YAML file with a 'potential:' key, or a learned model. STRUCTURE is extended XYZ, LAMMPS data or AMBER NetCDF, in the units of the model.
      """)

  @Argument(help: "A potential.")
  var model: String
  @Argument(help: "The structure; of several frames, the last.", completion: .file())
  var structure: String
  @Option(name: [.short, .long], help: ArgumentHelp("The folder to write to.", valueName: "folder"))
  var output: String
  @Option(help: "How many of the lowest vibrations. (default: all of up to 1000 atoms, and 100 of more)")
  var count: Int?
  @Option(help: "The root-mean-square force at which the minimum is reached. (default: 1e-10, or 1e-8 eV/Å)")
  var tolerance: Double?
  @Option(help: "The most evaluations of the forces until then.")
  var maximumSteps = 50_000
  @Option(help: "Bins of the density of states.")
  var bins = 60
  @Option(help: "How many of the lowest vibrations are written as vectors.")
  var vectors = 5
  @Option(name: [.short, .long], help: "Number of threads. (default: the cores there are, fewer for small systems)")
  var threads: Int?
  @Flag(help: "Replace what an earlier call wrote.")
  var overwrite = false
  @Flag(name: [.short, .long], help: "Say nothing but errors.")
  var quiet = false

  func run() throws {
    let resolved = try ModelReference.resolve(model, precision: nil)
    let units = resolved.units
    try checkOptions()
    var reader = try StructureFile.Reader(path: structure, units: units)
    var last: Structure?
    while let next = try reader.next() { last = next }
    guard var start = last else { throw InputError("holds no frame", file: structure) }
    for (k, species) in start.topology.table.enumerated() {
      guard let mass = resolved.masses[species.label] else { continue }
      start.topology.table[k].mass = mass
      for i in start.topology.species.indices where Int(start.topology.species[i]) == k {
        start.topology.masses[i] = mass
      }
    }
    let freedom = start.dimensions * (start.count - 1)
    guard start.count > 1 else { throw InputError("a single atom has no vibrations", file: structure) }
    if let count, count > freedom {
      throw InputError("\(count) modes; \(start.count) atoms have \(freedom) vibrations", file: "--count")
    }
    let wanted = count ?? (start.dimensions * start.count <= NormalModes.denseLimit ? nil : 100)
    if wanted == nil || wanted == freedom, start.count > 8000 {
      throw InputError("all modes of \(start.count) atoms do not fit any memory; ask for fewer", file: "--count")
    }
    let tables = ["vdos.csv", "participation.csv"]
    let folder = ResultFolder(output, overwrite: overwrite)
    try folder.check(tables + tables.map(ResultFolder.drawing) + [Self.summary, Self.table, Self.frames])
    let team = ThreadTeam(threads: try Cores.threads(threads, atoms: start.count))
    do {
      try compute(resolved, start, wanted, units, folder, team)
    } catch let error as PotentialError {
      throw InputError(error.description, file: structure)
    }
  }

  private static let summary = "modes-observables.json"
  private static let table = "modes.csv"
  private static let frames = "modes.extxyz"

  private func checkOptions() throws(InputError) {
    for (value, option, most) in [
      (count ?? 1, "--count", 1_000_000), (bins, "--bins", 100_000), (maximumSteps, "--maximum-steps", 1_000_000_000),
    ] where !(1...most).contains(value) {
      throw InputError("\(value); expected a number from 1 to \(most)", file: option)
    }
    if !(0...100_000).contains(vectors) {
      throw InputError("\(vectors); expected a number from 0 on", file: "--vectors")
    }
    if let tolerance, !(tolerance > 0 && tolerance.isFinite) {
      throw InputError("must be greater than 0", file: "--tolerance")
    }
  }

  private func compute(
    _ resolved: ResolvedModel, _ start: Structure, _ wanted: Int?, _ units: Units, _ folder: ResultFolder,
    _ team: ThreadTeam
  ) throws {
    let began = ContinuousClock().now
    let inherent = try InherentStructure(
      below: start, resolved.model, units: units, tolerance: tolerance ?? (units == .lj ? 1e-10 : 1e-8),
      maximumEvaluations: maximumSteps, team: team)
    let found = inherent.minimization
    if !quiet {
      say(
        "\(found.ending.rawValue) after \(found.evaluations) force evaluations: energy \(Wording.number(found.energy / Double(start.count), digits: 8)) per atom, "
          + "rms force \(Wording.number(found.forces.rms, digits: 3))")
    }
    let hessian = try Hessian.of(inherent.structure, resolved.model, units: units, team: team)
    if !quiet { say("Hessian: \(hessian.method)") }
    let modes = try NormalModes(hessian, masses: start.topology.masses, count: wanted, team: team)
    var report = modes.report(of: hessian, units: units, bins: bins)
    if found.ending != .converged {
      report.tables[0].notes.append(
        "The minimisation \(found.ending.rawValue) at an rms force of \(Wording.number(found.forces.rms, digits: 3)), above the tolerance."
      )
    }
    try folder.write(report, summary: Self.summary)
    try folder.write(modes.table(units: units), to: Self.table)
    try folder.write(text(inherent.structure, modes, units), to: Self.frames)
    if quiet { return }
    say(
      "\(Wording.count(modes.eigenvalues.count, "mode")) of \(Wording.count(start.count, "atom")) in \(Wording.duration((ContinuousClock().now - began) / .seconds(1))); \(output) holds \(Self.table), vdos.csv, participation.csv, \(Self.frames)"
    )
    for finding in report.tables[0].findings { say(finding.sentence) }
    for note in report.tables.flatMap(\.notes) { say("note: \(note)") }
  }

  /// A frame for each of the lowest vibrations, or one without.
  private func text(_ structure: Structure, _ modes: NormalModes, _ units: Units) -> String {
    let (topology, frame) = (structure.topology, structure.frame)
    let (v, p) = (frame.cell.vectors, frame.cell.periodic)
    let factors = modes.debyeWaller
    let chosen = modes.vibrations.prefix(vectors)
    var text = ""
    for mode in chosen.isEmpty ? [nil] : chosen.map({ Optional($0) }) {
      text += "\(topology.count)\n"
      if v != .zero {
        text += "Lattice=\"\(v.a.x) \(v.a.y) \(v.a.z) \(v.b.x) \(v.b.y) \(v.b.z) \(v.c.x) \(v.c.y) \(v.c.z)\" "
      }
      text += "Properties=species:S:1:pos:R:3:debye_waller:R:1" + (mode == nil ? "" : ":mode:R:3")
      if let mode {
        text +=
          " mode_number=\(mode + 1) omega=\(modes.frequency(mode) / units.femtoseconds) participation=\(modes.participation[mode])"
      }
      text += " debye_waller_modes=\(modes.vibrations.count)"
      if frame.cell.isPlanar { text += " dimensions=2" }
      text += " pbc=\"\(p.a ? "T" : "F") \(p.b ? "T" : "F") \(p.c ? "T" : "F")\"\n"
      let moves = mode.map(modes.displacements)
      for atom in 0..<topology.count {
        let r = frame.positions[atom]
        text += "\(topology.table[Int(topology.species[atom])].label) \(r.x) \(r.y) \(r.z) \(factors[atom])"
        if let moves { text += " \(moves[atom].x) \(moves[atom].y) \(moves[atom].z)" }
        text += "\n"
      }
    }
    return text
  }
}
