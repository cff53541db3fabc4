import Foundation
import TektiteCore

/// A table of decks: one template, and for each run the values of the parameters that it names as `${parameter}`.
public struct Campaign: Sendable {
  /// A run of the table.
  public struct Run: Sendable {
    /// Its name, from which its folder is named.
    public var name: String
    /// The values of the parameters, in their order, as text.
    public var values: [String]
    /// The template with these values.
    public var deck: Deck
  }

  /// The names of the parameters.
  public let parameters: [String]
  /// The runs.
  public let runs: [Run]
  /// Threads for each run, where the table says.
  public let threads: Int?

  private static let most = 10_000

  /// Reads a table: YAML with `deck` and either `parameters` (lists, all of whose combinations are run) or `table` (a file of comma-separated values), or such a file itself.
  /// - Parameter template: the deck of a file of comma-separated values; with YAML it takes the place of `deck`.
  /// - Throws: what is wrong first, with its place: in the table, or in the template with the values of the first run that shows it.
  public init(contentsOf path: String, template: String?) throws(InputError) {
    let absolute = FilePath.absolute(path, from: FileManager.default.currentDirectoryPath)
    let folder = (absolute as NSString).deletingLastPathComponent
    var table: ParameterTable
    var deck = template
    var threads: Int?
    if path.hasSuffix(".csv") {
      table = try ParameterTable(csv: path)
    } else {
      let root = try DeckNode.compose(try InputFile.text(path: path), file: path)
      let section = try CampaignSection.table.decode(root, DeckContext(file: path, folder: folder, units: .lj))
      deck = deck ?? section.deck.map { FilePath.absolute($0, from: folder) }
      threads = section.threads
      if let file = section.file {
        let place = FilePath.absolute(file, from: folder)
        guard InputFile.exists(path: place) else { throw section.marks["table"].error("there is no table '\(file)'") }
        table = try ParameterTable(csv: place)
      } else {
        table = try ParameterTable(section.parameters, at: section.marks["parameters"], most: Self.most)
      }
    }
    guard let deck else {
      throw InputError("names no deck; give the template by --deck, or by 'deck:' in a YAML table", file: path)
    }
    let text = try InputFile.text(path: deck)
    let used = try Self.placeholders(in: text, file: deck, known: table.names, table: path)
    if let idle = table.names.first(where: { !used.contains($0) && $0 != "name" }) {
      throw InputError("the deck has no '${\(idle)}', so that runs would differ in their names only", file: deck)
    }
    guard !table.rows.isEmpty else { throw InputError("holds no run", file: path) }
    guard table.rows.count <= Self.most else {
      throw InputError("has \(table.rows.count) runs, more than \(Self.most)", file: path)
    }
    let names = try Self.names(table, file: path)
    var runs: [Run] = []
    for (name, row) in zip(names, table.rows) {
      do {
        runs.append(Run(name: name, values: row, deck: try Deck(text: Self.fill(text, table.names, row), path: deck)))
      } catch {
        var explained = error
        explained.message = "in the run '\(name)': \(error.message)"
        throw explained
      }
    }
    parameters = table.names
    self.runs = runs
    self.threads = threads
  }

  // MARK: Templates

  /// The parameters that a template names.
  private static func placeholders(
    in text: String, file: String, known: [String], table: String
  ) throws(InputError) -> Set<String> {
    var used: Set<String> = []
    for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      var rest = line[...]
      while let start = rest.range(of: "${") {
        let column = line.distance(from: line.startIndex, to: start.lowerBound) + 1
        func wrong(_ message: String) -> InputError {
          InputError(message, file: file, line: number + 1, column: column)
        }
        guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
          throw wrong("this '${' has no '}' on its line")
        }
        let name = String(rest[start.upperBound..<end])
        guard known.contains(name) else {
          let nearest = InputError.nearest(to: name, among: known).map { "; did you mean '${\($0)}'?" } ?? "."
          throw wrong(
            "the table \(table) has no parameter '\(name.prefix(60))'\(nearest) It has: \(known.joined(separator: ", "))"
          )
        }
        used.insert(name)
        rest = rest[rest.index(after: end)...]
      }
    }
    return used
  }

  private static func fill(_ text: String, _ names: [String], _ row: [String]) -> String {
    var result = text
    for (name, value) in zip(names, row) { result = result.replacing("${\(name)}", with: value) }
    return result
  }

  // MARK: Names

  /// A name for each run: that of its column `name`, or its parameters.
  private static func names(_ table: ParameterTable, file: String) throws(InputError) -> [String] {
    var names: [String] = []
    var seen: Set<String> = []
    for row in table.rows {
      var name: String
      if let place = table.names.firstIndex(of: "name") {
        name = row[place]
        if let complaint = RunFiles.complaint(name) { throw InputError(complaint, file: file) }
      } else {
        name = zip(table.names, row).map { "\($0)-\($1)" }.joined(separator: "_")
        name = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.+".contains($0)) ? $0 : "-" })
        if name.utf8.count > 100 { name = "run-\(names.count + 1)" }
      }
      guard seen.insert(name).inserted else {
        throw InputError(
          "two runs are called '\(name)'; runs must differ in a parameter, or have a column 'name'", file: file)
      }
      guard !["decks", "logs"].contains(name) else {
        throw InputError("a run cannot be called '\(name)', the name of a folder of every campaign", file: file)
      }
      names.append(name)
    }
    return names
  }
}
