import Foundation
import Tektite
import Testing

@Suite("chi4")
struct Chi4Tests {
  private static let options = [
    "chi4", "chi4.csv", "--temperature", "0.5", "--heat-capacity", "2", "--colder", "0.4=cold.csv", "--warmer",
    "0.6=warm.csv", "-o", "out.csv",
  ]

  private static func scratch() throws -> Scratch {
    let scratch = try Scratch()
    try scratch.write(
      "time,all,all_error,A,A_error,samples\n1,0.5,0.1,0.4,0.1,9\n2,3,0.2,2,0.2,8\n4,4,,3,,2\n", to: "chi4.csv")
    try scratch.write("time,all,all_error,A,A_error,samples\n1,0.9,0,0.8,0,9\n2,0.8,0,0.7,0,8\n", to: "cold.csv")
    try scratch.write("time,all,all_error,A,A_error,samples\n1,0.7,0,0.5,0,9\n2,0.2,0,0.1,0,8\n", to: "warm.csv")
    return scratch
  }

  @Test("A table of what is added, at the times that all tables have")
  func table() throws {
    let scratch = try Self.scratch()
    let result = try Program.run(Self.options, in: scratch)
    #expect(result.code == 0, "\(result.error)")
    let lines = scratch.text("out.csv").split(separator: "\n")
    #expect(lines[0].hasPrefix("time,chi4_NVE,chi4_NVE_error,dQ_dT,") && lines.count == 3)
    // Slopes of -1 and -3, T²/c_V = 1/8.
    let rows: [[Double]] = [[1, 0.5, 0.1, -1, 0, 0.125], [2, 3, 0.2, -3, 0, 1.125]]
    for (line, expected) in zip(lines.dropFirst(), rows) {
      let numbers = line.split(separator: ",").compactMap { Double($0) }
      #expect(numbers.count == 9)
      for (x, y) in zip(numbers, expected) { #expect(abs(x - y) < 1e-12) }
      #expect(abs(numbers[7] - expected[1] - expected[5]) < 1e-12)
    }
    let again = try Program.run(Self.options, in: scratch)
    #expect(again.code == 2)
  }

  @Test(
    "What makes no sense is refused in a sentence",
    arguments: [
      (["--temperature", "0.7"], "is not between the temperatures"), (["--column", "B"], "has no column 'B'"),
      (["--fraction", "2"], "expected more than 0 and at most 1"), (["--warmer", "warm.csv"], "is not a temperature"),
      (["-o", "cold.csv", "--overwrite"], "is one of the tables that are read"),
    ])
  func refusals(_ more: [String], _ message: String) throws {
    let scratch = try Self.scratch()
    var options = Self.options
    if more[0] != "--column", more[0] != "--fraction", let place = options.firstIndex(of: more[0]) {
      options.removeSubrange(place...place + 1)
    }
    let result = try Program.run(options + more, in: scratch)
    #expect(result.code == 2 && result.error.contains(message), "\(result.error)")
  }
}
