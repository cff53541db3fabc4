/// A function of the distance on a uniform grid as a B-spline of degree 3 or 5: f(r) = Σ_k w_k(t) c_(i+k) on interval i, k = 0 … degree, with degree − 1
/// continuous derivatives. Value and derivative belong to one interpolant, so forces are the exact gradient of the energy. The error of values falls with the
/// fourth or sixth power of the spacing, that of derivatives with the third or fifth, up to the ends.
public struct SplineFit {
  /// The coefficients c, degree − 1 more than there are samples.
  public let coefficients: [Double]
  /// 3 or 5.
  public let degree: Int
  /// Distance between samples.
  public let spacing: Double

  /// Interpolates samples at equal distances. Derivatives at the ends are taken from one-sided differences (through five samples for degree 3 and eight for
  /// degree 5, or all if there are fewer), slopes only unless given. Degree 5 asks for second derivatives too.
  /// - Parameters:
  ///   - samples: at least two values, at least six for degree 5.
  ///   - spacing: distance between samples, positive.
  ///   - degree: 3 or 5.
  ///   - slopes: df/dr at both ends, where known.
  public init(
    samples f: [Double], spacing: Double, degree: Int = 3, slopes: (first: Double?, last: Double?) = (nil, nil)
  ) {
    precondition(spacing > 0, "a spline needs a positive spacing")
    let system = SplineSystem(samples: f.count, degree: degree)
    (self.degree, self.spacing) = (degree, spacing)
    coefficients = system.coefficients(
      f, columns: 1, slopes: (slopes.first.map { [$0 * spacing] }, slopes.last.map { [$0 * spacing] }))
  }

  /// Coefficients of many functions on one grid, [samples + degree − 1][column], at a fraction of the time of a fit for each.
  /// - Parameters:
  ///   - samples: values of shape [sample][column], with at least two samples, at least six for degree 5.
  ///   - columns: the number of functions.
  ///   - degree: 3 or 5.
  ///   - slopes: derivatives of each column at both ends, by the number of the sample.
  public static func coefficients(
    samples: [Double], columns: Int, degree: Int, slopes: (first: [Double], last: [Double])
  ) -> [Double] {
    SplineSystem(samples: samples.count / max(1, columns), degree: degree)
      .coefficients(samples, columns: columns, slopes: slopes)
  }

  /// Value and derivative of the fit; distances beyond the ends are taken as the ends.
  public func evaluate(at r: Double) -> (value: Double, derivative: Double) {
    Self.evaluate(coefficients, degree: degree, spacing: spacing, at: r)
  }

  /// Value and derivative of a spline in double precision, for estimates of errors. Distances beyond the ends are taken as the ends.
  /// - Parameters:
  ///   - coefficients: intervals + degree of them.
  ///   - degree: 3 or 5.
  ///   - start: distance of the first sample.
  ///   - spacing: distance between samples.
  ///   - r: where.
  public static func evaluate(
    _ coefficients: [Double], degree: Int, start: Double = 0, spacing: Double, at r: Double
  ) -> (value: Double, derivative: Double) {
    let intervals = coefficients.count - degree
    precondition(intervals > 0, "a spline of degree \(degree) needs more than \(degree) coefficients")
    let u = min(max((r - start) / spacing, 0), Double(intervals))
    let interval = min(Int(u), intervals - 1)
    let (w, dw) = weights(degree: degree, at: u - Double(interval))
    var (value, derivative) = (0.0, 0.0)
    for k in 0...degree {
      value += w[k] * coefficients[interval + k]
      derivative += dw[k] * coefficients[interval + k]
    }
    return (value, derivative / spacing)
  }

