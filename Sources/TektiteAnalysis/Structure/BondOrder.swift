import TektiteCore
import TektiteIrreps

/// Bond-orientational order of the atoms of a frame.
///
/// q_lm(i) is the mean of Y_lm over the directions to the neighbours of i, and q_l = √(4π/(2l+1) Σ_m |q_lm|²) (Steinhardt, Nelson, Ronchetti
/// 1983, doi:10.1103/PhysRevB.28.784). Averaged order takes the mean of q_lm over the atom and its neighbours first (Lechner and Dellago 2008,
/// doi:10.1063/1.2977970). w_l = Σ (l l l; m₁ m₂ m₃) q_lm₁ q_lm₂ q_lm₃ / (Σ_m |q_lm|²)^(3/2).
///
/// Real harmonics of unit length serve in place of complex ones: all three are invariants of rotations, and so do not depend on the basis.
struct BondOrder {
  /// The degrees whose order was asked for.
  let degrees: [Int]
  private let harmonics: SphericalHarmonics<Double>
  /// For each degree, the elements of the coupling of three of it to an invariant.
  private let couplings: [[Coupling]]

  private struct Coupling {
    let i1, i2, i3: Int
    let value: Double
  }

  /// The largest degree.
  static let largestDegree = HarmonicNormalization.largestDegree

  /// - Throws: for degrees outside 1 … 12.
  init(degrees: [Int]) throws(IrrepsError) {
    self.degrees = degrees
    for l in degrees where l < 1 { throw IrrepsError("bond-orientational order has degrees from 1, not \(l)") }
    harmonics = try SphericalHarmonics(upTo: degrees.max() ?? 1, normalization: .norm)
    var couplings: [[Coupling]] = []
    for l in degrees {
      // Of odd degrees the coupling is antisymmetric, and w vanishes.
      guard l % 2 == 0 else {
        couplings.append([])
        continue
      }
      // The sign of the tensor is a convention; of m = 0, where both bases share their harmonic, the sign is that of the 3j symbol.
      let tensor = try Wigner3j(l, l, l, convention: .e3nn04)
      let middle = tensor.elements.first { $0.i1 == l && $0.i2 == l && $0.i3 == l }?.value ?? 1
      let sign: Double = (middle < 0) == (l % 4 == 2) ? 1 : -1
      couplings.append(tensor.elements.map { Coupling(i1: $0.i1, i2: $0.i2, i3: $0.i3, value: sign * $0.value) })
    }
    self.couplings = couplings
  }

  /// The mean harmonics of each atom, degree by degree: `[atom][component]`, not numbers where an atom has no neighbours.
  struct Moments {
    /// Components of an atom.
    let width: Int
    /// For each degree, its components.
    let ranges: [Range<Int>]
    var values: [Double]

    /// √Σ of a degree's squares.
    func length(_ atom: Int, _ degree: Int) -> Double { dot(atom, atom, degree).squareRoot() }

    /// Σ over the components of a degree of the product of two atoms' moments.
    func dot(_ a: Int, _ b: Int, _ degree: Int) -> Double {
      var sum = 0.0
      for k in ranges[degree] { sum += values[a * width + k] * values[b * width + k] }
      return sum
    }
  }

  /// The moments of all atoms.
  func moments(_ table: NeighborTable) -> Moments {
    var ranges: [Range<Int>] = []
    var width = 0
    for l in degrees {
      ranges.append(width..<width + 2 * l + 1)
      width += 2 * l + 1
    }
    var moments = Moments(
      width: width, ranges: ranges, values: [Double](repeating: .nan, count: width * table.count))
    // Some atoms at a time, so that harmonics stay in the cache.
    var first = 0
    var (x, y, z, harmonic) = ([Double](), [Double](), [Double](), [Double]())
    while first < table.count {
      var end = first + 1
      while end < table.count, table.offsets[end + 1] - table.offsets[first] <= 256 { end += 1 }
      let entries = table.offsets[first]..<table.offsets[end]
      let n = entries.count
      x = entries.map { table.vectors[$0].x }
      y = entries.map { table.vectors[$0].y }
      z = entries.map { table.vectors[$0].z }
      if harmonic.count != harmonics.count * n { harmonic = [Double](repeating: 0, count: harmonics.count * n) }
      var room = harmonic.mutableSpan
      // The arrays were made to fit.
      do { try harmonics.evaluate(x: x.span, y: y.span, z: z.span, values: &room) } catch { return moments }
      for atom in first..<end where !table[atom].isEmpty {
        let own = table[atom].lowerBound - entries.lowerBound..<table[atom].upperBound - entries.lowerBound
        for (l, range) in zip(degrees, ranges) {
          for (m, component) in range.enumerated() {
            var sum = 0.0
            for k in own { sum += harmonic[(l * l + m) * n + k] }
            moments.values[atom * width + component] = sum / Double(own.count)
          }
        }
      }
      first = end
    }
    return moments
  }

  /// The moments averaged over each atom and its neighbours.
  func averaged(_ moments: Moments, _ table: NeighborTable) -> Moments {
    var result = moments
    let width = moments.width
    for atom in 0..<table.count where !table[atom].isEmpty {
      for entry in table[atom] {
        let other = Int(table.neighbors[entry]) * width
        for k in 0..<width { result.values[atom * width + k] += moments.values[other + k] }
      }
      for k in 0..<width { result.values[atom * width + k] /= Double(table[atom].count + 1) }
    }
    return result
  }

  /// q of the degree at an index, for each atom; not a number where it has no neighbours.
  func order(_ moments: Moments, _ degree: Int, atoms: Int) -> [Double] {
    (0..<atoms).map { moments.length($0, degree) }
  }

  /// The normalised w of the degree at an index, for each atom; not a number where q vanishes.
  func third(_ moments: Moments, _ degree: Int, atoms: Int) -> [Double] {
    let start = moments.ranges[degree].lowerBound
    return (0..<atoms).map { atom in
      let q = moments.length(atom, degree)
      // Rounding leaves some 1e-16 of a shell that has no order of this degree, and the ratio would mean nothing.
      guard q > 1e-10 else { return .nan }
      let base = atom * moments.width + start
      var sum = 0.0
      for e in couplings[degree] {
        sum += e.value * moments.values[base + e.i1] * moments.values[base + e.i2] * moments.values[base + e.i3]
      }
      return sum / (q * q * q)
    }
  }
}
