import Foundation
import TektiteCore

/// `system:`, the atoms at the start.
struct SystemSection: DeckSection {
  var dimensions: Int?
  var structure: String?
  var frame: FrameChoice?
  var build: BuildSection?
  var atoms: Int?
  var velocities: VelocitiesSection?
  var masses: [Labelled<Double>] = []
  var diameters: DiametersSection?
  var periodic: Periodicity?
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "system", expectation: "the system", meaning: "The atoms at the start: from a file, or built.",
    keys: [
      .optional(
        "dimensions", \.dimensions, Codec<Int>.integer("the number of dimensions", in: 2...3).orWord("auto"),
        default: nil,
        "2 for atoms in the plane z = 0, where volumes are areas; 'auto' is 2 for a square or hexagonal lattice and for a structure file that says so, else 3."
      ),
      .absent(
        "structure", \.structure, .path("the path of a structure file"),
        "A structure file (extended XYZ, LAMMPS data, AMBER NetCDF), relative to the folder of the deck."),
      .absent(
        "frame", \.frame, .frame, "Which frame of the file: 'last' (the default), 'first', or a number counted from 0."),
      .absent("build", \.build, BuildSection.table.codec, "Instead of a file: atoms on a lattice or at random."),
      .absent(
        "atoms", \.atoms, .integer("the number of atoms", in: 1...Int(Int32.max)),
        "The number of atoms expected; the run refuses to start with another."),
      .optional(
        "velocities", \.velocities, VelocitiesSection.table.codec.orWord("keep"), default: nil,
        "Maxwell velocities at a temperature; 'keep' takes those of the file, or rest."),
      .optional(
        "masses", \.masses, Codec<Double>.quantity("a mass", .mass, .positive).bySpecies("masses by species"),
        default: [],
        "Masses by species, before those of the file and of the potential."),
      .absent(
        "diameters", \.diameters, DiametersSection.table.codec,
        "From what a diameter is drawn for each atom, before those of the file and of the potential."),
      .absent(
        "periodic", \.periodic, .periodicity,
        "Which directions repeat: true, false, or a list of three, of which two dimensions pass over the third; default: as in the file, or all."
      ),
    ],
    check: { section, _ throws(InputError) in
      if section.structure != nil && section.build != nil {
        throw section.marks["build"].error("the system has both 'structure' and 'build'; keep one")
      }
      if section.structure == nil && section.build == nil {
        throw section.marks.section.error("the system needs 'structure: FILE' or 'build: {...}'")
      }
      if section.build != nil {
        if section.frame != nil {
          throw section.marks["frame"].error("'frame' belongs to a structure file; this system is built")
        }
        try section.settleDimensions()
        if section.periodic == nil { section.periodic = .all }
        if section.dimensions == 2 { section.periodic?.c = false }
      } else if section.frame == nil {
        section.frame = .last
      }
    })
}

/// Which frame of a structure file.
enum FrameChoice: Hashable, Sendable {
  case first, last
  case index(Int)
}

/// The density of a built system.
enum Density: Hashable, Sendable {
  /// Atoms per volume, in the unit of length cubed.
  case number(Double)
  /// Mass per volume, amu/Å³.
  case mass(Double)
}

/// `build:`, a lattice or random start.
struct BuildSection: DeckSection {
  var lattice = Lattice.fcc
  var counts: [Labelled<Int>] = []
  var density: Density?
  var cell: Matrix3?
  var minimumDistance: Double?
  var marks = Marks.none

  /// The number of atoms.
  var count: Int { counts.reduce(0) { $0 + $1.value } }

