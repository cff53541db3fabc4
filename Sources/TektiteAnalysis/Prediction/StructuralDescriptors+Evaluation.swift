import TektiteCore
import TektiteIrreps
import TektiteLinearAlgebra

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension StructuralDescriptors {
  /// The descriptors of all atoms, one row each, as `names` orders them.
  ///
  /// The same bits for any number of threads: an atom is worked on by one of them.
  /// - Complexity: O(N); some 0.45 ms an atom at the density of a liquid.
  public func evaluate(_ structure: Structure, team: ThreadTeam) -> Matrix {
    let kinds = structure.topology.table.count
    let width = countInGeneration(species: kinds)
    let stride = (generations + 1) * width
    let n = structure.count
    var result = Matrix(rows: n, columns: stride)
    guard n > 0, stride > 0 else { return result }
    let neighbors = PeriodicNeighbors(structure.frame, radius: reach)
    let surroundings = (0..<team.count).map { _ in Surroundings(self, kinds: kinds) }
    let species = structure.topology.species
    result.elements.withUnsafeMutableBufferPointer { buffer in
      nonisolated(unsafe) let rows = buffer.baseAddress!
      let chunk = 16
      team.forEachChunk((n + chunk - 1) / chunk) { part, thread in
        for atom in part * chunk..<min(n, (part + 1) * chunk) {
          surroundings[thread].describe(atom, neighbors, species, into: rows + atom * stride)
        }
      }
      for generation in 0..<generations {
        // The whole of a generation is there before the next begins.
        team.forEachChunk((n + chunk - 1) / chunk) { part in
          for atom in part * chunk..<min(n, (part + 1) * chunk) {
            average(atom, neighbors, rows + generation * width, stride: stride, width: width)
          }
        }
      }
    }
    return result
  }

  /// Averages one generation around an atom into the place of the next, which is `width` further.
  private func average(
    _ atom: Int, _ neighbors: PeriodicNeighbors, _ rows: UnsafeMutablePointer<Double>, stride: Int, width: Int
  ) {
    let own = rows + atom * stride
    let target = own + width
    for k in 0..<width { target[k] = own[k] }
    var weights = 1.0
    neighbors.forEach(near: atom, within: averaging) { other, _, square in
      let weight = exp(-square.squareRoot() / averaging)
      let source = rows + other * stride
      for k in 0..<width { target[k] += weight * source[k] }
      weights += weight
    }
    let inverse = 1 / weights
    for k in 0..<width { target[k] *= inverse }
  }
}

/// Scratch memory in which one thread describes one atom after the other.
private final class Surroundings {
  private let descriptors: StructuralDescriptors
  private let kinds: Int
  private let radial: [(gaussians: ShellGaussians, count: Int)]
  private let radialCount: Int
  private let bonds: ShellGaussians
  private let harmonics: SphericalHarmonics<Double>?
  private var x: [Double] = [], y: [Double] = [], z: [Double] = [], distances: [Double] = []
  /// By harmonic and neighbour; by neighbour and shell; by harmonic and shell.
  private var values: [Double] = [], weights: [Double] = [], sums: [Double] = []

  init(_ descriptors: StructuralDescriptors, kinds: Int) {
    self.descriptors = descriptors
    self.kinds = kinds
    radial = descriptors.radial.map { (ShellGaussians($0), $0.count) }
    radialCount = descriptors.radial.reduce(0) { $0 + $1.count }
    bonds = ShellGaussians(descriptors.bonds)
    // Degrees are in range by the promise of `largestDegree`.
    harmonics = try? SphericalHarmonics(upTo: descriptors.largestDegree, normalization: .norm)
  }

  func describe(
    _ atom: Int, _ neighbors: PeriodicNeighbors, _ species: [Int32], into row: UnsafeMutablePointer<Double>
  ) {
    x.removeAll(keepingCapacity: true)
    y.removeAll(keepingCapacity: true)
    z.removeAll(keepingCapacity: true)
    distances.removeAll(keepingCapacity: true)
    let bondReach = descriptors.bonds.reach
    neighbors.forEach(near: atom, within: descriptors.reach) { other, d, square in
      let r = square.squareRoot()
      var place = row + Int(species[other]) * radialCount
      for part in radial {
        part.gaussians.add(r, to: place)
        place += part.count
      }
      if r < bondReach {
        x.append(d.x)
        y.append(d.y)
        z.append(d.z)
        distances.append(r)
      }
    }
    describeBonds(into: row + kinds * radialCount)
  }

  private func describeBonds(into row: UnsafeMutablePointer<Double>) {
    let (n, shells, degrees) = (distances.count, descriptors.bonds.count, descriptors.largestDegree)
    guard n > 0, let harmonics else { return }
    let components = (degrees + 1) * (degrees + 1)
    if values.count < components * n {
      values = [Double](repeating: 0, count: 2 * components * n)
      weights = [Double](repeating: 0, count: 2 * shells * n)
    }
    if sums.count < components * shells { sums = [Double](repeating: 0, count: components * shells) }
    for k in 0..<shells * n { weights[k] = 0 }
    weights.withUnsafeMutableBufferPointer { weights in
      for j in 0..<n { bonds.add(distances[j], to: weights.baseAddress! + j * shells) }
    }
    let (x, y, z) = (x, y, z)
    values.withUnsafeMutableBufferPointer { buffer in
      var span = UnsafeMutableBufferPointer(rebasing: buffer[..<(components * n)]).mutableSpan
      // The arrays fit together by their making.
      try? harmonics.evaluate(x: x.span, y: y.span, z: z.span, values: &span)
    }
    multiply(values, weights, into: &sums, m: components, n: shells, k: n)
    for shell in 0..<shells {
      // The harmonic of degree 0 is 1, so its sum is that of the weights.
      let total = sums[shell]
      guard total > 0 else { continue }
      for l in 1...degrees {
        var square = 0.0
        for m in l * l..<(l + 1) * (l + 1) {
          let sum = sums[m * shells + shell]
          square += sum * sum
        }
        row[shell * degrees + l - 1] = square.squareRoot() / total
      }
    }
  }
}
