import TektiteDynamics

/// What was found of one observable: curves over a common abscissa with their errors, and what a reader must know to draw and to quote them.
///
/// It is written twice: as a table of comma-separated values for everybody (`csv`), and within `<stage>-observables.json` with all of the rest.
public struct ObservableTable: Codable, Hashable, Sendable {
  /// How an axis is drawn.
  public enum Scale: String, Codable, Sendable {
    /// Evenly in the value.
    case linear
    /// Evenly in its logarithm; values that are not positive are left out.
    case log
  }

  /// A quantity that is plotted along an axis.
  public struct Axis: Codable, Hashable, Sendable {
    /// The name of the column, e.g. `time`.
    public var column: String
    /// The symbol in a plot, e.g. `t`.
    public var label: String
    /// The unit, e.g. `fs`; empty in reduced units and for pure numbers.
    public var unit: String
    /// How it is drawn.
    public var scale: Scale

    /// Makes an axis.
    public init(column: String, label: String, unit: String = "", scale: Scale = .linear) {
      self.column = column
      self.label = label
      self.unit = unit
      self.scale = scale
    }
  }

  /// One curve.
  public struct Curve: Codable, Hashable, Sendable {
    /// The name of the column, e.g. `A`.
    public var column: String
    /// The label in a plot.
    public var label: String
    /// The ordinates; not a number where nothing was found.
    public var values: [Double]
    /// One standard error of each; not a number where there were too few independent samples to tell. Empty where errors make no sense.
    public var errors: [Double]

    /// False for a column of the table that is left out of plots; absent otherwise.
    public var drawn: Bool?

    /// Makes a curve.
    public init(column: String, label: String, values: [Double], errors: [Double] = [], drawn: Bool? = nil) {
      self.column = column
      self.label = label
      self.values = values
      self.errors = errors
      self.drawn = drawn
    }

    /// Whether plots show it.
    var isDrawn: Bool { drawn ?? true }

    /// Where it is largest; nil where nothing was found.
    var peak: Int? { values.indices.filter { values[$0].isFinite }.max { values[$0] < values[$1] } }
  }

  /// A number that was read off the curves.
  public struct Finding: Codable, Hashable, Sendable {
    /// Its name, e.g. `tau_alpha`.
    public var name: String
    /// Its value.
    public var value: Double
    /// One standard error, where there is one.
    public var error: Double?
    /// The unit; empty in reduced units.
    public var unit: String
    /// How it was found, e.g. `where F_s has fallen to 1/e`.
    public var definition: String

    /// Makes a finding.
    public init(name: String, value: Double, error: Double? = nil, unit: String = "", definition: String) {
      self.name = name
      self.value = value
      self.error = error
      self.unit = unit
      self.definition = definition
    }

    /// In a line: `tau_A = 1.16 ± 0.01 fs (where ...)`.
    public var sentence: String {
      var text = "\(name) = \(brief(value))"
      if let error { text += " ± \(brief(error))" }
      return text + (unit.isEmpty ? "" : " \(unit)") + " (\(definition))"
    }
  }

  /// The kind of observable as decks call it, e.g. `mean-squared-displacement`.
  public var kind: String
  /// A heading.
  public var title: String
  /// The name of the table's own file.
  public var file: String
  /// In a sentence: what exactly was averaged, and how errors were found.
  public var definition: String
  /// What it depended on, e.g. `k: 7.25`.
  public var parameters: [String: String]
  /// The abscissa.
  public var x: Axis
  /// The ordinate.
  public var y: Axis
  /// The abscissas.
  public var abscissas: [Double]
  /// Names of the rows, where abscissas are only their numbers.
  public var rows: [String]? = nil
  /// The curves.
  public var curves: [Curve]
  /// How many samples (pairs of frames, or frames) are behind each abscissa.
  public var samples: [Int]
  /// What was read off the curves.
  public var findings: [Finding] = []
  /// Functions that were fitted to curves; absent where none was.
  public var fits: [CurveFit]?
  /// What a reader should be warned of.
  public var notes: [String] = []

  /// Makes a table.
  public init(
    kind: String, title: String, file: String, definition: String, parameters: [String: String] = [:], x: Axis, y: Axis,
    abscissas: [Double], curves: [Curve], samples: [Int]
  ) {
    self.kind = kind
    self.title = title
    self.file = file
    self.definition = definition
    self.parameters = parameters
    self.x = x
    self.y = y
    self.abscissas = abscissas
    self.curves = curves
    self.samples = samples
  }

  /// Whether it is a function of time.
  var isCorrelation: Bool { x.column == "time" }

  /// The table as comma-separated values: abscissa, then each curve with its error, then the number of samples. Numbers come back bit for
  /// bit; those that are not numbers are left empty.
  public var csv: String {
    func number(_ value: Double) -> String {
      if !value.isFinite { return "" }
      if let whole = Int(exactly: value), abs(value) < 9e15 { return "\(whole)" }
      return "\(value)"
    }
    func heading(_ name: String, _ unit: String) -> String { unit.isEmpty ? name : "\(name) (\(unit))" }
    var header = [heading(x.column, x.unit)] + (rows == nil ? [] : ["name"])
    for curve in curves {
      header.append(heading(curve.column, y.unit))
      if !curve.errors.isEmpty { header.append(heading("\(curve.column)_error", y.unit)) }
    }
    var text = (header + ["samples"]).joined(separator: ",") + "\n"
    for row in abscissas.indices {
      var cells = [number(abscissas[row])]
      if let rows { cells.append(row < rows.count ? rows[row] : "") }
      for curve in curves {
        cells.append(number(curve.values[row]))
        if !curve.errors.isEmpty { cells.append(number(curve.errors[row])) }
      }
      text += (cells + ["\(samples[row])"]).joined(separator: ",") + "\n"
    }
    return text
  }
}

/// All that was observed in a stage, or from a trajectory: the content of `<stage>-observables.json`.
public struct ObservableReport: Codable, Hashable, Sendable {
  /// The name of the stage or of the trajectory file.
  public var source: String
  /// The system of units, `lj` or `real`.
  public var units: String
  /// What the dynamics kept constant, where that is known.
  public var ensemble: String
  /// The observables.
  public var tables: [ObservableTable]

  /// Makes a report.
  public init(source: String, units: String, ensemble: String, tables: [ObservableTable]) {
    self.source = source
    self.units = units
    self.ensemble = ensemble
    self.tables = tables
  }

  /// The text of the file: keys in order, numbers that are not finite as text.
  public var json: String { JSONText.encode(self) }

  /// Reads the text of such a file; nil for text that is none.
  public init?(json text: String) {
    guard let report = JSONText.decode(ObservableReport.self, text) else { return nil }
    self = report
  }
}
