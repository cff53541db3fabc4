import TektiteCore

// What must not change when the same matter is described in another way.
extension PotentialConformance {
  func translation(_ report: inout Report) throws {
    var random = random(201)
    for shape in CellShape.allCases {
      let structure = draw(shape, 14, &random)
      var moved = structure
      let by = 3.7 * random.direction()
      moved.frame.positions = structure.frame.positions.map { $0 + by }
      compare(try measure(moved), try measure(structure), within: tolerances.identity, "\(shape)", &report)
    }
  }

  func rotationAndInversion(_ report: inout Report) throws {
    var random = random(202)
    for shape in CellShape.allCases {
      for sign in [1.0, -1.0] {
        let structure = draw(shape, 14, &random)
        let turn = sign * random.rotation()
        var turned = structure
        turned.frame.positions = structure.frame.positions.map { $0 * turn }
        turned.frame.cell.vectors = structure.frame.cell.vectors * turn
        var expected = try measure(structure)
        // Row vectors turn as v R, tensors as Rᵀ T R.
        expected.forces = expected.forces.map { $0 * turn }
        expected.virial = turn.transposed * expected.virial * turn
        expected.atomicVirials = expected.atomicVirials.map { turn.transposed * $0 * turn }
        let context = "\(shape), \(sign > 0 ? "rotated" : "rotated and inverted")"
        compare(try measure(turned), expected, within: tolerances.identity, context, &report)
      }
    }
  }

  func permutation(_ report: inout Report) throws {
    var random = random(203)
    for shape in [CellShape.cubic, .triclinic, .open] {
      let structure = draw(shape, 17, &random)
      let order = random.permutation(structure.count)
      let original = try measure(structure)
      var shuffled = structure
      var expected = original
      for (new, old) in order.enumerated() {
        shuffled.frame.positions[new] = structure.frame.positions[old]
        shuffled.topology.species[new] = structure.topology.species[old]
        shuffled.topology.masses[new] = structure.topology.masses[old]
        if sample.diameters != nil { shuffled.frame.diameters[new] = structure.frame.diameters[old] }
        expected.forces[new] = original.forces[old]
        if !original.atomicEnergies.isEmpty { expected.atomicEnergies[new] = original.atomicEnergies[old] }
        if !original.atomicVirials.isEmpty { expected.atomicVirials[new] = original.atomicVirials[old] }
        if !original.forceVariances.isEmpty { expected.forceVariances[new] = original.forceVariances[old] }
      }
      compare(try measure(shuffled), expected, within: tolerances.identity, "\(shape)", &report)
    }
  }

  func latticeShifts(_ report: inout Report) throws {
    var random = random(204)
    for shape in CellShape.allCases where shape != .open {
      for count in [13, 2] {
        let structure = draw(shape, count, &random)
        var shifted = structure
        let cell = structure.frame.cell
        for atom in 0..<structure.count {
          var by = Vector3.zero
          for axis in 0..<3 where cell.periodic[axis] { by[axis] = Double(random.integer(-3..<4)) }
          shifted.frame.positions[atom] += by * cell.vectors
        }
        let context = "\(count) atoms, \(shape)"
        compare(try measure(shifted), try measure(structure), within: tolerances.identity, context, &report)
      }
    }
  }

  func nothingIsRemembered(_ report: inout Report) throws {
    var random = random(205)
    let structure = draw(.triclinic, 15, &random)
    let other = draw(.triclinic, 15, &random)
    var probe = try probe(structure)
    let quantities = probe.field.requirements.quantities
    let first = try probe.measure(quantities)
    probe.place(other.frame.positions)
    _ = try probe.measure(quantities)
    // Far apart: the lists are empty, and what they held before must not be seen.
    var wide = structure.frame.cell
    let factor = 1 + 4 * probe.field.requirements.cutoff / sample.minimumDistance
    wide.vectors = factor * wide.vectors
    probe.place(structure.frame.positions.map { factor * $0 }, cell: wide)
    _ = try probe.measure(quantities)
    probe.place(structure.frame.positions, cell: structure.frame.cell)
    compare(try probe.measure(quantities), first, within: tolerances.identity, "back at the start", &report)
  }
}
