import Foundation

extension ReportPage {
  /// Whether a run was in equilibrium, with the numbers that tell.
  func certificate(_ certificate: Certificate, file: String) -> String {
    let style = certificate.isEquilibrium ? "finished" : "interrupted"
    var text =
      "<section class=\"certificate\">\n<h2>Equilibrium certificate of <em>\(Markup.escaped(certificate.source))</em></h2>\n"
    text += "<p class=\"status \(style)\">\(Markup.escaped(certificate.verdict))</p>\n"
    text +=
      "<div class=\"wide\"><table class=\"averages\">\n<thead><tr><th scope=\"col\">check</th><th scope=\"col\">passed</th>"
    text +=
      "<th scope=\"col\" class=\"n\">value</th><th scope=\"col\" class=\"n\">limit</th><th scope=\"col\">in words</th></tr></thead>\n<tbody>\n"
    for check in certificate.checks {
      let title = Self.titles[check.name] ?? check.name
      let passed = check.isPassed.map { $0 ? "yes" : "no" } ?? "cannot tell"
      let sense = check.name == "length" ? "≥" : "≤"
      text += "<tr><th scope=\"row\">\(Markup.escaped(title))</th><td>\(passed)</td>"
      text += "<td class=\"n\">\(check.value.map { Self.number($0, digits: 3) } ?? "–")</td>"
      text +=
        "<td class=\"n\">\(sense) \(Self.number(check.limit, digits: 3))</td><td>\(Symbols.sentence(check.sentence))</td></tr>\n"
    }
    text += "</tbody></table></div>\n"
    var table = certificate.halves
    table.file = "\(certificate.source)-halves.csv"
    if Self.isConsistent(table), !Plot(table).isEmpty {
      text += "<article>\n<h3>\(Markup.escaped(table.title))</h3>\n"
      let name = (table.file as NSString).deletingPathExtension
      text += figure(Plot(table), name: name, caption: Symbols.sentence(table.definition)) + "</article>\n"
    }
    return text
      + "<p class=\"links\">All numbers: \(link(to: file, text: nil, type: "application/json"))</p>\n</section>\n"
  }

  private static let titles = [
    "drift": "drift of the energy, in standard errors", "halves": "difference of the halves, in standard errors",
    "length": "length in relaxation times", "crystal": "crystalline atoms, fraction",
  ]
}
