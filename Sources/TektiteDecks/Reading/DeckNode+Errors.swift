import TektiteCore
import Yams

extension DeckNode {
  /// What Yams could not read, in the words and with the place that every other error has.
  static func explain(_ error: any Error, text: String, file: String) -> InputError {
    func at(_ mark: Yams.Mark, _ message: String) -> InputError {
      InputError(message, file: file, line: max(1, mark.line), column: max(1, mark.column))
    }
    guard let error = error as? YamlError else { return InputError("not YAML: \(error)", file: file) }
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
      // Where a quote or bracket never ends, its beginning is the place to look at.
      if let context, problem.contains("end of stream") {
        return at(
          context.mark,
          "this is not YAML: \(problem) \(context.text), which starts here. Check indentation, quotes and brackets")
      }
      let setting = context.map { " \($0.text) (from line \($0.mark.line), column \($0.mark.column))" } ?? ""
      return at(mark, "this is not YAML: \(problem)\(setting). Check indentation, quotes and brackets")
    case .composer(let context, let problem, let mark, _):
      if context != nil {
        return at(mark, "a second document starts here; a deck is one document, without '---' between its parts")
      }
      return at(mark, "\(problem): '*name' must follow an '&name'")
    case .duplicatedKeysInMapping(let keys, let context):
      return duplicate(keys.first ?? "", first: context.mark, text: text, file: file)
    case .memory:
      return InputError("values are nested far too deep for a deck", file: file)
    case .reader(let problem, let offset, _, _):
      let (line, column) = place(ofCharacter: offset ?? 0, in: text)
      return InputError("this is not YAML: \(problem)", file: file, line: line, column: column)
    default:
      return InputError("this is not YAML", file: file)
    }
  }

  // Yams tells the place of the first of two equal keys; the second is the one to look at. It starts a line at the same column in a block, or follows
  // in the same braces; where neither is found the first place serves.
  private static func duplicate(_ key: String, first: Yams.Mark, text: String, file: String) -> InputError {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    let message = "the key '\(key)' appears twice in one mapping (first on line \(first.line)); remove one"
    func startsKey(_ rest: Substring) -> Bool {
      for form in [key, "'\(key)'", "\"\(key)\""] where rest.hasPrefix(form) {
        if rest.dropFirst(form.count).drop(while: { $0 == " " }).first == ":" { return true }
      }
      return false
    }
    for index in first.line..<max(first.line, lines.count) {
      let line = lines[index]
      let indent = line.prefix(while: { $0 == " " }).count
      if startsKey(line.dropFirst(indent)) && indent == first.column - 1 {
        return InputError(message, file: file, line: index + 1, column: first.column)
      }
      let isBlank = line.dropFirst(indent).isEmpty || line.dropFirst(indent).first == "#"
      if !isBlank && indent < first.column - 1 { break }
    }
    if lines.indices.contains(first.line - 1) {
      let line = Array(lines[first.line - 1].prefix(first.column + 1000))
      for start in stride(from: first.column, to: line.count, by: 1) where " {,".contains(line[start - 1]) {
        if startsKey(Substring(String(line[start...]))) {
          return InputError(message, file: file, line: first.line, column: start + 1)
        }
      }
    }
    return InputError(message, file: file, line: max(1, first.line), column: max(1, first.column))
  }

  private static func place(ofCharacter offset: Int, in text: String) -> (Int, Int) {
    var (line, column) = (1, 1)
    for character in text.prefix(max(0, offset)) {
      column += 1
      if character.isNewline { (line, column) = (line + 1, 1) }
    }
    return (line, column)
  }
}
