import ArgumentParser
import Foundation
import Tektite

/// `tektite chi4`.
struct Chi4Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chi4",
    abstract: "Bring chi4 from constant energy to constant temperature.",
    discussion: """
      At constant energy the four-point susceptibility lacks what fluctuations of the energy add, (k_B T^2/c_V) (dQ/dT)^2. The slope is the difference of the overlaps at a lower and at a higher temperature:

        tektite chi4 run-0.50/production-overlap-chi4.csv --temperature 0.50 --heat-capacity 3.6 --colder 0.48=run-0.48/production-overlap.csv --warmer 0.52=run-0.52/production-overlap.csv --output chi4-nvt.csv

      c_V is that of an atom in units of k_B, with the 3/2 (in two dimensions 1) of its velocity: the slope of the total energy per atom against k_B T. The table has chi4 at constant energy, the slope, what is added, and chi4 at \
      constant temperature, each with one standard error.
      """)

  @Argument(help: "A table of chi4 at constant energy, as 'overlap' writes it.", completion: .file())
  var table: String
  @Option(help: "The temperature of that run.")
  var temperature: Double
  @Option(help: ArgumentHelp("A lower temperature and the overlap there.", valueName: "T=table"))
  var colder: String
  @Option(help: ArgumentHelp("A higher temperature and the overlap there.", valueName: "T=table"))
  var warmer: String
  @Option(help: "c_V/k_B of an atom.")
  var heatCapacity: Double
  @Option(help: "Its standard error.")
  var heatCapacityError = 0.0
  @Option(help: "The curve: a column of all three tables.")
  var column = "all"
  @Option(help: "The part of all atoms that the curve is about, such as 0.8 for A of 80:20.")
  var fraction = 1.0
  @Option(name: [.short, .long], help: ArgumentHelp("The table to write.", valueName: "file"))
  var output: String
  @Flag(help: "Replace a file that is there.")
  var overwrite = false
  @Flag(name: [.short, .long], help: "Say nothing but errors.")
  var quiet = false

  func run() throws {
    for (name, value) in [("--temperature", temperature), ("--heat-capacity", heatCapacity)] {
      guard value > 0, value.isFinite else { throw InputError("must be greater than 0", file: name) }
    }
    guard heatCapacityError >= 0, heatCapacityError.isFinite else {
      throw InputError("must not be negative", file: "--heat-capacity-error")
    }
    guard fraction > 0, fraction <= 1 else {
      throw InputError("\(fraction); expected more than 0 and at most 1", file: "--fraction")
    }
    let (cold, warm) = (try overlap(colder, "--colder"), try overlap(warmer, "--warmer"))
    guard cold.temperature < temperature, temperature < warm.temperature else {
      throw InputError(
        "\(temperature) is not between the temperatures of --colder, \(cold.temperature), and --warmer, \(warm.temperature); "
          + "the slope is that between them", file: "--temperature")
    }
    let target = try WholeFile(output, overwrite: overwrite)
    for path in [table, cold.path, warm.path] where target.isSame(as: path) {
      throw InputError("is one of the tables that are read; choose another name", file: output)
    }
    let content = try ColumnTable(path: table)
    var correction = EnsembleCorrection(temperature: temperature, heatCapacity: heatCapacity)
    correction.heatCapacityError = heatCapacityError
    correction.fraction = fraction
    let rows = correction.rows(
      try curve(content), colder: (cold.temperature, cold.curve), warmer: (warm.temperature, warm.curve))
    guard !rows.isEmpty else {
      throw InputError(
        "shares no time with both overlaps; run all three temperatures with the same timestep and sampling", file: table
      )
    }
    let unit = content.columns[0].unit
    var text =
      "\(content.columns[0].name)\(unit.isEmpty ? "" : " (\(unit))"),chi4_NVE,chi4_NVE_error,dQ_dT,dQ_dT_error,"
    text += "correction,correction_error,chi4_NVT,chi4_NVT_error\n"
    for row in rows {
      let numbers = [
        row.time, row.microcanonical, row.microcanonicalError, row.slope, row.slopeError, row.correction,
        row.correctionError, row.canonical, row.canonicalError,
      ]
      text += numbers.map { $0.isFinite ? "\($0)" : "" }.joined(separator: ",") + "\n"
    }
    do {
      try target.write(Data(text.utf8))
      try target.finish()
    } catch {
      target.discard()
      throw error
    }
    guard !quiet, let peak = rows.max(by: { $0.canonical < $1.canonical }) else { return }
    func number(_ value: Double, _ error: Double) -> String {
      Wording.number(value, digits: 4) + (error.isFinite ? " ± \(Wording.number(error, digits: 2))" : "")
    }
    say("\(Wording.count(rows.count, "time")) written to \(output)")
    say(
      "chi4 at constant temperature is largest at t = \(Wording.number(peak.time, digits: 4)): \(number(peak.canonical, peak.canonicalError)), "
        + "of which \(number(peak.correction, peak.correctionError)) come from fluctuations of the energy")
  }

  /// The chosen column of a table against its first, with errors where there are some.
  private func curve(_ table: ColumnTable) throws(InputError) -> EnsembleCorrection.Curve {
    let times = table.values[0]
    let values = table.values[try table.column(column, "--column")]
    let errors = table.columns.firstIndex { $0.name == column + "_error" }.map { table.values[$0] }
    return .init(
      times: times, values: values, errors: errors ?? [Double](repeating: .nan, count: times.count))
  }

  private func overlap(
    _ text: String, _ option: String
  ) throws(InputError) -> (temperature: Double, path: String, curve: EnsembleCorrection.Curve) {
    guard let sign = text.firstIndex(of: "="), let temperature = Double(text[..<sign]), temperature > 0,
      temperature.isFinite
    else {
      throw InputError(
        "'\(text)' is not a temperature with a table, such as 0.48=cold/production-overlap.csv", file: option)
    }
    let path = String(text[text.index(after: sign)...])
    return (temperature, path, try curve(try ColumnTable(path: path)))
  }
}
