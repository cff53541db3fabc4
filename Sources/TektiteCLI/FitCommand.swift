import ArgumentParser
import Foundation
import Tektite

/// `tektite fit`.
struct FitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit",
    abstract: "Fit a function to two columns of a table.",
    discussion: """
      Reads a table of comma-separated values and fits relaxation times against temperature, or a correlation against time:

        tektite fit times.csv --model vft --x T --y tau
        tektite fit times.csv --model mct --x T --y tau --window 0.45 0.7 --plot mct.svg
        tektite fit production-fs.csv --model kww --y A --window 10 4000

      Models: kww f exp[-(t/tau)^beta], vft tau0 exp[1/(K (T/T0 - 1))], mct tau0 (T - Tc)^-gamma, parabolic tau0 exp[J^2 (1/T - 1/To)^2], \
      arrhenius tau0 exp(E/T), ornstein-zernike chi/(1 + (q xi)^2). Those of temperature are fitted to logarithms. Points are weighted by the \
      column of errors where there is one. Errors of parameters are roots of the diagonal of their covariance, multiplied by the root of \
      chi^2 per degree of freedom where the points count alike or where that is above 1.
      """)

  @Argument(help: "The table, with a header.", completion: .file())
  var table: String
  @Option(help: "kww, vft, mct, parabolic, arrhenius or ornstein-zernike.")
  var model: String
  @Option(help: "Column of abscissas. (default: the first)")
  var x: String?
  @Option(help: "Column of ordinates. (default: the second)")
  var y: String?
  @Option(help: "Column of standard errors. (default: that of --y with _error, where there is one)")
  var errors: String?
  @Option(parsing: .upToNextOption, help: "The first and the last abscissa that is used. (default: all)")
  var window: [Double] = []
  @Option(name: [.short, .long], help: ArgumentHelp("Write parameters and covariance as JSON.", valueName: "file"))
  var output: String?
  @Option(help: ArgumentHelp("Draw points and function as SVG.", valueName: "file"))
  var plot: String?
  @Flag(help: "Replace files that are there.")
  var overwrite = false
  @Flag(name: [.short, .long], help: "Say nothing but errors.")
  var quiet = false

  func run() throws {
    guard let model = FitModel(rawValue: model) else {
      let names = FitModel.allCases.map(\.rawValue)
      let nearest = InputError.nearest(to: self.model, among: names).map { "; did you mean '\($0)'?" } ?? "."
      throw InputError(
        "there is no model '\(self.model)'\(nearest) Models: \(names.joined(separator: ", "))", file: "--model")
    }
    let window = try Self.window(self.window, "--window")
    let targets = try [output, plot].map { path throws(InputError) in
      guard let path else { return WholeFile?.none }
      let target = try WholeFile(path, overwrite: overwrite)
      if target.isSame(as: table) { throw InputError("is the table itself; choose another name", file: path) }
      return target
    }
    let content = try ColumnTable(path: table)
    let xColumn = try content.column(x ?? content.columns[0].name, "--x")
    guard content.columns.count > 1 || y != nil else {
      throw InputError("has one column; a fit needs two", file: table)
    }
    let yColumn = try content.column(y ?? content.columns[1].name, "--y")
    let errorName = errors ?? "\(content.columns[yColumn].name)_error"
    let errorColumn =
      errors != nil || content.columns.contains { $0.name == errorName }
      ? try content.column(errorName, "--errors") : nil
    var points = CurveFit.Points(
      x: content.values[xColumn], y: content.values[yColumn], errors: errorColumn.map { content.values[$0] } ?? [])
    points.units = (content.columns[xColumn].unit, content.columns[yColumn].unit)
    let fit: CurveFit
    do throws(FitError) {
      fit = try CurveFit(model, points, curve: content.columns[yColumn].name, window: window)
    } catch {
      throw InputError(error.message, file: window == nil ? table : "--window")
    }
    let drawing = ObservableTable(
      fit, points, x: content.columns[xColumn].name, y: content.columns[yColumn].name, file: table)
    for (target, text) in zip(targets, [fit.json, Plot(drawing).svg()]) {
      guard let target else { continue }
      do {
        try target.write(Data(text.utf8))
        try target.finish()
      } catch {
        target.discard()
        throw error
      }
    }
    guard !quiet else { return }
    say(model.formula)
    for parameter in fit.parameters {
      let name = parameter.name.padding(toLength: 6, withPad: " ", startingAt: 0)
      let unit = parameter.unit.isEmpty ? "" : " \(parameter.unit)"
      say(
        "  \(name) \(Wording.number(parameter.value, digits: 6)) ± \(Wording.number(parameter.error, digits: 2))\(unit)"
      )
    }
    say("from \(Wording.number(fit.window[0])) to \(Wording.number(fit.window[1])); \(fit.method)")
  }

  /// Two numbers that are the ends of a window.
  static func window(_ ends: [Double], _ option: String) throws(InputError) -> ClosedRange<Double>? {
    if ends.isEmpty { return nil }
    guard ends.count == 2, ends.allSatisfy(\.isFinite), ends[0] < ends[1] else {
      throw InputError("takes two numbers, the smaller one first, such as \(option) 10 2000", file: option)
    }
    return ends[0]...ends[1]
  }
}
