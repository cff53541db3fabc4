import Foundation
import TektiteCore
import TektiteDynamics
import TektiteTestSupport
import Testing

@testable import TektiteAnalysis

@Suite("Van Hove functions, four-point structure, bonds and cages against numpy")
struct MotionTests {
  /// What `make-motion-fixtures.py` found.
  private struct Expected: Decodable {
    var steps: [Int]
    var origins: [Int]
    var own: [String: [[Double]]]
    var distinct: [String: [[Double]]]
    var q: [Double]
    var fourPoint: [String: [[Double]]]
    var bonds: [String: [Double]]
    var relative: [String: [Double]]

    enum CodingKeys: String, CodingKey {
      case steps, origins, own, distinct, q, bonds, relative
      case fourPoint = "four_point"
    }
  }

  private static func expected() throws -> Expected {
    try JSONDecoder().decode(Expected.self, from: Data(contentsOf: URL(fileURLWithPath: Oracle.path("motion.json"))))
  }

  private static let sigma: [NeighborCriterion.Pair] = [
    .init("A", "A", sigma: 1), .init("B", "A", sigma: 0.8), .init("B", "B", sigma: 0.88),
  ]

  private static func table(_ quantity: ObservableRequest.Quantity, _ index: Int = 0) throws -> ObservableTable {
    let report = try TrajectoryAnalysis(
      [Oracle.path("even.nc")], units: .lj, requests: [ObservableRequest(quantity, file: "x.csv")]
    ).run()
    return try #require(report.tables.count > index ? report.tables[index] : nil)
  }

  /// Curves of a label, one for each lag.
  private static func curves(_ table: ObservableTable, _ label: String) -> [ObservableTable.Curve] {
    table.curves.filter { $0.column.hasPrefix(label + "_t") }
  }

