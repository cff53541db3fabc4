import ArgumentParser
import Foundation
import Tektite

/// `tektite evaluate`.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Compute energy, forces and stress of structures.",
    discussion: """
      Evaluates a potential for every frame of a file and writes extended XYZ as ASE reads it:

        tektite evaluate kob-andersen frames.extxyz --output evaluated.extxyz

      The comment line of each frame holds energy, stress, pbc and Lattice; columns hold the forces and each atom's share of the energy. \
      A committee writes the spreads of its members too, \
      as energy_spread and force_spread. All numbers come back bit for bit. The stress is -virial/volume, nine numbers, positive under tension; frames that do not repeat in \
      all three directions have none. Frames are read one by one, so files may be of any length.

      MODEL is a name such as kob-andersen, or a YAML file with a 'potential:' key. STRUCTURES is extended XYZ (.extxyz, .xyz), LAMMPS data \
      (.data, .lmp) or AMBER NetCDF (.nc, .ncrst), in the units of the model.
      """)

  @Argument(
    help:
      "A potential: the name of one that comes with Tektite, a YAML file, or a learned model as its training saved it, or converted."
  )
  var model: String
  @Argument(help: "The structures.", completion: .file())
  var structures: String
  @Option(name: [.short, .long], help: ArgumentHelp("The file to write; '-' is standard output.", valueName: "file"))
  var output: String
  @Option(help: "Arithmetic: double, mixed or single. (default: what the model says, and single for learned models)")
  var precision: String?
  @Option(help: "Which of the heads or modalities of a learned model to use.")
  var head: String?
  @Option(name: [.short, .long], help: "Number of threads. (default: the cores there are, fewer for small systems)")
  var threads: Int?
  @Flag(help: "Replace the file if there is one.")
  var overwrite = false
  @Flag(name: [.short, .long], help: "Say nothing but errors.")
  var quiet = false

  func run() throws {
    let began = ContinuousClock().now
    let model = try ModelReference.resolve(self.model, precision: try chosenPrecision(), head: head)
    if threads != nil { _ = try Cores.threads(threads, atoms: 1) }
    let target = try OutputTarget(output, overwrite: overwrite)
    var reader = try StructureFile.Reader(path: structures, units: model.units)
    let writer = try target.open(units: model.units)
    var evaluator: FrameEvaluator?
    var atoms = 0
    do {
      while var structure = try reader.next() {
        if evaluator == nil {
          evaluator = FrameEvaluator(model, threads: try Cores.threads(threads, atoms: structure.count))
        }
        do {
          try evaluator?.evaluate(&structure)
        } catch let error as PotentialError {
          throw InputError("frame \(reader.framesRead): \(error.description)", file: structures)
        } catch let error as FrameEvaluator.Unphysical {
          throw InputError("frame \(reader.framesRead): \(error.message)", file: structures)
        }
        try writer.append(structure)
        atoms += structure.count
      }
      if reader.framesRead == 0 { throw InputError("holds no frame", file: structures) }
      try target.finish(writer)
    } catch {
      target.discard()
      throw error
    }
    if !quiet {
      let seconds = (ContinuousClock().now - began) / .seconds(1)
      let place = output == "-" ? "standard output" : output
      say(
        "\(Wording.count(reader.framesRead, "frame")), \(Wording.count(atoms, "atom")) in all, evaluated with \(model.model.name) "
          + "in \(Wording.duration(seconds)); written to \(place)")
      for note in LearnedModel.notes where model.notes.contains(note) { say("note: " + note) }
    }
  }

  private func chosenPrecision() throws(InputError) -> Precision? {
    guard let precision else { return nil }
    if let known = Precision(rawValue: precision) { return known }
    let names = Precision.allCases.map(\.rawValue)
    let nearest = InputError.nearest(to: precision, among: names).map { "; did you mean '\($0)'?" } ?? ""
    throw InputError(
      "'\(precision)' is no precision; expected \(names.joined(separator: ", "))\(nearest)", file: "--precision")
  }
}

/// Evaluates frames that may differ in size, species and cell.
final class FrameEvaluator {
  /// Results that are not numbers.
  struct Unphysical: Error {
    let message: String
  }

  private struct Worker: ~Copyable {
    var field: ForceField
    let table: [Species]
    let count: Int
  }

  private let model: ResolvedModel
  private let team: ThreadTeam
  private var worker: Worker?

  init(_ model: ResolvedModel, threads: Int) {
    self.model = model
    team = ThreadTeam(threads: threads)
  }

  /// Puts energy, forces, energies per atom and, in a cell that repeats everywhere, the stress into a structure.
  func evaluate(_ structure: inout Structure) throws {
    var system = System(structure, units: model.units)
    let table = structure.table
    // Taken out and put back, since a worker that cannot be copied cannot be changed in place within a class.
    var current: Worker
    if let kept = worker.take(), kept.count == structure.count, kept.table == table {
      current = kept
    } else {
      // Without a skin, lists are made for each frame and hold only what is within the cutoff.
      current = Worker(
        field: try ForceField(model.model, for: system, skin: 0, team: team), table: table, count: structure.count)
    }
    let volume = structure.frame.cell.volume
    var wanted: Quantities = [.energy, .forces, .atomicEnergies]
    if volume != nil { wanted.insert(.virial) }
    wanted.insert(.variance)
    wanted.formIntersection(current.field.requirements.quantities)
    current.field.invalidate()
    try current.field.update(&system, wanted)
    try Self.take(wanted, from: current.field, system, into: &structure, volume: volume)
    worker = consume current
  }

  private static func take(
    _ wanted: Quantities, from field: borrowing ForceField, _ system: borrowing System, into structure: inout Structure,
    volume: Double?
  ) throws {
    let energy = field.evaluation.energy
    system.scatter(field.evaluation.forces, into: &structure.frame.forces)
    let culprit = structure.frame.forces.firstIndex { !$0.isFinite }
    if !energy.isFinite || culprit != nil {
      let atom = culprit.map { "the force on atom \($0 + 1) is not a number" } ?? "the energy is \(energy)"
      throw Unphysical(message: "\(atom): atoms are on top of each other; check the units and the cell")
    }
    structure.frame.energy = wanted.contains(.energy) ? energy : nil
    structure.frame.energies = []
    if wanted.contains(.atomicEnergies) {
      system.scatter(field.evaluation.atomicEnergies, into: &structure.frame.energies)
    }
    structure.frame.energySpread = nil
    structure.frame.forceSpreads = []
    if wanted.contains(.variance) {
      structure.frame.energySpread = field.evaluation.energySpread
      system.scatter(field.evaluation.forceVariances, into: &structure.frame.forceSpreads)
      for i in structure.frame.forceSpreads.indices { structure.frame.forceSpreads[i].formSquareRoot() }
    }
    structure.frame.stress = nil
    if wanted.contains(.virial), let volume { structure.frame.stress = (-1 / volume) * field.evaluation.virial }
  }
}
