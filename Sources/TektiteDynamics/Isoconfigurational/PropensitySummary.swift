/// The tables of several configurations put together.
enum PropensitySummary {
  /// Column by column the mean over configurations, and behind each of the columns `mean_...` and `ceiling_...` one standard error of that mean. A cell that is
  /// empty in some tables is the mean of the others; a standard error takes two.
  /// - Parameter tables: texts of tables with the same head and times.
  static func text(_ tables: [String]) -> String {
    let rows = tables.map { text in
      text.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }
    guard let head = rows.first?.first else { return "" }
    func hasError(_ column: Int) -> Bool { head[column].hasPrefix("mean_") || head[column].hasPrefix("ceiling_") }
    var text = ""
    for (column, name) in head.enumerated() {
      text += (column == 0 ? "" : ",") + name
      if hasError(column) { text += ",error_of_" + name }
    }
    text += ",configurations\n"
    for row in 1..<max(1, rows[0].count) {
      for column in head.indices {
        let cells = rows.map { row < $0.count && column < $0[row].count ? $0[row][column] : "" }
        if column < 2 {
          text += (column == 0 ? "" : ",") + cells[0]
          continue
        }
        let values = cells.compactMap { Double($0) }
        let n = Double(values.count)
        let mean = values.reduce(0, +) / n
        text += values.isEmpty ? "," : ",\(mean)"
        guard hasError(column) else { continue }
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        text += values.count < 2 ? "," : ",\((squares / (n * (n - 1))).squareRoot())"
      }
      text += ",\(tables.count)\n"
    }
    return text
  }
}
