import ArgumentParser
import Tektite

/// `tektite schema`.
struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Print the JSON Schema of decks, for editors that complete and check.",
    discussion: """
      Every key with its meaning, made from the same tables that read decks, so that it is never out of date. With the YAML extension \
      of VS Code, or any editor with yaml-language-server:

        tektite schema > deck.schema.json

      and as the first line of a deck:

        # yaml-language-server: $schema=deck.schema.json
      """)

  func run() throws { print(deckSchema(), terminator: "") }
}
