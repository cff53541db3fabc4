import Tektite

/// A table of comma-separated values in memory, column by column.
struct ColumnTable {
  let path: String
  let columns: [ThermoTable.Column]
  private(set) var values: [[Double]]

  init(path: String) throws(InputError) {
    self.path = path
    var reader = try ThermoTable.Reader(contentsOf: path)
    columns = reader.columns
    values = [[Double]](repeating: [], count: columns.count)
    var row: [Double] = []
    while try reader.next(into: &row) { for (k, value) in row.enumerated() { values[k].append(value) } }
    if reader.isCutShort {
      throw InputError("its last row has no end of line, so that its last number may be cut short; add one", file: path)
    }
    if values[0].isEmpty { throw InputError("holds no rows of numbers below its header", file: path) }
  }

  /// The place of a column.
  func column(_ name: String, _ option: String) throws(InputError) -> Int {
    if let place = columns.firstIndex(where: { $0.name == name }) { return place }
    let names = columns.map(\.name)
    let nearest = InputError.nearest(to: name, among: names).map { "; did you mean '\($0)'?" } ?? "."
    throw InputError(
      "\(path) has no column '\(name)'\(nearest) Columns: \(names.joined(separator: ", "))", file: option)
  }
}
