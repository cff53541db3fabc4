import TektiteAnalysis
import Testing

@Suite("Tables of observables")
struct ObservableTableTests {
  private var table: ObservableTable {
    ObservableTable(
      kind: "mean-squared-displacement", title: "Mean squared displacement", file: "a-msd.csv", definition: "a test",
      parameters: ["species": "A, B"], x: .init(column: "time", label: "t", unit: "fs", scale: .log),
      y: .init(column: "msd", label: "⟨Δr²⟩", unit: "Å²", scale: .log), abscissas: [0.5, 1e-17],
      curves: [
        .init(column: "A", label: "A", values: [0.1, 3], errors: [0.01, .nan]),
        .init(column: "B", label: "B", values: [.nan, 1.0 / 3]),
      ], samples: [12, 3])
  }

  @Test("Comma-separated values come back bit for bit; what is not a number is left empty")
  func text() {
    let rows = table.csv.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    #expect(rows[0] == ["time (fs)", "A (Å²)", "A_error (Å²)", "B (Å²)", "samples"])
    #expect(rows[1] == ["0.5", "0.1", "0.01", "", "12"])
    #expect(rows[2][1] == "3" && rows[2][2] == "" && rows[2][4] == "3")
    #expect(Double(rows[2][0]) == 1e-17 && Double(rows[2][3]) == 1.0 / 3)
  }

  @Test("A report comes back from its JSON")
  func json() throws {
    var table = table
    table.curves[0].errors[1] = .infinity
    table.curves[1].values[0] = 2
    let report = ObservableReport(source: "a", units: "real", ensemble: "NVE", tables: [table])
    #expect(try #require(ObservableReport(json: report.json)) == report)
    #expect(ObservableReport(json: "{}") == nil)
  }
}
