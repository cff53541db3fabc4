/// Radial functions of all paths and channels as kernels read them: rows of [channel block][function][lane], one row for each spline coefficient, blocks of
/// 64 bytes, channels padded with zeros.
public struct RadialTable<Scalar: BinaryFloatingPoint & BitwiseCopyable>: ~Copyable {
  /// Grid, degree and row length, as the kernel of the weights wants them.
  public let grid: SplineGrid
  /// Functions in a block (one for each path), and channels without padding.
  public let functionCount: Int, channels: Int
  private var rows: Buffer<Scalar>

  /// Fits a table.
  /// - Parameters:
  ///   - start: coordinate of the first sample.
  ///   - spacing: distance between samples in it.
  ///   - bend: which coordinate; see `SplineGrid`.
  ///   - samples: number of samples, at least two (six for degree 5).
  ///   - functions: number of functions for each channel.
  ///   - channels: number of channels.
  ///   - degree: of the splines, 3 or 5.
  ///   - values: the samples, [sample][function][channel].
  ///   - slopes: derivatives by the coordinate at the ends, [function][channel], where known.
  public init(
    start: Double, spacing: Double, bend: Double = 0, samples: Int, functions: Int, channels: Int, degree: Int = 3,
    values: [Double], slopes: (first: [Double]?, last: [Double]?) = (nil, nil)
  ) {
    precondition(functions > 0 && channels > 0, "an empty table")
    precondition(spacing > 0, "a table needs a positive spacing")
    let isDouble = MemoryLayout<Scalar>.stride == 8
    let lanes = NetworkGrain.lanes(isDouble: isDouble)
    let rowStride = NetworkGrain.padded(channels, isDouble: isDouble) * functions
    let rowCount = samples + degree - 1
    precondition(rowCount * rowStride <= Int(Int32.max), "a table whose rows 32 bits cannot number")
    grid = SplineGrid(
      start: start, spacing: spacing, bend: bend, intervals: samples - 1, rowStride: rowStride, degree: degree)
    (functionCount, self.channels) = (functions, channels)
    rows = Buffer(count: rowCount * rowStride)
    let columns = functions * channels
    let fitted = SplineSystem(samples: samples, degree: degree).coefficients(
      values, columns: columns,
      slopes: (slopes.first.map { $0.map { $0 * spacing } }, slopes.last.map { $0.map { $0 * spacing } }))
    let base = rows.base
    fitted.withUnsafeBufferPointer { fitted in
      for k in 0..<rowCount {
        for function in 0..<functions {
          let from = k * columns + function * channels
          for channel in 0..<channels {
            let place = (channel / lanes * functions + function) * lanes + channel % lanes
            base[k * rowStride + place] = Scalar(fitted[from + channel])
          }
        }
      }
    }
  }

  /// Fits a table whose samples a closure tells.
  /// - Parameter value: the sample of a function and channel at each index of the grid.
  public init(
    start: Double, spacing: Double, samples: Int, functions: Int, channels: Int, degree: Int = 3,
    value: (_ sample: Int, _ function: Int, _ channel: Int) -> Double
  ) {
    var values: [Double] = []
    values.reserveCapacity(samples * functions * channels)
    for sample in 0..<samples {
      for function in 0..<functions {
        for channel in 0..<channels { values.append(value(sample, function, channel)) }
      }
    }
    self.init(
      start: start, spacing: spacing, samples: samples, functions: functions, channels: channels, degree: degree,
      values: values)
  }

  /// The first row; valid as long as the table lives.
  public var base: UnsafeRawPointer { UnsafeRawPointer(rows.base) }
}
