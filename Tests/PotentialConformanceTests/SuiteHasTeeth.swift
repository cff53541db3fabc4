import TektiteCore
import TektitePotentials
import TektiteTestSupport
import Testing

/// Ways in which a potential can be wrong. A suite that passes any of them would prove nothing.
enum Defect: String, CaseIterable, Sendable {
  case forceTooLarge, overwritesEnergy, forgetsVirial, ignoresShift, seesAbsolutePosition, dependsOnNumbering
  case sharesIncomplete, jumpsAtCutoff, allocates, remembers, energyWithForcesOnly, energyPerList, readsBeyondCutoff

  /// The checks of which at least one must fail.
  var caughtBy: [String] {
    switch self {
    case .forceTooLarge: ["forces are the gradient of the energy"]
    case .overwritesEnergy: ["results are added to what is there"]
    case .forgetsVirial: ["the virial is the strain derivative"]
    case .ignoresShift: ["cells smaller than the cutoff"]
    case .seesAbsolutePosition: ["translation changes nothing"]
    // The driver sorts atoms, so slot 0 is a place rather than a number: each copy of a cell should have one.
    case .dependsOnNumbering: ["a supercell is so many cells"]
    case .sharesIncomplete: ["shares of atoms sum to the total"]
    case .jumpsAtCutoff: ["continuous at the cutoff as promised"]
    case .allocates: ["nothing is allocated after warm-up"]
    case .remembers: ["nothing is remembered from other configurations"]
    case .energyWithForcesOnly: ["what is asked for is right, whatever else is asked for"]
    case .energyPerList: ["any skin gives the same"]
    case .readsBeyondCutoff: ["any skin gives the same", "a supercell is so many cells"]
    }
  }
}

/// A soft repulsion u = (1 − r²/c²)³, in the plainest way, with one defect or none.
struct FlawedModel: PotentialModel {
  var defect: Defect?
  var name: String { "soft spheres with defect \(defect.map { $0.rawValue } ?? "none")" }

  func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential {
    AnyPotential(Flawed(defect: defect))
  }

  struct Flawed: Potential, ~Copyable {
    let defect: Defect?
    let cutoff = 1.6
    var last = 0.0

    init(defect: Defect?) { self.defect = defect }

    var requirements: PotentialRequirements { PotentialRequirements(cutoff: cutoff, lists: .edges) }
    mutating func reserveCapacity(atoms: Int, edges: Int) {}
    mutating func evaluate(
      _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
      into evaluation: inout Evaluation, in context: ExecutionContext
    ) throws(PotentialError) {
      let h = configuration.cell.vectors
      let c2 = cutoff * cutoff
      var energy = 0.0
      if defect == .allocates && [Int](repeating: configuration.ownedCount, count: 64).last == -1 { return }
      if defect == .energyPerList { energy += 1e-6 * Double(neighbors.edges.count) }
      for i in 0..<configuration.ownedCount {
        for e in neighbors.edges.offsets[i]..<neighbors.edges.offsets[i + 1] {
          let j = Int(neighbors.edges.neighbors[e])
          let s = neighbors.edges.shifts[e]
          var d = configuration.positions[j] - configuration.positions[i]
          if defect != .ignoresShift { d += Vector3(Double(s.a), Double(s.b), Double(s.c)) * h }
          let r2 = d.lengthSquared
          if r2 >= c2 && defect != .readsBeyondCutoff { continue }
          let x = 1 - r2 / c2
          var u = x * x * x
          if defect == .jumpsAtCutoff { u += 0.01 }
          if defect == .seesAbsolutePosition { u *= 1 + 1e-4 * configuration.positions[i].x }
          if defect == .dependsOnNumbering && i == 0 { u *= 1.01 }
          var f = 6 * x * x / c2
          if defect == .forceTooLarge { f *= 1.0001 }
          energy += u / 2
          if quantities.contains(.forces) { evaluation.forces[i] -= f * d }
          let w = (f / 2) * Matrix3.outer(d, d)
          if quantities.contains(.virial) && defect != .forgetsVirial { evaluation.virial += w }
          if quantities.contains(.atomicEnergies) {
            evaluation.atomicEnergies[i] += defect == .sharesIncomplete ? u / 3 : u / 2
          }
          if quantities.contains(.atomicVirials) { evaluation.atomicVirials[i] += w }
        }
      }
      if defect == .remembers { energy += 0.01 * last }
      last = energy
      if quantities.contains(.energy) && (defect != .energyWithForcesOnly || quantities.contains(.forces)) {
        if defect == .overwritesEnergy { evaluation.energy = energy } else { evaluation.energy += energy }
      }
    }
  }

  var suite: PotentialConformance {
    PotentialConformance(
      self, sample: Sample(table: [Species("A")], minimumDistance: 0.7, density: 0.9), smoothness: .force, seed: 5)
  }
}

@Suite("The conformance suite has teeth")
struct SuiteHasTeeth {
  @Test("a correct potential passes")
  func correct() {
    for check in FlawedModel(defect: nil).suite.checks {
      if let failure = check.failure() { Issue.record("\(failure)") }
    }
  }

  @Test("each defect is caught", arguments: Defect.allCases)
  func caught(_ defect: Defect) {
    if defect == .allocates && !AllocationCounter.isAvailable {
      print("allocations are not counted here: the defect 'allocates' is not tried")
      return
    }
    let checks = FlawedModel(defect: defect).suite.checks.filter { defect.caughtBy.contains($0.name) }
    #expect(checks.count == defect.caughtBy.count, "a check was renamed")
    #expect(checks.contains { $0.failure() != nil }, "\(defect) went unnoticed")
  }
}
