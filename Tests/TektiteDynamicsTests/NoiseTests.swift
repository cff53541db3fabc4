import Tektite
import Testing

@testable import TektiteDynamics

@Suite("Noise")
struct NoiseTests {
  @Test("Normals have the moments of the normal distribution and are uncorrelated")
  func moments() {
    let noise = Noise(RandomStream.langevin.generator(seed: 3, stage: 0))
    let n = 200_000
    var sums = [Double](repeating: 0, count: 4)
    var cross = 0.0
    var tail = 0
    for k in 0..<n {
      let v = noise.normals(step: k / 100, atom: Int32(k % 100))
      for x in [v.x, v.y, v.z] {
        sums[0] += x
        sums[1] += x * x
        sums[2] += x * x * x
        sums[3] += x * x * x * x
        if abs(x) > 3 { tail += 1 }
      }
      cross += v.x * v.y + v.y * v.z + v.x * v.z
    }
    let m = Double(3 * n)
    // Five standard errors each: variances of x, x², x³, x⁴ are 1, 2, 15, 96.
    #expect(abs(sums[0] / m) < 5 * (1 / m).squareRoot())
    #expect(abs(sums[1] / m - 1) < 5 * (2 / m).squareRoot())
    #expect(abs(sums[2] / m) < 5 * (15 / m).squareRoot())
    #expect(abs(sums[3] / m - 3) < 5 * (96 / m).squareRoot())
    #expect(abs(cross / m) < 5 * (1 / m).squareRoot())
    // P(|x| > 3) = 0.0026998.
    #expect(abs(Double(tail) / m - 0.0026998) < 5 * (0.0027 / m).squareRoot())
  }

  @Test("Every part of the key changes the numbers")
  func keys() {
    func draw(_ stream: RandomStream, _ seed: UInt64, _ stage: Int, _ step: Int, _ atom: Int32, _ draw: UInt32)
      -> Vector3
    {
      Noise(stream.generator(seed: seed, stage: stage)).normals(step: step, atom: atom, draw: draw)
    }
    let base = draw(.langevin, 1, 0, 5, 7, 0)
    #expect(base == draw(.langevin, 1, 0, 5, 7, 0))
    let others = [
      draw(.velocities, 1, 0, 5, 7, 0), draw(.langevin, 2, 0, 5, 7, 0), draw(.langevin, 1 << 40 | 1, 0, 5, 7, 0),
      draw(.langevin, 1, 1, 5, 7, 0), draw(.langevin, 1, 0, 6, 7, 0), draw(.langevin, 1, 0, 5 + 1 << 32, 7, 0),
      draw(.langevin, 1, 0, 5, 8, 0), draw(.langevin, 1, 0, 5, 7, 1),
    ]
    #expect(Set(others + [base]).count == others.count + 1)
  }
}
