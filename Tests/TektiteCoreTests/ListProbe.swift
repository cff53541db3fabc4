import Synchronization
import TektiteCore
import TektiteTestSupport

/// A potential that computes nothing: it compares the edges it is given with brute force over the positions it is given.
struct ListProbe: PotentialModel {
  /// What the evaluations so far have seen.
  final class Findings: Sendable {
    struct State {
      var complaints: [String] = []
      var evaluations = 0
      var pairs = 0
      var reserved = (atoms: 0, edges: 0)
    }
    let state = Mutex(State())
    var complaints: [String] { state.withLock { $0.complaints } }
    var evaluations: Int { state.withLock { $0.evaluations } }
    var pairs: Int { state.withLock { $0.pairs } }
  }

  var cutoff: Double
  /// The farthest that an edge may reach.
  var farthest: Double
  /// Atoms in a cluster of the list.
  var width = 4
  var findings = Findings()
  var name: String { "list probe" }

  func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential {
    AnyPotential(Worker(cutoff: cutoff, farthest: farthest, width: width, findings: findings))
  }

  struct Worker: Potential, ~Copyable {
    let cutoff: Double
    let farthest: Double
    let width: Int
    let findings: Findings
    init(cutoff: Double, farthest: Double, width: Int, findings: Findings) {
      self.width = width
      self.cutoff = cutoff
      self.farthest = farthest
      self.findings = findings
    }

    var requirements: PotentialRequirements {
      PotentialRequirements(cutoff: cutoff, lists: .edges, clusterWidth: width)
    }
    mutating func reserveCapacity(atoms: Int, edges: Int) {
      findings.state.withLock { $0.reserved = (atoms, edges) }
    }

    mutating func evaluate(
      _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
      into evaluation: inout Evaluation, in context: ExecutionContext
    ) throws(PotentialError) {
      let count = configuration.ownedCount
      let positions = (0..<count).map { configuration.positions[$0] }
      var complaints: [String] = []
      let edges = neighbors.edges
      if edges.offsets.count != count + 1 { complaints.append("\(edges.offsets.count) offsets for \(count) centres") }
      var seen: Set<BruteForce.Pair> = []
      for i in 0..<min(count, edges.offsets.count - 1) {
        for e in edges.offsets[i]..<edges.offsets[i + 1] {
          let j = Int(edges.neighbors[e])
          let s = edges.shifts[e]
          let vector =
            positions[j] - positions[i] + Vector3(Double(s.a), Double(s.b), Double(s.c)) * configuration.cell.vectors
          if vector.length > farthest { complaints.append("an edge of length \(vector.length), beyond \(farthest)") }
          // Vectors are compared through their pair and shift; as keys they would have to agree in the last bit.
          let pair = BruteForce.Pair(i: i, j: j, shift: s, vector: .zero)
          if !seen.insert(pair).inserted { complaints.append("the edge \(i) → \(j) with \(s) is there twice") }
          if i == j && s == .zero { complaints.append("atom \(i) is its own neighbour") }
        }
      }
      var found = 0
      for pair in BruteForce.pairs(positions, cell: configuration.cell, radius: cutoff) {
        found += 1
        if !seen.contains(BruteForce.Pair(i: pair.i, j: pair.j, shift: pair.shift, vector: .zero)) {
          complaints.append("the pair \(pair.i) → \(pair.j) with \(pair.shift) at \(pair.vector.length) is missing")
        }
      }
      let news = complaints
      let number = found
      findings.state.withLock { state in
        if state.reserved.atoms < count || state.reserved.edges < edges.count {
          state.complaints.append(
            "room was reserved for \(state.reserved), not \(count) atoms and \(edges.count) edges")
        }
        state.complaints += news
        state.evaluations += 1
        state.pairs += number
      }
    }
  }
}
