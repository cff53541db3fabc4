import TektiteCore
import TektiteDynamics

/// The cells of the atoms in the radical tessellation: the most frequent signatures ⟨n3 n4 n5 n6⟩, volumes, and numbers of faces.
struct VoronoiStatistics: FrameObservable {
  /// The names of the tables of signatures, of volumes, and of faces.
  typealias Files = (signatures: String, volumes: String, faces: String)
  private let files: Files
  private let tessellation: VoronoiTessellation
  private let radii: String
  private let curves: [[Int]]
  private let labels: [String]
  private let shown: Int
  private let volumes: Histogram
  /// Bins are whole numbers of faces.
  private let faces = Histogram(range: -0.5...40.5, bins: 41)
  /// The histogram of volumes, then that of faces.
  var means: LagMeans
  private var signatures: SignatureCounts

  /// - Parameters:
  ///   - radii: of each species of the table.
  ///   - cell: at the start; volumes are told apart up to three times its mean volume for an atom.
  ///   - shown: how many signatures of each curve the table holds.
  init(
    files: Files, topology: Topology, packing: Packing, choice: GroupChoice, radii: [Double], cell: Cell, shown: Int,
    bins: Int
  ) {
    self.files = files
    self.shown = shown
    tessellation = VoronoiTessellation(radii: topology.species.map { radii[Int($0)] })
    let isPlain =
      Set(
        packing.groups.compactMap { group in
          topology.table.firstIndex { $0.label == group.label }.map { radii[$0] }
        }
      ).count <= 1
    self.radii =
      isPlain
      ? "equal"
      : zip(topology.table, radii).map { "\($0.label) \(brief($1))" }.joined(separator: ", ")
    curves = choice.members(packing)
    labels = choice.labels
    let mean = (cell.volume ?? 0) / Double(max(1, topology.count))
    volumes = Histogram(range: 0...max(1e-300, 3 * mean), bins: bins)
    means = LagMeans(lags: Histogram.rows(bins) + Histogram.rows(41), quantities: choice.count)
    signatures = SignatureCounts(curves: choice.count)
  }

  private var firstOfFaces: Int { Histogram.rows(volumes.bins) }

  mutating func add(_ frame: Frame) {
    let cells = tessellation.cells(frame)
    guard !cells.isEmpty else { return }
    volumes.add(cells.map(\.volume), curves, to: &means, first: 0)
    faces.add(cells.map { Double($0.faces) }, curves, to: &means, first: firstOfFaces)
    signatures.add(curves.map { atoms in atoms.map { cells[$0].signature } })
  }

  func save(to writer: inout ByteWriter) {
    means.save(to: &writer)
    signatures.save(to: &writer)
  }

  mutating func restore(from reader: inout ByteReader) throws(InputError) {
    try means.restore(from: &reader)
    try signatures.restore(from: &reader)
  }

  func tables(_ setting: TableSetting) -> [ObservableTable] {
    [signatureTable(), volumeTable(setting), faceTable()]
  }

  private func table(
    _ title: String, _ file: String, _ definition: String, x: ObservableTable.Axis, y: ObservableTable.Axis,
    _ abscissas: [Double], _ curves: [ObservableTable.Curve]
  ) -> ObservableTable {
    ObservableTable(
      kind: "voronoi", title: title, file: file,
      definition:
        "\(definition) in the radical tessellation, radii \(radii); one standard error from blocks of frames.",
      parameters: ["radii": radii], x: x, y: y, abscissas: abscissas, curves: curves,
      samples: [Int](repeating: signatures.frames, count: abscissas.count))
  }

  private func signatureTable() -> ObservableTable {
    // What is among the most frequent of one curve stands in the table for all; in the order of the first.
    var rows = Set(labels.indices.flatMap { signatures.mostFrequent(shown, of: $0) }).sorted()
    func fraction(_ signature: VoronoiCell.Signature, _ curve: Int) -> BlockedMean {
      signatures.means[signature]?[curve] ?? BlockedMean()
    }
    rows = rows.enumerated().sorted { a, b in
      let (p, q) = (fraction(a.element, 0).mean, fraction(b.element, 0).mean)
      return p != q ? p > q : a.offset < b.offset
    }.map(\.element)
    var table = table(
      "Voronoi signatures", files.signatures,
      "The fraction of atoms whose cell has n3 faces with three edges, n4 with four, n5 with five and n6 with six,",
      x: .init(column: "rank", label: "rank"), y: .init(column: "fraction", label: "fraction of atoms"),
      rows.indices.map { Double($0 + 1) },
      labels.enumerated().map { curve, label in
        let means = rows.map { fraction($0, curve) }
        return .init(column: label, label: label, values: means.map(\.mean), errors: means.map { $0.error() })
      })
    table.rows = rows.map(\.description)
    for (curve, label) in labels.enumerated() {
      for signature in signatures.mostFrequent(min(5, shown), of: curve) {
        let mean = fraction(signature, curve)
        let error = mean.error()
        table.findings.append(
          .init(
            name: "\(label) \(signature)", value: mean.mean, error: error.isFinite ? error : nil,
            definition: "the fraction of atoms with this signature"))
      }
    }
    return table
  }

  private func volumeTable(_ setting: TableSetting) -> ObservableTable {
    let unit = setting.length("³")
    var table = table(
      "Voronoi volumes", files.volumes, "The density of atoms by the volume of their cell",
      x: .init(column: "volume", label: "V", unit: unit),
      y: .init(column: "density", label: "P(V)", unit: unit.isEmpty ? "" : "1/\(unit)"),
      volumes.centers, labels.enumerated().map { volumes.curve($1, $0, means, first: 0) })
    table.findings = labels.enumerated().compactMap {
      volumes.mean("volume \($1)", $0, means, first: 0, unit: unit)
    }
    return table
  }

  private func faceTable() -> ObservableTable {
    var table = table(
      "Faces of Voronoi cells", files.faces, "The fraction of atoms by the number of faces of their cell",
      x: .init(column: "faces", label: "faces"), y: .init(column: "fraction", label: "fraction of atoms"),
      faces.centers, labels.enumerated().map { faces.curve($1, $0, means, first: firstOfFaces) })
    table.findings = labels.enumerated().compactMap {
      faces.mean("faces \($1)", $0, means, first: firstOfFaces)
    }
    return table
  }
}
