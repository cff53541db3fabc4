import ArgumentParser
import Foundation
import Tektite

/// `tektite quench`.
struct QuenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quench",
    abstract: "Find the inherent structures of a finished trajectory.",
    discussion: """
      Goes down from each frame to the minimum of the energy below it, and writes the minima and a table of their energies:

        tektite quench production.nc --potential kob-andersen --output inherent

      The folder holds inherent.nc (a minimum for each frame, with its step and time), inherent.csv (energy, pressure, rms force, how far the atoms moved) and \
      quench.json (what is done). Interrupted, it goes on with --resume so that in the end the files are the same byte for byte. In a deck, 'inherent-structures:' in a dynamics \
      stage does the same while the run goes on.
      """)

  @Argument(help: "The trajectory: AMBER NetCDF or extended XYZ.", completion: .file())
  var trajectory: String
  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "A potential: the name of one that comes with Tektite, a YAML file, or a learned model.", valueName: "model"))
  var potential: String
  @Option(name: [.short, .long], help: ArgumentHelp("The folder to write to.", valueName: "folder"))
  var output: String
  @Option(help: "Take one of every so many frames, beginning with the first.")
  var every = 1
  @Option(help: "How to go down: fire or lbfgs.")
  var algorithm = "fire"
  @Option(help: "Stop when the rms force per degree of freedom is below this. (default: 1e-6, or 1e-4 eV/Å)")
  var forceTolerance: Double?
  @Option(help: "Stop after so many evaluations of the forces.")
  var maximumSteps = 10_000
  @Option(name: [.short, .long], help: "Number of threads. (default: the cores there are, fewer for small systems)")
  var threads: Int?
  @Flag(help: "Go on with what the folder holds.")
  var resume = false
  @Flag(help: "Replace what the folder holds.")
  var overwrite = false
  @Flag(name: [.short, .long], help: "Say nothing but errors.")
  var quiet = false

  func run() throws {
    let began = ContinuousClock().now
    if resume && overwrite {
      throw InputError("the work is either resumed or overwritten, not both: leave out one.", file: "--overwrite")
    }
    if output.isEmpty { throw InputError("the name of the folder is empty", file: "--output") }
    guard every > 0 else { throw InputError("\(every); expected 1 or more", file: "--every") }
    guard maximumSteps > 0 else { throw InputError("\(maximumSteps); expected 1 or more", file: "--maximum-steps") }
    let names = MinimizeStage.Algorithm.allCases.map(\.rawValue)
    guard let algorithm = MinimizeStage.Algorithm(rawValue: self.algorithm) else {
      let nearest = InputError.nearest(to: self.algorithm, among: names).map { "; did you mean '\($0)'?" } ?? ""
      throw InputError(
        "'\(self.algorithm)' is no algorithm\(nearest); expected \(names.joined(separator: " or "))",
        file: "--algorithm")
    }
    if let forceTolerance, !(forceTolerance > 0 && forceTolerance.isFinite) {
      throw InputError("must be greater than 0", file: "--force-tolerance")
    }
    let model = try ModelReference.resolve(potential, precision: nil)
    var first = try StructureFile.Reader(path: trajectory, units: model.units)
    guard let structure = try first.next() else { throw InputError("holds no whole frame", file: trajectory) }
    if let format = try StructureFile.recognize(trajectory), format == .amberTrajectory || format == .amberRestart,
      let stated = try AmberTrajectory.Reader.units(of: trajectory), stated != model.units
    {
      throw InputError(
        "is in \(stated.rawValue) units, but the potential \(model.name) is in \(model.units.rawValue) units",
        file: trajectory)
    }
    var description = InherentStructures(
      trigger: .every(1), forceTolerance: forceTolerance ?? (model.units == .lj ? 1e-6 : 1e-4), file: "inherent.nc",
      table: "inherent.csv")
    description.algorithm = algorithm
    description.maximumSteps = maximumSteps
    var quench = TrajectoryQuench(trajectory, units: model.units, model: model.model, description: description)
    quench.every = every
    let options = RunOptions(
      directory: output, threads: try Cores.threads(threads, atoms: structure.count), resume: resume,
      overwrite: overwrite, quiet: quiet)
    var told = ContinuousClock().now
    let summary = try quench.run(options) { done, energy in
      guard !quiet, ContinuousClock().now - told > .seconds(10) else { return }
      told = ContinuousClock().now
      say(
        "\(Wording.count(done, "minimum", plural: "minima")) done, the last at \(Wording.number(energy, digits: 7)) per atom"
      )
    }
    if !quiet {
      let count = Wording.count(summary.done, "minimum", plural: "minima")
      if summary.unconverged > 0 {
        say("note: \(summary.unconverged) of \(count) did not reach the tolerance; the column 'converged' tells which")
      }
      if summary.signal == nil {
        say("\(count) in \(Wording.duration((ContinuousClock().now - began) / .seconds(1))); written to \(output)")
      } else {
        say("stopped by a signal after \(count); go on with --resume")
      }
    }
    if let signal = summary.signal { throw ExitCode(128 + signal) }
  }
}
