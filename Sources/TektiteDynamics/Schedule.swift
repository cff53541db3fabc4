/// A quantity as a function of time within a stage: the temperature of a thermostat, say.
public enum Schedule: Hashable, Sendable {
  /// The same value throughout.
  case constant(Double)
  /// Linear from the first to the last step of the stage.
  case ramp(from: Double, to: Double)
  /// Linear between (step, value) points with increasing steps; constant before the first and after the last.
  case piecewise([Point])

  /// A point of a piecewise linear schedule.
  public struct Point: Hashable, Sendable {
    /// Step within the stage.
    public var step: Int
    /// Value at that step.
    public var value: Double
    /// Makes a point.
    public init(step: Int, value: Double) {
      self.step = step
      self.value = value
    }
  }

  /// The largest value that it takes.
  public var largest: Double {
    switch self {
    case .constant(let value): value
    case .ramp(let from, let to): max(from, to)
    case .piecewise(let points): points.map(\.value).max() ?? 0
    }
  }

  /// The smallest value that it takes.
  public var smallest: Double {
    switch self {
    case .constant(let value): value
    case .ramp(let from, let to): min(from, to)
    case .piecewise(let points): points.map(\.value).min() ?? 0
    }
  }

  /// The value at a step of a stage that has `steps` steps.
  public func value(at step: Int, of steps: Int) -> Double {
    switch self {
    case .constant(let value): return value
    case .ramp(let from, let to):
      return steps <= 0 ? to : from + (to - from) * (Double(min(max(step, 0), steps)) / Double(steps))
    case .piecewise(let points):
      guard let first = points.first, let last = points.last else { return 0 }
      if step <= first.step { return first.value }
      if step >= last.step { return last.value }
      let k = points.firstIndex { $0.step > step } ?? points.count - 1
      let (p, q) = (points[k - 1], points[k])
      return p.value + (q.value - p.value) * (Double(step - p.step) / Double(q.step - p.step))
    }
  }
}
