import TektiteKernels
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Spline tables")
struct RadialTableTests {
  static func value(_ c: [Double], _ spacing: Double, _ r: Double) -> (Double, Double) {
    let u = r / spacing
    let i = min(Int(u), c.count - 4)
    let t = u - Double(i)
    let s = 1 - t
    let w = [s * s * s, 3 * t * t * t - 6 * t * t + 4, 3 * s * s * s - 6 * s * s + 4, t * t * t].map { $0 / 6 }
    let d = [-s * s / 2, (9 * t * t - 12 * t) / 6, (12 * s - 9 * s * s) / 6, t * t / 2]
    return (
      (0..<4).reduce(0) { $0 + w[$1] * c[i + $1] }, (0..<4).reduce(0) { $0 + d[$1] * c[i + $1] } / spacing
    )
  }

  @Test("samples are met and cubic polynomials are exact")
  func cubics() {
    for n in [4, 5, 6, 9, 40] {
      let spacing = 0.3
      let f = { (r: Double) in 1 - 2 * r + 0.7 * r * r - 0.2 * r * r * r }
      let g = { (r: Double) in -2 + 1.4 * r - 0.6 * r * r }
      let fit = SplineFit(samples: (0..<n).map { f(Double($0) * spacing) }, spacing: spacing)
      #expect(fit.coefficients.count == n + 2)
      for k in 0...100 {
        let r = Double(k) / 100 * Double(n - 1) * spacing
        let (v, d) = Self.value(fit.coefficients, spacing, r)
        #expect(abs(v - f(r)) < 1e-12 * Double(n * n) && abs(d - g(r)) < 1e-11 * Double(n * n), "n = \(n), r = \(r)")
      }
    }
  }

  @Test("the error falls with the fourth power of the spacing")
  func convergence() {
    func worst(_ n: Int) -> Double {
      let spacing = 5 / Double(n - 1)
      let fit = SplineFit(samples: (0..<n).map { sin(2 * Double($0) * spacing) }, spacing: spacing)
      return (0..<4000).map { k in
        let r = Double(k) / 800
        return abs(Self.value(fit.coefficients, spacing, r).0 - sin(2 * r))
      }.max() ?? 1
    }
    let ratio = worst(65) / worst(129)
    #expect(ratio > 12 && ratio < 40, "\(ratio)")
  }

  @Test("rows hold blocks of functions and channels, padded with zeros")
  func layout() {
    let table = RadialTable<Float>(start: 0, spacing: 0.5, samples: 6, functions: 3, channels: 20) { k, f, c in
      Double(100 * f + c)  // constants, whose coefficients are the constants
    }
    #expect(table.grid.rowStride == 3 * 32 && table.grid.intervals == 5)
    let p = table.base.assumingMemoryBound(to: Float.self)
    for knot in 0..<8 {
      for f in 0..<3 {
        for c in 0..<32 {
          let found = p[knot * 96 + (c / 16 * 3 + f) * 16 + c % 16]
          #expect(abs(found - (c < 20 ? Float(100 * f + c) : 0)) < 1e-4)
        }
      }
    }
  }
}
