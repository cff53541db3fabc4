import Foundation
import TektiteCore
import TektiteDynamics

/// What a folder of a run holds, as far as it can be read. What cannot be is left out with a note.
public struct RunContents {
  /// The folder as the user gave it.
  public let folder: String
  /// What `run.json` says.
  let record: RunRecord?
  /// Why the run was stopped, where it became unphysical.
  let unphysical: UnphysicalReport?
  /// The deck as it was run.
  let deck: String?
  /// The tables of stages, in the order of the run.
  let tables: [StageTable]
  /// What was observed.
  let reports: [(file: String, report: ObservableReport)]
  /// Equilibrium certificates, in the order of the stages.
  let certificates: [(file: String, certificate: Certificate)]
  /// What could not be read, and why.
  public let notes: [String]
  /// The names of the files that were read.
  public let files: [String]

  private static let recordFile = "run.json"
  private static let deckFile = "deck.yaml"
  private static let forensicsFile = "forensics.json"
  private static let observables = "-observables.json"
  private static let certificate = "certificate.json"

  /// Reads a folder.
  /// - Throws: `InputError` if there is no such folder, or no trace of a run in it.
  public init(folder: String) throws(InputError) {
    self.folder = folder
    let manager = FileManager.default
    var isFolder: ObjCBool = false
    guard manager.fileExists(atPath: folder, isDirectory: &isFolder) else {
      throw InputError("there is no such folder; give the folder that 'tektite run' wrote to", file: folder)
    }
    guard isFolder.boolValue else {
      throw InputError("is a file; give the folder that 'tektite run' wrote to", file: folder)
    }
    guard let names = try? manager.contentsOfDirectory(atPath: folder).sorted() else {
      throw InputError("the folder cannot be read", file: folder)
    }
    func path(_ name: String) -> String { (folder as NSString).appendingPathComponent(name) }
    var notes: [String] = []
    var files: [String] = []
    /// The text of a file that is there; what is wrong with it becomes a note.
    func text(_ name: String) -> String? {
      guard names.contains(name) else { return nil }
      switch Self.text(path(name)) {
      case .success(let text):
        files.append(name)
        return text
      case .failure(let error):
        notes.append("\(name) \(error.message).")
        return nil
      }
    }
    let recordText = text(Self.recordFile)
    let record = recordText.flatMap(RunRecord.init(json:))
    if recordText != nil, record == nil { notes.append("\(Self.recordFile) is not the record of a run.") }
    deck = text(Self.deckFile)
    var reports: [(String, ObservableReport)] = []
    for name in names where name.hasSuffix(Self.observables) {
      guard let text = text(name) else { continue }
      if let report = ObservableReport(json: text) {
        reports.append((name, report))
      } else {
        notes.append("\(name) is not a file of observables.")
      }
    }
    var certificates: [(file: String, certificate: Certificate)] = []
    let outputs = record?.outputs ?? []
    for name in names where name.hasSuffix(".json") && (name.hasSuffix(Self.certificate) || outputs.contains(name)) {
      guard !name.hasSuffix(Self.observables), let text = text(name) else { continue }
      if let certificate = Certificate(json: text) {
        certificates.append((name, certificate))
      } else if name.hasSuffix(Self.certificate) {
        notes.append("\(name) is not an equilibrium certificate.")
      }
    }
    if record?.stages.contains(where: { $0.kind == "isoconfigurational" }) ?? false {
      for name in names where name.hasSuffix(".csv") && (record?.outputs.contains(name) ?? false) {
        // Tables of stages can be long, and are read row by row further down; these are known by their heads.
        guard Self.isOfPropensities(path(name)), let text = text(name),
          let report = PropensityTables.report(text, file: name, units: record?.units ?? "")
        else { continue }
        reports.append((name, report))
      }
    }
    let observed = Set(reports.flatMap { $0.1.tables.map(\.file) })
    let (tables, tableNotes) = Self.tables(
      names.filter { $0.hasSuffix(".csv") && !observed.contains($0) }, record, path)
    notes += tableNotes
    files += tables.map(\.file)
    // A deck alone may be one that nobody has run yet.
    let hasTrace = [Self.recordFile, "checkpoint.tektite"].contains(where: names.contains)
    guard hasTrace || !tables.isEmpty || !reports.isEmpty else {
      throw InputError(
        "holds no run: no \(Self.recordFile), no table of a stage and no *\(Self.observables)", file: folder)
    }
    if !names.contains(Self.recordFile) {
      notes.append("There is no \(Self.recordFile), so little is known of the run.")
    }
    // What an earlier attempt left behind says nothing about a run that ended well.
    var unphysical: UnphysicalReport?
    if record == nil || record?.status == "unphysical", let text = text(Self.forensicsFile) {
      unphysical = UnphysicalReport(json: text)
      if unphysical == nil { notes.append("\(Self.forensicsFile) does not say why a run was stopped.") }
    }
    self.record = record
    self.unphysical = unphysical
    self.tables = tables
    self.reports = Self.inOrder(reports, record)
    let order = record?.stages.map(\.name) ?? []
    func place(_ certificate: Certificate) -> Int { order.firstIndex(of: certificate.source) ?? order.count }
    self.certificates = certificates.sorted { (place($0.certificate), $0.file) < (place($1.certificate), $1.file) }
    self.notes = notes
    self.files = files
  }

