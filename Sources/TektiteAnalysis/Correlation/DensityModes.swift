import TektiteCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Sums of exp(i k·r) over atoms, on vectors that fit the cell.
enum DensityModes {
  /// The reciprocal lattice, rows of 2π H⁻ᵀ.
  static func reciprocal(_ cell: Cell) -> Matrix3 { 2 * Double.pi * cell.basis.inverse.transposed }

  /// Vectors of about a length: those within half a width of it, or the nearest ones where there are none; of a vector and its opposite
  /// only one. At most so many, taken evenly from all in the order of their lengths.
  static func vectors(
    _ cell: Cell, near length: Double, width: Double, most: Int
  ) -> (mean: Double, vectors: [SIMD3<Int32>]) {
    let smallest = (0..<3).filter { cell.periodic[$0] }.map { 2 * Double.pi / cell.widths[$0] }.max() ?? 0
    let found = StructureFactor.lengths(cell, largest: length + max(width, smallest))
    guard let nearest = found.min(by: { abs($0.length - length) < abs($1.length - length) }) else {
      return (length, [])
    }
    var members = found.filter { abs($0.length - length) <= width / 2 }
    if members.isEmpty { members = found.filter { abs($0.length - nearest.length) <= 1e-9 * nearest.length } }
    members.sort { $0.length < $1.length }
    if members.count > most { members = (0..<most).map { members[$0 * members.count / most] } }
    return (members.reduce(0) { $0 + $1.length } / Double(members.count), members.map(\.vector))
  }

  /// Σ w exp(i k·r) over the atoms of a group, for each vector; real and imaginary part.
  ///
  /// Powers of exp(2πi s) are made for some atoms at a time, so that they stay in the cache; a vector's phase is then two multiplications.
  /// - Parameters:
  ///   - fractions: positions in fractions of the cell.
  ///   - weights: of all packs, 0 where there is no atom; nil for 1 each.
  static func sums(
    of group: Packing.Group, _ fractions: PackedVectors, _ vectors: [SIMD3<Int32>], weights: [SIMD4<Double>]? = nil
  ) -> [SIMD2<Double>] {
    let reach = vectors.reduce(SIMD3<Int32>.zero) { most, v in
      SIMD3(max(most.x, abs(v.x)), max(most.y, abs(v.y)), max(most.z, abs(v.z)))
    }
    let block = 8
    var sums = [SIMD2<Double>](repeating: .zero, count: vectors.count)
    var (px, py, pz) = (Powers(Int(reach.x), block), Powers(Int(reach.y), block), Powers(Int(reach.z), block))
    for start in stride(from: group.packs.lowerBound, to: group.packs.upperBound, by: block) {
      let width = min(block, group.packs.upperBound - start)
      for k in 0..<width {
        px.fill(fractions.x[start + k], k)
        py.fill(fractions.y[start + k], k)
        pz.fill(fractions.z[start + k], k)
        // A weight goes with the phase along one direction, which every vector's phase contains once.
        if let weights { px.scale(weights[start + k], k) }
      }
      for (index, v) in vectors.enumerated() {
        let (ax, ay, az) = (Int(abs(v.x)) * block, Int(abs(v.y)) * block, Int(abs(v.z)) * block)
        // The power of a negative number is the conjugate of that of the positive one.
        let (fx, fy, fz) = (v.x < 0 ? -1.0 : 1, v.y < 0 ? -1.0 : 1, v.z < 0 ? -1.0 : 1)
        var real = SIMD4<Double>.zero
        var imaginary = SIMD4<Double>.zero
        for k in 0..<width {
          let (cx, sx) = (px.cosines[ax + k], fx * px.sines[ax + k])
          let (cy, sy) = (py.cosines[ay + k], fy * py.sines[ay + k])
          let (cz, sz) = (pz.cosines[az + k], fz * pz.sines[az + k])
          let c = cx * cy - sx * sy
          let s = sx * cy + cx * sy
          real += c * cz - s * sz
          imaginary += s * cz + c * sz
        }
        sums[index] += SIMD2(
          (real[0] + real[1]) + (real[2] + real[3]), (imaginary[0] + imaginary[1]) + (imaginary[2] + imaginary[3]))
      }
    }
    // Places without an atom are at the origin.
    if weights != nil { return sums }
    return sums.map { SIMD2($0.x - Double(group.padding), $0.y) }
  }

  /// cos(2πns) and sin(2πns) of n from 0 up, for a block of packs: [n][pack].
  private struct Powers {
    var cosines: [SIMD4<Double>]
    var sines: [SIMD4<Double>]
    private let last: Int
    private let block: Int

    init(_ last: Int, _ block: Int) {
      self.last = last
      self.block = block
      cosines = [SIMD4<Double>](repeating: .zero, count: (last + 1) * block)
      sines = cosines
    }

    mutating func fill(_ s: SIMD4<Double>, _ pack: Int) {
      var (c1, s1) = (SIMD4<Double>.zero, SIMD4<Double>.zero)
      for lane in 0..<4 {
        let angle = 2 * Double.pi * (s[lane] - s[lane].rounded())
        c1[lane] = cos(angle)
        s1[lane] = sin(angle)
      }
      var (c, s) = (SIMD4<Double>(repeating: 1), SIMD4<Double>.zero)
      for n in 0...last {
        cosines[n * block + pack] = c
        sines[n * block + pack] = s
        (c, s) = (c * c1 - s * s1, s * c1 + c * s1)
      }
    }

    /// Multiplies all powers of a pack.
    mutating func scale(_ weight: SIMD4<Double>, _ pack: Int) {
      for n in 0...last {
        cosines[n * block + pack] *= weight
        sines[n * block + pack] *= weight
      }
    }
  }
}

extension PackedVectors {
  /// These positions in fractions of a cell.
  func fractions(of cell: Cell) -> PackedVectors {
    let m = cell.basis.inverse
    var result = self
    for k in x.indices {
      result.x[k] = x[k] * m.a.x + y[k] * m.b.x + z[k] * m.c.x
      result.y[k] = x[k] * m.a.y + y[k] * m.b.y + z[k] * m.c.y
      result.z[k] = x[k] * m.a.z + y[k] * m.b.z + z[k] * m.c.z
    }
    return result
  }
}