  /// The weights of a uniform B-spline at position t of an interval of length 1, and their derivatives, by the recursion of Cox and de Boor:
  ///
  ///     w_k of degree d = ((t + d − k) w_(k−1) + (k + 1 − t) w_k)/d of degree d − 1,      dw_k/dt = w_(k−1) − w_k of degree d − 1
  ///
  /// Places past the degree are zero.
  public static func weights(degree: Int, at t: Double) -> (values: SIMD8<Double>, derivatives: SIMD8<Double>) {
    precondition(degree > 0 && degree < 8, "no B-spline of degree \(degree) here")
    var w = SIMD8<Double>(1, 0, 0, 0, 0, 0, 0, 0)
    var slopes = SIMD8<Double>.zero
    for d in 1...degree {
      for k in (0...d).reversed() {
        let left = k > 0 ? w[k - 1] : 0
        slopes[k] = left - w[k]
        w[k] = ((t + Double(d - k)) * left + (Double(k + 1) - t) * w[k]) / Double(d)
      }
    }
    return (w, slopes)
  }
}

/// The linear system of a spline fit, which depends on the number of samples and the degree only: factored once, solved for many functions side by side.
/// Interpolation at the samples asks
///
///     degree 3:  c_(i−1) + 4 c_i + c_(i+1) = 6 f_i
///     degree 5:  c_(i−2) + 26 c_(i−1) + 66 c_i + 26 c_(i+1) + c_(i+2) = 120 f_i
///
/// where c_i sits at sample i. The one or two coefficients beyond each end are eliminated with the derivatives there, for degree 3 by
/// c_1 − c_−1 = 2 f′ and for degree 5 by c_2 + 10 c_1 − 10 c_−1 − c_−2 = 24 f′ and c_2 + 2 c_1 − 6 c_0 + 2 c_−1 + c_−2 = 6 f″ (spacing 1). What is left has one or two
/// diagonals on either side and is solved without pivots; it is the same read from either end.
struct SplineSystem {
  /// Samples and degree.
  let samples: Int, degree: Int
  /// Diagonals on either side.
  private let width: Int
  /// By row: factors of the rows before (`width` of them, nearest last), the pivot's inverse, factors of the rows after.
  private let factors: [Double]

  /// Factors the system of at least two samples (six for degree 5).
  init(samples n: Int, degree: Int) {
    precondition(degree == 3 || degree == 5, "splines have degree 3 or 5, not \(degree)")
    precondition(n >= (degree == 3 ? 2 : 6), "\(n) samples are too few for a spline of degree \(degree)")
    (samples, self.degree) = (n, degree)
    let width = degree / 2
    self.width = width
    let size = 2 * width + 1
    let inner: [Double] = degree == 3 ? [1, 4, 1] : [1, 26, 66, 26, 1]
    // The first rows with the outer coefficients eliminated.
    let first: [[Double]] = degree == 3 ? [[0, 4, 2]] : [[0, 0, 54, 60, 6], [0, 25.25, 67.5, 26.25, 1]]
    var a = [Double](repeating: 0, count: n * size)
    for i in 0..<n {
      for k in 0..<size { a[i * size + k] = inner[k] }
    }
    for (i, row) in first.enumerated() {
      for k in 0..<size {
        a[i * size + k] = row[k]
        a[(n - 1 - i) * size + size - 1 - k] = row[k]
      }
    }
    for i in 0..<n {
      // Rows before, the farthest first.
      for back in stride(from: min(width, i), to: 0, by: -1) {
        let factor = a[i * size + width - back] * a[(i - back) * size + width]
        a[i * size + width - back] = factor
        for k in 1...width {
          let column = width - back + k
          a[i * size + column] -= factor * a[(i - back) * size + width + k]
        }
      }
      a[i * size + width] = 1 / a[i * size + width]
    }
    factors = a
  }

