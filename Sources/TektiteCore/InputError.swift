/// Something wrong with what a user gave: a deck, a model, a structure, a trajectory, an option. Printed as one paragraph,
/// `file:line:column: error: message`, with what was expected and the nearest right name in the message. Exit code 2.
public struct InputError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file, or the name of the option.
  public var file: String
  /// The line, counted from 1, where there is one.
  public var line: Int?
  /// The column, counted from 1, where there is one.
  public var column: Int?
  /// What is wrong, what was expected, what to do.
  public var message: String

  /// Makes an error.
  public init(_ message: String, file: String, line: Int? = nil, column: Int? = nil) {
    self.message = message
    self.file = file
    self.line = line
    self.column = column
  }

  /// One paragraph for standard error.
  public var description: String {
    var place = file
    if let line { place += ":\(line)" }
    if line != nil, let column { place += ":\(column)" }
    return "\(place): error: \(message)"
  }

  /// The candidate closest to a misspelt name by edit distance, if one is close enough to suggest.
  public static func nearest(to name: String, among candidates: [String]) -> String? {
    let wanted = Array(name.lowercased())
    var best: (name: String, distance: Int)?
    for candidate in candidates {
      let other = Array(candidate.lowercased())
      var row = Array(0...other.count)
      for i in 0..<wanted.count {
        var diagonal = row[0]
        row[0] = i + 1
        for j in 0..<other.count {
          let cost = wanted[i] == other[j] ? diagonal : 1 + min(diagonal, row[j], row[j + 1])
          diagonal = row[j + 1]
          row[j + 1] = cost
        }
      }
      if best == nil || row[other.count] < best!.distance { best = (candidate, row[other.count]) }
    }
    // Any two words of three letters are within three changes: short names must come closer.
    guard let best, best.distance <= (name.count < 4 ? 1 : max(2, name.count / 3)) else { return nil }
    return best.name
  }
}
