import Foundation
import TektiteCore
import TektiteTrajectories

/// What the page shows of a stage's table: the courses of a few columns, kept small however many rows there are.
struct StageTable {
  /// A column and its course.
  struct Course {
    /// What the column is called in the table.
    let column: String
    /// What it is called in words.
    let title: String
    let axis: ObservableTable.Axis
    /// What the numbers of the table are multiplied by.
    let factor: Double
    /// Whether its mean says anything.
    let isAveraged: Bool
    var envelope = Envelope()
    var series = BlockedSeries()
    /// The first and the last number.
    var ends: (Double, Double)?
  }

  /// The name of the file.
  let file: String
  let bytes: Int
  /// The abscissa: time, steps of a minimisation, or strain.
  let x: ObservableTable.Axis
  private(set) var courses: [Course]
  private(set) var rows = 0
  /// What a reader should know.
  private(set) var notes: [String] = []

  /// Reads a table; nil for a table of something else.
  /// - Throws: `InputError` for a file that cannot be read.
  init?(contentsOf path: String, atoms: Int?) throws(InputError) {
    var reader = try ThermoTable.Reader(contentsOf: path)
    let columns = reader.columns
    func index(_ name: String) -> Int? { columns.firstIndex { $0.name == name } }
    guard columns.first?.name == "step", index("potential") != nil else { return nil }
    guard let (kind, abscissa) = Self.kinds.lazy.compactMap({ kind in index(kind.x).map { (kind, $0) } }).first,
      kind.marks.allSatisfy({ index($0) != nil })
    else { return nil }
    file = (path as NSString).lastPathComponent
    let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? NSNumber
    bytes = size?.intValue ?? 0
    var found: [(course: Course, index: Int)] = []
    for quantity in kind.quantities {
      guard let index = index(quantity.column) else { continue }
      found.append((quantity.course(unit: columns[index].unit, atoms: atoms), index))
    }
    courses = found.map(\.course)
    var row: [Double] = []
    while try reader.next(into: &row) {
      rows += 1
      let x = row[abscissa]
      for (number, (_, index)) in found.enumerated() {
        let y = row[index] * courses[number].factor
        courses[number].envelope.append(x, y)
        courses[number].series.append(x, y)
        if y.isFinite { courses[number].ends = (courses[number].ends?.0 ?? y, y) }
      }
    }
    self.x = .init(column: kind.x, label: kind.label, unit: columns[abscissa].unit)
    if reader.brokenRows > 0 {
      notes.append(
        "\(NumberText.count(reader.brokenRows, "row")) with another number of cells than the header left out.")
    }
    if reader.isCutShort { notes.append("The last row is not complete and was left out.") }
    for course in courses where course.envelope.count < rows {
      let missing = rows - course.envelope.count
      notes.append(
        course.envelope.count == 0
          ? "\(course.title): no numbers in this table."
          : "\(course.title): \(NumberText.count(missing, "row")) without a finite number.")
    }
    if rows == 0 { notes.append("The table has no rows yet.") }
  }

  /// A plot of a course; nil when it has not even two points.
  func plot(of course: Course) -> Plot? {
    guard course.envelope.count > 1 else { return nil }
    let points = course.envelope.points
    let (axis, factor) = Self.timeAxis(x, longest: points.map(\.x).max() ?? 0)
    // Where samples are many, what matters is their mean; the samples themselves are a pale background.
    let isDense = course.envelope.count > 250 && x.column == "time"
    var curves = [
      Plot.Curve(
        label: "", x: points.map { $0.x * factor }, y: points.map(\.y), style: isDense ? .faint : .line)
    ]
    if isDense {
      let means = course.series.means(60)
      curves.append(Plot.Curve(label: "", x: means.map { $0.x * factor }, y: means.map(\.y), style: .line))
    }
    var plot = Plot(title: "\(course.title), \(file)", x: axis, y: course.axis, curves: curves)
    plot.width = 400
    plot.height = 235
    plot.letters = 12
    return plot
  }

  /// Femtoseconds as ps or ns where these are handier.
  private static func timeAxis(_ x: ObservableTable.Axis, longest: Double) -> (ObservableTable.Axis, Double) {
    guard x.unit == "fs", longest >= 1e4 else { return (x, 1) }
    var axis = x
    axis.unit = longest >= 1e7 ? "ns" : "ps"
    return (axis, longest >= 1e7 ? 1e-6 : 1e-3)
  }
}
