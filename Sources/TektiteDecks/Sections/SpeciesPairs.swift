import TektiteCore

/// Pairs of species as keys of a deck's mapping: A-A, A-B.
enum SpeciesPairs {
  /// The labels of some pairs in the order in which they first appear.
  static func labels(_ pairs: [(String, String)]) -> [String] {
    var labels: [String] = []
    var seen: Set<String> = []
    for pair in pairs {
      for label in [pair.0, pair.1] where seen.insert(label).inserted { labels.append(label) }
    }
    return labels
  }

  /// The two labels of a key such as A-B, a pair that has not been seen.
  static func pair(
    _ entry: DeckNode.Entry, _ seen: inout Set<Set<String>>
  ) throws(InputError) -> (first: String, second: String) {
    let labels = entry.key.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    guard labels.count == 2 else {
      throw entry.mark.error(
        "'\(entry.key.prefix(40))' is not a pair; write two labels with a hyphen between them, such as A-B")
    }
    for label in labels {
      if let complaint = SpeciesLabel.complaint(label) { throw entry.mark.error(complaint) }
    }
    if !seen.insert(Set(labels)).inserted {
      throw entry.mark.error("the pair \(labels[0])-\(labels[1]) is given twice; A-B and B-A are the same pair")
    }
    return (labels[0], labels[1])
  }

  /// Values by pair of labels, complete and each pair once.
  static func decode<Parameters>(
    _ node: DeckNode, _ expectation: String, _ read: (DeckNode) throws(InputError) -> Parameters
  ) throws(InputError) -> [(first: String, second: String, value: Parameters)] {
    guard case .mapping(let entries) = node.content, !entries.isEmpty else { throw node.mismatch(expectation) }
    guard entries.count <= 7260 else { throw node.mark.error("more pairs than 120 species have") }
    var pairs: [(first: String, second: String, value: Parameters)] = []
    var seen: Set<Set<String>> = []
    for entry in entries {
      let (first, second) = try pair(entry, &seen)
      pairs.append((first, second, try read(entry.value)))
    }
    let labels = labels(pairs.map { ($0.first, $0.second) })
    for (index, a) in labels.enumerated() {
      for b in labels[index...] where !seen.contains(Set([a, b])) {
        throw node.mark.error(
          "the pair \(a)-\(b) is missing; \(labels.count) species have \(labels.count * (labels.count + 1) / 2) pairs")
      }
    }
    return pairs
  }
}
