import TektiteCore
import TektiteTrajectories

/// Hands out the configurations of an isoconfigurational stage in their order.
struct ConfigurationReader {
  private let path: String
  private let choice: IsoconfigurationalStage.Configurations
  private var reader: StructureFile.Reader

  /// Opens the trajectory.
  /// - Throws: `InputError` for a file that is none, or has too few frames as far as it says.
  init(_ choice: IsoconfigurationalStage.Configurations, path: String, units: Units) throws(InputError) {
    self.path = path
    self.choice = choice
    reader = try StructureFile.Reader(path: path, units: units)
    if let count = reader.frameCount, choice.last >= count { throw tooFew(count) }
  }

  private func tooFew(_ count: Int) -> InputError {
    InputError(
      "holds \(count) whole \(count == 1 ? "frame" : "frames"), and configuration \(choice.count) is to be frame \(choice.last), "
        + "counted from 0", file: path)
  }

  /// Reads configuration `number`, which must lie behind those that were read before.
  /// - Parameters:
  ///   - topology: of the run; the frame must hold the same atoms.
  ///   - diameters: of the run's atoms, for frames without.
  mutating func read(_ number: Int, topology: Topology, diameters: [Double]) throws(InputError) -> Structure {
    let frame = choice.first + number * choice.every
    var structure: Structure?
    while reader.framesRead <= frame {
      structure = try reader.next()
      if structure == nil { throw tooFew(reader.framesRead) }
    }
    guard var found = structure else { throw tooFew(reader.framesRead) }
    guard found.count == topology.count else {
      throw InputError("frame \(frame) holds \(found.count) atoms, the run \(topology.count)", file: path)
    }
    let labels = found.topology.table.map(\.label)
    let own = topology.table.map(\.label)
    if let atom = found.topology.species.indices.first(where: {
      labels[Int(found.topology.species[$0])] != own[Int(topology.species[$0])]
    }) {
      throw InputError(
        "atom \(atom + 1) of frame \(frame) is '\(labels[Int(found.topology.species[atom])])', that of the run "
          + "'\(own[Int(topology.species[atom])])'", file: path)
    }
    if let complaint = found.frame.cell.validate() {
      throw InputError("the cell of frame \(frame) makes no sense: \(complaint)", file: path)
    }
    found.topology = topology
    if found.frame.diameters.isEmpty { found.frame.diameters = diameters }
    return found
  }
}

extension IsoconfigurationalStage.Configurations {
  /// The last frame that is taken.
  var last: Int { first + (count - 1) * every }
}
