import ArgumentParser
import Foundation
import Tektite

/// The program.
struct TektiteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tektite",
    abstract: "Molecular dynamics for learned force fields and glassy liquids.",
    discussion: """
      A run is described by a deck, a YAML file that names a structure, a potential and stages:

        tektite check deck.yaml      what would happen, and how long it would take
        tektite run deck.yaml        does it, all into the folder deck-run
        tektite inspect deck-run     what came of it
        tektite report deck-run      the same as a page with plots

      Exit codes: 0 done; 1 the run failed; 2 the input was wrong; 3 the run became unphysical and was stopped; \
      130 and 143 interrupted by a signal, after a checkpoint was written.
      """,
    version: RunRecord.version,
    subcommands: [
      RunCommand.self, CheckCommand.self, CampaignCommand.self, EvaluateCommand.self, AnalyzeCommand.self,
      QuenchCommand.self, FitCommand.self, Chi4Command.self, PredictCommand.self, ModesCommand.self, ReportCommand.self,
      InspectCommand.self, ConvertCommand.self, BenchCommand.self, SchemaCommand.self,
    ])
}

/// Where the program starts.
@main
enum Program {
  static func main() {
    // A file that outgrows its limit is an error with a sentence, not the end of the process.
    signal(SIGXFSZ, SIG_IGN)
    let code = run(Array(CommandLine.arguments.dropFirst()))
    fflush(nil)
    exit(code)
  }

  /// Runs a command line and returns the exit code.
  static func run(_ arguments: [String]) -> Int32 {
    do {
      if case .failure(let error) = ProcessorLevel.requested() {
        throw InputError(error.description, file: "tektite")
      }
      try refuseUnknownCommand(arguments)
      var command = try TektiteCommand.parseAsRoot(arguments)
      try command.run()
      return 0
    } catch {
      return Failure.report(error, arguments: arguments)
    }
  }

  /// The names of the commands.
  static var commandNames: [String] {
    TektiteCommand.configuration.subcommands.compactMap { $0.configuration.commandName }
  }

  /// A misspelt command deserves better than "unexpected argument".
  private static func refuseUnknownCommand(_ arguments: [String]) throws(InputError) {
    guard let first = arguments.first, !first.hasPrefix("-"), first != "help", !commandNames.contains(first) else {
      return
    }
    let isDeck = first.hasSuffix(".yaml") || first.hasSuffix(".yml")
    let nearest = InputError.nearest(to: first, among: commandNames).map { "; did you mean '\($0)'?" }
    let advice = nearest ?? (isDeck ? "; did you mean 'tektite run \(first)'?" : ".")
    throw InputError(
      "there is no command '\(first)'\(advice) Commands: \(commandNames.joined(separator: ", ")).", file: "tektite")
  }
}
