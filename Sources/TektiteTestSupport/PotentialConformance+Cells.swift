import TektiteCore

// Cells of every size: many copies, smaller than the cutoff, hardly any atoms.
extension PotentialConformance {
  /// The structure repeated along the lattice vectors; copy k of atom i is atom k·N + i.
  static func repeated(_ structure: Structure, _ times: (Int, Int, Int)) -> Structure {
    var result = structure
    result.frame.positions = []
    result.topology.species = []
    result.topology.masses = []
    result.frame.diameters = []
    let h = structure.frame.cell.vectors
    for a in 0..<times.0 {
      for b in 0..<times.1 {
        for c in 0..<times.2 {
          let shift = Vector3(Double(a), Double(b), Double(c)) * h
          result.frame.positions += structure.frame.positions.map { $0 + shift }
          result.topology.species += structure.topology.species
          result.topology.masses += structure.topology.masses
          result.frame.diameters += structure.frame.diameters
        }
      }
    }
    result.frame.cell.vectors = Matrix3(Double(times.0) * h.a, Double(times.1) * h.b, Double(times.2) * h.c)
    return result
  }

  private func compareRepeated(
    _ structure: Structure, _ times: (Int, Int, Int), _ context: String, _ report: inout Report
  ) throws {
    let one = try measure(structure)
    let copies = times.0 * times.1 * times.2
    var expected = one
    expected.energy = Double(copies) * one.energy
    expected.virial = Double(copies) * one.virial
    expected.forces = (0..<copies).flatMap { _ in one.forces }
    expected.atomicEnergies = (0..<copies).flatMap { _ in one.atomicEnergies }
    expected.atomicVirials = (0..<copies).flatMap { _ in one.atomicVirials }
    expected.energyVariance = Double(copies * copies) * one.energyVariance
    expected.forceVariances = (0..<copies).flatMap { _ in one.forceVariances }
    let many = try measure(Self.repeated(structure, times))
    compare(many, expected, within: tolerances.identity, context, &report)
  }

  func supercells(_ report: inout Report) throws {
    var random = random(301)
    for shape in CellShape.bulk {
      for times in [(2, 1, 1), (1, 3, 1), (1, 1, 2), (2, 2, 2)] {
        let structure = draw(shape, 12, &random)
        try compareRepeated(structure, times, "\(shape), \(times)", &report)
      }
    }
    try compareRepeated(draw(.slab, 12, &random), (2, 3, 1), "slab, (2, 3, 1)", &report)
    try compareRepeated(draw(.wire, 12, &random), (1, 2, 1), "wire, (1, 2, 1)", &report)
  }

  func tinyCells(_ report: inout Report) throws {
    var random = random(302)
    for shape in CellShape.allCases where shape != .open {
      for count in 1...3 {
        let structure = draw(shape, count, &random)
        let reach = try probe(structure).field.requirements.cutoff
        // Copies enough that every width exceeds twice the cutoff: there a nearest-image code would be right.
        let cell = structure.frame.cell
        func copies(_ axis: Int) -> Int {
          cell.periodic[axis] ? max(1, Int((2.1 * reach / cell.widths[axis]).rounded(.up))) : 1
        }
        let times = (copies(0), copies(1), copies(2))
        guard count * times.0 * times.1 * times.2 <= 1500 else { continue }
        try compareRepeated(structure, times, "\(count) atoms, \(shape), \(times) copies", &report)
      }
    }
  }

  func sparseSystems(_ report: inout Report) throws {
    let kinds = sample.table.count
    // Energies of single atoms: nothing for a pair potential, the atomic reference for a learned one.
    let lone = try (0..<kinds).map { kind in
      var structure = sample.isolated(atoms: 1, spacing: 1)
      structure.topology.species = [Int32(kind)]
      structure.topology.masses = [sample.table[kind].mass]
      let open = try measure(structure)
      report.expect(open.largestForce == 0, "a lone atom feels a force of \(open.largestForce)")
      let reach = try probe(structure).field.requirements.cutoff
      structure.frame.cell = .cubic(3 * reach)
      let periodic = try measure(structure)
      compare(periodic, open, within: tolerances.identity, "one atom in a wide cell", &report)
      return open.energy
    }
    let reach = try probe(sample.isolated(atoms: 1, spacing: 1)).field.requirements.cutoff
    let row = sample.isolated(atoms: 9, spacing: 2 * reach)
    let measured = try measure(row)
    let sum = row.topology.species.reduce(0) { $0 + lone[Int($1)] }
    var energy = Discrepancy()
    energy.compare(measured.energy, sum, "the energy of nine atoms out of reach")
    report.expect(energy, within: tolerances.identity * abs(sum), "isolated atoms")
    report.expect(measured.largestForce == 0, "atoms out of reach feel a force of \(measured.largestForce)")
    report.expect(measured.virial == .zero, "atoms out of reach have a virial")

    for cell in [Cell.open, .cubic(3 * reach), .cubic(0.5 * reach)] {
      var empty = sample.isolated(atoms: 0, spacing: 1)
      empty.frame.cell = cell
      let nothing = try measure(empty)
      report.expect(nothing.energy == 0 && nothing.virial == .zero, "no atoms have an energy of \(nothing.energy)")
    }
  }

  func agreesWithOracle(_ report: inout Report) throws {
    guard let oracle else { return }
    var random = random(303)
    for shape in CellShape.allCases {
      for count in [40, 5, 1] {
        let structure = draw(shape, count, &random)
        compare(
          try measure(structure), oracle(structure), within: tolerances.identity, "\(count) atoms, \(shape)", &report)
      }
    }
    let crystal = sample.lattice(.cubic, atoms: 343, noise: 0.05, using: &random)
    let measured = try measure(crystal, skin: 0.3 * sample.minimumDistance)
    compare(measured, oracle(crystal), within: tolerances.identity, "a lattice of 343 atoms", &report)
  }

  func agreesWithReference(_ report: inout Report) throws {
    guard let reference else { return }
    var random = random(304)
    for shape in CellShape.allCases {
      let structure = draw(shape, 40, &random)
      var precise = try Probe(reference, structure, units: units)
      let expected = try precise.measure(precise.field.requirements.quantities)
      compare(try measure(structure), expected, within: tolerances.identity, "\(shape)", &report)
    }
  }
}
