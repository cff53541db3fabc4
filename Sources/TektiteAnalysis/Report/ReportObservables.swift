import Foundation

extension ReportPage {
  /// All that was observed in a stage.
  func observables(_ report: ObservableReport, file: String) -> String {
    var text = "<section>\n<h2>Observed in <em>\(Markup.escaped(report.source))</em></h2>\n"
    let ensemble = report.ensemble.isEmpty ? "" : "\(Markup.escaped(report.ensemble)). "
    text += "<p class=\"links\">\(ensemble)All numbers: \(link(to: file, text: nil, type: "application/json"))</p>\n"
    if report.tables.isEmpty { text += warnings(["Nothing was observed yet."]) }
    for table in report.tables { text += observable(table, of: report) }
    return text + "</section>\n"
  }

  /// Whether the columns of a table go with its abscissas, as whoever writes such a file by other means might forget.
  static func isConsistent(_ table: ObservableTable) -> Bool {
    let count = table.abscissas.count
    return table.samples.count == count
      && table.curves.allSatisfy { $0.values.count == count && ($0.errors.isEmpty || $0.errors.count == count) }
  }

  private func observable(_ table: ObservableTable, of report: ObservableReport) -> String {
    var text = "<article>\n<h3>\(Markup.escaped(table.title))</h3>\n"
    guard Self.isConsistent(table) else {
      return text + warnings(["The columns of this table have different lengths; it is left out."]) + "</article>\n"
    }
    let plot = Plot(table)
    let stem = (table.file as NSString).deletingPathExtension
    let name = stem.isEmpty ? "\(report.source)-\(table.kind)" : stem
    if plot.isEmpty {
      text += warnings(["There is no point to be drawn."])
    } else {
      text += figure(plot, name: name, caption: caption(table))
    }
    text += "<div class=\"aside\">\n\(warnings(table.notes))\(findings(table))\(fits(table))\(parameters(table))"
    let bare = (table.file as NSString).lastPathComponent
    let isThere =
      bare == table.file && !bare.isEmpty
      && FileManager.default.fileExists(atPath: (contents.folder as NSString).appendingPathComponent(bare))
    let rows = NumberText.count(table.abscissas.count, "row")
    let shown = bare.isEmpty ? name + ".csv" : bare
    text +=
      "<p class=\"links\">Table: \(link(to: shown, text: table.csv, type: "text/csv", isThere: isThere)) (\(rows))</p>\n"
    return text + "</div>\n</article>\n"
  }

  private func caption(_ table: ObservableTable) -> String {
    var text = Symbols.sentence(table.definition)
    let hasErrors = table.curves.contains { $0.errors.contains { $0.isFinite && $0 > 0 } }
    if hasErrors { text += " \(table.abscissas.count <= 80 ? "Bars are" : "Bands are") ± one standard error." }
    let drawn = [table.x, table.y].contains { $0.scale == .log }
    let hasLeftOut = table.curves.contains { curve in
      zip(table.abscissas, curve.values).contains { x, y in
        x.isFinite && y.isFinite
          && !(PlotScale.hasPlace(x, table.x.scale) && PlotScale.hasPlace(y, table.y.scale))
      }
    }
    if drawn, hasLeftOut { text += " Values that are not positive have no place on a logarithmic axis." }
    return text
  }

  private func findings(_ table: ObservableTable) -> String {
    guard !table.findings.isEmpty else { return "" }
    var text = "<table class=\"findings\">\n<tbody>\n"
    for finding in table.findings {
      let unit = UnitText.symbol(finding.unit)
      let value = Self.number(finding.value, error: finding.error)
      let quantity = unit.isEmpty ? value : "\(value) \(Symbols(unit, variables: false).html)"
      let name = Symbols.name(finding.name)
      let style = name.runs.contains { $0.level != 0 } ? " class=\"symbol\"" : ""
      text += "<tr title=\"\(Markup.escaped(finding.name))\"><th scope=\"row\"\(style)>\(name.html)</th>"
      text += "<td class=\"value\">\(quantity)</td><td>\(Symbols.sentence(finding.definition))</td></tr>\n"
    }
    return text + "</tbody></table>\n"
  }

  /// The parameters of fitted functions, and how they were found.
  private func fits(_ table: ObservableTable) -> String {
    guard let fits = table.fits, !fits.isEmpty else { return "" }
    var text = "<table class=\"findings\">\n<tbody>\n"
    for fit in fits {
      let label = table.curves.first { $0.column == fit.curve }?.label ?? fit.curve
      for (index, parameter) in fit.parameters.enumerated() {
        let unit = UnitText.symbol(parameter.unit)
        let value = Self.number(parameter.value, error: parameter.error)
        let quantity = unit.isEmpty ? value : "\(value) \(Symbols(unit, variables: false).html)"
        let name = Symbols.name("\(parameter.name)_\(label)")
        let window = "\(NumberText.plain(fit.window.first ?? .nan)) to \(NumberText.plain(fit.window.last ?? .nan))"
        let meaning =
          index == 0 ? "fit of \(fit.model.formula) from \(window), \(fit.method)" : "of the same fit"
        text += "<tr><th scope=\"row\" class=\"symbol\">\(name.html)</th>"
        text += "<td class=\"value\">\(quantity)</td><td>\(Symbols.sentence(meaning))</td></tr>\n"
      }
    }
    return text + "</tbody></table>\n"
  }

  private func parameters(_ table: ObservableTable) -> String {
    var shown = table.parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    let samples = table.samples.filter { $0 > 0 }
    if let least = samples.min(), let most = samples.max() {
      shown.append(
        ("samples", least == most ? NumberText.count(most) : "\(NumberText.count(least)) to \(NumberText.count(most))"))
    }
    guard !shown.isEmpty else { return "" }
    var text = "<dl class=\"parameters\">\n"
    for (name, value) in shown {
      text += "<div><dt>\(Symbols(name).html)</dt><dd>\(Markup.escaped(UnitText.symbol(value)))</dd></div>\n"
    }
    return text + "</dl>\n"
  }
}
