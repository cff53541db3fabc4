import Tektite
import TektiteTestSupport

@testable import TektiteDynamics

/// Structures and models that the tests share.
enum Fixture {
  /// A stream of uniform numbers in (−1, 1) for jitter.
  struct Jitter {
    private var noise = 0
    private let philox: Philox4x32
    init(seed: UInt64) { philox = Philox4x32(key: seed) }
    mutating func next() -> Double {
      noise += 1
      return 2 * (Double(philox(SIMD4(UInt32(noise), 0, 0, 0)).x) + 0.5) * 0x1p-32 - 1
    }
    mutating func vector(_ size: Double) -> Vector3 { Vector3(size * next(), size * next(), size * next()) }
    mutating func int(in range: ClosedRange<Int>) -> Int {
      range.lowerBound + Int(abs(next()) * Double(range.count)) % range.count
    }
  }

  /// 4·cells³ atoms on an fcc lattice with a little disorder, two species in turn if asked for.
  static func crystal(
    cells: Int = 2, density: Double = 0.9, jitter: Double = 0.05, seed: UInt64 = 1, species: [Species] = [Species("A")]
  ) -> Structure {
    var random = Jitter(seed: seed)
    let count = 4 * cells * cells * cells
    let a = cubeRoot(4 / density)
    var frame = Frame()
    frame.cell = .cubic(a * Double(cells))
    for i in 0..<cells {
      for j in 0..<cells {
        for k in 0..<cells {
          for corner in [Vector3(0, 0, 0), Vector3(0.5, 0.5, 0), Vector3(0.5, 0, 0.5), Vector3(0, 0.5, 0.5)] {
            let cellCorner = Vector3(Double(i), Double(j), Double(k))
            frame.positions.append(a * (cellCorner + corner) + random.vector(jitter))
          }
        }
      }
    }
    let indices = (0..<count).map { Int32($0 % species.count) }
    return Structure(topology: Topology(table: species, species: indices), frame: frame)
  }

  static func cubeRoot(_ x: Double) -> Double {
    var y = 1.0
    for _ in 0..<100 { y = (2 * y + x / (y * y)) / 3 }
    return y
  }

  /// Kob and Andersen 1995 (doi:10.1103/PhysRevE.51.4626), truncated and shifted at 2.5 sigma of each pair.
  static func kobAndersen() throws -> LennardJones {
    func pair(_ epsilon: Double, _ sigma: Double) -> LennardJones.Pair {
      LennardJones.Pair(epsilon: epsilon, sigma: sigma, cutoff: 2.5 * sigma)
    }
    let (aa, ab, bb) = (pair(1, 1), pair(1.5, 0.8), pair(0.5, 0.88))
    return try LennardJones(labels: ["A", "B"], pairs: [aa, ab, ab, bb], scheme: .cutAndShift)
  }

  /// Lennard-Jones for any labels, all alike, smooth at the cutoff so that energy errors are those of the integrator.
  static func lennardJones(
    _ labels: [String] = ["A"], cutoff: Double = 2.0, scheme: CutoffScheme = .smooth
  ) throws -> LennardJones {
    let pair = LennardJones.Pair(epsilon: 1, sigma: 1, cutoff: cutoff)
    return try LennardJones(
      labels: labels, pairs: [LennardJones.Pair](repeating: pair, count: labels.count * labels.count), scheme: scheme)
  }

  /// `count` atoms of a species without a cell, all at one place.
  static func cloud(_ count: Int, at place: Vector3 = .zero, mass: Double = 1) -> Structure {
    var frame = Frame()
    frame.positions = [Vector3](repeating: place, count: count)
    return Structure(
      topology: Topology(table: [Species("A", mass: mass)], species: [Int32](repeating: 0, count: count)), frame: frame)
  }

  /// A plan of the given stages over one crystal.
  static func plan(
    _ stages: [Stage], structure: Structure = crystal(), temperature: Double? = 0.7, model: (any PotentialModel)? = nil,
    seed: UInt64 = 11
  ) throws -> SimulationPlan {
    let model = try model ?? lennardJones()
    return SimulationPlan(
      title: "test", units: .lj, seed: seed, structure: structure, temperature: temperature,
      models: stages.map { _ in model }, stages: stages, deckText: "title: test\n", hashes: ["deck": "00"])
  }
}

/// Independent atoms in a harmonic trap around the origin, u = k x²/2. It reads no neighbours.
struct HarmonicTrap: PotentialModel {
  var stiffness = 1.0
  var name: String { "harmonic trap" }
  func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential {
    AnyPotential(Worker(stiffness: stiffness))
  }

  struct Worker: Potential, ~Copyable {
    let stiffness: Double
    var requirements: PotentialRequirements { PotentialRequirements(cutoff: 0.5, lists: .edges) }
    mutating func reserveCapacity(atoms: Int, edges: Int) {}
    mutating func evaluate(
      _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
      into evaluation: inout Evaluation, in context: ExecutionContext
    ) throws(PotentialError) {
      for i in 0..<configuration.ownedCount {
        evaluation.forces[i] -= stiffness * configuration.positions[i]
        evaluation.energy += 0.5 * stiffness * configuration.positions[i].lengthSquared
      }
    }
  }
}

/// Counts evaluations, of several workers if need be; they are made one after the other.
final class EvaluationCounter: @unchecked Sendable {
  fileprivate var count = 0
}

/// Lennard-Jones that counts its evaluations and hands each over with its number, from 1: to break like a learned model outside what it was trained on,
/// or to interrupt a run.
struct CountedModel: PotentialModel {
  let inner: LennardJones
  var counter = EvaluationCounter()
  let then: @Sendable (_ count: Int, _ evaluation: inout Evaluation) -> Void
  var name: String { inner.name }
  func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential {
    AnyPotential(Worker(inner: try inner.makePotential(for: table), counter: counter, then: then))
  }

  struct Worker: Potential, ~Copyable {
    var inner: AnyPotential
    let counter: EvaluationCounter
    let then: @Sendable (Int, inout Evaluation) -> Void
    let requirements: PotentialRequirements
    init(
      inner: consuming AnyPotential, counter: EvaluationCounter,
      then: @escaping @Sendable (Int, inout Evaluation) -> Void
    ) {
      requirements = inner.requirements
      self.inner = inner
      self.counter = counter
      self.then = then
    }
    mutating func reserveCapacity(atoms: Int, edges: Int) { inner.reserveCapacity(atoms: atoms, edges: edges) }
    mutating func evaluate(
      _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
      into evaluation: inout Evaluation, in context: ExecutionContext
    ) throws(PotentialError) {
      try inner.evaluate(quantities, of: configuration, neighbors: neighbors, into: &evaluation, in: context)
      counter.count += 1
      then(counter.count, &evaluation)
    }
  }
}
