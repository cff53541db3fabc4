import Foundation
import TektiteCore
import TektiteDynamics
import TektiteTestSupport
import Testing

@testable import TektiteAnalysis

/// A folder with files, which goes with it.
private final class Folder {
  let path = NSTemporaryDirectory() + "tektite-report-\(UUID().uuidString)"
  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, to name: String) throws { try write(Data(text.utf8), to: name) }
  func write(_ data: Data, to name: String) throws { try data.write(to: URL(fileURLWithPath: path + "/" + name)) }
  func data(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)) }
  func page() throws -> String { ReportPage(try RunContents(folder: path), file: path + "/report.html").html }
}

@Suite("Report pages")
struct ReportTests {
  private static func record(title: String = "A liquid", status: String = "finished") -> String {
    """
    {"atoms": 100, "hashes": {"deck": "00ff", "potential_a": "11ee"}, "outputs": ["nve.nc", "nve.csv", "relax.csv"],
     "machine": {"architecture": "x86_64", "cores": 2, "level": "baseline", "processor": "a processor", "system": "a system"},
     "potentials": ["lennard-jones (cut)", "lennard-jones (cut)"], "program": "tektite", "seed": "18446744073709551615",
     "stages": [
       {"name": "nve", "kind": "dynamics", "steps": 500, "seconds": 2, "forceSeconds": 1, "neighborSeconds": 0.5, "outputSeconds": 0.001,
        "energyDriftPerAtom": 1e-5},
       {"name": "relax", "kind": "minimize", "steps": 9, "seconds": 0, "forceSeconds": 0, "neighborSeconds": 0, "outputSeconds": 0,
        "ending": "converged"}],
     "started": "2026-01-02T03:04:05Z", "status": "\(status)", "threads": 1, "title": "\(title)", "units": "lj", "version": "0.1.0"}
    """
  }

  private static func thermo(rows: Int) -> String {
    var text = "step,time,temperature,potential,pressure,drift\n"
    for row in 0..<rows {
      text += "\(row),\(Double(row) * 0.004),1.0\(row % 7),-\(600 + row % 3),nan,1e-\(5 + row % 3)\n"
    }
    return text
  }

  private static let forensics = """
    {
      "finding": "non-finite force",
      "value": "inf",
      "limit": null,
      "stage": "nve",
      "step": 7,
      "lastGoodStep": 5,
      "cause": "The timestep is too long.",
      "closestPair": {"atoms": [3, 4], "distance": 0.125},
      "atoms": [
        {"index": 3, "species": "A", "force": "inf", "nearest": 0.125, "neighbor": 4},
        {"index": 9, "species": "B", "force": 12.5, "nearest": null, "neighbor": null}
      ]
    }

    """

  private static func observables(_ title: String = "Displacement") -> ObservableReport {
    let time = (0...40).map { 0.01 * exp(0.3 * Double($0)) }
    var table = ObservableTable(
      kind: "mean-squared-displacement", title: title, file: "nve-msd.csv", definition: "Means over atoms.",
      parameters: ["species": "A, B"], x: .init(column: "time", label: "t", scale: .log),
      y: .init(column: "msd", label: "⟨Δr²⟩", scale: .log), abscissas: time,
      curves: [
        .init(column: "A", label: "A", values: time.map { $0 / (1 + $0) }, errors: time.map { 0.1 / (1 + $0) }),
        .init(column: "B", label: "B", values: time.map { 2 * $0 }),
      ], samples: time.map { _ in 8 })
    table.findings = [.init(name: "D_A", value: 0.123, error: 0.004, definition: "a sixth of the slope")]
    table.notes = ["Few samples."]
    return ObservableReport(source: "nve", units: "lj", ensemble: "NVE", tables: [table])
  }

  private static func fixture(title: String = "A liquid") throws -> Folder {
    let folder = try Folder()
    try folder.write(record(title: title), to: "run.json")
    try folder.write("title: \(title)\nstages: []\n", to: "deck.yaml")
    try folder.write(thermo(rows: 400), to: "nve.csv")
    try folder.write("step,evaluations,potential,rms_force,max_force\n0,1,-5,3,9\n5,7,-6,0.1,0.2\n", to: "relax.csv")
    try folder.write(observables().json, to: "nve-observables.json")
    return folder
  }

