import TektiteCore
import TektiteIrreps

/// Runs a program in the obvious way: whole arrays, double precision, one step after the other, then the adjoint of each step in reverse order. It is the
/// oracle of faster executors, and a way to run any program at all.
public struct Interpreter: Sendable {
  /// An edge of a full list: neighbour j as seen from centre i.
  public struct Edge: Sendable {
    /// i.
    public var center: Int
    /// j.
    public var neighbor: Int
    /// r_ij = r_j − r_i + S·H.
    public var vector: Vector3
    /// Makes an edge.
    public init(center: Int, neighbor: Int, vector: Vector3) {
      (self.center, self.neighbor, self.vector) = (center, neighbor, vector)
    }
  }

  /// What comes out.
  public struct Result: Sendable {
    /// Σ_i E_i.
    public var energy = 0.0
    /// E_i.
    public var atomicEnergies: [Double] = []
    /// ∂E/∂r_ij for each edge that was given; zero beyond the cutoff.
    public var edgeGradients: [Vector3] = []
    /// −∂E/∂r_i.
    public var forces: [Vector3] = []
    /// W = −Σ r_ij ⊗ ∂E/∂r_ij over edges.
    public var virial = Matrix3.zero
    /// Shares of W: half of an edge's to each of its atoms.
    public var atomicVirials: [Matrix3] = []
    /// The buffers of the program, [atom][component] row-major.
    public var features: [[Double]] = []
  }

  /// What is run.
  public let program: NetworkProgram
  let plans: [Int: SphericalHarmonics<Double>]

  /// Makes an interpreter.
  public init(_ program: NetworkProgram) {
    self.program = program
    var plans: [Int: SphericalHarmonics<Double>] = [:]
    for case .convolve(let step) in program.steps where plans[step.largestDegree] == nil {
      // A valid program has no degree that this could refuse.
      plans[step.largestDegree] = try? SphericalHarmonics<Double>(
        upTo: step.largestDegree, normalization: .component)
    }
    self.plans = plans
  }

  /// What one evaluation works on.
  struct Workspace {
    let species: [Int]
    /// Edges within the cutoff, and their places in the list that was given.
    let edges: [Edge]
    let places: [Int]
    let lengths: [Double]
    /// [atom][component] of each buffer, and the derivatives of E with respect to them.
    var features: [[Double]]
    var adjoints: [[Double]]
    /// n_i of each convolution, by step.
    var denominators: [Int: [Double]] = [:]
    /// Σ readouts.
    var readouts: [Double]
    /// ∂E/∂r_ij.
    var gradients: [Vector3]
  }

  /// Energy, forces and virial of atoms of these species.
  /// - Precondition: species are below `program.speciesCount`, and edges refer to these atoms.
  public func evaluate(species: [Int], edges all: [Edge]) -> Result {
    let places = all.indices.filter { all[$0].vector.length < program.cutoff }
    let edges = places.map { all[$0] }
    var work = workspace(species: species, edges: edges, places: places)
    for (k, step) in program.steps.enumerated() { forward(step, k, &work) }
    for (k, step) in program.steps.enumerated().reversed() { adjoint(step, k, &work) }

    var result = Result()
    result.atomicEnergies = species.enumerated().map { i, z in program.shift[z] + program.scale[z] * work.readouts[i] }
    for (e, edge) in edges.enumerated() {
      let r = work.lengths[e]
      for pair in program.pairs {
        let (v, dv) = pair.evaluate(r, species[edge.center], species[edge.neighbor])
        result.atomicEnergies[edge.center] += 0.5 * v
        work.gradients[e] += (0.5 * dv / r) * edge.vector
      }
    }
    result.energy = result.atomicEnergies.reduce(0, +)
    result.features = work.features
    result.edgeGradients = [Vector3](repeating: .zero, count: all.count)
    result.forces = [Vector3](repeating: .zero, count: species.count)
    result.atomicVirials = [Matrix3](repeating: .zero, count: species.count)
    for (e, edge) in edges.enumerated() {
      let gradient = work.gradients[e]
      result.edgeGradients[places[e]] = gradient
      result.forces[edge.center] += gradient
      result.forces[edge.neighbor] -= gradient
      let share = -0.5 * Matrix3.outer(edge.vector, gradient)
      result.atomicVirials[edge.center] += share
      result.atomicVirials[edge.neighbor] += share
      result.virial += share + share
    }
    return result
  }

  /// The buffers for atoms of these species, none of which sees another. No derivatives are worked out.
  /// - Precondition: species are below `program.speciesCount`.
  func features(ofLoneAtoms species: [Int]) -> [[Double]] {
    var work = workspace(species: species, edges: [], places: [])
    for (k, step) in program.steps.enumerated() { forward(step, k, &work) }
    return work.features
  }

  private func workspace(species: [Int], edges: [Edge], places: [Int]) -> Workspace {
    let zeros = program.buffers.map { [Double](repeating: 0, count: $0.irreps.dimension * species.count) }
    return Workspace(
      species: species, edges: edges, places: places, lengths: edges.map(\.vector.length), features: zeros,
      adjoints: zeros, readouts: [Double](repeating: 0, count: species.count),
      gradients: [Vector3](repeating: .zero, count: edges.count))
  }

  private func forward(_ step: Primitive, _ index: Int, _ work: inout Workspace) {
    switch step {
    case .exchange: break
    case .embed(let step): work.features[step.output] = work.species.flatMap { step.rows[$0] }
    case .convolve(let step): forward(step, index, &work)
    case .linear(let step): forward(step, &work)
    case .contract(let step): forward(step, &work)
    case .gate(let gate, let input, let output): forward(gate, input, output, &work)
    case .add(let inputs, let output):
      for input in inputs {
        for k in work.features[output].indices { work.features[output][k] += work.features[input][k] }
      }
    case .readout(let buffer):
      for i in work.readouts.indices { work.readouts[i] += work.features[buffer][i] }
    }
  }

  private func adjoint(_ step: Primitive, _ index: Int, _ work: inout Workspace) {
    switch step {
    case .exchange, .embed: break
    case .convolve(let step): adjoint(step, index, &work)
    case .linear(let step): adjoint(step, &work)
    case .contract(let step): adjoint(step, &work)
    case .gate(let gate, let input, let output): adjoint(gate, input, output, &work)
    case .add(let inputs, let output):
      for input in inputs {
        for k in work.adjoints[output].indices { work.adjoints[input][k] += work.adjoints[output][k] }
      }
    case .readout(let buffer):
      for (i, z) in work.species.enumerated() { work.adjoints[buffer][i] += program.scale[z] }
    }
  }
}
