import TektiteCore

extension ThermoTable {
  /// Reads a table row by row, so that one of any length needs little memory. What is no table is an error; rows that are broken are
  /// counted and left out, because a killed run leaves such a row at the end.
  public struct Reader {
    /// The columns of the header.
    public let columns: [Column]
    /// Rows so far that have another number of cells than the header.
    public private(set) var brokenRows = 0
    /// Whether the last row had no end yet: its last number may lack digits, so it is left out.
    public private(set) var isCutShort = false
    private var lines: LineReader
    private let endsWithLine: Bool

    /// Opens a table.
    /// - Throws: `InputError` for a file that cannot be read or that is empty.
    public init(contentsOf path: String) throws(InputError) {
      lines = try LineReader(path: path)
      var last: [UInt8] = [0]
      if lines.file.length > 0 { _ = try lines.file.read(at: lines.file.length - 1, count: 1, into: &last) }
      endsWithLine = last[0] == 10
      guard try lines.advance(), !lines.isBlank else { throw InputError("holds no table", file: path) }
      columns = Self.columns(lines.text)
    }

    /// The columns of a header, some of whose cells may be in quotes.
    private static func columns(_ header: String) -> [Column] {
      var cells = [""]
      var isQuoted = false
      var isAfterQuote = false
      for character in header {
        switch character {
        case "\"":
          // Two of them within quotes stand for one.
          if isAfterQuote { cells[cells.count - 1].append(character) }
          isAfterQuote = isQuoted
          isQuoted.toggle()
          continue
        case "," where !isQuoted: cells.append("")
        default: cells[cells.count - 1].append(character)
        }
        isAfterQuote = false
      }
      return cells.map { cell in
        guard cell.hasSuffix(")"), let open = cell.lastIndex(of: "("), cell[..<open].hasSuffix(" ") else {
          return Column(cell)
        }
        return Column(
          String(cell[..<open].dropLast()), unit: String(cell[cell.index(after: open)...].dropLast()))
      }
    }

    /// Reads the next whole row into an array of as many numbers as there are columns; cells that hold no number become not-a-number.
    /// False at the end.
    public mutating func next(into row: inout [Double]) throws(InputError) -> Bool {
      while try lines.advance() {
        if lines.bytesLeft == 0, !endsWithLine {
          isCutShort = true
          return false
        }
        Self.read(lines.bytes.span, lines.line, into: &row)
        if row.count == columns.count { return true }
        let isBlank = lines.isBlank
        if !isBlank { brokenRows += 1 }
      }
      return false
    }

    private static func read(_ bytes: Span<UInt8>, _ line: Range<Int>, into row: inout [Double]) {
      row.removeAll(keepingCapacity: true)
      var start = line.lowerBound
      for place in line where bytes[place] == UInt8(ascii: ",") {
        row.append(Numerals.double(bytes, start..<place) ?? .nan)
        start = place + 1
      }
      row.append(Numerals.double(bytes, start..<line.upperBound) ?? .nan)
    }
  }
}
