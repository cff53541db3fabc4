import TektiteCore

extension ExtendedXYZ {
  /// A column of a frame that has no place in a `Structure`, with what the comment line says.
  public struct FrameColumn: Hashable, Sendable {
    /// By component, then by atom.
    public var values: [[Double]]
    /// The `key=value` pairs of the comment line; of equal keys the last counts.
    public var comment: [String: String]
    /// The line of the comment, counted from 1.
    public var line: Int
  }

  /// Reads one column of numbers from every frame of a file.
  /// - Throws: `InputError` where a frame has no such column, with the nearest name, or where it does not hold numbers.
  public static func readColumn(_ name: String, path: String) throws(InputError) -> [FrameColumn] {
    var lines = try LineReader(path: path)
    var columns: [FrameColumn] = []
    while try lines.advance() {
      if lines.isBlank { continue }
      var words = Tokens(lines.line)
      guard let token = words.next(in: lines.bytes.span), let count = Numerals.integer(lines.bytes.span, token),
        count > 0, count <= lines.bytesLeft / 2 + 1
      else { throw lines.error("expected the number of atoms of frame \(columns.count + 1)") }
      guard try lines.advance() else { throw lines.error("ends after the number of atoms") }
      let comment = ExtendedXYZComment(lines.bytes.span, lines.line)
      let place = try find(name, in: comment, lines)
      var column = FrameColumn(
        values: [[Double]](repeating: [], count: place.count),
        comment: Dictionary(comment.pairs.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 }), line: lines.number)
      for k in column.values.indices { column.values[k].reserveCapacity(count) }
      for atom in 0..<count {
        guard try lines.advance() else {
          throw lines.error("ends after \(atom) of the \(count) atoms that frame \(columns.count + 1) promises")
        }
        var words = Tokens(lines.line)
        for _ in 0..<place.first { _ = words.next(in: lines.bytes.span) }
        for k in 0..<place.count {
          guard let word = words.next(in: lines.bytes.span), let value = Numerals.double(lines.bytes.span, word),
            value.isFinite
          else {
            throw lines.error("atom \(atom + 1) of \(count): expected a number for its \(name)", at: words.position)
          }
          column.values[k].append(value)
        }
      }
      columns.append(column)
    }
    guard !columns.isEmpty else { throw InputError("holds no frame", file: path) }
    return columns
  }

  /// The words before a column, and how many it has.
  private static func find(
    _ name: String, in comment: ExtendedXYZComment, _ lines: LineReader
  ) throws(InputError) -> (first: Int, count: Int) {
    let properties = comment["Properties", "properties"]
    let fields = (properties?.value ?? "species:S:1:pos:R:3").split(separator: ":", omittingEmptySubsequences: false)
    var first = 0
    var names: [String] = []
    for k in stride(from: 0, to: fields.count - fields.count % 3, by: 3) {
      guard let count = Int(fields[k + 2]), (1...1_000_000).contains(count) else { break }
      if fields[k] == name, fields[k + 1] == "R" || fields[k + 1] == "I" { return (first, count) }
      names.append(String(fields[k]))
      first += count
    }
    let near = InputError.nearest(to: name, among: names).map { "; did you mean to call \(Numerals.quoted($0)) so?" }
    throw lines.error(
      "Properties names no column of numbers '\(name)'\(near ?? "; there are \(names.joined(separator: ", "))")",
      at: properties?.position)
  }
}
