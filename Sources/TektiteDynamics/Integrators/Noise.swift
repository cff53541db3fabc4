import TektiteCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Gaussian noise that is a pure function of (stream, step, atom, draw): it needs no state, and neither the number of threads nor the
/// order of atoms in memory can change it.
public struct Noise: Sendable {
  private let generator: Philox4x32

  /// Makes the noise of a stream.
  public init(_ generator: Philox4x32) { self.generator = generator }

  /// The key of the generator, for the kernels that draw the same deviates four atoms at a time.
  var key: UInt64 { generator.keyBits }

  /// Three independent standard normal deviates (mean 0, variance 1), by the transform of Box and Muller (1958,
  /// doi:10.1214/aoms/1177706645) from the four words of one Philox evaluation. The largest possible deviate is 6.76.
  /// - Parameters:
  ///   - step: number of the step within the stage.
  ///   - atom: the user's index of the atom.
  ///   - draw: number of the draw within the step.
  public func normals(step: Int, atom: Int32, draw: UInt32 = 0) -> Vector3 {
    let bits = words(step: step, atom: atom, draw: draw)
    let radius1 = (-2 * log(Self.uniform(bits.x))).squareRoot()
    let radius2 = (-2 * log(Self.uniform(bits.z))).squareRoot()
    let angle1 = 2 * Double.pi * Self.uniform(bits.y)
    let angle2 = 2 * Double.pi * Self.uniform(bits.w)
    return Vector3(radius1 * cos(angle1), radius1 * sin(angle1), radius2 * cos(angle2))
  }

  /// A chi-squared deviate: the sum of the squares of so many independent standard normal deviates. From two degrees of freedom on it is drawn by the
  /// rejection of Marsaglia and Tsang (2000, doi:10.1145/358407.358414), which takes one Philox evaluation, rarely more: those of the draws that follow.
  /// - Parameters:
  ///   - degreesOfFreedom: 0 gives 0, as an empty sum does.
  ///   - step: number of the step within the stage.
  ///   - draw: number of the first draw within the step.
  public func chiSquared(degreesOfFreedom: Int, step: Int, draw: UInt32) -> Double {
    guard degreesOfFreedom > 1 else {
      let normal = normals(step: step, atom: 0, draw: draw).x
      return degreesOfFreedom == 1 ? normal * normal : 0
    }
    // Twice a Gamma deviate of half the degrees of freedom.
    let d = 0.5 * Double(degreesOfFreedom) - 1 / 3.0
    let c = 1 / (9 * d).squareRoot()
    var draw = draw
    while true {
      let bits = words(step: step, atom: 0, draw: draw)
      let x = (-2 * log(Self.uniform(bits.x))).squareRoot() * cos(2 * Double.pi * Self.uniform(bits.y))
      let root = 1 + c * x
      let cube = root * root * root
      if root > 0, log(Self.uniform(bits.z)) < 0.5 * x * x + d * (1 - cube + log(cube)) { return 2 * d * cube }
      draw &+= 1
    }
  }

  private func words(step: Int, atom: Int32, draw: UInt32) -> SIMD4<UInt32> {
    let word = UInt64(truncatingIfNeeded: step)
    return generator(
      SIMD4(UInt32(truncatingIfNeeded: word), UInt32(truncatingIfNeeded: word >> 32), UInt32(bitPattern: atom), draw))
  }

  /// The middle of one of 2³² equal parts of (0, 1): never 0, never 1.
  private static func uniform(_ bits: UInt32) -> Double { (Double(bits) + 0.5) * 0x1p-32 }
}
