import TektiteCore

/// Collects species in the order in which their labels appear.
struct SpeciesTable {
  /// More kinds of atoms than this mean that a column was taken for labels that holds none.
  static let most = 1024
  /// Longer labels are refused.
  static let longestLabel = 64

  private(set) var table: [Species] = []
  let units: Units
  private var short: [UInt64: Int32] = [:]
  private var long: [String: Int32] = [:]
  private var last: (key: UInt64, index: Int32) = (0, -1)

  init(units: Units) { self.units = units }

  /// A species with the mass that its units imply: the atomic weight in real units, 1 in reduced ones (where `B` is not boron).
  static func species(_ label: String, units: Units, mass: Double? = nil) -> Species {
    Species(label, mass: mass ?? (units == .lj ? 1 : nil))
  }

  /// Sets the mass of a species.
  mutating func setMass(_ mass: Double, of index: Int32) { table[Int(index)].mass = mass }

  /// The index of a label, which becomes a new species if it was not known. Says in words why a label cannot be taken.
  mutating func index(of bytes: Span<UInt8>, _ range: Range<Int>) throws(Refusal) -> Int32 {
    // Labels of up to eight bytes are packed into one word: the usual case costs one comparison.
    guard range.count <= 8 else {
      guard range.count <= Self.longestLabel else {
        throw Refusal("species label \(Numerals.quoted(bytes, range)) is longer than \(Self.longestLabel) bytes")
      }
      return try index(of: Numerals.string(bytes, range))
    }
    var key: UInt64 = 0
    for i in range { key = key << 8 | UInt64(bytes[i]) }
    if key == last.key && last.index >= 0 { return last.index }
    if let index = short[key] {
      last = (key, index)
      return index
    }
    let index = try index(of: Numerals.string(bytes, range))
    short[key] = index
    last = (key, index)
    return index
  }

  /// The index of a label, which becomes a new species if it was not known.
  mutating func index(of label: String) throws(Refusal) -> Int32 {
    if let index = long[label] { return index }
    guard table.count < Self.most else {
      throw Refusal("more than \(Self.most) different species labels; is the first column really a label?")
    }
    let index = Int32(table.count)
    table.append(Self.species(label, units: units))
    long[label] = index
    return index
  }

  /// Why a label cannot be taken.
  struct Refusal: Error {
    let message: String
    init(_ message: String) { self.message = message }
  }
}
