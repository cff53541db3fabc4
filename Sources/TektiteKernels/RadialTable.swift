/// A function of the distance on a uniform grid as a cubic B-spline: f(r) = Σ_k w_k(t) c_(i+k) on interval i, with two continuous derivatives. Value and derivative
/// belong to one interpolant, so forces are the exact gradient of the energy.
public struct SplineFit {
  /// The coefficients c, two more than there are samples.
  public let coefficients: [Double]

  /// Interpolates samples at equal distances. Slopes at the ends are taken from one-sided differences of fourth order unless given (those of
  /// fewer than five samples from the polynomial through all of them).
  /// - Parameters:
  ///   - samples: at least two values.
  ///   - spacing: distance between samples, positive.
  ///   - slopes: df/dr at both ends, where known.
  public init(samples f: [Double], spacing: Double, slopes: (first: Double?, last: Double?) = (nil, nil)) {
    precondition(f.count >= 2 && spacing > 0, "a spline needs two samples and a positive spacing")
    let n = f.count
    let first = slopes.first.map { $0 * spacing } ?? Self.slope(f[0..<min(n, 5)].map { $0 })
    let last = slopes.last.map { $0 * spacing } ?? -Self.slope(f[max(0, n - 5)...].reversed().map { $0 })
    // (c_(i−1) + 4 c_i + c_(i+1))/6 = f_i and (c_(i+1) − c_(i−1))/2 = slope at the ends, with the outer coefficients eliminated: 4 on the diagonal,
    // 2 beside it in the first and last row, 1 elsewhere.
    var right = f.map { 6 * $0 }
    right[0] += 2 * first
    right[n - 1] -= 2 * last
    var ratio = [Double](repeating: 0, count: n)
    ratio[0] = 2.0 / 4
    right[0] /= 4
    for i in 1..<n {
      let below: Double = i == n - 1 ? 2 : 1
      let pivot = 4 - below * ratio[i - 1]
      ratio[i] = 1 / pivot
      right[i] = (right[i] - below * right[i - 1]) / pivot
    }
    for i in stride(from: n - 2, through: 0, by: -1) { right[i] -= ratio[i] * right[i + 1] }
    coefficients = [right[1] - 2 * first] + right + [right[n - 2] + 2 * last]
  }

  /// The slope at the first of up to five samples at distance 1.
  private static func slope(_ f: [Double]) -> Double {
    switch f.count {
    case 2: f[1] - f[0]
    case 3: (-3 * f[0] + 4 * f[1] - f[2]) / 2
    case 4: (-11 * f[0] + 18 * f[1] - 9 * f[2] + 2 * f[3]) / 6
    default: (-25 * f[0] + 48 * f[1] - 36 * f[2] + 16 * f[3] - 3 * f[4]) / 12
    }
  }
}

/// Radial functions of all paths and channels as kernels read them: rows of [channel block][function][lane], one row for each spline coefficient, blocks of
/// 64 bytes, channels padded with zeros.
public struct RadialTable<Scalar: BinaryFloatingPoint & BitwiseCopyable>: ~Copyable {
  /// Grid and row length, as the kernel of the weights wants them.
  public let grid: SplineGrid
  /// Functions in a block (one for each path), and channels without padding.
  public let functionCount: Int, channels: Int
  private var rows: Buffer<Scalar>

  /// Fits a table.
  /// - Parameters:
  ///   - start: distance of the first sample.
  ///   - spacing: distance between samples.
  ///   - samples: number of samples, at least two.
  ///   - functions: number of functions for each channel.
  ///   - channels: number of channels.
  ///   - value: the sample of a function and channel at each index of the grid.
  public init(
    start: Double, spacing: Double, samples: Int, functions: Int, channels: Int,
    value: (_ sample: Int, _ function: Int, _ channel: Int) -> Double
  ) {
    precondition(samples >= 2 && functions > 0 && channels > 0, "an empty table")
    let isDouble = MemoryLayout<Scalar>.stride == 8
    let lanes = NetworkGrain.lanes(isDouble: isDouble)
    let rowStride = NetworkGrain.padded(channels, isDouble: isDouble) * functions
    precondition((samples + 2) * rowStride <= Int(Int32.max), "a table whose rows 32 bits cannot number")
    grid = SplineGrid(start: start, spacing: spacing, intervals: samples - 1, rowStride: rowStride)
    (functionCount, self.channels) = (functions, channels)
    rows = Buffer(count: (samples + 2) * rowStride)
    for function in 0..<functions {
      for channel in 0..<channels {
        let fit = SplineFit(samples: (0..<samples).map { value($0, function, channel) }, spacing: spacing)
        let place = (channel / lanes * functions + function) * lanes + channel % lanes
        for (k, c) in fit.coefficients.enumerated() { rows[k * rowStride + place] = Scalar(c) }
      }
    }
  }

  /// The first row; valid as long as the table lives.
  public var base: UnsafeRawPointer { UnsafeRawPointer(rows.base) }
}
