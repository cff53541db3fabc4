import Foundation
import TektiteDynamics

extension ReportPage {
  /// The table of stages.
  var stages: String {
    guard let record = contents.record else { return "" }
    guard !record.stages.isEmpty else {
      return "<section>\n<h2>Stages</h2>\n\(warnings(["No stage has come to a checkpoint yet."]))</section>\n"
    }
    let hasEndings = record.stages.contains { $0.ending != nil }
    let heads = ["stage", "kind", "steps", "wall time", "steps/s", "forces", "lists", "output"]
    var text = "<section>\n<h2>Stages</h2>\n<div class=\"wide\"><table class=\"stages\">\n<thead><tr>"
    for (index, head) in heads.enumerated() {
      text += "<th scope=\"col\"\(index > 1 ? " class=\"n\"" : "")>\(head)</th>"
    }
    let unit = record.units == "real" ? "eV" : "ε"
    text +=
      "<th scope=\"col\" class=\"n\">drift of <i>E</i>/<i>N</i> (\(unit))</th>\(hasEndings ? "<th scope=\"col\">ending</th>" : "")</tr></thead>\n<tbody>\n"
    for stage in record.stages {
      let rate = stage.seconds > 0 ? Self.number(Double(stage.steps) / stage.seconds, digits: 3) : "–"
      text += "<tr><th scope=\"row\">\(Markup.escaped(stage.name))</th><td>\(Markup.escaped(stage.kind))</td>"
      let cells =
        [NumberText.count(stage.steps), NumberText.duration(stage.seconds), rate]
        + [stage.forceSeconds, stage.neighborSeconds, stage.outputSeconds].map { Self.share($0, of: stage.seconds) }
        + [stage.energyDriftPerAtom.map { Self.number($0, digits: 3) } ?? "–"]
      for cell in cells { text += "<td class=\"n\">\(cell)</td>" }
      text += (hasEndings ? "<td>\(Markup.escaped(stage.ending ?? ""))</td>" : "") + "</tr>\n"
    }
    return text + "</tbody></table></div>\n</section>\n"
  }

  private static func share(_ part: Double, of whole: Double) -> String {
    let percent = 100 * part / whole
    guard whole > 0, percent.isFinite else { return "–" }
    return percent > 0 && percent < 0.95 ? "&lt; 1 %" : "\(NumberText.plain(percent.rounded(), digits: 3)) %"
  }

  /// The courses of a stage.
  func course(of table: StageTable) -> String {
    let stem = (table.file as NSString).deletingPathExtension
    let isNamed = contents.record?.stages.contains { $0.name == stem } ?? false
    let heading = isNamed ? "Course of <em>\(Markup.escaped(stem))</em>" : "Course in \(Markup.escaped(table.file))"
    var text = "<section>\n<h2>\(heading)</h2>\n\(warnings(table.notes))"
    var figures = ""
    for course in table.courses {
      guard let plot = table.plot(of: course) else { continue }
      figures += figure(
        plot, name: "\(stem)-\(course.column)", caption: "<b>\(Markup.escaped(course.title)).</b>")
    }
    if !figures.isEmpty { text += "<div class=\"panels\">\n\(figures)</div>\n" }
    text += averages(table)
    let path = (contents.folder as NSString).appendingPathComponent(table.file)
    let copy = table.bytes <= Self.mostEmbedded ? try? String(contentsOfFile: path, encoding: .utf8) : nil
    let size = "\(NumberText.count(table.rows, "row")), \(NumberText.bytes(table.bytes))"
    text += "<p class=\"links\">Table: \(link(to: table.file, text: copy, type: "text/csv")) (\(size))</p>\n"
    return text + "</section>\n"
  }

  /// The numbers behind the plots.
  private func averages(_ table: StageTable) -> String {
    let shown = table.courses.filter { $0.envelope.count > 0 }
    guard !shown.isEmpty else { return "" }
    let hasMeans = shown.contains(where: \.isAveraged)
    var text = "<div class=\"wide\"><table class=\"averages\">\n"
    if hasMeans {
      text +=
        "<caption>Means over the second half ± one standard error by blocking; no error where the values are too few "
      text += "or still drift.</caption>\n"
    }
    text += "<thead><tr><th scope=\"col\">quantity</th>"
    for head in (hasMeans ? ["mean"] : []) + ["first", "last", "lowest", "highest"] {
      text += "<th scope=\"col\" class=\"n\">\(head)</th>"
    }
    text += "</tr></thead>\n<tbody>\n"
    for course in shown {
      let name = Symbols(course.axis.label, unit: UnitText.symbol(course.axis.unit)).html
      text += "<tr><th scope=\"row\">\(Markup.escaped(course.title)), \(name)</th>"
      var cells: [String] = []
      if hasMeans {
        let average = course.isAveraged ? course.series.secondHalf : nil
        cells.append(average.map { Self.number($0.mean, error: $0.error) } ?? "–")
      }
      for value in [course.ends?.0, course.ends?.1, course.envelope.extremes?.low, course.envelope.extremes?.high] {
        cells.append(value.map { Self.number($0) } ?? "–")
      }
      for cell in cells { text += "<td class=\"n\">\(cell)</td>" }
      text += "</tr>\n"
    }
    return text + "</tbody></table></div>\n"
  }
}
