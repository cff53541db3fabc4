import TektiteCore
import TektitePotentials
import TektiteTestSupport
import Testing

@Suite("Committee of potentials")
struct CommitteeModelTests {
  private func model(_ epsilon: Double, _ precision: Precision = .double) throws -> LennardJones {
    try LennardJones(
      labels: ["A"], pairs: [.init(epsilon: epsilon, sigma: 1, cutoff: 2)], scheme: .shiftedForce, precision: precision)
  }

  private var structure: Structure {
    StructureBuilder(
      .random, counts: [.init(Species("A"), 60)], cell: .cubic(4.5), minimumDistance: 0.9, seed: 5
    ).build().structure
  }

  @Test("Potentials that differ by a factor have the spread of the factors")
  func factors() throws {
    // Energy and forces are linear in epsilon. Of 1, 2, 4, 5 the mean is 3 and the mean squared deviation 2.5.
    let committee = CommitteeModel(models: try [1, 2, 4, 5].map { try model($0) })
    let found = try Measurement(committee, of: structure, quantities: [.energy, .forces, .virial, .variance])
    let unit = try Measurement(model(1), of: structure)
    let root = 2.5.squareRoot()
    // Some hundred terms, each rounded.
    #expect(abs(found.energy - 3 * unit.energy) < 1e-12 * abs(unit.energy))
    #expect(abs(found.energyVariance.squareRoot() - root * abs(unit.energy)) < 1e-12 * abs(unit.energy))
    for (variance, force) in zip(found.forceVariances, unit.forces) {
      #expect(abs(variance.squareRoot() - root * force.length) < 1e-12 * unit.largestForce)
    }
    #expect(unit.largestForce > 1 && found.forceVariances.count == 60)
  }

  @Test("Equal members and a single one agree")
  func agreement() throws {
    for models in [[try model(1)], [try model(1), try model(1)]] {
      let found = try Measurement(CommitteeModel(models: models), of: structure, quantities: [.energy, .variance])
      #expect(found.energyVariance == 0 && found.forceVariances == [Double](repeating: 0, count: 60))
    }
  }

  @Test("Only committees, and sums with one, know variances")
  func requirements() throws {
    let table = [Species("A")]
    let plain = try model(1)
    let committee = CommitteeModel(models: [plain, try model(2)])
    #expect(committee.name == "committee (\(plain.name), \(plain.name))")
    func knows(_ model: any PotentialModel) throws -> Bool {
      try model.makePotential(for: table).requirements.quantities.contains(.variance)
    }
    #expect(try !knows(plain) && knows(committee))
    #expect(try knows(SumModel(models: [plain, committee])) && knows(SumModel(models: [committee, plain])))
    #expect(try !knows(SumModel(models: [plain, plain])))
    #expect(!Quantities.all.contains(.variance))
    // Members share one neighbour list, whose clusters are as wide for both precisions on some processors.
    let narrow = try model(1, .mixed)
    func width(_ model: any PotentialModel) throws -> Int {
      try model.makePotential(for: table).requirements.clusterWidth
    }
    let mixed = CommitteeModel(models: [plain, narrow])
    if try width(plain) == width(narrow) {
      #expect(try width(mixed) == width(plain))
    } else {
      #expect(throws: PotentialError.self) { _ = try mixed.makePotential(for: table) }
    }
  }

  @Test("Variances of independent committees add")
  func sums() throws {
    let first = CommitteeModel(models: [try model(1), try model(2)])
    let second = CommitteeModel(models: [try model(3), try model(7)])
    let wanted: Quantities = [.energy, .forces, .variance]
    let (a, b) = (
      try Measurement(first, of: structure, quantities: wanted),
      try Measurement(second, of: structure, quantities: wanted)
    )
    let sum = try Measurement(SumModel(models: [first, second]), of: structure, quantities: wanted)
    #expect(abs(sum.energyVariance - a.energyVariance - b.energyVariance) < 1e-12 * sum.energyVariance)
    for i in 0..<60 {
      #expect(abs(sum.forceVariances[i] - a.forceVariances[i] - b.forceVariances[i]) <= 1e-12 * sum.forceVariances[i])
    }
  }
}
