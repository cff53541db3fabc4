import ArgumentParser
import Foundation
import Tektite
import TektiteEquivariant
import TektiteModelFiles

/// `tektite convert`.
struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Write a learned model as plain data: weights and a card.",
    discussion: """
      Turns a model as its training saved it, which is a pickle, into two files that hold no program and that any language reads:

        tektite convert water.model -o water.safetensors

      writes the weights to water.safetensors and everything else to water.json: classes, irreps, cutoffs, heads, elements, and the name and \
      SHA-256 of the source. The two belong together. The model that they hold gives the same results bit for bit, in decks and on the \
      command line alike.
      """)

  @Argument(help: "The model as its training saved it: MACE, NequIP or SevenNet.", completion: .file())
  var model: String
  @Option(
    name: [.short, .long],
    help: ArgumentHelp("The file of weights, NAME.safetensors; the card is NAME.json beside it.", valueName: "file"))
  var output: String
  @Flag(help: "Replace the files if they are there.")
  var overwrite = false
  @Flag(name: [.short, .long], help: "Say nothing but errors.")
  var quiet = false

  func run() throws {
    guard output.hasSuffix(".safetensors"), output != ".safetensors" else {
      throw InputError("'\(output)' does not end in .safetensors, by which the weights are known", file: "--output")
    }
    let card = ModelCard.path(besideWeights: output)
    let outputs = try [WholeFile(output, overwrite: overwrite), WholeFile(card, overwrite: overwrite)]
    for target in outputs where target.isSame(as: model) || target.isSame(as: ModelCard.path(besideWeights: model)) {
      throw InputError("is the model itself, which would be lost; choose another name", file: target.path)
    }
    let (file, encoded) = try Self.encode(model)
    do {
      try outputs[0].write(Data(encoded.weights))
      try outputs[1].write(Data(encoded.card.utf8))
      for target in outputs { try target.finish() }
    } catch {
      for target in outputs { target.discard() }
      throw error
    }
    if !quiet {
      let size = Wording.bytes(Double(encoded.weights.count + encoded.card.utf8.count))
      say(
        "\(file.kind.rawValue), \(Wording.count(file.checkpoint.entries.count, "tensor")) with \(Wording.count(file.elementCount, "number")); "
          + "written to \(output) and \(card), \(size) in all")
    }
  }

  private static func encode(_ path: String) throws(InputError) -> (ModelFile, (weights: [UInt8], card: String)) {
    let file = try open(path)
    // What was converted before keeps the name of its first source.
    var source = ModelCard.Source(name: (path as NSString).lastPathComponent, digest: "", bytes: file.length)
    if let first = file.source { source = first } else { source.digest = try LearnedModel.digest(path: path) }
    do throws(ModelFileError) {
      return (file, try ModelCard.encoded(file, source: source))
    } catch {
      throw InputError(error.message, file: error.file)
    }
  }

  private static func open(_ path: String) throws(InputError) -> ModelFile {
    do throws(ModelFileError) {
      let file = try ModelFile(path: path)
      guard file.kind.isNetwork else {
        throw ModelFileError(
          "holds a \(file.kind.rawValue); expected a model of MACE, NequIP or SevenNet as their own tools save it",
          file: path)
      }
      return file
    } catch {
      throw InputError(error.message, file: error.file)
    }
  }
}
