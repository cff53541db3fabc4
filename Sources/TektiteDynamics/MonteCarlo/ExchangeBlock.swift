import TektiteCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// One block of trial exchanges. Positions stand still meanwhile, so the neighbours of all atoms are found once; they are looked for in the user's
/// order of atoms, so that what happens does not depend on how the run came to its present order, nor on the number of threads.
struct ExchangeBlock: ~Copyable {
  private let kind: AtomExchange.Kind
  private let energies: any PairEnergies
  // The neighbours of site k are entries offsets[k] ..< offsets[k + 1].
  private let offsets: [Int]
  private let neighbors: [Int32]
  private let squaredDistances: [Double]
  // By site: where it is never changes, who sits there does.
  private var species: [Int32]
  private var diameters: [Double]
  private var occupants: [Int32]

  /// Finds the neighbours of every atom.
  init(
    _ kind: AtomExchange.Kind, _ energies: any PairEnergies, _ system: borrowing System, team: ThreadTeam
  ) throws(PotentialError) {
    let n = system.count
    var frame = Frame()
    frame.cell = system.cell
    frame.positions = [Vector3](repeating: .zero, count: n)
    for slot in 0..<n { frame.positions[Int(system.identity[slot])] = system.positions[slot] }
    if system.diameters.count == n { system.scatter(system.diameters, into: &frame.diameters) }
    let edges = CollectedEdges()
    var copy = System(Structure(topology: system.topology, frame: frame), units: system.units)
    var field = try ForceField(
      EdgeCollector(cutoff: energies.cutoff, edges: edges), for: copy, skin: 0, team: team)
    try field.update(&copy, .energy)
    self.kind = kind
    self.energies = energies
    offsets = edges.offsets
    neighbors = edges.neighbors
    squaredDistances = edges.squaredDistances
    species = copy.species.array()
    diameters = copy.diameters.array()
    occupants = copy.identity.array()
  }

  /// Makes the trials of a block.
  /// - Parameters:
  ///   - temperature: k_B T.
  ///   - step: the step of the stage, which with the number of the trial makes the random numbers.
  mutating func run(attempts: Int, temperature: Double, step: Int, _ generator: Philox4x32) -> ExchangeCount {
    let n = UInt64(occupants.count)
    let word = UInt64(truncatingIfNeeded: step)
    // Trials name atoms as the user does, whatever the order of sites.
    var site = [Int](repeating: 0, count: occupants.count)
    for (k, atom) in occupants.enumerated() { site[Int(atom)] = k }
    var count = ExchangeCount()
    for attempt in 0..<attempts {
      let bits = generator(
        SIMD4(
          UInt32(truncatingIfNeeded: word), UInt32(truncatingIfNeeded: word >> 32),
          UInt32(truncatingIfNeeded: attempt), 0))
      let a = site[Int((UInt64(bits.x) &* n) >> 32)]
      let b = site[Int((UInt64(bits.y) &* n) >> 32)]
      guard isUseful(a, b) else { continue }
      count.tried += 1
      let before = energy(a) + energy(b)
      exchange(a, b)
      let change = energy(a) + energy(b) - before
      let uniform = (Double(UInt64(bits.z) << 20 | UInt64(bits.w) >> 12) + 0.5) * 0x1p-52
      if change <= 0 || uniform < exp(-change / temperature) {
        count.accepted += 1
      } else {
        exchange(a, b)
      }
    }
    return count
  }

  private func isUseful(_ a: Int, _ b: Int) -> Bool {
    switch kind {
    case .diameters: species[a] == species[b] && diameters[a] != diameters[b]
    case .places: species[a] != species[b]
    }
  }

  private mutating func exchange(_ a: Int, _ b: Int) {
    if !diameters.isEmpty { diameters.swapAt(a, b) }
    if kind == .places {
      species.swapAt(a, b)
      occupants.swapAt(a, b)
    }
  }

  // The pair of the two atoms themselves is in both energies before and after, and it does not change: σ is symmetric.
  private func energy(_ k: Int) -> Double {
    let range = offsets[k]..<offsets[k + 1]
    let local = LocalNeighborhood(
      squaredDistances: squaredDistances.span.extracting(range), neighbors: neighbors.span.extracting(range),
      species: species.span, diameters: diameters.span)
    return energies.energy(species: species[k], diameter: diameters.isEmpty ? 0 : diameters[k], among: local)
  }

  /// Gives the atoms of a system what the trials gave them. The caller invalidates the lists.
  func apply(to system: inout System, sitesOf start: [Int32]) {
    var slot = [Int](repeating: 0, count: system.count)
    for k in 0..<system.count { slot[Int(system.identity[k])] = k }
    switch kind {
    case .diameters:
      for (k, atom) in occupants.enumerated() { system.diameters[slot[Int(atom)]] = diameters[k] }
    case .places:
      let places = start.map { (system.positions[slot[Int($0)]], system.images[slot[Int($0)]]) }
      for (k, atom) in occupants.enumerated() {
        system.positions[slot[Int(atom)]] = places[k].0
        system.images[slot[Int(atom)]] = places[k].1
      }
    }
  }

  /// The atom at each site.
  var sites: [Int32] { occupants }
}

/// The neighbours that a force field found.
private final class CollectedEdges: @unchecked Sendable {
  var offsets: [Int] = []
  var neighbors: [Int32] = []
  var squaredDistances: [Double] = []
}

/// A potential of zero that keeps the neighbours it is shown.
private struct EdgeCollector: PotentialModel {
  let cutoff: Double
  let edges: CollectedEdges
  var name: String { "neighbours" }
  func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential {
    AnyPotential(Worker(requirements: PotentialRequirements(cutoff: cutoff, lists: .edges), edges: edges))
  }

  struct Worker: Potential, ~Copyable {
    let requirements: PotentialRequirements
    let edges: CollectedEdges
    mutating func reserveCapacity(atoms: Int, edges: Int) {}
    mutating func evaluate(
      _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
      into evaluation: inout Evaluation, in context: ExecutionContext
    ) throws(PotentialError) {
      let view = neighbors.edges
      edges.offsets = view.offsets.indices.map { view.offsets[$0] }
      edges.neighbors = view.neighbors.indices.map { view.neighbors[$0] }
      edges.squaredDistances = []
      edges.squaredDistances.reserveCapacity(view.count)
      let h = configuration.cell.vectors
      for i in 0..<configuration.ownedCount {
        for e in view.offsets[i]..<view.offsets[i + 1] {
          let s = view.shifts[e]
          let d =
            configuration.positions[Int(view.neighbors[e])] - configuration.positions[i]
            + Vector3(Double(s.a), Double(s.b), Double(s.c)) * h
          edges.squaredDistances.append(d.lengthSquared)
        }
      }
    }
  }
}
