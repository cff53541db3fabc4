import TektiteCore
import TektiteDynamics

/// `configurations:` of an isoconfigurational stage.
struct ConfigurationsSection: DeckSection {
  var stage: String?
  var file: String?
  var first = 0
  var every = 1
  var count = 0
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "configurations", expectation: "'configurations'",
    meaning: "Frames of a trajectory from which runs start, one after the other, instead of the configuration at hand.",
    keys: [
      .absent(
        "stage", \.stage, .stageName,
        "The name of a stage before this one; its first trajectory is read."),
      .absent(
        "file", \.file, .path("the path of a trajectory"),
        "Or a trajectory of another run (AMBER NetCDF, extended XYZ), relative to the folder of the deck."),
      .optional(
        "first", \.first, .integer("the number of a frame", in: 0...1_000_000_000), default: 0,
        "The first frame that is taken, counted from 0."),
      .optional(
        "every", \.every, .integer("a number of frames", in: 1...1_000_000_000), default: 1,
        "Frames from one that is taken to the next."),
      .required("count", \.count, .integer("a number of frames", in: 1...100_000), "How many frames are taken."),
    ],
    check: { section, _ throws(InputError) in
      if section.stage != nil && section.file != nil {
        throw section.marks["file"].error("'configurations' has both 'stage' and 'file'; keep one")
      }
      if section.stage == nil && section.file == nil {
        throw section.marks.section.error("'configurations' needs 'stage: NAME' or 'file: PATH'")
      }
    })

  /// What the engine takes.
  /// - Parameter outputs: the file of the first trajectory of each stage that has one.
  func configurations(_ outputs: [String: String]) -> IsoconfigurationalStage.Configurations {
    let source: IsoconfigurationalStage.Configurations.Source =
      if let stage { .output(outputs[stage] ?? "") } else { .file(file ?? "") }
    return .init(source, first: first, every: every, count: count)
  }

  /// Finds what cannot work: stages that are not there, come later or write no trajectory, and trajectories that are too short.
  /// - Parameter before: the stages before this one.
  func check(_ before: ArraySlice<StageSection>) throws(InputError) {
    if let file {
      let mark = marks["file"]
      guard InputFile.exists(path: file) else { throw mark.error("there is no trajectory '\(file)'") }
      return
    }
    let mark = marks["stage"]
    let names = before.compactMap(\.name)
    guard let stage, let found = before.first(where: { $0.name == stage }) else {
      throw mark.error(
        names.isEmpty
          ? "there is no stage before this one whose trajectory could be read"
          : unknown(stage ?? "", "a stage before this one", names))
    }
    guard let trajectory = found.trajectory.first else {
      throw mark.error("the stage '\(stage)' writes no trajectory; give it 'trajectory: {every: ...}'")
    }
    guard case .dynamics(let dynamics) = found, let trigger = trajectory.trigger else { return }
    let frames = trigger.count(through: dynamics.steps)
    let last = first + (count - 1) * every
    if frames <= last {
      throw marks["count"].error(
        "the stage '\(stage)' writes \(frames) frames, and configuration \(count) is to be frame \(last), counted from 0"
      )
    }
  }
}