  @Test("A page holds what the folder holds, is well-formed, and loads nothing")
  func page() throws {
    let folder = try Self.fixture()
    let page = try folder.page()
    let reader = MarkupReader(page)
    #expect(reader.complaint == nil, "\(reader.complaint ?? "")")
    for text in [
      "A liquid", "Finished", "18446744073709551615", "2026-01-02 03:04:05 UTC", "baseline", "lennard-jones (cut)",
      "00ff",
      "converged", "Course of nve", "Course of relax", "Pressure: no numbers in this table.", "Displacement",
      "Few samples.", "0.1230 ± 0.0040", "a sixth of the slope", "stages: []",
    ] { #expect(reader.text.contains(text), "no '\(text)'") }
    // Temperature, energy and drift of the one, energy and force of the other, and the observable.
    #expect(reader.count(class: "plot") == 6)
    for element in reader.elements {
      #expect(!["script", "link", "img", "iframe", "object", "embed", "image", "use", "base"].contains(element.name))
      #expect(element.attributes["src"] == nil && element.attributes["style"] == nil)
      if let address = element.attributes["href"] { #expect(address.hasPrefix("data:") || address.hasPrefix("./")) }
    }
    #expect(!page.contains("http:") && !page.contains("https:"))
    #expect(!page.contains("@import") && !page.contains("url("))
  }

  @Test(
    "Stress against strain of quasistatic shear, there and back, and the stress of a flow, are courses as others are")
  func shear() throws {
    let folder = try Folder()
    try folder.write(Self.record(title: "A glass"), to: "run.json")
    var text = "step,strain,potential,shear_stress,pressure,tangent_modulus,dissipation,event,rms_force\n"
    for step in 0...20 {
      let strain = 0.001 * Double(step <= 10 ? step : 20 - step)
      text += "\(step),\(strain),\(-500 + 8 * strain),\(16 * strain),1,nan,0,0,1e-7\n"
    }
    try folder.write(text, to: "aqs.csv")
    try folder.write(
      "step,time,temperature,potential,drift,strain,shear_stress\n0,0,1,-5,0,0,0\n1,0.1,1,-5,0,0.1,0.3\n",
      to: "flow.csv")
    let table = try #require(try StageTable(contentsOf: folder.path + "/aqs.csv", atoms: 100))
    #expect(
      table.x.column == "strain"
        && table.courses.map(\.column) == ["shear_stress", "potential", "pressure", "dissipation"])
    // Points keep the order of the steps, so that a cycle is drawn as one.
    let points = table.courses[0].envelope.points
    #expect(points.count == 21 && points.map(\.x).max() == 0.01 && points[20].x == 0 && points[20].y == 0)
    let reader = MarkupReader(try folder.page())
    #expect(reader.text.contains("Course in aqs.csv") && reader.text.contains("Energy lost in a step"))
    // Four of the one; temperature, energy, drift and stress of the other.
    #expect(reader.count(class: "plot") == 8, "\(reader.count(class: "plot"))")
    #expect(!reader.text.contains("is not the table of a stage"))
  }

  @Test("Every table and plot can be saved from the page, and comes back as it was")
  func downloads() throws {
    let folder = try Self.fixture()
    var saved: [String: String] = [:]
    for element in MarkupReader(try folder.page()).elements {
      guard let name = element.attributes["download"], let address = element.attributes["href"] else { continue }
      let payload = String(address.drop { $0 != "," }.dropFirst())
      let data = try #require(Data(base64Encoded: payload))
      #expect(saved.updateValue(String(decoding: data, as: UTF8.self), forKey: name) == nil, "\(name) twice")
    }
    #expect(saved["nve.csv"] == Self.thermo(rows: 400))
    #expect(saved["nve-msd.csv"] == Self.observables().tables[0].csv)
    #expect(saved["deck.yaml"] != nil)
    let plots = saved.filter { $0.key.hasSuffix(".svg") }
    #expect(plots.count == 6 && plots.keys.contains("nve-temperature.svg") && plots.keys.contains("nve-msd.svg"))
    for (name, text) in plots { #expect(MarkupReader(text).complaint == nil, "\(name)") }
  }

  @Test("Text of a run cannot become markup")
  func escaping() throws {
    let folder = try Folder()
    let hostile = "<script>alert(1)</script> ]]> & \\\" ' <!-- --> </style>"
    try folder.write(Self.record(title: hostile, status: hostile), to: "run.json")
    try folder.write(hostile, to: "deck.yaml")
    var report = Self.observables(hostile)
    report.source = hostile
    report.ensemble = hostile
    report.tables[0].definition = hostile
    report.tables[0].file = "../" + hostile
    report.tables[0].x.label = hostile
    report.tables[0].x.unit = hostile
    report.tables[0].parameters = [hostile: hostile]
    report.tables[0].curves[0].label = hostile
    report.tables[0].findings[0].name = hostile
    report.tables[0].findings[0].unit = hostile
    report.tables[0].notes = [hostile]
    try folder.write(report.json, to: "a-observables.json")
    let page = try folder.page()
    let reader = MarkupReader(page)
    #expect(reader.complaint == nil, "\(reader.complaint ?? "")")
    #expect(!page.contains("<script") && !page.contains("<!-- "))
    #expect(reader.elements.allSatisfy { $0.name != "script" })
  }

  @Test("A run that became unphysical says why, and an old explanation does not stay")
  func unphysical() throws {
    let report = try #require(UnphysicalReport(json: Self.forensics))
    #expect(report.json == Self.forensics)
    let folder = try Folder()
    try folder.write(Self.forensics, to: "forensics.json")
    try folder.write(Self.record(status: "unphysical"), to: "run.json")
    let text = MarkupReader(try folder.page()).text
    #expect(text.contains("Stage 'nve' became unphysical at step 7") && text.contains("The timestep is too long."))
    try folder.write(Self.record(), to: "run.json")
    #expect(!MarkupReader(try folder.page()).text.contains("The timestep is too long."))
    try folder.write("{", to: "forensics.json")
    try folder.write(Self.record(status: "unphysical"), to: "run.json")
    #expect(MarkupReader(try folder.page()).text.contains("forensics.json does not say why"))
  }

  @Test("What cannot be read is left out with a note")
  func broken() throws {
    let folder = try Self.fixture()
    try folder.write("{\"title\": 3}", to: "run.json")
    try folder.write(Data([0xFF, 0xFE, 0x00]), to: "deck.yaml")
    try folder.write("", to: "empty.csv")
    try folder.write("step,time,potential\n", to: "header.csv")
    try folder.write("a,b\n1,2\n", to: "other.csv")
    try folder.write(
      "step,time,temperature,potential\n0,0,1,-5\n1,x,,nan\n2,0.1\n3,0.2,1.5,-6\n4,0.3,1.5", to: "half.csv")
    try folder.write("{}", to: "b-observables.json")
    var report = Self.observables()
    report.tables[0].curves[0].values.removeLast()
    try folder.write(report.json, to: "c-observables.json")
    let contents = try RunContents(folder: folder.path)
    for note in [
      "run.json is not the record of a run.", "deck.yaml is not text.", "empty.csv holds no table.",
      "b-observables.json is not a file of observables.",
    ] { #expect(contents.notes.contains(note), "\(contents.notes)") }
    let half = try #require(contents.tables.first { $0.file == "half.csv" })
    #expect(half.rows == 3)
    #expect(half.notes.contains { $0.hasPrefix("1 row with another number of cells") })
    #expect(half.notes.contains("The last row is not complete and was left out."))
    #expect(!contents.tables.contains { $0.file == "other.csv" })
    let reader = MarkupReader(try folder.page())
    #expect(reader.complaint == nil, "\(reader.complaint ?? "")")
    #expect(reader.text.contains("The columns of this table have different lengths"))
    #expect(reader.text.contains("The table has no rows yet."))
    // Without the number of atoms there are no energies per atom.
    #expect(!reader.text.contains("Potential energy per atom"))
  }

  @Test("A folder without a run, and no folder, are errors of the input")
  func noRun() throws {
    let folder = try Folder()
    #expect(throws: InputError.self) { try RunContents(folder: folder.path) }
    #expect(throws: InputError.self) { try RunContents(folder: folder.path + "/missing") }
    try folder.write("a,b\n1,2\n", to: "other.csv")
    try folder.write("title: not run yet\n", to: "deck.yaml")
    #expect(throws: InputError.self) { try RunContents(folder: folder.path) }
    #expect(throws: InputError.self) { try RunContents(folder: folder.path + "/other.csv") }
    try folder.write("step,time,potential\n0,0,1\n", to: "some.csv")
    #expect(try RunContents(folder: folder.path).tables.count == 1)
  }

  @Test("A page elsewhere finds the way to the folder")
  func ways() {
    #expect(ReportPage.way(fromPage: "/a/b/page.html", to: "/a/b") == "")
    #expect(ReportPage.way(fromPage: "/a/page.html", to: "/a/b/c") == "b/c")
    #expect(ReportPage.way(fromPage: "/a/x/y/page.html", to: "/a/b") == "../../b")
    #expect(ReportPage.way(fromPage: "page.html", to: ".") == "")
  }

  @Test("No damage to any file makes it trap or write a broken page")
  func damage() throws {
    let folder = try Self.fixture()
    try folder.write(Self.forensics, to: "forensics.json")
    let names = ["run.json", "nve.csv", "relax.csv", "nve-observables.json", "forensics.json"]
    var random = SeededGenerator(seed: 11)
    for _ in 0..<150 {
      guard let name = names.randomElement(using: &random) else { continue }
      let whole = try folder.data(name)
      var data = whole
      for _ in 0..<Int.random(in: 1...4, using: &random) where !data.isEmpty {
        let place = Int.random(in: 0..<data.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: data[place] = UInt8.random(in: 0...255, using: &random)
        case 1: data.removeSubrange(place..<min(data.count, place + 30))
        case 2: data = data.prefix(place)
        default: data.insert(contentsOf: Array("1e999,-9".utf8), at: place)
        }
      }
      try folder.write(data, to: name)
      let page = try folder.page()
      let reader = MarkupReader(page)
      #expect(reader.complaint == nil, "\(name): \(reader.complaint ?? "")")
      try folder.write(whole, to: name)
    }
  }
}
