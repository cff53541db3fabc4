import ArgumentParser
import Foundation
import Tektite

/// The options of `tektite analyze` about the local structure of single frames.
struct StructureOptions: ParsableArguments {
  @Option(parsing: .upToNextOption, help: "Degrees l of order, from 1 to 12. (default: 4 6)")
  var degrees: [Int] = []
  @Option(help: "Neighbours of order, hexatic and solid are the so many nearest. (default: 12, of hexatic 6)")
  var nearest: Int?
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Neighbours of order, hexatic and solid are those closer than a radius, or than that of their pair of species: 1.4, or A-A=1.4 A-B=1.2 B-B=1.3.",
      valueName: "radius"))
  var neighborRadius: [String] = []
  @Option(help: "The product of q6 above which a bond is solid-like.")
  var threshold = 0.7
  @Option(help: "The fewest solid-like bonds of a solid-like atom.")
  var bonds = 7
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Radii of species for voronoi: A=0.5 B=0.44. (default: equal)", valueName: "label=radius"))
  var voronoiRadii: [String] = []
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Write fields.extxyz, one frame with columns that OVITO colours by: q4, averaged-q6, w6 and others of their kind, psi6, neighbors, solid-bonds, voronoi-volume, voronoi-faces, voronoi-index.",
      valueName: "field"))
  var fields: [String] = []
  @Option(help: "The frame of fields, counted from 1, or 'last'.")
  var frame = "last"

  /// The rule that the options state.
  /// - Parameter count: how many nearest ones where no option says it.
  func rule(nearest count: Int = 12) throws(InputError) -> NeighborRule {
    if nearest != nil && !neighborRadius.isEmpty {
      throw InputError("neighbours go by one rule: --nearest or --neighbor-radius, not both", file: "--nearest")
    }
    if neighborRadius.count == 1, let radius = Double(neighborRadius[0]) { return .radius(radius) }
    var radii: [NeighborRule.PairRadius] = []
    for text in neighborRadius {
      let (pair, radius) = try Self.assignment(text, "--neighbor-radius", "a radius, or a pair such as A-B=1.2")
      let labels = pair.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
      guard labels.count == 2 else {
        throw InputError(
          "'\(pair)' is not a pair of species; join two labels by a dash, such as A-B=1.2", file: "--neighbor-radius")
      }
      radii.append(.init(labels[0], labels[1], radius))
    }
    return radii.isEmpty ? .nearest(nearest ?? count) : .radii(radii)
  }

  /// The criterion of solid-like atoms.
  /// - Parameter isPlanar: six nearest neighbours are the usual ones, and solid-like bonds are not asked for.
  func criterion(isPlanar: Bool = false) throws(InputError) -> Crystallinity {
    Crystallinity(
      neighbors: try rule(nearest: isPlanar ? 6 : 12), threshold: threshold, bonds: isPlanar ? 1 : bonds)
  }

  /// The radii of Voronoi cells.
  func radii() throws(InputError) -> [String: Double] {
    var radii: [String: Double] = [:]
    for text in voronoiRadii {
      let (label, radius) = try Self.assignment(text, "--voronoi-radii", "a label with its radius, such as A=0.5")
      guard radii.updateValue(radius, forKey: label) == nil else {
        throw InputError("species '\(label)' stands twice", file: "--voronoi-radii")
      }
    }
    return radii
  }

  private static func assignment(
    _ text: String, _ option: String, _ expectation: String
  ) throws(InputError) -> (String, Double) {
    guard let sign = text.lastIndex(of: "="), let value = Double(text[text.index(after: sign)...]), value.isFinite,
      sign > text.startIndex
    else { throw InputError("'\(text)' is not \(expectation)", file: option) }
    return (String(text[..<sign]), value)
  }

  /// The fields that are to be written; empty for none.
  func chosenFields() throws(InputError) -> [AtomicFields.Field] {
    var chosen: [AtomicFields.Field] = []
    for name in fields {
      guard let field = AtomicFields.Field(name) else {
        let known = [
          "q4", "q6", "averaged-q4", "averaged-q6", "w4", "w6", "psi6", "neighbors", "solid-bonds", "voronoi-volume",
          "voronoi-faces", "voronoi-index",
        ]
        let nearest = InputError.nearest(to: name, among: known).map { "; did you mean '\($0)'?" } ?? "."
        throw InputError(
          "'\(name)' is not a field\(nearest) There are \(known.joined(separator: ", "))", file: "--fields")
      }
      if !chosen.contains(field) { chosen.append(field) }
    }
    return chosen
  }

  /// Finds the frame that fields are of.
  func structure(in path: String, units: Units) throws(InputError) -> Structure {
    let wanted = frame == "last" ? Int.max : Int(frame) ?? 0
    guard wanted >= 1 else {
      throw InputError("'\(frame)' is no frame; frames are counted from 1, or 'last'", file: "--frame")
    }
    var reader = try StructureFile.Reader(path: path, units: units)
    var last: Structure?
    var count = 0
    while count < wanted, let next = try reader.next() {
      last = next
      count += 1
    }
    guard let last, wanted == .max || count == wanted else {
      throw InputError("has \(count) frames; there is no frame \(frame)", file: path)
    }
    return last
  }
}
