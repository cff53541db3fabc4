import Foundation
import TektiteCore
import TektiteDynamics
import TektiteTestSupport
import TektiteTrajectories
import Testing

@testable import TektiteAnalysis

/// What `make-planar-fixtures.py` computed from a trajectory in two dimensions, by definitions in numpy and with freud.
@Suite("Observables in two dimensions")
struct PlanarTests {
  private static let folder = Oracle.folder
  private static let path = folder.appendingPathComponent("planar.extxyz").path

  private static func oracle(_ keys: String...) throws -> Any {
    var value = try JSONSerialization.jsonObject(
      with: Data(contentsOf: folder.appendingPathComponent("planar.json")))
    for key in keys { value = try #require((value as? [String: Any])?[key], "no \(key)") }
    return value
  }

  private static func report(_ requests: [ObservableRequest]) throws -> ObservableReport {
    try TrajectoryAnalysis([path], units: .lj, requests: requests).run()
  }

  private func worst(_ found: [Double], _ expected: [Double]) -> Double {
    #expect(found.count == expected.count)
    return zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test("J0 is that of the mathematical library to a few units of the last place of 1")
  func bessel() {
    let mine = BesselFunction.zeroth
    var largest = 0.0
    for k in 0..<200_000 {
      let x = Double(k) * 0.000_401 + (k % 7 == 0 ? 1e-9 : 0)
      largest = max(largest, abs(mine(x) - j0(x)))
    }
    // Ten roundings of a polynomial whose terms are at most 1, and those of the library.
    #expect(largest < 6e-16, "\(largest)")
    #expect(mine(0) == 1 && mine(.nan).isNaN && mine(1e6) == j0(1e6) && mine(.infinity) == 0)
  }

  @Test(
    "Displacements: MSD, F_s with J0, alpha2 of two dimensions, overlap, van Hove by rings, against numpy and scipy")
  func motion() throws {
    let lags = try #require(try Self.oracle("lags") as? [Int])
    let report = try Self.report([
      ObservableRequest(.meanSquaredDisplacement, file: "msd.csv"),
      ObservableRequest(.selfIntermediateScattering(waveNumbers: [6.3]), file: "fs.csv"),
      ObservableRequest(.nonGaussianParameter, file: "alpha2.csv"),
      ObservableRequest(.overlap(distance: 0.3), file: "q.csv"),
      ObservableRequest(.selfVanHove(lags: lags, range: 6, bins: 60), file: "gs.csv"),
    ])
    let kinds = [
      ("msd", "mean-squared-displacement"), ("fs", "self-intermediate-scattering"),
      ("alpha2", "non-gaussian-parameter"), ("overlap", "overlap"),
    ]
    for label in ["all", "A", "B"] {
      for (name, kind) in kinds {
        let table = try #require(report.tables.first { $0.kind == kind })
        let curve = try #require(table.curves.first { $0.column == label })
        let expected = try #require(try Self.oracle("curves", label, name) as? [Double])
        var compared = 0
        for (lag, value) in zip(lags, expected) {
          guard let row = table.abscissas.firstIndex(where: { abs($0 - Double(lag) * 0.005) < 1e-9 }) else { continue }
          // Sums of 5000 numbers of order 1 in another order; F_s adds the 1e-16 of two Bessel functions.
          #expect(abs(curve.values[row] - value) < 1e-12, "\(name) \(label) \(lag)")
          compared += 1
        }
        #expect(compared >= 4, "\(table.abscissas)")
      }
      let table = try #require(report.tables.first { $0.kind == "van-hove-self" })
      let rings = try #require(try Self.oracle("curves", label, "vanhove") as? [[Double]])
      for (lag, expected) in zip(lags, rings) {
        let curve = try #require(table.curves.first { $0.column == "\(label)_t\(brief(Double(lag) * 0.005))" })
        #expect(worst(curve.values, expected) < 1e-12)
      }
    }
  }

  @Test("g(r) by rings and S(k) on the vectors of a sheared planar cell, against freud and numpy")
  func structure() throws {
    let report = try Self.report([
      ObservableRequest(.radialDistribution(range: 6, bins: 60), file: "gr.csv"),
      ObservableRequest(.structureFactor(largest: 8, resolution: 0.15, vectors: 1000), file: "sk.csv"),
    ])
    let rdf = try #require(report.tables.first { $0.kind == "radial-distribution" })
    let factor = try #require(report.tables.first { $0.kind == "structure-factor" })
    #expect(worst(factor.abscissas, try #require(try Self.oracle("structure", "k") as? [Double])) < 1e-12)
    for label in ["A-A", "A-B", "B-B", "all"] {
      let g = try #require(rdf.curves.first { $0.column == label }, "\(rdf.curves.map(\.column))")
      let expected = try #require(try Self.oracle("rdf", label) as? [Double])
      // freud's distances are of single precision: now and then a pair changes its bin, by a g of some 1e-2 where few pairs are.
      #expect(worst(g.values, expected) < 0.02)
      #expect(zip(g.values, expected).reduce(0) { $0 + abs($1.0 - $1.1) } / 60 < 1e-3)
      let s = try #require(factor.curves.first { $0.column == label })
      #expect(worst(s.values, try #require(try Self.oracle("structure", label) as? [Double])) < 1e-11)
    }
  }

  @Test("psi_6 against freud, and 1 in the lattices whose order it is")
  func hexatic() throws {
    let report = try Self.report([
      ObservableRequest(.hexaticOrder(fold: 6, neighbors: .nearest(6), bins: 50), file: "psi.csv")
    ])
    let findings = report.tables[0].findings
    func value(_ name: String) throws -> Double {
      try #require(findings.first { $0.name == name }?.value, "\(findings)")
    }
    // Single precision in freud; where the sixth and the seventh neighbour are nearly as far, it may choose another.
    #expect(abs(try value("psi6 all") - (try #require(try Self.oracle("hexatic", "all") as? Double))) < 1e-5)
    #expect(abs(try value("psi6 A") - (try #require(try Self.oracle("hexatic", "A") as? Double))) < 1e-5)
    #expect(abs(try value("global psi6 all") - (try #require(try Self.oracle("hexatic", "global") as? Double))) < 1e-5)
    #expect(try value("neighbours all") == 6)
    for (lattice, count, fold, nearest) in [(Lattice.hexagonal, 12 * 14, 6, 6), (.square, 144, 4, 4)] {
      let cell = lattice.rectangle(for: count, density: 0.9)
      let built = StructureBuilder(lattice, counts: [.init(Species("A"), count)], cell: cell, seed: 1).build()
      #expect(built.vacancies == 0)
      let order = HexaticOrder.order(NeighborFinder(nearest: nearest).table(built.structure.frame), fold: fold)
      for psi in order { #expect(abs((psi.x * psi.x + psi.y * psi.y).squareRoot() - 1) < 1e-10) }
    }
  }

  @Test("What has no meaning in a plane is refused with a remedy, and so is the order of a plane in space")
  func refusals() throws {
    let structure = try #require(try ExtendedXYZ.read(path: Self.path, units: .lj).first)
    func problem(_ quantity: ObservableRequest.Quantity, _ cell: Cell) -> String? {
      let stage = ObservedStage(
        name: "", units: .lj, topology: structure.topology, cell: cell, timestep: 0.005, steps: 1000, ensemble: "NVE")
      return ObservableRequest(quantity, file: "x.csv").problem(in: stage)
    }
    let plane = structure.frame.cell
    #expect(plane.isPlanar)
    for quantity: ObservableRequest.Quantity in [
      .bondOrder(degrees: [6], neighbors: .nearest(6), bins: 10), .crystallinity(Crystallinity()),
      .voronoi(radii: [:], signatures: 5, bins: 10),
    ] {
      #expect(problem(quantity, plane)?.contains("hexatic-order") == true)
      #expect(problem(quantity, .cubic(15)) == nil)
    }
    let hexatic = ObservableRequest.Quantity.hexaticOrder(fold: 6, neighbors: .nearest(6), bins: 10)
    #expect(problem(hexatic, plane) == nil && problem(hexatic, .cubic(15))?.contains("bond-order") == true)
    // The wider of the two widths, 15·13/√(2.5² + 13²) = 14.73, decides, not the unit vector that stands on the plane.
    #expect(problem(.selfIntermediateScattering(waveNumbers: [0.43]), plane) == nil)
    #expect(problem(.selfIntermediateScattering(waveNumbers: [0.42]), plane)?.contains("2π/L") == true)
    #expect(problem(.radialDistribution(range: 6.4, bins: 10), plane) == nil)
    #expect(problem(.radialDistribution(range: 6.6, bins: 10), plane)?.contains("half the narrowest width") == true)
    let stage = ObservedStage(
      name: "", units: .lj, topology: structure.topology, cell: plane, timestep: 0.005, steps: 1000, ensemble: "NVE")
    #expect(CertificateRequest(waveNumber: 6, file: "c.json").problem(in: stage)?.contains("hexatic-order") == true)
  }
}
