import Testing

@testable import TektiteIrreps

@Suite("3j tensors")
struct Wigner3jTests {
  @Test(
    "Elements and counts agree with e3nn, all triples to l = 6 and ascending ones to 11",
    arguments: SignConvention.allCases)
  func againstE3NN(_ convention: SignConvention) throws {
    var triples = 0
    for row in try Fixtures.e3nn(convention).wigner {
      let l = row[0..<3].map { Int($0) }
      let tensor = try Wigner3j(l[0], l[1], l[2], convention: convention)
      let dense = tensor.dense
      #expect(tensor.elements.count == Int(row[3]), "\(l)")
      for k in stride(from: 4, to: row.count, by: 2) {
        // e3nn's own numbers are good to a few 10⁻¹⁶ at l = 6, not far beyond.
        #expect(abs(dense[Int(row[k])] - row[k + 1]) < (l.max() ?? 0 <= 6 ? 2e-15 : 1e-14), "\(l)")
      }
      triples += 1
    }
    #expect(triples > 300)
  }

  @Test("The conventions differ where, and only where, they are said to")
  func conventions() throws {
    var flipped: [[Int]] = []
    for l1 in 0...6 {
      for l2 in l1...6 {
        for l3 in l2...6 where l3 <= l1 + l2 {
          let old = try Wigner3j(l1, l2, l3, convention: .e3nn04)
          let new = try Wigner3j(l1, l2, l3, convention: .e3nn06)
          let sign: Double = old.elements[0].value == new.elements[0].value ? 1 : -1
          #expect(old.dense == new.dense.map { sign * $0 })
          if sign < 0 { flipped.append([l1, l2, l3]) }
        }
      }
    }
    #expect(
      flipped == [
        [1, 2, 2], [1, 3, 3], [1, 4, 4], [1, 5, 5], [1, 6, 6], [3, 4, 6], [4, 4, 5], [4, 5, 6], [5, 5, 5], [5, 6, 6],
      ])
  }

  @Test("Norm 1, symmetry under exchange, orthogonality, to l = 12", arguments: SignConvention.allCases)
  func algebra(_ convention: SignConvention) throws {
    for (l1, l2) in [(0, 0), (1, 1), (2, 3), (4, 4), (6, 5), (12, 12), (12, 7)] {
      // Σ_ij C^l_ijk C^l'_ijk' = δ_ll' δ_kk' / (2l+1)
      let ls = Array(abs(l1 - l2)...min(12, l1 + l2))
      let tensors = try ls.map { l in try Wigner3j(l1, l2, l, convention: convention) }
      for a in tensors {
        let (n, na) = ((2 * l1 + 1) * (2 * l2 + 1), 2 * a.l3 + 1)
        let da = a.dense
        for b in tensors where b.l3 >= a.l3 {
          let (db, nb) = (b.dense, 2 * b.l3 + 1)
          var worst = 0.0
          for i in stride(from: 0, to: na, by: max(1, na / 3)) {
            for j in 0..<nb {
              var sum = 0.0
              for k in 0..<n { sum += da[k * na + i] * db[k * nb + j] }
              worst = max(worst, abs(sum - (a.l3 == b.l3 && i == j ? 1 / Double(na) : 0)))
            }
          }
          #expect(worst < 1e-15, "\(l1) \(l2) \(a.l3) \(b.l3)")
        }
        let swapped = try Wigner3j(l2, l1, a.l3, convention: convention)
        let sign: Double = (l1 + l2 + a.l3) % 2 == 0 ? 1 : -1
        var exchanged = [Double](repeating: 0, count: da.count)
        for e in swapped.elements { exchanged[(e.i2 * (2 * l2 + 1) + e.i1) * na + e.i3] = sign * e.value }
        #expect(difference(exchanged, da) < 1e-15)
        let turned = try Wigner3j(a.l3, l1, l2, convention: convention)
        var back = [Double](repeating: 0, count: da.count)
        for e in turned.elements { back[(e.i2 * (2 * l2 + 1) + e.i3) * na + e.i1] = e.value }
        #expect(difference(back, da) < 1e-15)
      }
    }
  }

  @Test("Invariant under rotations, to l = 12")
  func invariance() throws {
    var random = SplitMix(seed: 11)
    let wigner = try WignerD(upTo: 12)
    for (l1, l2, l3) in [(1, 1, 1), (2, 1, 2), (3, 4, 6), (5, 5, 5), (6, 6, 6), (8, 4, 10), (12, 11, 12), (12, 12, 12)]
    {
      let d = wigner.matrices(of: random.rotation())
      let tensor = try Wigner3j(l1, l2, l3, convention: .e3nn06)
      let (n1, n2, n3) = (2 * l1 + 1, 2 * l2 + 1, 2 * l3 + 1)
      // One slice of C_ijk D_il D_jm D_kn at random (m, n), all l.
      let (m, n) = (Int(random.next() % UInt64(n2)), Int(random.next() % UInt64(n3)))
      var slice = [Double](repeating: 0, count: n1)
      for e in tensor.elements {
        let f = e.value * d[l2][e.i2 * n2 + m] * d[l3][e.i3 * n3 + n]
        for l in 0..<n1 { slice[l] += f * d[l1][e.i1 * n1 + l] }
      }
      let dense = tensor.dense
      #expect(difference(slice, (0..<n1).map { dense[($0 * n2 + m) * n3 + n] }) < 1e-13, "\(l1) \(l2) \(l3)")
    }
  }

  @Test("Clebsch-Gordan coefficients known in closed form")
  func closedForms() throws {
    #expect(abs(try ClebschGordan(1, 1, 0)[1, -1, 0] - (1.0 / 3).squareRoot()) < 1e-16)
    #expect(abs(try ClebschGordan(1, 1, 2)[0, 0, 0] - (2.0 / 3).squareRoot()) < 1e-15)
    #expect(abs(try ClebschGordan(2, 1, 1)[2, -1, 1] - (3.0 / 5).squareRoot()) < 1e-15)
    #expect(abs(try ClebschGordan(1, 1, 1)[1, 0, 1] - 0.5.squareRoot()) < 1e-15)
    #expect(try ClebschGordan(2, 2, 3)[0, 0, 0] == 0)
    // Stretched: 1, for any degrees.
    #expect(abs(try ClebschGordan(5, 7, 12)[5, 7, 12] - 1) < 1e-14)
    #expect(try ClebschGordan(3, 3, 3)[4, -1, 3] == 0)
  }

  @Test("Forbidden triples are refused")
  func refusals() {
    #expect(throws: IrrepsError.self) { try Wigner3j(1, 1, 3, convention: .e3nn06) }
    #expect(throws: IrrepsError.self) { try Wigner3j(13, 13, 0, convention: .e3nn04) }
    #expect(throws: IrrepsError.self) { try Wigner3j(-1, 1, 1, convention: .e3nn04) }
  }
}
