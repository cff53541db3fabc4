import TektiteCore
import TektitePotentials
import TektiteTestSupport
import Testing

@Suite("Kob-Andersen against published numbers")
struct ReferenceValues {
  /// u and −u′ of the three pairs at four distances, cut and shifted at 2.5 sigma: computed independently, rounded to twelve decimals.
  static let table: [(r: Double, aa: (Double, Double), ab: (Double, Double), bb: (Double, Double))] = [
    (
      0.9, (6.652435844389, 138.659623994277), (-1.475252920778, -0.265569395519),
      (-0.212301615733, 8.711975461589)
    ),
    (1.0, (0.016316891136, 24.0), (-1.136071802880, -4.489381675008), (-0.489307416357, -0.396741301688)),
    (
      1.2, (-0.874648396447, -2.211693342223), (-0.456029554714, -2.171304058212),
      (-0.254519621743, -1.071500782851)
    ),
    (
      1.5, (-0.304019703143, -1.158028831046), (-0.110430876636, -0.526913377504),
      (-0.070058508031, -0.299569795548)
    ),
  ]

  static let species = [Species("A"), Species("B")]

  @Test("pair values to 1e-12")
  func pairValues() throws {
    let model = try LennardJones.kobAndersen()
    let sample = Sample(table: Self.species, minimumDistance: 1, density: 1)
    for row in Self.table {
      for (a, b, expected) in [(0, 0, row.aa), (0, 1, row.ab), (1, 0, row.ab), (1, 1, row.bb)] {
        let pair = model.pairEnergy(a, b, r2: row.r * row.r)
        var worst = Discrepancy()
        worst.compare(pair.energy, expected.0, "u of pair (\(a), \(b)) at \(row.r)")
        worst.compare(pair.forceOverDistance * row.r, expected.1, "f of pair (\(a), \(b)) at \(row.r)")
        // And once more through the driver, as a dimer: the vector between the two atoms costs a rounding or two of r,
        // which the slope of the force at 0.9 (about 2000) turns into a few 1e-13.
        let dimer = sample.dimer(a, b, distance: row.r)
        let measured = try Measurement(model, of: dimer)
        let axis = (dimer.frame.positions[1] - dimer.frame.positions[0]) / row.r
        worst.compare(measured.energy, expected.0, "energy of dimer (\(a), \(b)) at \(row.r)")
        worst.compare(measured.forces[1].dot(axis), expected.1, "force in dimer (\(a), \(b)) at \(row.r)")
        #expect(worst.difference <= 1e-12, "\(worst)")
      }
    }
  }

  @Test("energy shifts of the three pairs")
  func shifts() throws {
    let cut = try LennardJones.kobAndersen(scheme: .cut)
    let shifts = [(0, 0, -0.016316891136), (0, 1, -0.024475336704), (1, 1, -0.008158445568)]
    for (a, b, expected) in shifts {
      let cutoff = cut.pairs[a * 2 + b].cutoff
      let value = cut.pairEnergy(a, b, r2: cutoff * cutoff * (1 - 1e-15)).energy
      #expect(abs(value - expected) < 1e-12)
    }
  }

  @Test("an equilibrium configuration at T = 0.44", arguments: [Precision.double, .mixed])
  func coldLiquid(_ precision: Precision) throws {
    guard let data = try ReferenceData.read("kob-andersen/ka-4096-T0.44.extxyz") else { return }
    let model = try LennardJones.kobAndersen(precision: precision)
    let measured = try Measurement(model, of: data.structure, skin: 0.3)
    let n = Double(data.structure.count)
    // The last printed digit of the reference; in mixed precision some 60 pairs an atom with 1e-7 each, random in sign.
    #expect(abs(measured.energy / n - -7.04386314) < (precision == .double ? 1e-7 : 1e-6))
    #expect(abs(measured.virial.trace / 3 / n - 2.06981756) < (precision == .double ? 1e-7 : 1e-5))
    for (kind, expected) in [(0, -7.28576), (1, -6.07598)] {
      let members = data.structure.topology.species.indices.filter { data.structure.topology.species[$0] == kind }
      let mean = members.reduce(0) { $0 + measured.atomicEnergies[$1] } / Double(members.count)
      #expect(abs(mean - expected) < 1e-5)
    }
  }

  @Test("a configuration at T = 2 with the forces of another engine", arguments: [Precision.double, .mixed])
  func hotLiquid(_ precision: Precision) throws {
    guard let data = try ReferenceData.read("kob-andersen/ka-4000-T2.0.extxyz") else { return }
    let model = try LennardJones.kobAndersen(precision: precision)
    let measured = try Measurement(model, of: data.structure, skin: 0.3)
    let n = Double(data.structure.count)
    #expect(abs(measured.energy / n - -4.64805707) < (precision == .double ? 1e-7 : 1e-6))
    #expect(abs(measured.virial.trace / 3 / n - 14.18388269) < (precision == .double ? 1e-6 : 1e-5))
    guard let forces = data.columns["forces"], let energies = data.columns["energies"] else {
      Issue.record("the file lacks forces or energies")
      return
    }
    // The file's numbers were computed in single precision from single-precision positions of size 7: an error of 4e-7 in a coordinate times
    // the stiffness of the closest pairs (some 1e3 to 1e4 at this temperature) is a few thousandths in a force of up to 300.
    var worst = Discrepancy()
    worst.compare(measured.forces, forces.map { Vector3($0[0], $0[1], $0[2]) }, "force")
    #expect(worst.difference < 5e-3, "\(worst)")
    worst = Discrepancy()
    worst.compare(measured.atomicEnergies, energies.map { $0[0] }, "energy")
    #expect(worst.difference < 2e-4, "\(worst)")
  }
}