  static let table = SectionTable<Self>(
    name: "build", expectation: "'build'",
    meaning: "Atoms on a lattice or at random; species are shuffled with the deck's seed.",
    keys: [
      .required(
        "lattice", \.lattice, .word("a lattice"),
        "'random', or a lattice that is fitted to the cell; sites left over stay empty at random."),
      .required(
        "counts", \.counts,
        Codec<Int>.integer("a number of atoms", in: 0...Int(Int32.max)).bySpecies(
          "numbers of atoms by species, such as {A: 800, B: 200}"),
        "The number of atoms of each species."),
      .absent(
        "density", \.density, .density,
        "Atoms per volume, which makes a cubic cell, or in two dimensions per area, which makes a square (with 'hexagonal' a rectangle that fits the lattice); with 'units: real' also a mass density such as '1.374 g/cm^3'."
      ),
      .absent(
        "cell", \.cell, .cell,
        "Instead of a density: a side, three sides, or three lattice vectors as rows; in two dimensions two sides or two vectors."
      ),
      .optional(
        "minimum-distance", \.minimumDistance, Codec<Double>.quantity("a length", .length, .positive).orWord("auto"),
        default: nil,
        "For 'random': the distance that atoms keep, relaxed where there is no room. 'auto' is 0.7 (V/N)^(1/3), in two dimensions 0.7 (A/N)^(1/2)."
      ),
    ],
    check: { section, _ throws(InputError) in
      if section.density != nil && section.cell != nil {
        throw section.marks["cell"].error("'build' has both 'density' and 'cell'; keep one")
      }
      if section.density == nil && section.cell == nil {
        throw section.marks.section.error("'build' needs 'density' or 'cell' to know its volume")
      }
      if section.count == 0 {
        throw section.marks["counts"].error("there are no atoms to build; give numbers such as {A: 800, B: 200}")
      }
      if section.count > Int(Int32.max) {
        throw section.marks["counts"].error(
          "\(section.count) atoms are more than the \(Int32.max) that a system can hold")
      }
      if section.minimumDistance != nil && section.lattice != .random {
        throw section.marks["minimum-distance"].error(
          "'minimum-distance' belongs to 'lattice: random'; a lattice has its own distances")
      }
    })
}

extension Codec where Value == FrameChoice {
  static var frame: Codec {
    let index = Codec<Int>.integer("a frame", in: 0...1_000_000_000)
    return Codec(
      expectation: "a frame ('first', 'last' or a number)",
      schema: Schema.any([Schema.word("first"), Schema.word("last"), index.schema]),
      decode: { node, context throws(InputError) in
        if node.isWord("first") { return .first }
        if node.isWord("last") { return .last }
        if case .scalar(let text, true) = node.content, text.first?.isLetter == true {
          throw node.mark.error(unknown(text, "a frame", ["first", "last", "a number from 0"]))
        }
        return .index(try index.decode(node, context))
      },
      encode: { choice, _ in
        switch choice {
        case .first: .scalar("first")
        case .last: .scalar("last")
        case .index(let index): .scalar("\(index)")
        }
      })
  }
}

extension Codec where Value == Periodicity {
  static var periodicity: Codec {
    let expectation = "true, false or a list of three of them"
    return Codec(
      expectation: expectation,
      schema: Schema.any([
        Codec<Bool>.flag.schema,
        .object([
          ("type", .text("array")), ("items", Codec<Bool>.flag.schema), ("minItems", .number(3)),
          ("maxItems", .number(3)),
        ]),
      ]),
      decode: { node, context throws(InputError) in
        guard case .sequence(let three) = node.content else {
          return try Codec<Bool>.flag.decode(node, context) ? .all : .none
        }
        guard three.count == 3 else { throw node.mark.error("expected \(expectation), found a list of \(three.count)") }
        return Periodicity(
          try Codec<Bool>.flag.decode(three[0], context), try Codec<Bool>.flag.decode(three[1], context),
          try Codec<Bool>.flag.decode(three[2], context))
      }, encode: { value, _ in .list((0..<3).map { .scalar("\(value[$0])") }) })
  }
}

extension Codec where Value == Density {
  static var density: Codec {
    let expectation = "a density"
    return Codec(
      expectation: expectation, schema: Schema.quantity(.positive),
      decode: { node, context throws(InputError) in
        let allowed: [Dimension] = context.units == .real ? [.numberDensity, .massDensity] : [.numberDensity]
        let (value, dimension) = try Quantity.read(node, expectation, allowed, context.units)
        guard value > 0 else { throw node.mark.error("a density must be greater than 0, found \(node.description)") }
        return dimension == .massDensity ? .mass(value) : .number(value)
      },
      encode: { value, units in
        switch value {
        case .number(let value): .quantity(value, Dimension.numberDensity.surfaceUnit(units))
        case .mass(let value): .quantity(value, Dimension.massDensity.surfaceUnit(units))
        }
      })
  }
}

