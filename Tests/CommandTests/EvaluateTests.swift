import Foundation
import Tektite
import TektiteTestSupport
import Testing

@Suite("evaluate")
struct EvaluateTests {
  /// Frames that differ in number, species and cell.
  private static func frames() -> [Structure] {
    var random = SeededGenerator(seed: 99)
    let lattice = [
      Cell.cubic(5), Cell(Matrix3(Vector3(5, 0, 0), Vector3(1, 5, 0), Vector3(0.5, -1, 4.5))), .open,
      Cell(Cell.cubic(6).vectors, periodic: Periodicity(true, true, false)),
    ]
    return lattice.enumerated().map { index, cell in
      var frame = Frame()
      frame.cell = cell
      for k in 0..<(40 + index) {
        let place = Vector3(Double(k % 4), Double(k / 4 % 4), Double(k / 16)) * 1.15
        frame.positions.append(
          place
            + Vector3(
              .random(in: -0.1...0.1, using: &random), .random(in: -0.1...0.1, using: &random),
              .random(in: -0.1...0.1, using: &random)))
      }
      let species = frame.positions.indices.map { Int32($0 % 5 == 4 ? 1 : 0) }
      return Structure(topology: Topology(table: [Species("A"), Species("B")], species: species), frame: frame)
    }
  }

  @Test("Energies, forces and stress are those of the library, bit for bit")
  func values() throws {
    let scratch = try Scratch()
    let frames = Self.frames()
    let writer = try ExtendedXYZ.Writer(path: scratch.path + "/in.extxyz", units: .lj)
    for frame in frames { try writer.append(frame) }
    try writer.close()
    let result = try Program.run(
      "evaluate", "kob-andersen", "in.extxyz", "-o", "out.extxyz", "--threads", "2", in: scratch)
    #expect(result.code == 0 && result.output.isEmpty, "\(result.error)")
    #expect(result.error.contains("4 frames"), "\(result.error)")
    let evaluated = try ExtendedXYZ.read(path: scratch.path + "/out.extxyz", units: .lj)
    #expect(evaluated.count == frames.count)
    let model = try ModelReference.resolve(Program.packageFolder + "/potentials/kob-andersen.yaml", precision: nil)
      .model
    for (frame, written) in zip(frames, evaluated) {
      var system = System(frame, units: .lj)
      var field = try ForceField(model, for: system, skin: 0, team: ThreadTeam(threads: 1))
      try field.update(&system, [.energy, .forces, .virial, .atomicEnergies])
      #expect(written.frame.positions == frame.frame.positions)
      #expect(written.frame.energy == field.evaluation.energy)
      var forces: [Vector3] = []
      system.scatter(field.evaluation.forces, into: &forces)
      #expect(written.frame.forces == forces)
      var energies: [Double] = []
      system.scatter(field.evaluation.atomicEnergies, into: &energies)
      #expect(written.frame.energies == energies)
      if let volume = frame.frame.cell.volume {
        #expect(written.frame.stress == (-1 / volume) * field.evaluation.virial)
      } else {
        #expect(written.frame.stress == nil, "no volume, no stress")
      }
    }
    // The same through a pipe, and what is there is not replaced unasked.
    let piped = try Program.run("evaluate", "kob-andersen", "in.extxyz", "-o", "-", "--quiet", in: scratch)
    #expect(piped.code == 0 && piped.error.isEmpty && piped.output == scratch.text("out.extxyz"))
    #expect(try Program.run("evaluate", "kob-andersen", "in.extxyz", "-o", "out.extxyz", in: scratch).code == 2)
    let inPlace = try Program.run(
      "evaluate", "kob-andersen", "in.extxyz", "-o", "in.extxyz", "--overwrite", in: scratch)
    #expect(inPlace.code == 0 && scratch.text("in.extxyz") == scratch.text("out.extxyz"), "\(inPlace.error)")
    #expect(scratch.files() == ["in.extxyz", "out.extxyz"], "no partial file is left")
  }

  @Test("A trajectory of a run evaluates to the energies of its table, to the precision of its positions")
  func trajectory() throws {
    let scratch = try Scratch()
    try scratch.write(Decks.kobAndersen(Decks.constantEnergy(steps: 60)), to: "deck.yaml")
    #expect(try Program.run("run", "deck.yaml", "-q", in: scratch).code == 0)
    let result = try Program.run("evaluate", "kob-andersen", "deck-run/nve.nc", "-o", "out.extxyz", "-q", in: scratch)
    #expect(result.code == 0, "\(result.error)")
    let frames = try ExtendedXYZ.read(path: scratch.path + "/out.extxyz", units: .lj)
    let rows = scratch.text("deck-run/nve.csv").split(separator: "\n")
    let heads = try #require(rows.first { $0.hasPrefix("step") }).split(separator: ",")
    let column = try #require(heads.firstIndex { $0.hasPrefix("potential") })
    let table = rows.filter { $0.first?.isNumber ?? false }.map { $0.split(separator: ",") }
    #expect(frames.count == 4)
    for frame in frames {
      let row = try #require(table.first { Int($0[0]) == frame.frame.step })
      // Positions are floats, wrong by 3e-7 at most; forces are of order 10 on 250 atoms.
      #expect(abs(try #require(frame.frame.energy) - (try #require(Double(row[column])))) < 2e-3)
    }
  }

  @Test("A file that cannot grow leaves nothing half written")
  func diskFull() throws {
    let scratch = try Scratch()
    let writer = try ExtendedXYZ.Writer(path: scratch.path + "/in.extxyz", units: .lj)
    for _ in 0..<20 { for frame in Self.frames() { try writer.append(frame) } }
    try writer.close()
    let result = try Program.run(
      "evaluate", "kob-andersen", "in.extxyz", "-o", "out.extxyz", in: scratch, fileSizeLimit: 65536)
    #expect(result.code == 1 && result.error.contains("out.extxyz"), "\(result.error)")
    #expect(scratch.files() == ["in.extxyz"])
  }
}
