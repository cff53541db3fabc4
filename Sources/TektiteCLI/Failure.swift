import ArgumentParser
import Foundation
import Tektite

/// How errors reach the user: one paragraph on standard error, and an exit code that says whose fault it was.
enum Failure {
  /// Prints an error and returns the exit code for it. What is no error (a request for help or the version) goes to standard output.
  static func report(_ error: any Error, arguments: [String]) -> Int32 {
    switch error {
    case let code as ExitCode: return code.rawValue
    case let error as InputError: return fail(error.description, 2)
    case let error as OutputError: return fail(error.description, 1)
    case let error as PotentialError: return fail("tektite: error: \(error.description)", 2)
    default: break
    }
    if TektiteCommand.exitCode(for: error) == .success {
      print(TektiteCommand.fullMessage(for: error))
      return 0
    }
    let command = arguments.first.flatMap { Program.commandNames.contains($0) ? $0 : nil }
    let program = command.map { "tektite \($0)" } ?? "tektite"
    if TektiteCommand.exitCode(for: error) == .validationFailure {
      let message = TektiteCommand.message(for: error).split(separator: "\n").joined(separator: " ")
      let stop = [".", "?", "!"].contains(where: message.hasSuffix) ? "" : "."
      return fail("\(program): error: \(message)\(stop) See '\(program) --help'.", 2)
    }
    return fail("\(program): error: \(error.localizedDescription)", 1)
  }

  /// Prints a paragraph on standard error.
  static func fail(_ text: String, _ code: Int32) -> Int32 {
    say(text)
    return code
  }
}

/// Writes a line to standard error; a closed one is no reason to fail.
func say(_ text: String) {
  try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
}
