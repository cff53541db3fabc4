import Foundation
import TektiteCore
import TektiteTestSupport
import Testing

@testable import TektiteAnalysis

@Suite("Sums over displacements")
struct DisplacementSumsTests {
  @Test(
    "sin(kr)/(kr) is right to rounding at every processor level",
    arguments: ProcessorLevel.allCases.filter { $0 <= .supported })
  func waves(_ level: ProcessorLevel) {
    var worst = 0.0
    var generator = SeededGenerator(seed: 3)
    let nothing = [SIMD4<Double>](repeating: .zero, count: 2)
    func wave(_ x: Double) -> Double {
      // Eight equal numbers, whose sum is exact and fills the vectors of all levels.
      let moved = [SIMD4<Double>](repeating: SIMD4(repeating: x), count: 2)
      return DisplacementTile.sum(
        .isotropic(1), from: (nothing, nothing, nothing), to: (nothing, moved, nothing), packs: 0..<2, level: level) / 8
    }
    for exponent in stride(from: -9.0, through: 4.9, by: 0.01) {
      let x = pow(10, exponent) * Double.random(in: 0.9...1.1, using: &generator)
      worst = max(worst, abs(wave(x) - sin(x) / x))
    }
    // √(x²) and 1/√(x²) are off by two units in the last place each, and so is the phase.
    #expect(worst < 1e-15, "off by \(worst)")
    #expect(abs(wave(0) - 1) < 1e-15)
  }

  @Test("Groups of any number of atoms are summed like one atom after the other", arguments: [1, 3, 4, 17])
  func groups(_ count: Int) {
    var generator = SeededGenerator(seed: UInt64(count))
    func vector(_ size: Double) -> Vector3 {
      Vector3(
        Double.random(in: -size...size, using: &generator), Double.random(in: -size...size, using: &generator),
        Double.random(in: -size...size, using: &generator))
    }
    // Species interleaved, and one of the table without atoms.
    let species = (0..<2 * count).map { Int32($0 % 2 == 0 ? 0 : 2) }
    let topology = Topology(table: [Species("A"), Species("C"), Species("B")], species: species)
    let packing = Packing(topology)
    #expect(packing.groups.map(\.label) == ["A", "B"] && packing.groups.map(\.count) == [count, count])
    let first = (0..<2 * count).map { _ in vector(50) }
    let second = first.map { $0 + vector(1) }
    var a = PackedVectors()
    var b = PackedVectors()
    a.fill(first, packing)
    b.fill(second, packing)
    for (index, group) in packing.groups.enumerated() {
      let moves = (0..<count).map { second[2 * $0 + index] - first[2 * $0 + index] }
      let moments = DisplacementSums.moments(from: a, to: b, group)
      #expect(abs(moments.square - moves.reduce(0) { $0 + $1.lengthSquared }) < 1e-12 * Double(count))
      #expect(
        abs(moments.fourth - moves.reduce(0) { $0 + $1.lengthSquared * $1.lengthSquared }) < 1e-11 * Double(count))
      #expect(
        DisplacementSums.within(0.8, from: a, to: b, group) == moves.count { $0.lengthSquared < 0.8 * 0.8 })
      let phases = moves.reduce(0) { $0 + sin(7.25 * $1.length) / (7.25 * $1.length) }
      #expect(abs(DisplacementSums.isotropic(7.25, from: a, to: b, group) - phases) < 1e-13 * Double(count))
      let products = (0..<count).reduce(0.0) { sum, k in
        let (v, w) = (first[2 * k + index], second[2 * k + index])
        return sum + (v.x * w.x + v.y * w.y + v.z * w.z)
      }
      #expect(abs(DisplacementSums.products(a, b, group) - products) < 1e-10 * Double(count))
    }
  }
}