  @Test("Self and distinct parts of the van Hove function")
  func vanHove() throws {
    let expected = try Self.expected()
    let own = try Self.table(.selfVanHove(lags: expected.steps, range: 2.5, bins: 25))
    #expect(own.samples[0] == expected.origins.min())
    for (label, rows) in expected.own {
      for (curve, row) in zip(Self.curves(own, label), rows) {
        // Counts are whole numbers; what remains is the rounding of means and volumes.
        for (value, target) in zip(curve.values, row) { #expect(abs(value - target) <= 1e-12 * max(1, target)) }
      }
      #expect(Self.curves(own, label).count == 2)
    }
    let distinct = try Self.table(.distinctVanHove(lags: expected.steps, range: 2.5, bins: 25))
    for (label, rows) in expected.distinct {
      #expect(Self.curves(distinct, label).count == 2)
      for (curve, row) in zip(Self.curves(distinct, label), rows) {
        for (value, target) in zip(curve.values, row) {
          #expect(abs(value - target) <= 1e-12 * max(1, target), "\(label)")
        }
      }
    }
    // Each atom is somewhere: 4πr² G_s adds up to the part that is within the range, all of it here.
    let volumes = DistanceBins(range: 2.5, count: 25).volumes
    for curve in own.curves { #expect(abs(zip(curve.values, volumes).reduce(0) { $0 + $1.0 * $1.1 } - 1) < 1e-12) }
    let logarithmic = try Self.table(.selfVanHove(lags: expected.steps, range: 2.5, bins: 25), 1)
    for (a, b) in zip(own.curves, logarithmic.curves) {
      let r = own.abscissas[3]
      #expect(abs(b.values[3] - log(10) * 4 * Double.pi * r * r * r * a.values[3]) < 1e-12 * b.values[3])
    }
  }

  @Test("Four-point structure factor")
  func fourPoint() throws {
    let expected = try Self.expected()
    let table = try Self.table(
      .fourPointStructureFactor(lags: expected.steps, distance: 0.3, largest: 4, vectors: 1000))
    #expect(table.abscissas.count == expected.q.count)
    for (found, target) in zip(table.abscissas, expected.q) { #expect(abs(found - target) < 1e-12) }
    for (label, rows) in expected.fourPoint {
      #expect(Self.curves(table, label).count == 2)
      for (curve, row) in zip(Self.curves(table, label), rows) {
        // |Q|² of 150 atoms with phases to 1e-15.
        for (value, target) in zip(curve.values, row) { #expect(abs(value - target) < 1e-12) }
      }
    }
  }

  @Test("Bond breaking and displacement relative to the cage")
  func cages() throws {
    let expected = try Self.expected()
    let criterion = NeighborCriterion(formed: 1.3, pairs: Self.sigma)
    let bonds = try Self.table(.bondBreaking(criterion, broken: 1.7))
    let relative = try Self.table(.cageRelativeDisplacement(criterion))
    for (table, targets) in [(bonds, expected.bonds), (relative, expected.relative)] {
      for (label, values) in targets {
        let curve = try #require(table.curves.first { $0.column == label })
        for (k, step) in expected.steps.enumerated() {
          let row = try #require(table.abscissas.firstIndex { abs($0 - 0.004 * Double(step)) < 1e-9 })
          #expect(abs(curve.values[row] - values[k]) < 1e-13, "\(table.kind) \(label)")
          #expect(table.samples[row] == expected.origins[k])
        }
      }
    }
  }

  @Test("Collective scattering on a shell of vectors", arguments: ["even", "blocks"])
  func collective(_ run: String) throws {
    let oracle = try Oracle()
    let k = 2 * Double.pi / 5 * 33.0.squareRoot()
    // So narrow that only the 48 vectors of the shell are taken.
    let request = ObservableRequest(
      .intermediateScattering(waveNumbers: [k], width: 1e-6, vectors: 1000), file: "f.csv")
    let report = try TrajectoryAnalysis([Oracle.path("\(run).nc")], units: .lj, requests: [request]).run()
    let table = try #require(report.tables.first)
    #expect(table.parameters["vectors"] == "24")
    let steps = try oracle.numbers(run, "steps")
    for (column, name) in [("A-A", "AA"), ("A-B", "AB"), ("B-B", "BB"), ("all", "all")] {
      let curve = try #require(table.curves.first { $0.column == column })
      let scaled = try #require(table.curves.first { $0.column == column + "_normalized" })
      #expect(!curve.isDrawn && scaled.values[0] == 1)
      let target = try oracle.numbers(run, "curves", "collective_\(name)", "mean")
      var compared = 0
      for (index, step) in steps.enumerated() {
        guard let row = table.abscissas.firstIndex(where: { abs($0 - 0.004 * step) < 1e-9 }) else { continue }
        // Sums of 24 products of |ρ| up to some 50 over 120 atoms.
        #expect(abs(curve.values[row] - target[index]) < 1e-11, "\(name) at \(step)")
        #expect(abs(scaled.values[row] - curve.values[row] / curve.values[0]) < 1e-12)
        compared += 1
      }
      #expect(compared >= 11)
    }
  }

  @Test("At lag 0 collective scattering is the static structure factor")
  func static_() throws {
    let report = try TrajectoryAnalysis(
      [Oracle.path("even.nc")], units: .lj,
      requests: [
        ObservableRequest(.intermediateScattering(waveNumbers: [7.2], width: 0.3, vectors: 5000), file: "f.csv"),
        ObservableRequest(.structureFactor(largest: 8, resolution: 1e-4, vectors: 10_000), file: "s.csv"),
      ]
    ).run()
    let (f, s) = (report.tables[0], report.tables[1])
    let cell = Cell.cubic(5)
    let lengths = StructureFactor.lengths(cell, largest: 8).map(\.length)
    for curve in s.curves {
      var (sum, count) = (0.0, 0)
      for (k, value) in zip(s.abscissas, curve.values) where abs(k - 7.2) <= 0.15 {
        let members = lengths.count { abs($0 - k) < 1e-6 }
        sum += value * Double(members)
        count += members
      }
      let found = try #require(f.curves.first { $0.column == curve.column })
      #expect(count > 50 && abs(found.values[0] - sum / Double(count)) < 1e-11)
    }
  }

  @Test("Neighbours by cells are those of all pairs, in a tilted cell, too")
  func neighbors() {
    var generator = SeededGenerator(seed: 3)
    let cell = Cell(Matrix3(Vector3(7, 0, 0), Vector3(2, 8, 0), Vector3(-1, 3, 9)))
    let species = (0..<201).map { Int32($0 % 3 == 0 ? 1 : 0) }
    let packing = Packing(Topology(table: [Species("A"), Species("B")], species: species))
    let places = species.map { _ in
      // Unwrapped: anywhere.
      Vector3(
        Double.random(in: -30...30, using: &generator), Double.random(in: -30...30, using: &generator),
        Double.random(in: -30...30, using: &generator))
    }
    var packed = PackedVectors()
    packed.fill(places, packing)
    let cutoffs = [1.6, 1.3, 1.3, 1.5]
    let table = PlaceNeighbors(packing, packed.fractions(of: cell), cell, cutoffs: cutoffs)
    let inverse = cell.basis.inverse
    var found = 0
    for i in packing.order.indices {
      let near = Set(table.of(i).map { packing.order[Int($0)] })
      found += near.count
      guard packing.order[i] >= 0 else {
        #expect(near.isEmpty)
        continue
      }
      let own = Int(packing.order[i])
      for j in places.indices where j != own {
        var s = (places[j] - places[own]) * inverse
        for axis in 0..<3 { s[axis] -= s[axis].rounded() }
        let cutoff = cutoffs[Int(species[own]) * 2 + Int(species[j])]
        #expect(near.contains(Int32(j)) == ((s * cell.basis).length < cutoff))
      }
    }
    #expect(found > 500)
  }

  @Test("Two atoms that part break their bond, and one that moves with its neighbour stays in its cage")
  func small() throws {
    let topology = Topology(table: [Species("A")], species: [0, 0, 0])
    var request = ObservableRequest(.bondBreaking(NeighborCriterion(formed: 1.3), broken: 1.7), file: "b.csv")
    request.sampling = .init(perDecade: 10, origins: 100)
    var relative = ObservableRequest(.cageRelativeDisplacement(NeighborCriterion(formed: 1.3)), file: "c.csv")
    relative.sampling = request.sampling
    var sums = ObservableSums([request, relative], topology: topology, cell: .cubic(10)) { $0.plan(steps: 4) }
    var frame = Frame()
    frame.cell = .cubic(10)
    // 0 and 1 are neighbours through the wall, and so are 1 and 2; 0 and 2 are not.
    frame.positions = [Vector3(9.6, 0, 0), Vector3(0.6, 0, 0), Vector3(1.8, 0, 0)]
    sums.add(frame)
    frame.step = 1
    // All move alike.
    for i in 0..<3 { frame.positions[i] += Vector3(0.5, 0.2, -3) }
    sums.add(frame)
    frame.step = 2
    // And the third goes away from the second.
    frame.positions[2] += Vector3(1, 0, 0)
    sums.add(frame)
    let tables = sums.tables(timestep: 1, units: .lj, ensemble: "")
    #expect(tables[0].curves[0].values[0] == 1 && tables[0].curves[0].values[1] == 0.5)
    #expect(abs(tables[1].curves[0].values[0]) < 1e-28)
    // The third is 1 from its only neighbour, the second 0.5 from the mean of its two, the first with its one.
    #expect(abs(tables[1].curves[0].values[1] - 1.25 / 3) < 1e-12)
  }

  @Test("What cannot be observed is said")
  func refusals() {
    func refusal(_ quantity: ObservableRequest.Quantity) -> String {
      do throws(InputError) {
        _ = try TrajectoryAnalysis(
          [Oracle.path("even.nc")], units: .lj, requests: [ObservableRequest(quantity, file: "f")]
        ).run()
        return "none"
      } catch { return error.message }
    }
    #expect(
      refusal(.intermediateScattering(waveNumbers: [7, 1], width: nil, vectors: 30)).contains("below 2π/L = 1.257"))
    #expect(refusal(.selfVanHove(lags: [50, 5000], range: nil, bins: 10)).contains("beyond the 1150 steps"))
    #expect(refusal(.selfVanHove(lags: [70], range: nil, bins: 10)).contains("nearest lag that the frames have is 50"))
    #expect(refusal(.distinctVanHove(lags: [50], range: 3, bins: 10)).contains("give at most that"))
    #expect(
      refusal(.fourPointStructureFactor(lags: [50], distance: 0.3, largest: 1, vectors: 9)).contains("below 2π/L"))
    #expect(refusal(.bondBreaking(NeighborCriterion(formed: 1.3), broken: 3)).contains("take a larger system"))
    #expect(refusal(.bondBreaking(NeighborCriterion(formed: 1.3), broken: 1.2)).contains("'broken' must not be below"))
    #expect(
      refusal(.cageRelativeDisplacement(NeighborCriterion(formed: 1.3, pairs: [.init("A", "A", sigma: 1)]))).contains(
        "the pair A-B has no length"))
    #expect(
      refusal(
        .cageRelativeDisplacement(NeighborCriterion(formed: 1.3, pairs: Self.sigma + [.init("A", "C", sigma: 1)]))
      )
      .contains("no atoms of species 'C'"))
    #expect(refusal(.stressAutocorrelation).contains("no stress"))
  }
}
