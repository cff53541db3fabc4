import Foundation
import TektiteCore

/// Rows of values for named parameters.
struct ParameterTable {
  var names: [String]
  var rows: [[String]]

  /// All combinations of lists, the last parameter fastest.
  init(_ lists: [Labelled<[String]>], at mark: Mark, most: Int) throws(InputError) {
    names = lists.map(\.label)
    rows = [[]]
    for list in lists {
      guard rows.count * list.value.count <= most else { throw mark.error("these lists make more than \(most) runs") }
      rows = rows.flatMap { row in list.value.map { row + [$0] } }
    }
  }

  /// Reads comma-separated values, the first line of which has the names.
  init(csv path: String) throws(InputError) {
    let text = try InputFile.text(path: path)
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated().filter {
      !$0.element.allSatisfy(\.isWhitespace) && !$0.element.hasPrefix("#")
    }
    guard !lines.isEmpty else { throw InputError("the table is empty", file: path) }
    func cells(_ line: Substring) -> [String] {
      line.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
    }
    let head = lines.removeFirst()
    func wrong(_ number: Int, _ message: String) -> InputError {
      InputError(message, file: path, line: number + 1, column: 1)
    }
    names = cells(head.element)
    for (index, name) in names.enumerated() {
      if let complaint = Self.complaint(name) { throw wrong(head.offset, complaint) }
      if names[..<index].contains(name) { throw wrong(head.offset, "two columns are called '\(name)'") }
    }
    rows = []
    for (number, line) in lines {
      let row = cells(line)
      guard row.count == names.count else {
        throw wrong(number, "\(row.count) values for the \(names.count) columns \(names.joined(separator: ", "))")
      }
      if let place = row.firstIndex(where: \.isEmpty) { throw wrong(number, "no value for '\(names[place])'") }
      rows.append(row)
    }
  }

  /// Why a name cannot be that of a parameter, or nil.
  static func complaint(_ name: String) -> String? {
    let isFit =
      name.first.map { $0.isASCII && $0.isLetter } == true
      && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-".contains($0)) }
    return isFit
      ? nil : "'\(name.prefix(40))' cannot be a parameter; its name is a letter and more letters, digits, '_' or '-'"
  }
}
