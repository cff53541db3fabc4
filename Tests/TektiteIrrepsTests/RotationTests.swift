import Testing

@testable import TektiteIrreps

@Suite("Rotations")
struct RotationTests {
  @Test("Matrices of angles, and D of angles and of inversions, agree with e3nn")
  func againstE3NN() throws {
    let wigner = try WignerD(upTo: 11)
    let turns = try #require(try Fixtures.e3nn().rotations)
    #expect(turns.count == 3)
    for turn in turns {
      let rotation = Rotation(alpha: turn.angles[0], beta: turn.angles[1], gamma: turn.angles[2])
      #expect(difference(rotation.elements, turn.matrix) < 1e-15)
      let d = wigner.matrices(of: rotation)
      for (l, expected) in turn.d.enumerated() { #expect(difference(d[l], expected) < 1e-14) }
      for l in 0..<12 {
        let n = 2 * l + 1
        let (left, right) = (Fixtures.draw(4, n), Fixtures.draw(5, n))
        let mixed = (0..<n).reduce(0.0) { sum, i in
          sum + left[i] * (0..<n).reduce(0.0) { $0 + d[l][i * n + $1] * right[$1] }
        }
        #expect(abs(mixed - turn.mixed[l]) < 1e-13)
      }
      let inverted = rotation * .inversion
      for (name, expected) in zip(["1o", "1e", "2o"], turn.inverted) {
        #expect(difference(try wigner.matrix(of: inverted, for: try Irrep(name)), expected) < 1e-14)
      }
    }
  }

  @Test("D is a representation: products, inverses, orthogonality, to l = 12")
  func representation() throws {
    var random = SplitMix(seed: 3)
    let wigner = try WignerD(upTo: 12)
    let (a, b) = (random.rotation(), random.rotation())
    let (da, db, dab) = (wigner.matrices(of: a), wigner.matrices(of: b), wigner.matrices(of: a * b))
    let back = wigner.matrices(of: a.inverse)
    let rest = wigner.matrices(of: .identity)
    for l in 0...12 {
      let n = 2 * l + 1
      var (product, unit) = ([Double](repeating: 0, count: n * n), [Double](repeating: 0, count: n * n))
      for i in 0..<n {
        for j in 0..<n {
          for k in 0..<n {
            product[i * n + j] += da[l][i * n + k] * db[l][k * n + j]
            unit[i * n + j] += da[l][i * n + k] * da[l][j * n + k]
          }
        }
      }
      #expect(difference(product, dab[l]) < 1e-13)
      #expect(difference(unit, rest[l]) < 1e-13)
      #expect(difference(back[l], (0..<(n * n)).map { da[l][$0 % n * n + $0 / n] }) < 1e-13)
      #expect(difference(rest[l], (0..<(n * n)).map { $0 % (n + 1) == 0 ? 1 : 0 }) < 1e-13)
    }
  }

  @Test("Angles come back")
  func angles() {
    var random = SplitMix(seed: 4)
    var samples = (0..<50).map { _ in random.rotation() }
    samples += [.identity, Rotation(alpha: 1, beta: 0, gamma: 2), Rotation(alpha: 1, beta: .pi, gamma: 2)]
    for rotation in samples {
      for turn in [rotation, rotation * .inversion] {
        let (alpha, beta, gamma) = turn.eulerAngles
        #expect(difference(Rotation(alpha: alpha, beta: beta, gamma: gamma).elements, rotation.elements) < 1e-14)
        #expect(beta >= 0 && beta <= .pi)
      }
    }
    #expect(abs((samples[0] * .inversion).determinant + 1) < 1e-15)
  }

  @Test("What is no rotation is refused")
  func refusals() throws {
    #expect(throws: IrrepsError.self) { try Rotation(rows: [1, 0, 0]) }
    #expect(throws: IrrepsError.self) { try Rotation(rows: [1, 0, 0, 0, 1, 0, 0, 0, 2]) }
    #expect(throws: IrrepsError.self) { try Rotation(rows: [Double](repeating: .nan, count: 9)) }
    #expect(Rotation(w: 0, x: 0, y: 0, z: 0) == nil)
    #expect(Rotation(w: .nan, x: 1, y: 0, z: 0) == nil)
    #expect(Rotation(w: 1, x: .nan, y: 0, z: 0) == nil)
    #expect(throws: IrrepsError.self) { try WignerD(upTo: 13) }
    let wigner = try WignerD(upTo: 2)
    #expect(throws: IrrepsError.self) { try wigner.matrix(of: .identity, for: Irrep(3, .odd)) }
    #expect(throws: IrrepsError.self) { try wigner.rotate([1, 2], of: try Irreps("1x1o"), by: .identity) }
    #expect(try wigner.rotate([1], of: try Irreps("0x5o+0e"), by: .identity) == [1])
    #expect(try Rotation(rows: Rotation.inversion.elements) == .inversion)
  }
}