  /// The coefficients of many functions, [samples + degree − 1][column], from their samples [sample][column].
  /// - Parameters:
  ///   - values: samples · columns numbers.
  ///   - columns: number of functions.
  ///   - slopes: derivatives of each column at the ends in units of the spacing, where known.
  func coefficients(
    _ values: [Double], columns: Int, slopes: (first: [Double]?, last: [Double]?) = (nil, nil)
  ) -> [Double] {
    let (n, width, size) = (samples, width, 2 * width + 1)
    precondition(values.count == n * columns, "\(values.count) numbers for \(n) samples of \(columns) functions")
    let scale: Double = degree == 3 ? 6 : 120
    let firstSlope = derivative(1, values, columns, atLast: false, known: slopes.first)
    let lastSlope = derivative(1, values, columns, atLast: true, known: slopes.last.map { $0.map { -$0 } })
    let firstCurvature = degree == 5 ? derivative(2, values, columns, atLast: false) : []
    let lastCurvature = degree == 5 ? derivative(2, values, columns, atLast: true) : []
    var result = [Double](repeating: 0, count: (n + degree - 1) * columns)
    result.withUnsafeMutableBufferPointer { result in
      // Row i of the samples; −width … n + width − 1 exist.
      func row(_ i: Int) -> UnsafeMutableBufferPointer<Double> {
        UnsafeMutableBufferPointer(rebasing: result[((i + width) * columns)..<((i + width + 1) * columns)])
      }
      values.withUnsafeBufferPointer { values in
        for i in 0..<n {
          let (out, from) = (row(i), i * columns)
          for j in 0..<columns { out[j] = scale * values[from + j] }
        }
      }
      for (end, slope, curvature) in [(0, firstSlope, firstCurvature), (n - 1, lastSlope, lastCurvature)] {
        let (out, next) = (row(end), row(end == 0 ? 1 : n - 2))
        for j in 0..<columns {
          if degree == 3 {
            out[j] += 2 * slope[j]
          } else {
            out[j] += 72 * slope[j] + 12 * curvature[j]
            next[j] += 3 * slope[j] + 0.75 * curvature[j]
          }
        }
      }
      for i in 0..<n {
        let out = row(i)
        for back in stride(from: min(width, i), to: 0, by: -1) {
          let (factor, other) = (factors[i * size + width - back], row(i - back))
          for j in 0..<columns { out[j] -= factor * other[j] }
        }
      }
      for i in stride(from: n - 1, through: 0, by: -1) {
        let (out, inverse) = (row(i), factors[i * size + width])
        for ahead in 1...width where i + ahead < n {
          let (factor, other) = (factors[i * size + width + ahead], row(i + ahead))
          for j in 0..<columns { out[j] -= factor * other[j] }
        }
        for j in 0..<columns { out[j] *= inverse }
      }
      for (end, step, slope, curvature) in [(0, 1, firstSlope, firstCurvature), (n - 1, -1, lastSlope, lastCurvature)] {
        let (c1, outer) = (row(end + step), row(end - step))
        if degree == 3 {
          for j in 0..<columns { outer[j] = c1[j] - 2 * slope[j] }
          continue
        }
        let (c0, c2, outermost) = (row(end), row(end + 2 * step), row(end - 2 * step))
        for j in 0..<columns {
          let (d, s) = (slope[j], curvature[j])
          outer[j] = 0.25 * (6 * c1[j] + c2[j] - 3 * c0[j] - 12 * d - 3 * s)
          outermost[j] = 6 * c0[j] - 2 * c1[j] - c2[j] + 6 * s - 2 * outer[j]
        }
      }
    }
    return result
  }

  /// The first or second derivative of each column at an end, seen from that end inwards (the slope at the last sample has its sign turned), from the
  /// polynomial through the nearest samples.
  private func derivative(
    _ order: Int, _ values: [Double], _ columns: Int, atLast: Bool, known: [Double]? = nil
  ) -> [Double] {
    if let known { return known }
    var result = [Double](repeating: 0, count: columns)
    for (k, weight) in Self.differences(min(samples, degree == 3 ? 5 : 8), order).enumerated() {
      let first = (atLast ? samples - 1 - k : k) * columns
      for j in 0..<columns { result[j] += weight * values[first + j] }
    }
    return result
  }

  /// Weights of samples 0 … points − 1 in the first or second derivative at 0 of the polynomial through them: derivatives of Lagrange's polynomials.
  static func differences(_ points: Int, _ order: Int) -> [Double] {
    (0..<points).map { k in
      // Π_(m ≠ k) (x − m)/(k − m) to second order in x.
      var (c0, c1, c2) = (1.0, 0.0, 0.0)
      for m in 0..<points where m != k {
        let (a, b) = (Double(-m) / Double(k - m), 1 / Double(k - m))
        (c0, c1, c2) = (a * c0, a * c1 + b * c0, a * c2 + b * c1)
      }
      return order == 1 ? c1 : 2 * c2
    }
  }
}
