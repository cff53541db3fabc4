/// A direct sum of irreps with multiplicities, in a definite order: the type of a feature vector. Written `32x0e+16x1o`.
///
/// Memory order is e3nn's: block after block; within a block of multiplicity n and degree l, n copies of 2l + 1 components, m fastest.
public struct Irreps: Hashable, Sendable, RandomAccessCollection, CustomStringConvertible, ExpressibleByArrayLiteral {
  /// Several copies of one irrep.
  public struct Block: Hashable, Sendable, CustomStringConvertible {
    /// How many copies; zero is allowed.
    public let multiplicity: Int
    /// Of which irrep.
    public let irrep: Irrep

    /// Makes a block; multiplicities outside 0 … `largestMultiplicity` are moved to the nearer end.
    public init(_ multiplicity: Int, _ irrep: Irrep) {
      self.multiplicity = Swift.max(0, Swift.min(multiplicity, Irreps.largestMultiplicity))
      self.irrep = irrep
    }

    /// Components of all copies together.
    public var dimension: Int { multiplicity * irrep.dimension }
    /// As e3nn writes it: `16x1o`.
    public var description: String { "\(multiplicity)x\(irrep)" }
  }

  /// The largest multiplicity of a block. Like `Irrep.largestDegree` it is there so that sizes cannot overflow.
  public static let largestMultiplicity = 1_000_000_000

  /// The most components of a vector that is made here; what a text asks for beyond that is refused rather than allocated.
  static let largestVector = 1 << 28

  /// The blocks in order.
  public let blocks: [Block]

  /// Makes a sum from its blocks.
  public init(_ blocks: [Block]) { self.blocks = blocks }
  /// Makes a sum from its blocks.
  public init(arrayLiteral elements: Block...) { blocks = elements }
  /// One copy of one irrep.
  public init(_ irrep: Irrep) { blocks = [Block(1, irrep)] }

  /// The irreps of the spherical harmonics of degrees 0 … l. With `.even`, those of a pseudovector argument.
  public static func sphericalHarmonics(upTo l: Int, argument: Parity = .odd) -> Irreps {
    Irreps(
      (0...Swift.max(0, Swift.min(l, Irrep.largestDegree))).map {
        Block(1, Irrep($0, argument == .even ? .even : Parity(ofDegree: $0)))
      })
  }

  /// The first position, 0.
  public var startIndex: Int { 0 }
  /// The number of blocks.
  public var endIndex: Int { blocks.count }
  /// A block by its position.
  public subscript(position: Int) -> Block { blocks[position] }

  /// Components in all.
  public var dimension: Int { blocks.reduce(0) { $0 + $1.dimension } }
  /// Irreps in all, counted with multiplicity.
  public var copies: Int { blocks.reduce(0) { $0 + $1.multiplicity } }
  /// The largest degree among blocks that have copies; nil where there are none.
  public var largestDegree: Int? { blocks.filter { $0.multiplicity > 0 }.map(\.irrep.degree).max() }
  /// How often an irrep occurs in all blocks.
  public func count(of irrep: Irrep) -> Int {
    blocks.reduce(0) { $0 + ($1.irrep == irrep ? $1.multiplicity : 0) }
  }

  /// The range of components of each block.
  public var slices: [Range<Int>] {
    var start = 0
    return blocks.map { block in
      defer { start += block.dimension }
      return start..<(start + block.dimension)
    }
  }

  /// One sum after another.
  public static func + (a: Irreps, b: Irreps) -> Irreps { Irreps(a.blocks + b.blocks) }

  /// Neighbours of the same irrep joined, empty blocks dropped. The order of components does not change.
  public func simplified() -> Irreps {
    var joined: [Block] = []
    for block in blocks {
      if let last = joined.last, last.irrep == block.irrep,
        last.multiplicity + block.multiplicity <= Irreps.largestMultiplicity
      {
        joined[joined.count - 1] = Block(last.multiplicity + block.multiplicity, block.irrep)
      } else if block.multiplicity > 0 {
        joined.append(block)
      }
    }
    return Irreps(joined)
  }

  /// Blocks in the order of their irreps, equal ones staying in order, and where each block went.
  public func sorted() -> (irreps: Irreps, order: BlockOrder) {
    let source = blocks.indices.sorted { (blocks[$0].irrep, $0) < (blocks[$1].irrep, $1) }
    var destination = [Int](repeating: 0, count: source.count)
    for (new, old) in source.enumerated() { destination[old] = new }
    return (Irreps(source.map { blocks[$0] }), BlockOrder(destination: destination, source: source))
  }

  /// A permutation of blocks.
  public struct BlockOrder: Hashable, Sendable {
    /// New position of each old block (e3nn's `p`).
    public let destination: [Int]
    /// Old position of each new block (e3nn's `inv`).
    public let source: [Int]
  }

  /// Sorted, then simplified: each irrep once. The order of components may change.
  public func regrouped() -> Irreps { sorted().irreps.simplified() }

  /// The blocks that satisfy a condition, in order.
  public func filtered(_ keep: (Block) throws -> Bool) rethrows -> Irreps { Irreps(try blocks.filter(keep)) }

  /// As e3nn writes it; the empty sum is the empty text.
  public var description: String { blocks.map(\.description).joined(separator: "+") }
}
