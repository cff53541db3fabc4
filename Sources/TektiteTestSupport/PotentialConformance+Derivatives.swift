import TektiteCore

// Forces and virial against differences of the energy, and what happens at the cutoff.
extension PotentialConformance {
  /// f′(0) from four values, with an error of fourth order in the step h:
  /// [8 (f(h) − f(−h)) − (f(2h) − f(−2h))] / 12 h.
  private func derivative(step h: Double, _ f: (Double) throws -> Double) rethrows -> Double {
    let near = try f(h) - f(-h)
    let far = try f(2 * h) - f(-2 * h)
    return (8 * near - far) / (12 * h)
  }

  func forcesAreGradients(_ report: inout Report) throws {
    guard try available.isSuperset(of: [.energy, .forces]) else { return }
    var random = random(101)
    let h = tolerances.step
    for (shape, count) in [
      (CellShape.cubic, 20), (.triclinic, 10), (.leftHanded, 4), (.slab, 9), (.wire, 6), (.open, 12),
    ] {
      guard let structure = try clearStructure(shape, atoms: count, margin: 3 * h, using: &random) else {
        report.fail("no structure without pairs at the cutoff was found for \(shape)")
        continue
      }
      var probe = try probe(structure)
      let measured = try probe.measure(try available)
      var worst = Discrepancy()
      for atom in 0..<structure.count {
        for axis in 0..<3 {
          let slope = try derivative(step: h) { x in
            var positions = structure.frame.positions
            positions[atom][axis] += x
            return try probe.energy(positions)
          }
          worst.compare(measured.forces[atom][axis], -slope, "force of atom \(atom), component \(axis)")
        }
      }
      let scale = self.scale(of: measured).force
      report.expect(worst, within: tolerances.derivative * scale, "\(structure.count) atoms, \(shape)")
    }
  }

  func virialIsStrainDerivative(_ report: inout Report) throws {
    guard try available.isSuperset(of: [.energy, .virial]) else { return }
    var random = random(102)
    let h = tolerances.step
    for (shape, count) in [
      (CellShape.cubic, 16), (.triclinic, 8), (.leftHanded, 3), (.slab, 8), (.wire, 6), (.open, 10),
    ] {
      let reach = try cutoffDistances(draw(shape, count, &random)).max() ?? 0
      guard let structure = try clearStructure(shape, atoms: count, margin: 3 * h * reach, using: &random) else {
        report.fail("no structure without pairs at the cutoff was found for \(shape)")
        continue
      }
      var probe = try probe(structure)
      let measured = try probe.measure(try available)
      var worst = Discrepancy()
      for row in 0..<3 {
        for column in 0..<3 {
          // r′ = r (1 + ε): dE/dε_ab = Σ r_a ∂E/∂r_b = −W_ab.
          let slope = try derivative(step: h) { x in
            var strain = Matrix3.identity
            strain[row, column] += x
            var cell = structure.frame.cell
            cell.vectors = cell.vectors * strain
            return try probe.energy(structure.frame.positions.map { $0 * strain }, cell: cell)
          }
          worst.compare(measured.virial[row, column], -slope, "virial element (\(row), \(column))")
        }
      }
      let scale = self.scale(of: measured).virial
      report.expect(worst, within: tolerances.derivative * scale, "\(structure.count) atoms, \(shape)")
    }
  }

  func continuousAtCutoff(_ report: inout Report) throws {
    guard smoothness > .none else { return }
    let h = 10 * tolerances.step
    let kinds = sample.table.count
    for a in 0..<kinds {
      for b in a..<kinds {
        for c in try cutoffDistances(sample.dimer(a, b, distance: 1)) {
          var probe = try probe(sample.dimer(a, b, distance: 0.9 * c))
          func at(_ distance: Double) throws -> (energy: Double, force: Double) {
            probe.place(sample.dimer(a, b, distance: distance).frame.positions)
            let measured = try probe.measure([.energy, .forces])
            let direction = sample.dimer(a, b, distance: 1).frame.positions
            return (measured.energy, measured.forces[1].dot(direction[1] - direction[0]))
          }
          let inside = try at(0.9 * c)
          let name = "\(sample.table[a].label)-\(sample.table[b].label) at \(c)"
          let d = tolerances.identity * c
          let (before, after) = (try at(c - d), try at(c + d))
          let energyScale = abs(inside.energy) + c * abs(inside.force)
          var jump = Discrepancy()
          jump.compare(before.energy, after.energy, "the energy just inside")
          report.expect(jump, within: 10 * tolerances.identity * energyScale, name)
          guard smoothness >= .force else { continue }
          jump = Discrepancy()
          jump.compare(before.force, after.force, "the force just inside")
          report.expect(jump, within: 100 * tolerances.identity * abs(inside.force), name)
          guard smoothness >= .curvature else { continue }
          // One-sided slopes of the force, extrapolated to the cutoff: 2 k(h/2) − k(h) has an error of order h².
          func slope(_ side: Double) throws -> Double {
            let here = try at(c + side * d).force
            let near = (try at(c + side * h / 2).force - here) / (side * h / 2)
            let far = (try at(c + side * h).force - here) / (side * h)
            return 2 * near - far
          }
          jump = Discrepancy()
          jump.compare(try slope(-1), try slope(1), "the slope of the force just inside")
          report.expect(jump, within: 0.02 * abs(inside.force) / (0.1 * c), name)
        }
      }
    }
  }
}
