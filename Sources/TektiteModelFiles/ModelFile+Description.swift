extension ModelFile {
  /// The number of elements of all tensors.
  public var elementCount: Int { checkpoint.entries.reduce(0) { $0 + $1.tensor.count } }

  /// The number of elements of the tensors that the file calls trained parameters; nil if it does not say, as state dictionaries do not.
  public var parameterCount: Int? {
    let trained = checkpoint.entries.filter(\.tensor.isParameter)
    return trained.isEmpty ? nil : trained.reduce(0) { $0 + $1.tensor.count }
  }

  /// How many tensors there are of each type, the most frequent first.
  public var typeCounts: [(type: ScalarType, count: Int)] {
    ScalarType.allCases.map { type in (type, checkpoint.entries.count { $0.tensor.type == type }) }
      .filter { $0.1 > 0 }.sorted { $0.1 > $1.1 }
  }

  /// What the file is, in two to four lines.
  public var summary: String {
    let types = typeCounts.map { "\($0.type.rawValue) ×\($0.count)" }.joined(separator: ", ")
    var text = "\(kind.rawValue) (\(checkpoint.provenance.format))\n"
    if module != nil { text += "class \(checkpoint.provenance.root)\n" }
    let trained = parameterCount.map { ", \($0) of them trained parameters" } ?? ""
    text += "\(checkpoint.entries.count) tensors (\(types)) with \(elementCount) elements\(trained); \(length) bytes\n"
    if let source {
      text += "converted from \(ModelFileError.quoted(source.name)), SHA-256 \(source.digest), \(source.bytes) bytes\n"
    }
    return text
  }

  /// The card of the file: kind, format, class, sizes, and for each tensor name, type and shape. It holds no path and no clock, so equal files
  /// have equal cards.
  public var card: JSONValue {
    let tensors = checkpoint.entries.map { entry in
      JSONValue.object([
        .init("name", .string(entry.name)), .init("type", .string(entry.tensor.type.rawValue)),
        .init("shape", .array(entry.tensor.shape.map(JSONValue.integer))),
      ])
    }
    return .object([
      .init("kind", .string(kind.rawValue)), .init("format", .string(checkpoint.provenance.format)),
      .init(
        "source",
        source.map {
          .object([
            .init("name", .string($0.name)), .init("sha256", .string($0.digest)), .init("bytes", .integer($0.bytes)),
          ])
        } ?? .null), .init("class", .string(checkpoint.provenance.root)), .init("bytes", .integer(length)),
      .init("elements", .integer(elementCount)), .init("parameters", parameterCount.map(JSONValue.integer) ?? .null),
      .init("types", .object(typeCounts.map { .init($0.type.rawValue, .integer($0.count)) })),
      .init("metadata", .object(metadata.map { .init($0.key, .string($0.value)) })),
      .init("tensors", .array(tensors)),
    ])
  }
}
