/// Evaluates a network: energies of atoms, forces and virials from positions, species and edges. Owns its memory, allocates nothing once it has seen a problem
/// of a size, and gives the same bits for any number of threads.
public struct NetworkEngine: ~Copyable {
  private enum Core {
    case single(NetworkExecutor<Float>)
    case double(NetworkExecutor<Double>)
  }
  private let core: Core
  private let map: AlignedNumbers<Int32>

  /// What an evaluation gives as sums over atoms.
  public struct Sums: Sendable {
    /// Σ E_i.
    public var energy: Double
    /// W = −Σ r ⊗ ∂E/∂r.
    public var virial: Matrix3
  }

  /// Makes an engine.
  /// - Parameters:
  ///   - isDouble: whether features are of 64 bits; positions, energies, forces and sums are in any case.
  ///   - species: for each species of the system its number in the plan.
  public init(_ plan: NetworkPlan, isDouble: Bool, species: [Int]) {
    core = isDouble ? .double(NetworkExecutor(plan)) : .single(NetworkExecutor(plan))
    map = AlignedNumbers(species.map { Int32($0) })
  }

  /// Makes room for a problem of this size.
  public mutating func reserve(atoms: Int, edges: Int, threads: Int) {
    switch core {
    case .single(let core): core.reserve(atoms: atoms, edges: edges, threads: threads)
    case .double(let core): core.reserve(atoms: atoms, edges: edges, threads: threads)
    }
  }

  /// Adds forces and shares of atoms, and returns sums.
  /// - Parameters:
  ///   - offsets, neighbors, shifts: a full list of neighbours by centre, r_ij = r_j − r_i + S·H; longer edges than the cutoff are left out.
  ///   - energies, virials: shares of atoms; nothing is added where the count is 0.
  public mutating func add(
    positions: Span<Vector3>, species: Span<Int32>, basis: Matrix3, offsets: Span<Int>, neighbors: Span<Int32>,
    shifts: Span<LatticeShift>, forces: inout Buffer<Vector3>, energies: inout Buffer<Double>,
    virials: inout Buffer<Matrix3>, team: ThreadTeam
  ) -> Sums {
    let count = positions.count
    guard count > 0 else { return Sums(energy: 0, virial: .zero) }
    precondition(species.count >= count && offsets.count > count && forces.count >= count, "arrays of different sizes")
    var output = NetworkOutput(
      forces: forces.base, atomicEnergies: energies.count >= count ? energies.base : nil,
      atomicVirials: virials.count >= count ? virials.base : nil)
    let map = UnsafePointer(self.map.base)
    let core = core
    positions.withUnsafeBufferPointer { positions in
      species.withUnsafeBufferPointer { species in
        offsets.withUnsafeBufferPointer { offsets in
          neighbors.withUnsafeBufferPointer { neighbors in
            shifts.withUnsafeBufferPointer { shifts in
              guard let r = positions.baseAddress, let z = species.baseAddress, let o = offsets.baseAddress else {
                return
              }
              // Without any edge there may be no list; its pointers are then never followed.
              let none = UnsafePointer<Int32>(map)
              let input = NetworkInput(
                count: count, edgeCount: neighbors.count, positions: r, species: z, map: map, basis: basis, offsets: o,
                neighbors: neighbors.baseAddress ?? none,
                shifts: shifts.baseAddress
                  ?? UnsafeRawPointer(none).assumingMemoryBound(to: LatticeShift.self))
              switch core {
              case .single(let core): core.evaluate(input, &output, team: team)
              case .double(let core): core.evaluate(input, &output, team: team)
              }
            }
          }
        }
      }
    }
    return Sums(energy: output.energy, virial: output.virial)
  }
}
