import Foundation
import TektiteCore
import TektiteTrajectories
import Testing

@Suite("Tables are read back")
struct TableReaderTests {
  private func path() -> String { NSTemporaryDirectory() + "tektite-table-\(UUID().uuidString).csv" }

  @Test("What was written comes back bit for bit, with the columns and their units")
  func roundTrip() throws {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let columns = [
      ThermoTable.Column("step"), .init("pressure", unit: "eV/Å^3"), .init("odd, \"quoted\"", unit: "K"), .init("f(x)"),
    ]
    let rows: [[Double]] = [
      [0, 1.0 / 3, -0.0, .nan], [1e15, -5e-300, .infinity, 9_007_199_254_740_992], [3, 0.1, 2, -.infinity],
    ]
    let table = try ThermoTable(creating: path, columns: columns)
    for row in rows { try table.append(row) }
    try table.close()
    var reader = try ThermoTable.Reader(contentsOf: path)
    #expect(reader.columns.map(\.name) == ["step", "pressure", "odd, \"quoted\"", "f(x)"])
    #expect(reader.columns.map(\.unit) == ["", "eV/Å^3", "K", ""])
    var row: [Double] = []
    for expected in rows {
      #expect(try reader.next(into: &row))
      #expect(
        row.map(\.bitPattern) == expected.map(\.bitPattern)
          || zip(row, expected).allSatisfy { $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN) })
    }
    #expect(try !reader.next(into: &row))
    #expect(reader.brokenRows == 0 && !reader.isCutShort)
  }

  @Test("Broken rows are counted, cells without a number are none, and an unfinished row is left out")
  func broken() throws {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("a,b\n1,2\n3\n\n4,x\n5,6,7\n8,\n9,1".utf8).write(to: URL(fileURLWithPath: path))
    var reader = try ThermoTable.Reader(contentsOf: path)
    var row: [Double] = []
    var first: [Double] = []
    while try reader.next(into: &row) { first.append(row[0]) }
    #expect(first == [1, 4, 8] && row.count >= 1)
    #expect(reader.brokenRows == 2 && reader.isCutShort)
  }

  @Test("A file without a header is no table")
  func empty() throws {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(throws: InputError.self) { try ThermoTable.Reader(contentsOf: path) }
    for text in ["", "\n1,2\n"] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      #expect(throws: InputError.self) { try ThermoTable.Reader(contentsOf: path) }
    }
  }
}
