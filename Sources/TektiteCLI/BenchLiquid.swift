import Foundation
import Tektite

/// A liquid that the benchmark makes by itself.
struct BenchLiquid {
  /// The potential, by its name in the registry.
  var model: String
  /// What a heading says of it.
  var title: String
  /// Atoms of species A, B, ...
  var counts: [Int]
  /// Atoms per volume, or per area.
  var density: Double
  var dimensions = 3
  /// Where it is timed.
  var temperature = 1.0
  /// Whether exchanges of diameters are timed too.
  var exchanges = false
  /// Of the timed steps.
  var timestep = 0.004
  /// Where it is melted, and with what timestep.
  var melt = (temperature: 2.0, timestep: 0.002)

  static let kobAndersen = BenchLiquid(
    model: "kob-andersen", title: "Kob-Andersen 80:20, density 1.2, timestep 0.004", counts: [3277, 819], density: 1.2)
  static let planar = BenchLiquid(
    model: "kob-andersen-2d", title: "Kob-Andersen 65:35 in two dimensions, density 1.2", counts: [2662, 1434],
    density: 1.2, dimensions: 2)
  /// Soft spheres of many diameters.
  static func spheres(_ count: Int) -> BenchLiquid {
    BenchLiquid(
      model: "polydisperse-spheres", title: "Polydisperse spheres, density 1.02, timestep 0.01", counts: [count],
      density: 1.02, temperature: 0.25, exchanges: true, timestep: 0.01, melt: (0.5, 0.01))
  }

  /// The margin of the neighbour list that a deck would get, for the atoms of a structure.
  func skin(for structure: Structure) throws -> Double {
    let model = try ModelReference.resolve(model, precision: .double).model
    return Simulation.defaultSkin(try model.makePotential(for: structure.table).requirements)
  }

  /// The liquid at equilibrium.
  func equilibrated(temperature: Double, team: ThreadTeam) throws -> Structure {
    let resolved = try ModelReference.resolve(model, precision: .mixed)
    let n = counts.reduce(0, +)
    let species = zip(["A", "B"], counts).map { StructureBuilder.Count(Species($0, mass: 1), $1) }
    let lattice = dimensions == 2 ? Lattice.square : .sc
    let cell =
      dimensions == 2
      ? lattice.rectangle(for: n, density: density) : Cell.cubic(pow(Double(n) / density, 1.0 / 3))
    var built = StructureBuilder(lattice, counts: species, cell: cell, seed: 1).build().structure
    if let diameters = resolved.diameters { built.frame.diameters = diameters.draw(count: n, seed: 4) }
    var system = System(built, units: .lj)
    var field = try ForceField(resolved.model, for: system, skin: 0.3, team: team)
    if resolved.diameters != nil {
      // Large atoms overlap on a lattice made for atoms of one size.
      var fire = FIRE(for: field, units: .lj)
      _ = try minimize(&system, &field, with: &fire, tolerance: 0.01, maximumEvaluations: 1000)
    }
    system.drawMaxwellVelocities(temperature: melt.temperature, seed: 2)
    try field.update(&system)
    let noise = Noise(RandomStream.langevin.generator(seed: 3, stage: 0))
    for (kT, dt, count) in [(melt.temperature, melt.timestep, 2000), (temperature, timestep, 6000)] {
      var integrator = LangevinMiddle(timestep: dt, friction: 1, temperature: .constant(kT), steps: count, noise: noise)
      try integrator.advance(&system, &field, from: 0, count: count)
    }
    var frame = Frame()
    system.copy(into: &frame)
    return Structure(topology: system.topology, frame: frame)
  }
}
