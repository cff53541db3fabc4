import TektiteCore

/// A recipe for random configurations: which species, how close atoms may come, how dense.
public struct Sample: Sendable {
  /// The kinds of atoms; each appears with its share of `weights`.
  public var table: [Species]
  /// Relative abundance of each species.
  public var weights: [Double]
  /// No two atoms, nor an atom and an image, are closer than this, unless the density leaves no room.
  public var minimumDistance: Double
  /// Atoms per volume.
  public var density: Double
  /// The range of diameters, nil for atoms without.
  public var diameters: ClosedRange<Double>?

  /// Makes a recipe; without weights all species are as frequent.
  public init(
    table: [Species], weights: [Double]? = nil, minimumDistance: Double, density: Double,
    diameters: ClosedRange<Double>? = nil
  ) {
    precondition(!table.isEmpty && density > 0 && minimumDistance >= 0, "a sample needs species and a density")
    self.table = table
    self.weights = weights ?? table.map { _ in 1 }
    self.minimumDistance = minimumDistance
    self.density = density
    self.diameters = diameters
    precondition(self.weights.count == table.count, "\(self.weights.count) weights for \(table.count) species")
  }

  /// A gas: atoms dropped at random, each at least the minimum distance from those before. Where no room is found after many tries, the
  /// farthest of the tries is taken, so dense samples come out, and what they are is random but reproducible.
  public func gas(_ shape: CellShape, atoms count: Int, using random: inout SeededGenerator) -> Structure {
    let volume = Double(max(count, 1)) / density
    let cell = shape.cell(volume: volume)
    let region = shape.region(volume: volume)
    var positions: [Vector3] = []
    for _ in 0..<count {
      var best = (distance: -1.0, position: Vector3.zero)
      for _ in 0..<400 {
        let fraction = Vector3(random.uniform(), random.uniform(), random.uniform())
        let candidate = fraction * region
        let nearest = Self.distance(of: candidate, to: positions, in: cell, upTo: minimumDistance)
        if nearest > best.distance { best = (nearest, candidate) }
        if best.distance >= minimumDistance { break }
      }
      positions.append(best.position)
    }
    return structure(cell, positions, using: &random, title: "gas, \(shape.rawValue)")
  }

  /// A simple cubic lattice of at least `count` sites, sheared into the shape, with normal noise on each coordinate.
  /// - Parameter noise: standard deviation as a part of the lattice spacing.
  public func lattice(
    _ shape: CellShape, atoms count: Int, noise: Double, using random: inout SeededGenerator
  ) -> Structure {
    var sites = 1
    while sites * sites * sites < count { sites += 1 }
    let total = sites * sites * sites
    let volume = Double(total) / density
    let region = shape.region(volume: volume)
    var positions: [Vector3] = []
    for a in 0..<sites {
      for b in 0..<sites {
        for c in 0..<sites {
          let n = Double(sites)
          let fraction = Vector3((Double(a) + 0.25) / n, (Double(b) + 0.25) / n, (Double(c) + 0.25) / n)
          positions.append(fraction * region + (noise / n) * (random.normalVector() * region))
        }
      }
    }
    return structure(shape.cell(volume: volume), positions, using: &random, title: "lattice, \(shape.rawValue)")
  }

  /// Atoms that do not see each other: a row in open space.
  public func isolated(atoms count: Int, spacing: Double) -> Structure {
    var topology = Topology(table: table, species: (0..<count).map { Int32($0 % table.count) })
    topology.masses = topology.species.map { table[Int($0)].mass }
    var frame = Frame()
    frame.positions = (0..<count).map { Vector3(Double($0) * spacing, 0.3, -0.2) }
    if let diameters {
      frame.diameters = (0..<count).map { $0 % 2 == 0 ? diameters.lowerBound : diameters.upperBound }
    }
    return Structure(topology: topology, frame: frame, title: "isolated atoms")
  }

  /// Two atoms of given species at a distance, along a general direction in open space.
  public func dimer(_ a: Int, _ b: Int, distance: Double) -> Structure {
    let direction = Vector3(2, -1, 2) / 3
    var frame = Frame()
    let origin = Vector3(0.1, 0.2, 0.3)
    frame.positions = [origin, origin + distance * direction]
    if let diameters { frame.diameters = [diameters.lowerBound, diameters.upperBound] }
    return Structure(topology: Topology(table: table, species: [Int32(a), Int32(b)]), frame: frame, title: "dimer")
  }

  private func structure(
    _ cell: Cell, _ positions: [Vector3], using random: inout SeededGenerator, title: String
  ) -> Structure {
    let total = weights.reduce(0, +)
    let species: [Int32] = positions.indices.map { index in
      // The first atoms show each species once, so that small samples are mixtures too.
      if index < table.count { return Int32(index) }
      var pick = random.uniform(0...total)
      for (k, weight) in weights.enumerated() {
        pick -= weight
        if pick <= 0 { return Int32(k) }
      }
      return Int32(table.count - 1)
    }
    var frame = Frame()
    frame.cell = cell
    frame.positions = positions
    if let diameters { frame.diameters = positions.map { _ in random.uniform(diameters) } }
    return Structure(topology: Topology(table: table, species: species), frame: frame, title: title)
  }

  private static func distance(
    of candidate: Vector3, to others: [Vector3], in cell: Cell, upTo limit: Double
  ) -> Double {
    var nearest = limit
    if limit == 0 { return 0 }
    for other in others {
      for vector in BruteForce.images(from: candidate, to: other, cell: cell, radius: limit) {
        nearest = min(nearest, vector.vector.length)
      }
    }
    for vector in BruteForce.images(from: candidate, to: candidate, cell: cell, radius: limit)
    where vector.shift != .zero {
      nearest = min(nearest, vector.vector.length)
    }
    return nearest
  }
}
