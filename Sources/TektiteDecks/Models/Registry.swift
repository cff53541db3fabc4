import Foundation
import TektiteCore

/// The models that come with Tektite: a folder of YAML files, found when the program runs.
public enum Registry {
  /// A model of the registry.
  public struct Entry: Hashable, Sendable {
    /// The name by which decks call it: that of its file without `.yaml`.
    public var name: String
    /// Its file.
    public var path: String
  }

  /// All models, by name. Empty when no folder of models is found.
  public static func entries() -> [Entry] { folder().map(entries) ?? [] }

  /// The folder of models: the one that the environment variable TEKTITE_POTENTIALS names, else `potentials` or
  /// `share/tektite/potentials` beside the program or in a folder above it, else `potentials` in the current folder or one above.
  public static func folder() -> String? {
    if let named = ProcessInfo.processInfo.environment["TEKTITE_POTENTIALS"], !named.isEmpty { return named }
    let program =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments.first
    let beside = program.map {
      FilePath.absolute(($0 as NSString).deletingLastPathComponent, from: FileManager.default.currentDirectoryPath)
    }
    for start in [beside, FileManager.default.currentDirectoryPath].compactMap({ $0 }) {
      var place = start
      while true {
        for name in ["potentials", "share/tektite/potentials"] {
          let candidate = (place as NSString).appendingPathComponent(name)
          if !entries(in: candidate).isEmpty { return candidate }
        }
        if place == "/" || place.isEmpty { break }
        place = (place as NSString).deletingLastPathComponent
      }
    }
    return nil
  }

  static func entries(in folder: String) -> [Entry] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted().map {
      Entry(name: $0, path: (folder as NSString).appendingPathComponent($0 + ".yaml"))
    }
  }
}
