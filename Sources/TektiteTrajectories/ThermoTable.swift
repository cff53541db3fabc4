import TektiteCore

/// A table of numbers as CSV: a header of names with units, then one row per sample. Numbers are the shortest numerals that come back
/// bit for bit. A row is one call to the system, so a killed run leaves at most one unfinished row, which cutting back removes.
public final class ThermoTable {
  /// A column: a name, and a unit where there is one.
  public struct Column: Hashable, Sendable {
    /// The name, e.g. `temperature`.
    public var name: String
    /// The unit, e.g. `K`; empty for a pure number.
    public var unit: String
    /// Makes a column.
    public init(_ name: String, unit: String = "") {
      self.name = name
      self.unit = unit
    }
    /// The cell of the header: `temperature (K)`.
    var heading: String {
      let text = unit.isEmpty ? name : "\(name) (\(unit))"
      let needsQuotes = text.contains { $0 == "," || $0 == "\"" || $0.isNewline }
      return needsQuotes ? "\"" + text.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\"" : text
    }
  }

  /// The columns.
  public let columns: [Column]
  private let file: OutputFile
  private var row: [UInt8] = []

  /// Creates a table with its header; a file that is there is emptied.
  public init(creating path: String, columns: [Column]) throws(OutputError) {
    self.columns = columns
    file = try OutputFile(creating: path)
    try file.write(Array(Self.header(columns).utf8))
  }

  /// Opens a table that is there, cuts it to a length that `byteLength` gave, and goes on behind.
  /// - Throws: `OutputError` if the file is shorter than that or its header names other columns.
  public init(appendingTo path: String, keepingBytes length: Int, columns: [Column]) throws(OutputError) {
    self.columns = columns
    let header = Array(Self.header(columns).utf8)
    var found = [UInt8](repeating: 0, count: header.count)
    let matches: Bool
    do {
      let input = try InputFile(path: path)
      matches = try input.read(at: 0, count: header.count, into: &found) == header.count && found == header
    } catch { throw OutputError(error.message, file: path) }
    guard matches, length >= header.count else {
      throw OutputError("does not begin with the columns \(columns.map(\.heading).joined(separator: ", "))", file: path)
    }
    file = try OutputFile(appendingTo: path, keepingBytes: length)
  }

  private static func header(_ columns: [Column]) -> String {
    columns.map(\.heading).joined(separator: ",") + "\n"
  }

  /// The number of bytes written: what a checkpoint must remember to cut the table back.
  public var byteLength: Int { file.length }

  /// Writes a row. Whole numbers up to 2⁵³ (steps) are written without a decimal point.
  public func append(_ values: [Double]) throws(OutputError) {
    precondition(values.count == columns.count, "\(values.count) values for \(columns.count) columns")
    row.removeAll(keepingCapacity: true)
    for (k, value) in values.enumerated() {
      if k > 0 { row.append(44) }
      if let whole = Int(exactly: value), abs(value) <= 9_007_199_254_740_992, value != 0 || value.sign == .plus {
        row.append(contentsOf: whole.description.utf8)
      } else {
        row.append(contentsOf: value.description.utf8)
      }
    }
    row.append(10)
    try file.write(row)
  }

  /// Waits until the disk has everything.
  public func flush() throws(OutputError) { try file.synchronize() }

  /// Closes the file. Nothing may be written afterwards.
  public func close() throws(OutputError) { try file.close() }
}
