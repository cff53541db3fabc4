import Foundation
import TektiteCore
import TektiteTrajectories

/// A configuration and what its atoms were found to do on average: an entry of the table from which predictions are learned, and by which they are judged.
public struct PropensityConfiguration: Sendable {
  /// The configuration.
  public var structure: Structure
  /// Times, in the unit of the file.
  public var times: [Double]
  /// By time, then by atom.
  public var propensities: [[Double]]
  /// For each species, and `all`, the correlation that a perfect prediction would reach at each time; empty where nobody knows.
  public var ceilings: [String: [Double]] = [:]
  /// The file it comes from.
  public var source: String

  /// Reads configurations of a file, or of all files `*-propensity.extxyz` of a folder, in order of their names.
  ///
  /// A file is what an isoconfigurational stage writes, a frame for each time with a column `propensity`; or it has frames with a column for each of the times that the comment
  /// line lists as `propensity_times`. A frame whose positions differ from those before begins another configuration. Ceilings are read from the stage's table beside the file.
  /// - Throws: `InputError` for what is no such file.
  public static func read(_ path: String, units: Units) throws(InputError) -> [PropensityConfiguration] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      return try readFile(path, units)
    }
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    let found = names.filter { $0.hasSuffix(ending) }
    guard !found.isEmpty else {
      throw InputError(
        "holds no file *\(ending); give the folder of a run with an isoconfigurational stage, or such a file",
        file: path)
    }
    var configurations: [PropensityConfiguration] = []
    for name in found { configurations += try readFile((path as NSString).appendingPathComponent(name), units) }
    return configurations
  }

  private static let ending = "-propensity.extxyz"

  private static func readFile(_ path: String, _ units: Units) throws(InputError) -> [PropensityConfiguration] {
    guard try StructureFile.format(of: path) == .extendedXYZ else {
      throw InputError("is not extended XYZ, in which propensities are written", file: path)
    }
    let structures = try ExtendedXYZ.read(path: path, units: units)
    if structures.contains(where: { $0.dimensions == 2 }) {
      throw InputError(
        "holds atoms in two dimensions, and the descriptors are made of harmonics and densities of three; 'predict' has no counterpart of them",
        file: path)
    }
    let columns = try ExtendedXYZ.readColumn("propensity", path: path)
    var configurations: [PropensityConfiguration] = []
    for (structure, column) in zip(structures, columns) {
      let times = try times(column, path)
      if let last = configurations.last, last.structure.frame.positions == structure.frame.positions,
        last.structure.topology.species == structure.topology.species
      {
        configurations[configurations.count - 1].times += times
        configurations[configurations.count - 1].propensities += column.values
      } else {
        configurations.append(
          PropensityConfiguration(structure: structure, times: times, propensities: column.values, source: path))
      }
    }
    // One table of species for the file, which grows from frame to frame.
    if let table = structures.last?.topology.table {
      for k in configurations.indices { configurations[k].structure.topology.table = table }
    }
    if configurations.count == 1 { configurations[0].ceilings = ceilings(path, configurations[0].times.count) }
    for k in configurations.indices { configurations[k].sort() }
    return configurations
  }

  private static func times(_ column: ExtendedXYZ.FrameColumn, _ path: String) throws(InputError) -> [Double] {
    func wrong(_ message: String) -> InputError { InputError(message, file: path, line: column.line) }
    let count = column.values.count
    if let list = column.comment["propensity_times"] {
      let times = list.split(separator: " ").compactMap { Double($0) }
      guard times.count == count, times.allSatisfy({ $0 > 0 && $0.isFinite }) else {
        throw wrong(
          "propensity_times should list \(count) positive times, one for each column, not '\(list.prefix(60))'")
      }
      return times
    }
    guard count == 1 else {
      throw wrong("\(count) columns of propensity, but no propensity_times that says when")
    }
    guard let text = column.comment["time"], let time = Double(text), time > 0, time.isFinite else {
      throw wrong("the frame does not say when its propensity is that of; expected time=... or propensity_times")
    }
    return [time]
  }

  /// Columns `ceiling_...` of the stage's table, if it is there and has as many times.
  private static func ceilings(_ path: String, _ count: Int) -> [String: [Double]] {
    guard path.hasSuffix(ending),
      let text = try? String(contentsOfFile: path.dropLast("extxyz".count) + "csv", encoding: .utf8)
    else { return [:] }
    let lines = text.split(separator: "\n")
    guard lines.count == count + 1 else { return [:] }
    let header = lines[0].split(separator: ",").map(String.init)
    let rows = lines.dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    guard rows.allSatisfy({ $0.count == header.count }) else { return [:] }
    var ceilings: [String: [Double]] = [:]
    for (k, name) in header.enumerated() where name.hasPrefix("ceiling_") {
      ceilings[String(name.dropFirst("ceiling_".count))] = rows.map { Double($0[k]) ?? .nan }
    }
    return ceilings
  }

  /// Brings times into their order; the ceilings' table has them in the order of the frames.
  private mutating func sort() {
    let order = times.indices.sorted { times[$0] < times[$1] }
    let (oldTimes, oldValues) = (times, propensities)
    times = order.map { oldTimes[$0] }
    propensities = order.map { oldValues[$0] }
    for (label, values) in ceilings { ceilings[label] = order.map { values[$0] } }
  }
}
