import Foundation
import Testing

@Suite("report")
struct ReportCommandTests {
  @Test("A run has a page in its folder, which a second call replaces")
  func page() throws {
    let scratch = try Scratch()
    try scratch.write(
      Decks.kobAndersen(
        title: "\"A & B\"", "minimize: {name: relax, force-tolerance: 0.1, thermo: {every: 1}}",
        Decks.constantEnergy(steps: 100)), to: "liquid.yaml")
    #expect(try Program.run("run", "liquid.yaml", "-q", in: scratch).code == 0)
    let result = try Program.run("report", "liquid-run", in: scratch)
    #expect(result.code == 0 && result.output.isEmpty, "\(result.error)")
    #expect(
      result.error.contains("written to liquid-run/report.html") && !result.error.contains("note:"), "\(result.error)")
    let page = scratch.text("liquid-run/report.html")
    for text in ["<h1>A &amp; B</h1>", "Course of <em>nve</em>", "Course of <em>relax</em>", "Finished", "seed"] {
      #expect(page.localizedCaseInsensitiveContains(text), "no '\(text)'")
    }
    // Temperature, energy, drift and pressure of the one, energy and force of the other.
    #expect(page.components(separatedBy: "class=\"plot\"").count - 1 == 6)
    #expect(try Program.run("report", "liquid-run/", "-q", in: scratch).error.isEmpty)
    #expect(scratch.text("liquid-run/report.html") == page)
  }

  @Test("A page elsewhere links to the run, another file is not replaced by accident, and the run itself never")
  func output() throws {
    let scratch = try Scratch()
    try scratch.write(Decks.kobAndersen(Decks.constantEnergy(steps: 20)), to: "a.yaml")
    #expect(try Program.run("run", "a.yaml", "-q", in: scratch).code == 0)
    #expect(try Program.run("report", "a-run", "-o", "page.html", in: scratch).code == 0)
    #expect(scratch.text("page.html").contains("href=\"./a-run/nve.csv\"") && !scratch.exists("a-run/report.html"))
    #expect(try Program.run("report", "a-run", "-o", "page.html", in: scratch).code == 2)
    #expect(try Program.run("report", "a-run", "-o", "page.html", "--overwrite", in: scratch).code == 0)
    let before = scratch.data("a-run/nve.csv")
    let own = try Program.run("report", "a-run", "-o", "a-run/nve.csv", "--overwrite", in: scratch)
    #expect(own.code == 2 && own.error.contains("a file of the run") && scratch.data("a-run/nve.csv") == before)
    let printed = try Program.run("report", "a-run", "-o", "-", in: scratch)
    #expect(printed.code == 0 && printed.output.hasSuffix("</html>\n") && printed.error.isEmpty)
  }
}
