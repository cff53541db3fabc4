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
  /// Nanoseconds of wall time per atom and step: everything included, median, least and most over blocks of steps, then medians of its
  /// parts. `rest` is what remains for integration and the driver.
  var total: Double
  var fastest: Double
  var slowest: Double
  var force: Double
  var list: Double
  var rest: Double
  /// Nanoseconds per atom of one list build, and steps from one to the next; without any build, 0 and the number of steps.
  var build: Double
  var stepsPerBuild: Double
  /// Neighbour entries per atom, bytes of lists per atom and of everything the engine holds per atom.
  var entries: Double
  var listBytes: Double
  var bytes: Double
  /// Energy drift per atom over the measured steps: of the total energy, or of the conserved quantity under Langevin.
  var drift: Double
}

/// The benchmark: a liquid made from a melted lattice (or a given structure), equilibrated, then timed.
struct BenchSuite {
  var liquid = BenchLiquid.kobAndersen

  /// A structure repeated `times` in each direction, without diameters and, if it is repeated at all, without velocities: copies that move alike have no faster
  /// atom than one of them, and their lists would last longer than those of a liquid of that size.
  func replicated(_ structure: Structure, _ times: Int) -> Structure {
    guard times > 1 else { return structure }
    var frame = structure.frame
    let h = frame.cell.vectors
    var topology = structure.topology
    (frame.positions, frame.velocities) = ([], [])
    (topology.species, topology.masses) = ([], [])
    for a in 0..<times {
      for b in 0..<times {
        for c in 0..<(structure.dimensions == 2 ? 1 : times) {
          let shift = Vector3(Double(a), Double(b), Double(c)) * h
          frame.positions += structure.frame.positions.map { $0 + shift }
          topology.species += structure.topology.species
          topology.masses += structure.topology.masses
        }
      }
    }
    frame.cell = Cell(Double(times) * h, periodic: frame.cell.periodic, dimensions: structure.dimensions)
    return Structure(topology: topology, frame: frame)
  }

  /// Times several settings on one structure, in turns: each runs a block of steps, then the next one does, so that a slow moment of the machine
  /// falls on all alike and their ratios hold. A row states medians over its blocks.
  func measure(_ settings: [BenchSetting.Choice], on structure: Structure, temperature: Double, steps: Int) throws
    -> [BenchRow]
  {
    let resolved = try settings.map { try ModelReference.resolve(liquid.model, precision: $0.precision) }
    let lanes = try zip(settings, resolved).map { choice, model in
      try BenchSetting(choice, model.model, structure, temperature: temperature, timestep: liquid.timestep)
    }
    // Blocks hold a few list builds each, or the median would leave the builds out.
    let blocks = max(1, min(25, steps / 100))
    for lane in lanes {
      try lane.advance(max(10, steps / 10))
      lane.begin()
    }
    for _ in 0..<blocks {
      for lane in lanes { try lane.time(steps / blocks) }
    }
    return lanes.map { $0.row(system: liquid.model) }
  }
}