  /// The tables of stages among files: first those that the record names, in its order, then others.
  private static func tables(_ names: [String], _ record: RunRecord?, _ path: (String) -> String) -> (
    [StageTable], [String]
  ) {
    let outputs = record?.outputs ?? []
    var tables: [StageTable] = []
    var notes: [String] = []
    let ordered = outputs.filter(names.contains) + names.filter { !outputs.contains($0) }
    for (index, name) in ordered.enumerated() where !ordered[..<index].contains(name) {
      do throws(InputError) {
        if let table = try StageTable(contentsOf: path(name), atoms: record?.atoms) {
          tables.append(table)
        } else if outputs.contains(name), !isKnownOtherwise(name, outputs) {
          notes.append("\(name) is not the table of a stage.")
        }
      } catch {
        notes.append("\(name) \(error.message).")
      }
    }
    return (tables, notes)
  }

  /// Whether a table begins as those of isoconfigurational ensembles do.
  private static func isOfPropensities(_ path: String) -> Bool {
    guard let handle = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? handle.close() }
    let head = String(decoding: (try? handle.read(upToCount: 200)) ?? Data(), as: UTF8.self)
    return head.hasPrefix("step,time") && (head.contains(",mean_all") || head.contains(",energy_all,distance_all"))
  }

  /// Whether a table belongs to observables whose file is missing or broken, about which there is a note already.
  private static func isKnownOtherwise(_ name: String, _ outputs: [String]) -> Bool {
    outputs.contains { output in
      output.hasSuffix(observables) && name.hasPrefix(output.dropLast(observables.count) + "-")
    }
  }

  /// Reports in the order of the stages that they belong to.
  private static func inOrder(_ reports: [(String, ObservableReport)], _ record: RunRecord?) -> [(
    file: String, report: ObservableReport
  )] {
    let stages = record?.stages.map(\.name) ?? []
    func rank(_ report: ObservableReport) -> Int { stages.firstIndex(of: report.source) ?? stages.count }
    // Of one stage in the order in which it writes them.
    let outputs = record?.outputs ?? []
    func place(_ file: String) -> Int { outputs.firstIndex(of: file) ?? outputs.count }
    return reports.sorted { (rank($0.1), place($0.0), $0.0) < (rank($1.1), place($1.0), $1.0) }.map {
      (file: $0.0, report: $0.1)
    }
  }

  private struct Unreadable: Error { var message: String }

  /// The text of a regular file of at most 64 MB.
  private static func text(_ path: String) -> Result<String, Unreadable> {
    let manager = FileManager.default
    let place = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    guard let attributes = try? manager.attributesOfItem(atPath: place),
      attributes[.type] as? FileAttributeType == .typeRegular
    else { return .failure(Unreadable(message: "is not a file that can be read")) }
    let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
    guard size <= 64_000_000 else {
      return .failure(Unreadable(message: "has \(NumberText.bytes(size)), more than a page can show"))
    }
    guard let data = manager.contents(atPath: place) else {
      return .failure(Unreadable(message: "cannot be read"))
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      return .failure(Unreadable(message: "is not text"))
    }
    return .success(text)
  }
}
