import ArgumentParser
import Tektite

@main
struct TektiteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "tektite", subcommands: [BenchCommand.self])
}
