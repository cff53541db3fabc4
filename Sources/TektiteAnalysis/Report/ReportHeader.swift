import Foundation
import TektiteDynamics

extension ReportPage {
  /// Title, status, and who computed what.
  var header: String {
    var text = "<header>\n<h1>\(Markup.escaped(title))</h1>\n"
    guard let record = contents.record else {
      text += contents.unphysical.map(explanation) ?? ""
      return text + "</header>\n"
    }
    text += "<p class=\"status \(Self.statusClass(record.status))\">\(Self.status(record.status))</p>\n"
    text += contents.unphysical.map(explanation) ?? ""
    let machine = record.machine
    var facts: [(String, String)] = [
      ("Atoms", NumberText.count(record.atoms)),
      (Set(record.potentials).count > 1 ? "Potentials" : "Potential", potentials(record)),
      ("Units", Self.units(record.units)),
      ("Seed", Markup.escaped(record.seed)),
      ("Started", Markup.escaped(Self.date(record.started))),
      ("Wall time", NumberText.duration(record.stages.reduce(0) { $0 + $1.seconds })),
      ("Program", Markup.escaped("\(record.program) \(record.version)")),
      (
        "Machine",
        Markup.escaped(
          "\(machine.processor), \(NumberText.count(machine.cores, "core")), \(machine.level), \(machine.system)")
      ),
      ("Threads", NumberText.count(record.threads)),
    ]
    facts.removeAll { $0.1.isEmpty }
    text += "<dl class=\"facts\">\n"
    for (name, value) in facts { text += "<div><dt>\(name)</dt><dd>\(value)</dd></div>\n" }
    text += "</dl>\n"
    if !record.hashes.isEmpty {
      text += "<details class=\"hashes\"><summary>SHA-256 of what went in</summary>\n<table>\n"
      for (name, digest) in record.hashes.sorted(by: { $0.key < $1.key }) {
        let shown = name.replacingOccurrences(of: "potential_", with: "potential ")
        text +=
          "<tr><th scope=\"row\">\(Markup.escaped(shown))</th><td><code>\(Markup.escaped(digest))</code></td></tr>\n"
      }
      text += "</table></details>\n"
    }
    return text + "</header>\n"
  }

  private static func statusClass(_ status: String) -> String {
    ["finished", "interrupted", "unphysical", "running"].contains(status) ? status : "unknown"
  }

  private static func status(_ status: String) -> String {
    switch status {
    case "finished": "Finished"
    case "interrupted": "Interrupted, after a checkpoint was written; <code>--resume</code> goes on with it"
    case "unphysical": "Became unphysical and was stopped"
    case "running": "Running when this page was made, or ended before it could say so"
    default: Markup.escaped(status)
    }
  }

  private static func units(_ units: String) -> String {
    switch units {
    case "lj": "reduced: σ, ε, m; τ = σ√(m/ε), T in ε/<i>k</i><sub>B</sub>"
    case "real": "Å, eV, fs, K; pressures on this page in GPa"
    default: Markup.escaped(units)
    }
  }

  private static func date(_ text: String) -> String {
    guard text.count == 20, text.hasSuffix("Z") else { return text }
    return text.dropLast().replacingOccurrences(of: "T", with: " ") + " UTC"
  }

  /// The potential of all stages, or of each.
  private func potentials(_ record: RunRecord) -> String {
    guard Set(record.potentials).count > 1 else { return Markup.escaped(record.potentials.first ?? "") }
    return record.potentials.enumerated().map { index, name in
      let stage = record.stages.indices.contains(index) ? record.stages[index].name : "stage \(index + 1)"
      return Markup.escaped("\(stage): \(name)")
    }.joined(separator: "<br/>")
  }

  /// What the guard found.
  private func explanation(_ report: UnphysicalReport) -> String {
    let words = report.description
    let sentence = words.prefix(1).uppercased() + words.dropFirst()
    var text = "<section class=\"unphysical\">\n<p>\(Markup.escaped(sentence))</p>\n"
    if !report.atoms.isEmpty {
      text += "<table>\n<caption>The atoms concerned, worst first, in internal units. "
      text +=
        "The last good frame, of step \(NumberText.count(report.lastGoodStep)), is in forensics.extxyz.</caption>\n"
      text += "<tr><th scope=\"col\">atom</th><th scope=\"col\">species</th><th scope=\"col\" class=\"n\">force</th>"
      text += "<th scope=\"col\" class=\"n\">nearest at</th><th scope=\"col\" class=\"n\">which is atom</th></tr>\n"
      for atom in report.atoms {
        let nearest = atom.nearest.map { Self.number($0) } ?? "–"
        text +=
          "<tr><td>\(atom.index)</td><td>\(Markup.escaped(atom.species))</td><td class=\"n\">\(Self.number(atom.force))</td>"
        text += "<td class=\"n\">\(nearest)</td><td class=\"n\">\(atom.neighbor.map { "\($0)" } ?? "–")</td></tr>\n"
      }
      text += "</table>\n"
    }
    return text + "</section>\n"
  }

  /// A number in HTML.
  static func number(_ value: Double, error: Double? = nil, digits: Int = 5) -> String {
    let text = error == nil ? NumberText.plain(value, digits: digits) : NumberText.plain(value, error: error)
    return Symbols(text, variables: false).html
  }
}
