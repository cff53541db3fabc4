import TektiteLayouts

/// Functions of many numbers held in arrays, for what is made once: tables of functions.
public enum DenseActivation {
  /// Replaces x by factor·f(x) in double precision, by the kernel of `NetworkKernels`, which is accurate to a few roundings.
  /// - Parameters:
  ///   - values: x.
  ///   - slopes: derivatives of x along some direction, as many, which become those of factor·f(x); empty where they are not wanted.
  /// - Precondition: numbers are finite.
  public static func apply(
    _ function: KnownActivation, factor: Double, to values: inout [Double], slopes: inout [Double]
  ) {
    precondition(slopes.isEmpty || slopes.count == values.count, "slopes of other numbers")
    let (count, hasSlopes) = (values.count, !slopes.isEmpty)
    var changes = [Double](repeating: 0, count: slopes.count)
    values.withUnsafeMutableBytes { values in
      changes.withUnsafeMutableBytes { changes in
        guard let x = values.baseAddress else { return }
        NetworkKernels(isDouble: true).activate(
          ActivationPass(
            function, factor: factor, input: x, values: x, slopes: hasSlopes ? changes.baseAddress : nil, count: count))
      }
    }
    slopes.withUnsafeMutableBufferPointer { slopes in
      changes.withUnsafeBufferPointer { changes in
        for k in slopes.indices { slopes[k] *= changes[k] }
      }
    }
  }
}
