import Foundation
import Tektite

/// One measured row of the benchmark suite.
struct BenchRow: Codable {
  /// What was run.
  var system: String
  var atoms: Int
  var temperature: Double
  var ensemble: String
  var precision: String
  var threads: Int
  var skin: Double
  /// Nanoseconds of wall time per atom and step: everything included, then its parts. `rest` is integration and the driver.
  var total: Double
  var force: Double
  var list: Double
  var rest: Double
  /// Nanoseconds per atom of one list build, and steps from one to the next.
  var build: Double
  var stepsPerBuild: Double
  /// Neighbour entries per atom, bytes of lists per atom and of everything the engine holds per atom.
  var entries: Double
  var listBytes: Double
  var bytes: Double
  /// Energy drift per atom over the measured steps: of the total energy, or of the conserved quantity under Langevin.
  var drift: Double
}

/// The Kob-Andersen benchmark: a liquid made from a melted lattice (or a given structure), equilibrated, then timed.
struct BenchSuite {
  var model: String = "kob-andersen"
  var steps: Int
  var timestep = 0.004

  /// An equilibrated liquid of 16³ atoms at density 1.2.
  func equilibrated(temperature: Double, team: ThreadTeam) throws -> Structure {
    let resolved = try ModelReference.resolve(model, precision: .mixed)
    let n = 4096
    let counts = [
      StructureBuilder.Count(Species("A", mass: 1), 3277), StructureBuilder.Count(Species("B", mass: 1), 819),
    ]
    let cell = Cell.cubic(pow(Double(n) / 1.2, 1.0 / 3))
    let built = StructureBuilder(.sc, counts: counts, cell: cell, seed: 1).build().structure
    var system = System(built, units: .lj)
    system.drawMaxwellVelocities(temperature: 2, seed: 2)
    var field = try ForceField(resolved.model, for: system, skin: 0.3, team: team)
    try field.update(&system)
    let noise = Noise(RandomStream.langevin.generator(seed: 3, stage: 0))
    for (kT, dt, count) in [(2.0, 0.002, 2000), (temperature, 0.004, 6000)] {
      var integrator = LangevinMiddle(timestep: dt, friction: 1, temperature: .constant(kT), steps: count, noise: noise)
      try integrator.advance(&system, &field, from: 0, count: count)
    }
    var frame = Frame()
    system.copy(into: &frame)
    return Structure(topology: system.topology, frame: frame)
  }

  /// A structure repeated `times` in each direction; velocities are repeated too.
  func replicated(_ structure: Structure, _ times: Int) -> Structure {
    guard times > 1 else { return structure }
    var frame = structure.frame
    let h = frame.cell.vectors
    var topology = structure.topology
    (frame.positions, frame.velocities) = ([], [])
    (topology.species, topology.masses) = ([], [])
    for a in 0..<times {
      for b in 0..<times {
        for c in 0..<times {
          let shift = Vector3(Double(a), Double(b), Double(c)) * h
          frame.positions += structure.frame.positions.map { $0 + shift }
          frame.velocities += structure.frame.velocities
          topology.species += structure.topology.species
          topology.masses += structure.topology.masses
        }
      }
    }
    frame.cell = Cell(Double(times) * h, periodic: frame.cell.periodic)
    return Structure(topology: topology, frame: frame)
  }

  /// Times one setting, after a tenth of the steps to settle.
  func measure(
    _ structure: Structure, temperature: Double, langevin: Bool, precision: Precision, skin: Double, team: ThreadTeam,
    steps: Int
  ) throws -> BenchRow {
    let resolved = try ModelReference.resolve(model, precision: precision)
    var system = System(structure, units: .lj)
    if structure.frame.velocities.count != structure.count {
      system.drawMaxwellVelocities(temperature: temperature, seed: 7)
    }
    var field = try ForceField(resolved.model, for: system, skin: skin, team: team)
    try field.update(&system, [.forces, .energy])
    let n = system.count
    let settle = steps / 10
    let noise = Noise(RandomStream.langevin.generator(seed: 5, stage: 0))
    var nve = VelocityVerlet(timestep: timestep)
    var brownian = LangevinMiddle(
      timestep: timestep, friction: 1, temperature: .constant(temperature), steps: steps + settle, noise: noise)
    func energy(_ system: borrowing System, _ field: borrowing ForceField, heat: Double) -> Double {
      (Thermodynamics.kineticEnergy(system) + field.evaluation.energy - heat) / Double(n)
    }
    let measured: Quantities = [.forces, .energy]
    if langevin {
      try brownian.advance(&system, &field, from: 0, count: settle, measuring: measured)
    } else {
      try nve.advance(&system, &field, from: 0, count: settle, measuring: measured)
    }
    let before = energy(system, field, heat: langevin ? brownian.heat : 0)
    let (list0, force0, builds0) = (field.listSeconds, field.forceSeconds, field.rebuilds)
    let start = monotonicSeconds()
    if langevin {
      try brownian.advance(&system, &field, from: settle, count: steps, measuring: measured)
    } else {
      try nve.advance(&system, &field, from: settle, count: steps, measuring: measured)
    }
    let wall = monotonicSeconds() - start
    let after = energy(system, field, heat: langevin ? brownian.heat : 0)
    let scale = 1e9 / Double(n * steps)
    let builds = field.rebuilds - builds0
    let force = (field.forceSeconds - force0) * scale
    let list = (field.listSeconds - list0) * scale
    let atomBytes = 24 * 3 + 8 + 4 + 12 + 4
    return BenchRow(
      system: model, atoms: n, temperature: temperature, ensemble: langevin ? "Langevin" : "NVE",
      precision: precision.rawValue,
      threads: team.count, skin: skin, total: wall * scale, force: force, list: list, rest: wall * scale - force - list,
      build: builds == 0 ? 0 : (field.listSeconds - list0) * 1e9 / Double(n * builds),
      stepsPerBuild: builds == 0 ? .infinity : Double(steps) / Double(builds),
      entries: Double(field.clusterEntryCount) / Double(n), listBytes: Double(field.listByteCount) / Double(n),
      bytes: Double(field.listByteCount) / Double(n) + Double(atomBytes), drift: after - before)
  }
}
