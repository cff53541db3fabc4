import Foundation
import TektiteCore
import TektiteDynamics
import TektiteLinearAlgebra
import Testing

@testable import TektiteAnalysis

@Suite("Structural descriptors and ridge regression against numpy, scipy and scikit-learn")
struct DescriptorTests {
  /// What `make-descriptor-fixtures.py` computed.
  struct Mixture: Decodable {
    let cell, positions: [Double]
    let species: [Int32]
    let atoms: [Int]
    let features: [[Double]]
    let means: [Double]

    var structure: Structure {
      func vector(_ n: ArraySlice<Double>) -> Vector3 {
        Vector3(n[n.startIndex], n[n.startIndex + 1], n[n.startIndex + 2])
      }
      var frame = Frame()
      frame.cell = Cell(Matrix3(vector(cell[0..<3]), vector(cell[3..<6]), vector(cell[6..<9])))
      frame.positions = species.indices.map { vector(positions[3 * $0..<3 * $0 + 3]) }
      return Structure(
        topology: Topology(table: [Species("A"), Species("B", mass: 1)], species: species), frame: frame)
    }
  }

  struct Samples: Decodable {
    let x, y: [[Double]]
    let training, held, folds: [Int]
    let penalties: [Double]
    let predictions: [[[Double]]]
    let chosen, crossed: [[Double]]

    static func matrix(_ rows: [[Double]]) -> Matrix {
      Matrix(rows: rows.count, columns: rows[0].count, elements: rows.flatMap { $0 })
    }
  }

  static func fixture<Content: Decodable>(_ name: String) throws -> Content {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("fixtures")
    return try JSONDecoder().decode(
      Content.self, from: Data(contentsOf: folder.appendingPathComponent("\(name).json")))
  }

  @Test("Descriptors of a mixture in a narrow triclinic cell are those of the definitions")
  func parity() throws {
    let mixture: Mixture = try Self.fixture("descriptors")
    let descriptors = StructuralDescriptors()
    let found = descriptors.evaluate(mixture.structure, team: ThreadTeam(threads: 1))
    #expect(found.rows == 150 && found.columns == 1134 && descriptors.count(species: 2) == 1134)
    let names = descriptors.names(species: ["A", "B"])
    #expect(names.count == 1134 && names[0] == "G(A, 0.7)" && names[378] == "<G(A, 0.7)>" && names[377] == "q12(2.5)")
    var (worst, place) = (0.0, "")
    for (row, atom) in mixture.atoms.enumerated() {
      for (k, expected) in mixture.features[row].enumerated() {
        let difference = abs(found[atom, k] - expected) / max(1, abs(expected))
        if !(difference <= worst) { (worst, place) = (difference, "\(names[k]) of atom \(atom)") }
      }
    }
    #expect(worst < 1e-12, "\(worst) for \(place)")
    for (k, expected) in mixture.means.enumerated() {
      let mean = (0..<150).reduce(0) { $0 + found[$1, k] } / 150
      #expect(abs(mean - expected) < 1e-12 * max(1, abs(expected)), "mean of \(names[k])")
    }
  }

  @Test("Turning, shifting, folding and renumbering change nothing but rounding; threads change no bit")
  func invariance() throws {
    let mixture: Mixture = try Self.fixture("descriptors")
    let structure = mixture.structure
    let descriptors = StructuralDescriptors()
    let plain = descriptors.evaluate(structure, team: ThreadTeam(threads: 1))
    #expect(descriptors.evaluate(structure, team: ThreadTeam(threads: 3)) == plain)
    // Turned by 0.7 about the axis (1, 2, 3), mirrored, moved, folded differently and in reverse order.
    let (axis, angle) = (Vector3(1, 2, 3) / 14.0.squareRoot(), 0.7)
    func turn(_ v: Vector3) -> Vector3 {
      let turned = cos(angle) * v + sin(angle) * axis.cross(v) + ((1 - cos(angle)) * axis.dot(v)) * axis
      return -turned
    }
    var other = structure
    let v = structure.frame.cell.vectors
    other.frame.cell = Cell(Matrix3(turn(v.a), turn(v.b), turn(v.c)))
    other.frame.positions = structure.frame.positions.enumerated().map { i, r in
      turn(r + Vector3(0.3, -7, 2) + Vector3(Double(i % 3 - 1), Double(i % 5), 0) * v)
    }.reversed()
    other.topology.species = structure.topology.species.reversed()
    let turned = descriptors.evaluate(other, team: ThreadTeam(threads: 1))
    var worst = 0.0
    for atom in 0..<150 {
      for k in 0..<1134 { worst = max(worst, abs(turned[149 - atom, k] - plain[atom, k])) }
    }
    // Positions of size 30 are rounded to 4e-15, and the steepest Gaussian changes by 24 over a length of 1 for each neighbour.
    #expect(worst < 1e-11, "\(worst)")
  }

