import TektiteKernels

/// Sorts atoms by diameter into few classes, so that a neighbour list need not reach as far between small atoms as between large ones.
struct DiameterClasses {
  /// Enough to halve the list of a mixture whose diameters vary by a factor of two; more make its search slower again.
  static let count = 8

  /// The diameters at which one class ends and the next begins, ascending.
  let bounds: [Double]
  /// The range of each class; classes without atoms have none.
  private(set) var ranges: [ClosedRange<Double>?]

  /// Cuts the range of some diameters into classes of equal ratio.
  init(_ diameters: borrowing Buffer<Double>) {
    var low = Double.infinity
    var high = -Double.infinity
    for slot in diameters.indices {
      low = min(low, diameters[slot])
      high = max(high, diameters[slot])
    }
    // Square roots are the same to the bit everywhere, powers need not be.
    let ratio = (high / low).squareRoot().squareRoot().squareRoot()
    var bounds: [Double] = []
    for _ in 1..<Self.count { bounds.append((bounds.last ?? low) * ratio) }
    self.bounds = bounds
    ranges = [ClosedRange<Double>?](repeating: nil, count: Self.count)
  }

  /// Writes the class of each atom and notes the range of each class.
  mutating func assign(_ diameters: borrowing Buffer<Double>, into classes: inout Buffer<Int32>) {
    classes.resize(diameters.count)
    for slot in diameters.indices {
      let d = diameters[slot]
      var k = 0
      while k < bounds.count && d >= bounds[k] { k += 1 }
      classes[slot] = Int32(truncatingIfNeeded: k)
      ranges[k] = ranges[k].map { min($0.lowerBound, d)...max($0.upperBound, d) } ?? d...d
    }
  }

  /// How far atoms of each two classes see each other, row-major; 0 where one is empty.
  func reaches(_ rule: DiameterReach) -> [Double] {
    ranges.flatMap { a in
      ranges.map { b in
        guard let a, let b else { return 0 }
        return rule.bound(a, b)
      }
    }
  }
}
