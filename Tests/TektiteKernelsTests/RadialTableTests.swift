import TektiteKernels
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// The B-spline that is centred at 0, on knots a distance of 1 apart, by the recursion of Cox and de Boor; its degree is one less than its order.
func centredSpline(_ x: Double, order: Int) -> Double {
  if order == 1 { return x >= -0.5 && x < 0.5 ? 1 : 0 }
  let h = Double(order) / 2
  return ((h + x) * centredSpline(x + 0.5, order: order - 1) + (h - x) * centredSpline(x - 0.5, order: order - 1))
    / Double(order - 1)
}

@Suite("Spline tables")
struct RadialTableTests {
  /// Value and derivative of a spline, summed over all its coefficients: that of index k belongs to knot k − (degree − 1)/2.
  static func value(_ c: [Double], _ degree: Int, _ spacing: Double, _ r: Double) -> (Double, Double) {
    let x = c.indices.map { r / spacing - Double($0 - (degree - 1) / 2) }
    let slopes = x.map { centredSpline($0 + 0.5, order: degree) - centredSpline($0 - 0.5, order: degree) }
    return (
      c.indices.reduce(0) { $0 + c[$1] * centredSpline(x[$1], order: degree + 1) },
      c.indices.reduce(0) { $0 + c[$1] * slopes[$1] } / spacing
    )
  }

  @Test("samples are met and polynomials of the splines' degree are exact", arguments: [3, 5])
  func polynomials(_ degree: Int) {
    for n in [4, 5, 6, 7, 9, 40] where degree == 3 || n > 5 {
      let spacing = 0.3
      let a = [1, -2, 0.7, -0.2, 0.03, -0.004]
      let f = { (r: Double) in (0...degree).reversed().reduce(0) { $0 * r + a[$1] } }
      let g = { (r: Double) in (1...degree).reversed().reduce(0) { $0 * r + a[$1] * Double($1) } }
      let fit = SplineFit(samples: (0..<n).map { f(Double($0) * spacing) }, spacing: spacing, degree: degree)
      #expect(fit.coefficients.count == n + degree - 1)
      let size = abs(f(Double(n - 1) * spacing)) + 1
      for k in 0..<100 {
        let r = Double(k) / 100 * Double(n - 1) * spacing
        let (v, d) = Self.value(fit.coefficients, degree, spacing, r)
        #expect(abs(v - f(r)) < 1e-12 * size && abs(d - g(r)) < 1e-11 * size, "n = \(n), r = \(r)")
        let found = fit.evaluate(at: r)
        #expect(abs(found.value - v) < 1e-13 * size && abs(found.derivative - d) < 1e-12 * size, "n = \(n), r = \(r)")
      }
      #expect(abs(fit.evaluate(at: 1e3).value - f(Double(n - 1) * spacing)) < 1e-12 * size)
      #expect(abs(fit.evaluate(at: -1).value - f(0)) < 1e-12 * size)
    }
  }

  /// Largest errors of value and derivative of sin(2r + 0.4) on 0 … 5, and of those in the first and last two intervals alone.
  static func worst(_ n: Int, _ degree: Int, slopes: Bool) -> (value: Double, slope: Double, atEnds: (Double, Double)) {
    let spacing = 5 / Double(n - 1)
    let f = { (r: Double) in sin(2 * r + 0.4) }
    let g = { (r: Double) in 2 * cos(2 * r + 0.4) }
    let fit = SplineFit(
      samples: (0..<n).map { f(Double($0) * spacing) }, spacing: spacing, degree: degree,
      slopes: slopes ? (g(0), g(5)) : (nil, nil))
    var (value, slope, ends) = (0.0, 0.0, (0.0, 0.0))
    for k in 0...8000 {
      let r = Double(k) / 1600
      let found = fit.evaluate(at: r)
      let (a, b) = (abs(found.value - f(r)), abs(found.derivative - g(r)))
      (value, slope) = (max(value, a), max(slope, b))
      if min(r, 5 - r) < 2 * spacing { ends = (max(ends.0, a), max(ends.1, b)) }
    }
    return (value, slope, ends)
  }

  @Test(
    "errors of values fall with the spacing's power of degree + 1, those of slopes with one less", arguments: [3, 5])
  func convergence(_ degree: Int) {
    for slopes in [false, true] {
      // Coarse enough that degree 5 is far from rounding (1e-15/spacing).
      let (a, b) = (Self.worst(49, degree, slopes: slopes), Self.worst(97, degree, slopes: slopes))
      let power = Double(1 << (degree + 1))
      for (name, ratio, expected) in [
        ("value", a.value / b.value, power), ("slope", a.slope / b.slope, power / 2),
        ("value at the ends", a.atEnds.0 / b.atEnds.0, power),
        ("slope at the ends", a.atEnds.1 / b.atEnds.1, power / 2),
      ] {
        // Halving the spacing gives the power in the limit; one-sided differences converge faster than the spline, so the ends may too.
        #expect(ratio > 0.75 * expected && ratio < 8 * expected, "\(name): \(ratio), not \(expected)")
      }
    }
  }

  @Test("rows hold blocks of functions and channels, padded with zeros", arguments: [3, 5])
  func layout(_ degree: Int) {
    let table = RadialTable<Float>(start: 0, spacing: 0.5, samples: 6, functions: 3, channels: 20, degree: degree) {
      k, f, c in Double(100 * f + c)  // constants, whose coefficients are the constants
    }
    #expect(table.grid.rowStride == 3 * 32 && table.grid.intervals == 5 && table.grid.degree == degree)
    let p = table.base.assumingMemoryBound(to: Float.self)
    for knot in 0..<(5 + degree) {
      for f in 0..<3 {
        for c in 0..<32 {
          let found = p[knot * 96 + (c / 16 * 3 + f) * 16 + c % 16]
          #expect(abs(found - (c < 20 ? Float(100 * f + c) : 0)) < 1e-4)
        }
      }
    }
  }

  @Test("columns of a table are fits of their own", arguments: [3, 5])
  func columns(_ degree: Int) {
    var random = SmallGenerator(8)
    let (samples, functions, channels) = (17, 2, 11)
    let values = random.array(samples * functions * channels)
    let table = RadialTable<Double>(
      start: 0.5, spacing: 0.1, samples: samples, functions: functions, channels: channels, degree: degree,
      values: values)
    let p = table.base.assumingMemoryBound(to: Double.self)
    for f in 0..<functions {
      for c in 0..<channels {
        let fit = SplineFit(
          samples: (0..<samples).map { values[($0 * functions + f) * channels + c] }, spacing: 0.1, degree: degree)
        let found = (0..<(samples + degree - 1)).map { p[$0 * 32 + (c / 8 * 2 + f) * 8 + c % 8] }
        #expect(found == fit.coefficients)
      }
    }
  }
}