  @Test("Lone atoms, and cells that are open in some directions")
  func sparse() {
    var frame = Frame()
    frame.positions = [Vector3(0, 0, 0), Vector3(1.05, 0, 0), Vector3(400, -3, 2)]
    let table = [Species("A")]
    let structure = Structure(topology: Topology(table: table, species: [0, 0, 0]), frame: frame)
    var descriptors = StructuralDescriptors()
    descriptors.generations = 0
    let found = descriptors.evaluate(structure, team: ThreadTeam(threads: 1))
    // Shell 14 has its centre at the distance of the pair, where q_l of a single neighbour is 1 for every l.
    #expect(abs(found[0, 14] - 1) < 1e-12 && abs(found[1, 14] - 1) < 1e-12)
    #expect((93..<105).allSatisfy { abs(found[0, $0] - 1) < 1e-12 })
    #expect(found.row(2).allSatisfy { $0 == 0 })
    var slab = structure
    slab.frame.cell = Cell(
      Matrix3(Vector3(3, 0, 0), Vector3(0, 4, 0), .zero), periodic: Periodicity(true, true, false))
    slab.frame.positions[2] = Vector3(0, 0, 50)
    // An atom alone in its layer sees its own images at 3, 4 and 5; G at 3 has width 0.05.
    let layered = descriptors.evaluate(slab, team: ThreadTeam(threads: 1))
    #expect(abs(layered[2, 53 + 19] - 2) < 1e-12 && abs(layered[2, 92] - 4) < 1e-9)
  }

  @Test("Predictions are those of scikit-learn for every penalty")
  func ridge() throws {
    let samples: Samples = try Self.fixture("ridge")
    // Two folds: what is learned from, and what is held out.
    let folds = samples.x.indices.map { samples.held.contains($0) ? 1 : 0 }
    let ridge = RidgeRegression(
      features: Samples.matrix(samples.x), targets: Samples.matrix(samples.y), folds: folds, foldCount: 2,
      team: ThreadTeam(threads: 1))
    let model = try ridge.train(without: [1])
    let found = ridge.predict(samples.held, by: model, samples.penalties)
    for (c, _) in samples.penalties.enumerated() {
      for target in 0..<2 {
        for (row, expected) in samples.predictions[c][target].enumerated() {
          // The smallest eigenvalue is some 1e-4 of the largest: a few digits are lost at a penalty of 0.01, on either side.
          #expect(abs(found[target][row, c] - expected) < 1e-10)
        }
      }
    }
  }

  @Test(
    "Cross-validation chooses the penalties and predicts what the slow way does, for any number of threads",
    arguments: [1, 3])
  func crossValidation(_ threads: Int) throws {
    let samples: Samples = try Self.fixture("ridge")
    let team = ThreadTeam(threads: threads)
    let ridge = RidgeRegression(
      features: Samples.matrix(samples.x), targets: Samples.matrix(samples.y), folds: samples.folds, foldCount: 5,
      team: team)
    let found = try ridge.crossValidate(penalties: samples.penalties, team: team)
    #expect(found.penalties == samples.chosen)
    for target in 0..<2 {
      for (value, expected) in zip(found.predictions[target], samples.crossed[target]) {
        #expect(abs(value - expected) < 1e-10)
      }
    }
  }

  @Test("Nothing is learned from noise, whatever is held out")
  func noise() throws {
    // 200 rows of 150 features that have nothing to do with the target: a leak would show as a correlation.
    var state: UInt64 = 7
    func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) / Double(1 << 53) - 0.5
    }
    let x = Matrix(rows: 200, columns: 150, elements: (0..<30_000).map { _ in next() })
    let y = Matrix(rows: 200, columns: 1, elements: (0..<200).map { _ in next() })
    let ridge = RidgeRegression(
      features: x, targets: y, folds: (0..<200).map { $0 % 5 }, foldCount: 5, team: ThreadTeam(threads: 2))
    let found = try ridge.crossValidate(penalties: [0.01, 1, 100, 1e4], team: ThreadTeam(threads: 2))
    // The correlation of 200 pairs of independent numbers is 0 ± 0.07; fitted and scored on the same rows it would be above 0.85.
    #expect(abs(pearson(found.predictions[0], y.elements)) < 0.25)
  }

  @Test("With fewer rows than features the answer is that of the normal equations")
  func wide() throws {
    var state: UInt64 = 11
    func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) / Double(1 << 53) - 0.5
    }
    let (n, p) = (40, 70)
    let x = Matrix(rows: n, columns: p, elements: (0..<n * p).map { _ in next() })
    let y = Matrix(rows: n, columns: 1, elements: (0..<n).map { x[$0, 3] + 2 * x[$0, 5] + 0.1 * next() })
    let ridge = RidgeRegression(
      features: x, targets: y, folds: (0..<n).map { $0 < 30 ? 0 : 1 }, foldCount: 2, team: ThreadTeam(threads: 1))
    let found = ridge.predict(Array(30..<n), by: try ridge.train(without: [1]), [0.5])[0]
    // The plain way: standardise thirty rows, solve seventy equations.
    var z = x
    for k in 0..<p {
      let mean = (0..<30).reduce(0) { $0 + x[$1, k] } / 30
      let deviation = ((0..<30).reduce(0) { $0 + (x[$1, k] - mean) * (x[$1, k] - mean) } / 30).squareRoot()
      for i in 0..<n { z[i, k] = (x[i, k] - mean) / deviation }
    }
    let center = (0..<30).reduce(0) { $0 + y[$1, 0] } / 30
    let training = z.rows(Array(0..<30))
    var normal = training.gram
    for k in 0..<p { normal[k, k] += 0.5 }
    let goals = Matrix(rows: 30, columns: 1, elements: (0..<30).map { y[$0, 0] - center })
    let weights = try CholeskyFactor(normal).solve(Matrix.product(goals, training, transposingFirst: true))
    for i in 30..<n {
      let expected = center + (0..<p).reduce(0) { $0 + z[i, $1] * weights[0, $1] }
      // The condition number is some 400.
      #expect(abs(found[i - 30, 0] - expected) < 1e-11)
    }
  }
}
