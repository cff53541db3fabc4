import ArgumentParser
import Foundation
import Tektite

/// `tektite predict`.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict propensities from structure, and score the predictions.",
    discussion: """
      Learns the propensity of atoms from some thousand numbers that describe their surroundings, by ridge regression, and predicts each atom by a model that \
      has not seen it. The scores are the floor that other learned models have to beat:

        tektite predict relaxation-run --potential kob-andersen --output prediction
        tektite predict run-1 run-2 run-3 run-4 run-5 --potential kob-andersen --output prediction
        tektite report prediction

      The input are folders of runs with an isoconfigurational stage, files *-propensity.extxyz of such stages, or extended XYZ with a column 'propensity' for each \
      of the times that 'propensity_times' lists. With a potential, the energy of each atom in the inherent structure, that energy averaged over its surroundings and the \
      distance to the inherent structure join the descriptors and are scored beside them.

      Scores are Pearson's correlations: per configuration, and pooled over all atoms, which also rewards telling which configuration is fast. The folder gets \
      tables (.csv) and plots (.svg) of both, of the penalties that were chosen, and predictions.extxyz with the prediction for each atom.
      """)

  @Argument(help: "Folders of runs, or files of propensities.", completion: .file())
  var propensities: [String]
  @Option(name: [.short, .long], help: ArgumentHelp("The folder to write to.", valueName: "folder"))
  var output: String
  @Option(help: "The potential, for inherent structures: a name, a YAML file or a learned model. (default: none)")
  var potential: String?
  @Option(help: "Positions that are described: thermal, inherent or both. (default: thermal)")
  var positions: String?
  @Option(parsing: .upToNextOption, help: "Species to predict. (default: all that have enough atoms)")
  var species: [String] = []
  @Option(help: "Folds of the cross-validation.")
  var folds = 5
  @Option(
    help:
      "What is held out together: atoms at random, slabs of the cell, or configurations. (default: configurations where there are enough, and atoms otherwise)"
  )
  var foldBy: String?
  @Option(
    help:
      "The diameter of an atom, to which descriptors are scaled. (default: 1 in reduced units; otherwise it must be given)"
  )
  var scale: Double?
  @Option(help: "Units of the files, lj or real. (default: those of the potential)")
  var units: String?
  @Option(help: "Chooses which atoms are held out together.")
  var seed: UInt64 = 1
  @Option(name: [.short, .long], help: "Number of threads. (default: the cores there are, fewer for small systems)")
  var threads: Int?
  @Flag(help: "Replace the tables of an earlier prediction.")
  var overwrite = false
  @Flag(name: [.short, .long], help: "Say nothing but errors.")
  var quiet = false

  func run() throws {
    let model = try potential.map { name throws(InputError) in try ModelReference.resolve(name, precision: nil) }
    let units = try chosenUnits(model)
    var prediction = PropensityPrediction(units: units, scale: try chosenScale(units), model: model?.model)
    if let positions { prediction.positions = try Self.word(positions, "--positions") }
    if let foldBy { prediction.folding = try Self.word(foldBy, "--fold-by") }
    guard (3...1000).contains(folds) else {
      throw InputError("\(folds) folds; expected a number from 3 to 1000", file: "--folds")
    }
    prediction.foldCount = folds
    prediction.species = species
    prediction.seed = seed
    var configurations: [PropensityConfiguration] = []
    for path in propensities { configurations += try PropensityConfiguration.read(path, units: units) }
    let atoms = configurations.reduce(0) { $0 + $1.structure.count }
    let team = ThreadTeam(threads: try Cores.threads(threads, atoms: atoms))
    let tables = ["prediction.csv", "prediction-pooled.csv", "prediction-penalty.csv"]
    let folder = ResultFolder(output, overwrite: overwrite)
    try folder.check(tables + tables.map(ResultFolder.drawing) + [Self.summary, Self.frames])
    let began = ContinuousClock().now
    let result: PropensityPrediction.Result
    do {
      result = try prediction.run(configurations, team: team) { if !quiet { say($0) } }
    } catch let error as PotentialError {
      throw InputError(error.description, file: propensities[0])
    }
    try folder.write(result.report, summary: Self.summary)
    try folder.write(Self.text(configurations, result.predictions), to: Self.frames)
    if quiet { return }
    let seconds = (ContinuousClock().now - began) / .seconds(1)
    let each = result.descriptorSeconds / Double(max(1, result.describedAtoms))
    say(
      "\(Wording.count(configurations.count, "configuration")), \(Wording.count(atoms, "atom")), in \(Wording.duration(seconds)) "
        + "(descriptors \(Wording.duration(each)) an atom); \(output) holds")
    for table in result.report.tables { say("  \(table.file)  \(table.title)") }
    say("  \(Self.frames)  predictions by atom")
    for line in Self.lines(result.report.tables[0], result.report.tables[1]) { say(line) }
    for note in result.report.tables.flatMap(\.notes) { say("note: \(note)") }
  }

  private static let summary = "prediction-observables.json"
  private static let frames = "predictions.extxyz"

  private static func word<Word: RawRepresentable & CaseIterable>(
    _ text: String, _ option: String
  ) throws(InputError) -> Word where Word.RawValue == String {
    if let word = Word(rawValue: text) { return word }
    let names = Word.allCases.map(\.rawValue)
    let near = InputError.nearest(to: text, among: names).map { "; did you mean '\($0)'?" } ?? ""
    throw InputError("'\(text)' is none of \(names.joined(separator: ", "))\(near)", file: option)
  }

  private func chosenUnits(_ model: ResolvedModel?) throws(InputError) -> Units {
    guard let text = units else {
      if let model { return model.units }
      throw InputError(
        "files of propensities do not say their units; give --units lj, or --units real for Å and fs, or a --potential, which has units",
        file: propensities[0])
    }
    let chosen: Units = try Self.word(text, "--units")
    if let model, model.units != chosen {
      throw InputError("the potential has 'units: \(model.units.rawValue)'", file: "--units")
    }
    return chosen
  }

  private func chosenScale(_ units: Units) throws(InputError) -> Double {
    guard let scale else {
      if units == .lj { return 1 }
      throw InputError(
        "in real units descriptors need the diameter of an atom in Å: the distance of the first peak of g(r), such as --scale 2.6",
        file: "--scale")
    }
    guard scale > 0, scale.isFinite else { throw InputError("must be greater than 0", file: "--scale") }
    return scale
  }

  /// A few rows of scores for a terminal.
  private static func lines(_ scores: ObservableTable, _ pooled: ObservableTable) -> [String] {
    scores.curves.filter { $0.column.hasPrefix("ridge_") }.map { curve in
      let other = pooled.curves.first { $0.column == curve.column }
      let cells = scores.abscissas.indices.map { k in
        let both = [curve.values[k], other?.values[k] ?? .nan].map { Wording.number($0, digits: 3) }
        return "t = \(Wording.number(scores.abscissas[k], digits: 4)): \(both[0]) (\(both[1]))"
      }
      return "\(curve.label), per configuration (pooled): " + cells.joined(separator: ", ")
    }
  }

  /// A frame for each configuration and time.
  private static func text(_ configurations: [PropensityConfiguration], _ predictions: [[[Double]]]) -> String {
    var text = ""
    for (configuration, predicted) in zip(configurations, predictions) {
      let (topology, frame) = (configuration.structure.topology, configuration.structure.frame)
      let (v, p) = (frame.cell.vectors, frame.cell.periodic)
      for (time, values) in zip(configuration.times, zip(configuration.propensities, predicted)) {
        text += "\(topology.count)\n"
        if v != .zero {
          text += "Lattice=\"\(v.a.x) \(v.a.y) \(v.a.z) \(v.b.x) \(v.b.y) \(v.b.z) \(v.c.x) \(v.c.y) \(v.c.z)\" "
        }
        text += "Properties=species:S:1:pos:R:3:propensity:R:1:predicted:R:1 time=\(time)"
        text += " pbc=\"\(p.a ? "T" : "F") \(p.b ? "T" : "F") \(p.c ? "T" : "F")\"\n"
        for atom in 0..<topology.count {
          let r = frame.positions[atom]
          text += "\(topology.table[Int(topology.species[atom])].label) \(r.x) \(r.y) \(r.z) \(values.0[atom]) "
          text += "\(values.1[atom])\n"
        }
      }
    }
    return text
  }
}
