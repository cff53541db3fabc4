import TektiteCore
import TektiteDynamics

/// `trajectory:` of a stage.
struct TrajectorySection: TriggeredSection {
  var file: String?
  var trigger: Trigger?
  var fields: [TrajectoryOutput.Field] = []
  var unwrapped = true
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "trajectory", expectation: "a trajectory", meaning: "Frames that a stage writes.",
    keys: [
      .absent(
        "file", \.file, .outputFile(["nc", "extxyz", "xyz"]),
        "A file name within the run directory: .nc is AMBER NetCDF, .extxyz or .xyz is extended XYZ. Default: the name of the stage with .nc."
      )
    ] + triggerKeys + [
      .optional(
        "fields", \.fields,
        Codec<TrajectoryOutput.Field>.word("a field of a frame").list("a list of fields (velocities, forces)"),
        default: [],
        "What a frame holds besides positions."),
      .optional(
        "unwrapped", \.unwrapped, .flag, default: true,
        "Whether positions follow the atoms out of the cell (true), as displacements need it, or are folded back into it."
      ),
    ],
    check: { section, _ throws(InputError) in
      try section.settleTrigger("a trajectory")
      section.fields = TrajectoryOutput.Field.allCases.filter(section.fields.contains)
    })
}

/// `thermo:` of a stage.
struct ThermoSection: TriggeredSection {
  var file: String?
  var trigger: Trigger?
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "thermo", expectation: "a thermo table",
    meaning: "A table of energies, temperature and pressure as comma-separated values.",
    keys: [
      .absent(
        "file", \.file, .outputFile(["csv"]),
        "A file name within the run directory. Default: the name of the stage with .csv.")
    ] + triggerKeys,
    check: { section, _ throws(InputError) in try section.settleTrigger("a thermo table", default: .every(100)) })
}

/// `momentum-removal:` of a stage.
struct MomentumSection: TriggeredSection {
  var trigger: Trigger?
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "momentum-removal", expectation: "momentum removal",
    meaning: "When the motion of the centre of mass is taken out, besides the start.", keys: triggerKeys,
    check: { section, _ throws(InputError) in try section.settleTrigger("momentum removal") })
}

/// `checkpoint:` of a stage.
struct CheckpointSection: DeckSection {
  var every: Int?
  var seconds: Double?
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "checkpoint", expectation: "a checkpoint rule",
    meaning: "When checkpoints are written, besides the end of the stage and an interruption.",
    keys: [
      .absent("every", \.every, .stepInterval, "Steps from one checkpoint to the next."),
      .absent(
        "seconds", \.seconds, .wallTime,
        "Wall time from one checkpoint to the next: seconds, or text such as '10 min' or '1 h'."),
    ],
    check: { section, _ throws(InputError) in
      if section.every != nil && section.seconds != nil {
        throw section.marks["seconds"].error("a checkpoint rule has both 'every' and 'seconds'; keep one")
      }
      if section.every == nil && section.seconds == nil { section.seconds = 600 }
    })

  /// The rule as the engine takes it.
  var policy: CheckpointPolicy { every.map { .every($0) } ?? .seconds(seconds ?? 600) }
}

/// `guard:` of a stage.
struct GuardSection: DeckSection {
  var temperature: Double?
  var force: Double?
  var displacement: Double?
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "guard", expectation: "the guard",
    meaning: "Limits beyond which a run is stopped as unphysical (exit code 3).",
    keys: [
      .optional(
        "temperature", \.temperature, Codec<Double>.quantity("a temperature", .temperature, .positive).orWord("auto"),
        default: nil,
        "The largest kinetic temperature; 'auto' is a hundred times the larger of the start's and the thermostat's."),
      .optional(
        "force", \.force, Codec<Double>.quantity("a force", .force, .positive).orWord("none"), default: nil,
        "The largest force on an atom; 'none' asks only that forces are finite."),
      .optional(
        "displacement", \.displacement, Codec<Double>.quantity("a length", .length, .positive).orWord("auto"),
        default: nil,
        "The largest displacement of an atom in one step; 'auto' is half the cutoff."),
    ])
}

extension Codec where Value == Double {
  /// Wall time in seconds.
  static var wallTime: Codec {
    let expectation = "a wall time (seconds, or a number with s, min or h)"
    return Codec(
      expectation: expectation, schema: Schema.quantity(.positive),
      decode: { node, _ throws(InputError) in
        guard let number = DeckNumber.prefix(of: try node.text(expectation)) else { throw node.mismatch(expectation) }
        let units = ["": 1.0, "s": 1, "min": 60, "h": 3600]
        guard let factor = units[String(number.rest.drop { $0 == " " })] else { throw node.mismatch(expectation) }
        let seconds = number.value * factor
        guard seconds > 0, seconds <= 1e9 else {
          throw node.mark.error("a wall time must be greater than 0 and at most 1e9 seconds, found \(node.description)")
        }
        return seconds
      }, encode: { value, _ in .quantity(value) })
  }
}

extension Codec where Value == String {
  /// The name of a file that a run writes, with one of the extensions.
  static func outputFile(_ extensions: [String]) -> Codec {
    let expectation = "a file name ending in \(extensions.map { "." + $0 }.joined(separator: " or "))"
    return Codec(
      expectation: expectation,
      schema: .object([
        ("type", .text("string")), ("pattern", .text("^[^/.][^/]*\\.(\(extensions.joined(separator: "|")))$")),
      ]),
      decode: { node, _ throws(InputError) in
        let name = try node.text(expectation)
        if let complaint = RunFiles.complaint(name) { throw node.mark.error(complaint) }
        guard extensions.contains(where: { name.hasSuffix("." + $0) && name.count > $0.count + 1 }) else {
          throw node.mismatch(expectation)
        }
        return name
      }, encode: { value, _ in .text(value) })
  }

  /// The name of a stage, from which file names are made.
  static var stageName: Codec {
    let expectation = "the name of a stage"
    return Codec(
      expectation: expectation, schema: .object([("type", .list([.text("string"), .text("number")]))]),
      decode: { node, _ throws(InputError) in
        let name = try node.text(expectation)
        if let complaint = RunFiles.complaint(name) { throw node.mark.error(complaint) }
        return name
      }, encode: { value, _ in .text(value) })
  }
}

/// Names of files in a run directory.
enum RunFiles {
  /// Files that the engine itself writes.
  static let reserved: Set<String> = [
    "deck.yaml", "run.json", "topology.pdb", "view.vmd", "checkpoint.tektite", "report.html", "forensics.extxyz",
    "forensics.json",
  ]

  /// Why a name cannot be that of an output, or nil.
  static func complaint(_ name: String) -> String? {
    if name.isEmpty { return "an empty name; leave the key out for the usual one" }
    let shown = name.prefix(60)
    if name.hasPrefix("/") || name.split(separator: "/").contains("..") {
      return
        "'\(shown)' leaves the run directory; everything a run writes goes into that directory, so give a plain name"
    }
    if name.contains("/") || name.contains("\\") {
      return "'\(shown)' names a folder; a run writes all files into its own directory, so give a plain name"
    }
    if name.hasPrefix(".") || name.hasPrefix("-") || name.hasPrefix(" ") || name.hasSuffix(" ") {
      return "'\(shown)' cannot start with '.', '-' or a space, nor end with a space"
    }
    if name.utf8.count > 120 { return "'\(shown)…' is longer than 120 bytes" }
    if name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
      return "a name cannot hold control characters"
    }
    if reserved.contains(name) { return "'\(shown)' is a file that every run writes itself; choose another name" }
    return nil
  }
}
