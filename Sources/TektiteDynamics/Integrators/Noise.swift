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
    let word = UInt64(truncatingIfNeeded: step)
    let bits = generator(
      SIMD4(UInt32(truncatingIfNeeded: word), UInt32(truncatingIfNeeded: word >> 32), UInt32(bitPattern: atom), draw))
    let radius1 = (-2 * log(Self.uniform(bits.x))).squareRoot()
    let radius2 = (-2 * log(Self.uniform(bits.z))).squareRoot()
    let angle1 = 2 * Double.pi * Self.uniform(bits.y)
    let angle2 = 2 * Double.pi * Self.uniform(bits.w)
    return Vector3(radius1 * cos(angle1), radius1 * sin(angle1), radius2 * cos(angle2))
  }

  /// The middle of one of 2³² equal parts of (0, 1): never 0, never 1.
  private static func uniform(_ bits: UInt32) -> Double { (Double(bits) + 0.5) * 0x1p-32 }
}
