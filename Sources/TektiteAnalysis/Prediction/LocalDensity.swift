import TektiteCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The number density around each atom: ρ_i = Σ_j exp(−r_ij²/2ξ²) / (2πξ²)^(3/2), the atom itself and all images included.
enum LocalDensity {
  /// The densities of a frame, 1/length³.
  /// - Parameter length: ξ, beyond five of which nothing counts.
  static func evaluate(_ frame: Frame, length: Double) -> [Double] {
    let neighbors = PeriodicNeighbors(frame, radius: 5 * length)
    let exponent = -0.5 / (length * length)
    let scale = 1 / pow(2 * Double.pi * length * length, 1.5)
    return frame.positions.indices.map { atom in
      var sum = 1.0
      neighbors.forEach(near: atom, within: 5 * length) { _, _, square in sum += exp(exponent * square) }
      return scale * sum
    }
  }
}
