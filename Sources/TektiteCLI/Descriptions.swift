import Foundation
import Tektite

/// A potential in words and as data.
struct ModelDescription: Described, Encodable {
  struct StatePoint: Encodable {
    var density: Double?
    var massDensity: Double?
    var temperature: Double?
    var energy: Double?
    var pressure: Double?
    var note: String?
  }
  var file: String
  var format = "potential"
  var name: String
  var title: String
  var doi: String?
  var kind: String
  var units: String
  var species: [String]
  var masses: [String: Double]
  var scheme: String?
  var precision: String
  var cutoff: Double?
  var composition: [String: Int]
  var sha256: [String: String]
  var statePoints: [StatePoint]
  var notes: [String]

  init(_ model: ResolvedModel, file: String? = nil) {
    self.file = file ?? model.files.first?.path ?? model.name
    name = model.name
    title = model.title
    doi = model.doi
    kind = model.model.name
    units = model.units.rawValue
    species = model.labels
    masses = model.masses
    scheme = model.scheme
    precision = model.precision.rawValue
    cutoff = try? model.model.makePotential(for: model.labels.map { Species($0) }).requirements.cutoff
    composition = Dictionary(model.composition.map { ($0.label, $0.share) }) { first, _ in first }
    sha256 = Dictionary(model.files.map { ($0.path, $0.digest) }) { first, _ in first }
    statePoints = model.statePoints.map {
      StatePoint(
        density: $0.density, massDensity: $0.massDensity, temperature: $0.temperature, energy: $0.energy,
        pressure: $0.pressure, note: $0.note)
    }
    notes = model.notes
  }

  var lines: [String] {
    var lines = ["\(file): potential '\(name)'"]
    if !title.isEmpty { lines.append("  title: \(title)") }
    if let doi { lines.append("  doi: \(doi)") }
    lines.append("  kind: \(kind), \(precision) precision" + (scheme.map { ", scheme \($0)" } ?? ""))
    lines.append("  units: \(units)")
    lines.append(
      "  species: "
        + species.map { "\($0)" + (masses[$0].map { " (mass \(Wording.number($0)))" } ?? "") }.joined(separator: ", "))
    if !composition.isEmpty {
      lines.append(
        "  usual composition: "
          + species.compactMap { label in composition[label].map { "\(label) \($0)" } }.joined(separator: " : "))
    }
    if let cutoff { lines.append("  cutoff: \(Wording.number(cutoff)) \(units == "lj" ? "sigma" : "Å")") }
    for point in statePoints {
      let values = [
        ("density", point.density), ("mass density", point.massDensity), ("temperature", point.temperature),
        ("energy per atom", point.energy), ("pressure", point.pressure),
      ]
      let text = values.compactMap { name, value in value.map { "\(name) \(Wording.number($0))" } }.joined(
        separator: ", ")
      lines.append("  known state: \(text)" + (point.note.map { " (\($0))" } ?? ""))
    }
    for note in notes { lines.append("  note: \(note)") }
    return lines
  }
}

/// A deck in words and as data.
struct DeckDescription: Described, Encodable {
  var file: String
  var format = "deck"
  var title: String
  var units: String
  var seed: String
  var stages: [String]
  var outputs: [String]
  var spelledOut: String

  init(_ deck: Deck, file: String) {
    self.file = file
    title = deck.title
    units = deck.units.rawValue
    seed = String(deck.seed)
    stages = deck.stageNames
    outputs = deck.outputFiles
    spelledOut = deck.spelledOut
  }

  var lines: [String] {
    [
      "\(file): deck '\(title)'", "  units: \(units)", "  seed: \(seed)", "  stages: \(stages.joined(separator: ", "))",
      "  writes: \(outputs.isEmpty ? "no trajectory and no table" : outputs.joined(separator: ", "))",
      "  'tektite check \(file)' says what it would do",
    ]
  }
}

/// A checkpoint in words and as data.
struct CheckpointDescription: Described, Encodable {
  var file: String
  var format: String
  var bytes: Int
  var title: String?
  var stage: Int
  var stageName: String?
  var isFinished: Bool
  var step: Int
  var atoms: Int
  var outputs: [CheckpointSummary.Output]
  var sections: [StructureFile.Description.Section]

  init(_ path: String) throws(InputError) {
    let description = try StructureFile.describe(path)
    let summary = try CheckpointSummary(contentsOf: path)
    let deck = try? Deck(text: summary.deck, path: path)
    let names = deck?.stageNames ?? []
    file = path
    format = description.format.rawValue
    bytes = description.bytes
    title = deck?.title
    stage = summary.stage
    isFinished = !names.isEmpty && summary.stage >= names.count
    stageName = names.indices.contains(summary.stage) ? names[summary.stage] : nil
    step = summary.step
    atoms = summary.atoms
    outputs = summary.outputs
    sections = description.sections
  }

  var lines: [String] {
    var lines = ["\(file): \(format), \(bytes) bytes"]
    if let title { lines.append("  run: \(title)") }
    lines.append("  atoms: \(atoms)")
    if isFinished {
      lines.append("  state: all stages are done")
    } else {
      lines.append("  state: stage \(stage + 1)" + (stageName.map { " ('\($0)')" } ?? "") + ", \(step) steps done")
    }
    for output in outputs {
      lines.append("  \(output.file): goes on after entry \(output.count), byte \(output.bytes)")
    }
    lines.append("  sections: " + sections.map { "\($0.name) (\($0.count) × \($0.kind))" }.joined(separator: ", "))
    return lines
  }
}

/// A run folder in words and as data.
struct RunDescription: Described, Encodable {
  var folder: String
  var format = "run"
  var record: RunRecord

  var lines: [String] {
    var lines = ["\(folder): run '\(record.title)', \(record.status)"]
    lines.append("  program: \(record.program) \(record.version)")
    lines.append("  started: \(record.started)")
    lines.append(
      "  machine: \(record.machine.processor), \(Wording.count(record.threads, "thread")) of \(Wording.count(record.machine.cores, "core")), "
        + "\(record.machine.level)")
    lines.append("  atoms: \(record.atoms)")
    lines.append("  units: \(record.units)")
    lines.append("  seed: \(record.seed)")
    for (index, stage) in record.stages.enumerated() {
      var text =
        "  stage \(index + 1) '\(stage.name)' (\(stage.kind)): \(Wording.count(stage.steps, "step")) in \(Wording.duration(stage.seconds))"
      let parts = [("forces", stage.forceSeconds), ("lists", stage.neighborSeconds), ("output", stage.outputSeconds)]
      if stage.seconds > 0 {
        text +=
          " (" + parts.map { "\($0.0) \(Int((100 * $0.1 / stage.seconds).rounded())) %" }.joined(separator: ", ") + ")"
      }
      if let drift = stage.energyDriftPerAtom { text += ", energy drift per atom \(Wording.number(drift, digits: 3))" }
      if let ending = stage.ending { text += ", \(ending)" }
      lines.append(text)
    }
    let manager = FileManager.default
    for file in record.outputs {
      let size = (try? manager.attributesOfItem(atPath: "\(folder)/\(file)"))?[.size] as? NSNumber
      lines.append("  \(file): " + (size.map { Wording.bytes($0.doubleValue) } ?? "not there"))
    }
    for (name, digest) in record.hashes.sorted(by: { $0.key < $1.key }) {
      lines.append("  SHA-256 of \(name): \(digest)")
    }
    return lines
  }
}
