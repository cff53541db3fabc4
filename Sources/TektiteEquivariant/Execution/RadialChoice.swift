/// Which table stands for radial functions in an executor, or that none does and their network is evaluated for every edge.
struct RadialChoice {
  /// The table; of a few samples that nobody reads where functions are exact.
  let tabulation: RadialTabulation
  /// Whether the network is evaluated for every edge.
  let isExact: Bool

  /// From so many multiplications on a network for every edge would take a thousand times as long as a table.
  private static let largeNetwork = 20_000

  init(_ radial: RadialFunction, pairs: [RadialTabulation.Pair], isDouble: Bool, wantsExact: Bool) {
    // Where pairs have cutoffs of their own, a spline over all distances would cross their ends.
    var choice: RadialTabulation?
    if !wantsExact, radial.pairCutoffs.isEmpty {
      choice = isDouble ? Self.double(radial, pairs) : Self.single(radial, pairs)
    }
    isExact = choice == nil
    tabulation =
      choice ?? RadialTabulation(radial, pairs: pairs, degree: 3, tolerance: .infinity, samples: 16...16)
  }

  /// Networks with functions that have kinks are no smooth functions of distance, and no table is good enough.
  private static func double(_ radial: RadialFunction, _ pairs: [RadialTabulation.Pair]) -> RadialTabulation? {
    let table = RadialTabulation(radial, pairs: pairs, degree: 5, tolerance: 1e-10, samples: 256...4096)
    return table.largestError > 1e-8 ? nil : table
  }

  /// Cubic splines, which are cheapest, where truncation and the rounding of coefficients leave slopes accurate to 10⁻⁵ of the largest; else the best of
  /// those and of degree 5 with few samples, since what a finer grid gains it loses to rounding.
  private static func single(_ radial: RadialFunction, _ pairs: [RadialTabulation.Pair]) -> RadialTabulation? {
    let (rounding, largest) = (6e-8, 1e-4)
    let measure = RadialMeasure(radial, pairs: pairs)
    let cubic = RadialTabulation(
      measure, degree: 3, tolerance: 5e-6, samples: 128...640, rounding: rounding, limit: 1e-5)
    guard cubic.largestError > 1e-5 else { return cubic }
    func quintic(_ samples: ClosedRange<Int>, bend: Double) -> RadialTabulation {
      RadialTabulation(measure, degree: 5, tolerance: 2e-6, samples: samples, bend: bend, rounding: rounding)
    }
    var best = cubic
    for bend in [0.0, 1] {
      let other = quintic(64...320, bend: bend)
      if other.largestError < best.largestError { best = other }
    }
    guard best.largestError > largest else { return best }
    // Functions that vary much at short distances need many samples there, whatever rounding costs. A small network is rather evaluated for every edge.
    guard radial.network.layers.reduce(0, { $0 + $1.weights.count }) > largeNetwork else { return nil }
    let fine = quintic(640...1536, bend: 0.4)
    return fine.largestError > largest ? nil : fine
  }
}
