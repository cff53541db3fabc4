import TektiteCore

/// The worst difference between two sets of numbers and where it is: what a failing comparison prints.
public struct Discrepancy: Sendable, CustomStringConvertible {
  /// The absolute difference; infinite when counts differ or a number is not finite.
  public var difference = 0.0
  /// What differs, with its index.
  public var place = "nothing compared"
  /// The value found.
  public var found = 0.0
  /// The value expected.
  public var expected = 0.0

  /// Starts with nothing compared.
  public init() {}

  /// Compares two numbers and keeps the worse of this and what came before.
  public mutating func compare(_ found: Double, _ expected: Double, _ place: @autoclosure () -> String) {
    // Written so that NaN counts as an infinite difference; equal infinities count as equal.
    let d = found == expected ? 0 : abs(found - expected)
    let size = d.isNaN ? .infinity : d
    if size > difference || self.place == "nothing compared" {
      (difference, self.found, self.expected, self.place) = (size, found, expected, place())
    }
  }

  /// Compares two vectors.
  public mutating func compare(_ found: Vector3, _ expected: Vector3, _ place: @autoclosure () -> String) {
    for axis in 0..<3 { compare(found[axis], expected[axis], "\(place()), component \("xyz".map { $0 }[axis])") }
  }

  /// Compares two matrices.
  public mutating func compare(_ found: Matrix3, _ expected: Matrix3, _ place: @autoclosure () -> String) {
    for row in 0..<3 {
      for column in 0..<3 {
        compare(found[row, column], expected[row, column], "\(place()), element (\(row), \(column))")
      }
    }
  }

  /// Compares two lists of vectors, atom by atom.
  public mutating func compare(_ found: [Vector3], _ expected: [Vector3], _ name: String) {
    guard count(found.count, expected.count, name) else { return }
    for i in found.indices { compare(found[i], expected[i], "\(name) of atom \(i)") }
  }

  /// Compares two lists of numbers, atom by atom.
  public mutating func compare(_ found: [Double], _ expected: [Double], _ name: String) {
    guard count(found.count, expected.count, name) else { return }
    for i in found.indices { compare(found[i], expected[i], "\(name) of atom \(i)") }
  }

  /// Compares two lists of matrices, atom by atom.
  public mutating func compare(_ found: [Matrix3], _ expected: [Matrix3], _ name: String) {
    guard count(found.count, expected.count, name) else { return }
    for i in found.indices { compare(found[i], expected[i], "\(name) of atom \(i)") }
  }

  private mutating func count(_ found: Int, _ expected: Int, _ name: String) -> Bool {
    if found == expected { return true }
    (difference, self.found, self.expected) = (.infinity, Double(found), Double(expected))
    place = "the number of values of \(name)"
    return false
  }

  /// One sentence.
  public var description: String {
    "\(place) is \(found) where \(expected) was expected (off by \(difference))"
  }

  /// The sentence if the difference is beyond a tolerance, or nil.
  public func failure(beyond tolerance: Double) -> String? {
    difference <= tolerance ? nil : "\(description), beyond \(tolerance)"
  }
}

extension Discrepancy {
  /// Compares two measurements whole: energies, forces, virials, and the shares of atoms where both have them.
  public static func between(_ found: Measurement, _ expected: Measurement) -> Discrepancy {
    var worst = Discrepancy()
    worst.compare(found.energy, expected.energy, "the energy")
    worst.compare(found.virial, expected.virial, "the virial")
    worst.compare(found.forces, expected.forces, "the force")
    if !found.atomicEnergies.isEmpty || !expected.atomicEnergies.isEmpty {
      worst.compare(found.atomicEnergies, expected.atomicEnergies, "the energy")
    }
    if !found.atomicVirials.isEmpty || !expected.atomicVirials.isEmpty {
      worst.compare(found.atomicVirials, expected.atomicVirials, "the virial")
    }
    return worst
  }
}