extension Codec where Value == Matrix3 {
  /// Rows; of a cell of two sides or vectors the third is null.
  static var cell: Codec {
    let expectation = "a cell: a side, three sides, or three lattice vectors; in two dimensions two of them"
    let length = Codec<Double>.quantity("a length", .length)
    func several(_ items: JSONValue) -> JSONValue {
      .object([("type", .text("array")), ("items", items), ("minItems", .number(2)), ("maxItems", .number(3))])
    }
    let row = several(length.schema)
    return Codec(
      expectation: expectation,
      schema: Schema.any([length.schema, row, several(row)]),
      decode: { node, context throws(InputError) in
        func vector(_ node: DeckNode, _ count: Int) throws(InputError) -> Vector3 {
          let what = count == 2 ? "two lengths" : "three lengths"
          let numbers = try node.elements(what)
          guard numbers.count == count else { throw node.mark.error("expected \(what), found \(numbers.count)") }
          return Vector3(
            try length.decode(numbers[0], context), try length.decode(numbers[1], context),
            count == 3 ? try length.decode(numbers[2], context) : 0)
        }
        var rows = Matrix3.zero
        var dimensions = 3
        if case .sequence(let items) = node.content {
          guard items.count == 3 || items.count == 2 else {
            throw node.mark.error("expected \(expectation), found a list of \(items.count)")
          }
          dimensions = items.count
          if case .sequence = items[0].content {
            for k in items.indices { rows[k] = try vector(items[k], dimensions) }
          } else {
            let sides = try vector(node, dimensions)
            rows = Matrix3(Vector3(sides.x, 0, 0), Vector3(0, sides.y, 0), Vector3(0, 0, sides.z))
          }
        } else {
          if case .mapping = node.content { throw node.mismatch(expectation) }
          rows = Cell.cubic(try length.decode(node, context)).vectors
        }
        let cell = Cell(rows, periodic: Periodicity(true, true, dimensions == 3), dimensions: dimensions)
        if let complaint = cell.validate() ?? CellSize.complaint(cell) {
          throw node.mark.error("the cell makes no sense: \(complaint)")
        }
        return rows
      },
      encode: { rows, units in
        let count = rows.c == .zero ? 2 : 3
        return .list((0..<count).map { r in .list((0..<count).map { c in .scalar("\(rows[r, c])") }) })
      })
  }
}

/// Sizes of cells that arithmetic can handle.
enum CellSize {
  /// What is wrong with the size of a cell, or nil.
  static func complaint(_ cell: Cell) -> String? {
    let lengths = (0..<cell.dimensions).map { cell.vectors[$0].length }
    guard let least = lengths.min(), let most = lengths.max(), least > 1e-6, most < 1e9 else {
      return "the lengths of its vectors must lie between 1e-6 and 1e9"
    }
    return nil
  }
}

extension Codec where Value == String {
  /// The path of a file, made absolute from the folder of the deck, so that it means the same in the copy that a run directory keeps.
  static func path(_ expectation: String) -> Codec {
    Codec(
      expectation: expectation, schema: .object([("type", .text("string"))]),
      decode: { node, context throws(InputError) in
        let text = try node.text(expectation)
        if text.unicodeScalars.contains(where: { $0.value < 0x20 }) || text.utf8.count > 4000 {
          throw node.mark.error("this cannot be the path of a file")
        }
        return FilePath.absolute(text, from: context.folder)
      }, encode: { value, _ in .text(value) })
  }
}

/// Paths as text.
enum FilePath {
  /// An absolute path without `.` and `..`.
  static func absolute(_ path: String, from folder: String) -> String {
    let joined = path.hasPrefix("/") ? path : (folder as NSString).appendingPathComponent(path)
    let rooted =
      joined.hasPrefix("/")
      ? joined : (FileManager.default.currentDirectoryPath as NSString).appendingPathComponent(joined)
    return (rooted as NSString).standardizingPath
  }
}
