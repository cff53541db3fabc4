import TektiteCore

/// For each time and atom, sums over the runs of an isoconfigurational ensemble, those of odd and even number apart.
struct PropensitySums: Hashable, Sendable {
  let times: Int
  let atoms: Int
  /// Runs that were added.
  private(set) var runs = 0
  /// Σ x and Σ x² of even and of odd runs: `[half][time · atoms + atom]`.
  private var sums: [[Double]]
  private var squares: [[Double]]

  init(times: Int, atoms: Int) {
    self.times = times
    self.atoms = atoms
    sums = [[Double]](repeating: [Double](repeating: 0, count: times * atoms), count: 2)
    squares = sums
  }

  /// Adds the next run: a value for each time and atom. The order of runs is that of their numbers, so that sums do not depend on which
  /// was done first.
  mutating func add(_ values: [Double]) {
    precondition(values.count == times * atoms)
    let half = runs % 2
    for k in values.indices {
      sums[half][k] += values[k]
      squares[half][k] += values[k] * values[k]
    }
    runs += 1
  }

  /// The mean over all runs for each atom at a time.
  func propensity(_ time: Int) -> [Double] {
    (time * atoms..<(time + 1) * atoms).map { (sums[0][$0] + sums[1][$0]) / Double(runs) }
  }

  /// One standard error of that mean; not a number for a single run.
  func error(_ time: Int) -> [Double] {
    (time * atoms..<(time + 1) * atoms).map { k in
      guard runs > 1 else { return .nan }
      let n = Double(runs)
      let mean = (sums[0][k] + sums[1][k]) / n
      return (max(0, (squares[0][k] + squares[1][k]) / n - mean * mean) / (n - 1)).squareRoot()
    }
  }

  /// Pearson's correlation, over some atoms, between the propensities of the even and of the odd runs; not a number for a single run.
  func splitHalf(_ time: Int, _ members: [Int]) -> Double {
    guard runs > 1 else { return .nan }
    return pearson(members.map { sums[0][time * atoms + $0] }, members.map { sums[1][time * atoms + $0] })
  }

  func save(to writer: inout ByteWriter) {
    writer.put(times)
    writer.put(atoms)
    writer.put(runs)
    for half in 0..<2 {
      writer.put(sums[half])
      writer.put(squares[half])
    }
  }

  mutating func restore(from reader: inout ByteReader) throws(InputError) {
    let (times, atoms, runs) = (try reader.int(), try reader.int(), try reader.int())
    guard times == self.times, atoms == self.atoms, runs >= 0 else {
      throw reader.malformed("propensities of \(atoms) atoms at \(times) times")
    }
    self.runs = runs
    for half in 0..<2 {
      sums[half] = try reader.doubles()
      squares[half] = try reader.doubles()
      guard sums[half].count == times * atoms, squares[half].count == times * atoms else {
        throw reader.malformed("propensities that do not fit together")
      }
    }
  }
}

/// Pearson's correlation of two series; not a number when one of them is constant.
package func pearson(_ x: [Double], _ y: [Double]) -> Double {
  let n = Double(x.count)
  let (mx, my) = (x.reduce(0, +) / n, y.reduce(0, +) / n)
  var (xx, yy, xy) = (0.0, 0.0, 0.0)
  for (a, b) in zip(x, y) {
    xx += (a - mx) * (a - mx)
    yy += (b - my) * (b - my)
    xy += (a - mx) * (b - my)
  }
  return xy / (xx * yy).squareRoot()
}
