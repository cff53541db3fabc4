import TektiteCore
import TektiteDynamics

extension Hessian {
  /// The Hessian of a structure: analytic for models that are sums over pairs, by central differences of the forces for all others.
  /// - Throws: what the potential throws.
  public static func of(
    _ structure: Structure, _ model: any PotentialModel, units: Units, team: ThreadTeam
  ) throws(PotentialError) -> Hessian {
    if let pairs = model as? any PairModel { return try analytic(structure, pairs) }
    return try differences(structure, model, units: units, step: units == .lj ? 1e-3 : 3e-3, team: team)
  }

  /// Sums u″ r̂r̂ᵀ + u′/r (1 − r̂r̂ᵀ) over pairs and their images.
  static func analytic(_ structure: Structure, _ model: any PairModel) throws(PotentialError) -> Hessian {
    let table = structure.topology.table
    let kinds = structure.topology.species
    var cutoffs: [Double] = []
    for a in table { for b in table { cutoffs.append(try model.pairCutoff(a, b)) } }
    let longest = cutoffs.max() ?? 0
    var rows = [[Int32: [Double]]](repeating: [:], count: structure.count)
    guard longest > 0 else { return Hessian(rows: rows, method: "analytic", dimensions: structure.dimensions) }
    let neighbors = PeriodicNeighbors(structure.frame, radius: longest)
    for i in 0..<structure.count {
      var own = [Double](repeating: 0, count: 9)
      let kind = Int(kinds[i])
      neighbors.forEach(near: i, within: longest) { j, d, square in
        let r = square.squareRoot()
        // An atom moves with its own images.
        guard j != i, r < cutoffs[kind * table.count + Int(kinds[j])] else { return }
        let (slope, curvature) = model.pairDerivatives(table[kind], table[Int(kinds[j])], r: r)
        let along = (curvature - slope) / square
        var block = rows[i][Int32(j)] ?? [Double](repeating: 0, count: 9)
        for a in 0..<3 {
          for b in 0..<3 {
            let k = along * d[a] * d[b] + (a == b ? slope : 0)
            block[3 * a + b] -= k
            own[3 * a + b] += k
          }
        }
        rows[i][Int32(j)] = block
      }
      rows[i][Int32(i)] = own
    }
    return Hessian(rows: rows, method: "analytic", dimensions: structure.dimensions)
  }

  /// Differences of the forces at four points around each coordinate, which are exact for cubic forces: (8(f₋₁ − f₁) − (f₋₂ − f₂))/12h.
  ///
  /// Forces should be continuous: where a pair crosses a cutoff at which its force jumps, the difference contains the jump over 12h.
  /// - Parameter step: h, length.
  static func differences(
    _ structure: Structure, _ model: any PotentialModel, units: Units, step h: Double, team: ThreadTeam
  ) throws(PotentialError) -> Hessian {
    let n = structure.count
    var system = System(structure, units: units)
    let skin = Simulation.defaultSkin(try model.makePotential(for: system.table).requirements)
    var field = try ForceField(model, for: system, skin: skin, team: team)
    // Slots are those of the first list from here on: no atom moves far enough for another.
    try field.update(&system, .forces)
    var rows = [[Int32: [Double]]](repeating: [:], count: n)
    var forces: [Vector3] = []
    let points: [(offset: Double, weight: Double)] = [(-2, -1), (-1, 8), (1, -8), (2, 1)]
    for slot in 0..<n {
      let i = Int(system.identity[slot])
      let rest = system.positions[slot]
      for axis in 0..<structure.dimensions {
        var column = [Vector3](repeating: .zero, count: n)
        for point in points {
          var moved = rest
          moved[axis] += point.offset * h
          system.positions[slot] = moved
          try field.update(&system, .forces)
          system.scatter(field.evaluation.forces, into: &forces)
          for j in 0..<n { column[j] += (point.weight / (12 * h)) * forces[j] }
        }
        system.positions[slot] = rest
        // Atoms out of reach of each other give equal forces, whose sum vanishes but for rounding.
        let scale = column.reduce(0) { max($0, abs($1.x), abs($1.y), abs($1.z)) }
        for j in 0..<n where max(abs(column[j].x), abs(column[j].y), abs(column[j].z)) > 1e-13 * scale {
          var block = rows[i][Int32(j)] ?? [Double](repeating: 0, count: 9)
          for b in 0..<3 { block[3 * axis + b] = column[j][b] }
          rows[i][Int32(j)] = block
        }
      }
      if rows[i][Int32(i)] == nil { rows[i][Int32(i)] = [Double](repeating: 0, count: 9) }
    }
    return Hessian(
      rows: rows, method: "central differences of forces at four points, step \(h)", dimensions: structure.dimensions)
  }
}
