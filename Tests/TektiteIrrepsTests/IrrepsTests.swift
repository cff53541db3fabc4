import Testing

@testable import TektiteIrreps

@Suite("Irreps")
struct IrrepsTests {
  @Test("Text, order, positions and sizes agree with e3nn on random sums")
  func againstE3NN() throws {
    let sums = try #require(try Fixtures.e3nn().irreps)
    #expect(sums.count == 25)
    for sum in sums {
      let irreps = try Irreps(sum.text)
      #expect(irreps.description == sum.text)
      #expect(irreps.simplified().description == sum.simplified)
      let (sorted, order) = irreps.sorted()
      #expect(sorted.description == sum.sorted)
      #expect(order.destination == sum.p)
      #expect(order.source == sum.inv)
      #expect(irreps.dimension == sum.dim)
      #expect(irreps.copies == sum.copies)
      #expect(irreps.slices.map(\.lowerBound) == sum.starts)
      #expect(irreps.regrouped() == sorted.simplified())
    }
  }

  @Test("Algebra")
  func algebra() throws {
    #expect(try Irrep("1o") * Irrep("2e") == [Irrep(1, .odd), Irrep(2, .odd), Irrep(3, .odd)])
    #expect(try Irrep("1y") == Irrep(1, .odd))
    #expect(try Irrep("2y") == Irrep.harmonic(2))
    #expect(try Irrep("0o") < Irrep("0e"))
    #expect(try Irrep("0e") < Irrep("1o"))
    #expect(try Irrep("0e").isScalar && !Irrep("0o").isScalar && !Irrep("1e").isScalar)
    #expect(try Irrep("2o").isInProduct(try Irrep("1e"), try Irrep("1o")))
    #expect(try !Irrep("2e").isInProduct(try Irrep("1e"), try Irrep("1o")))
    #expect(try !Irrep("3o").isInProduct(try Irrep("1e"), try Irrep("1o")))
    let sum = try Irreps("2x0e + 3x1o") + Irreps("1o+0x4e")
    #expect(sum.description == "2x0e+3x1o+1x1o+0x4e")
    #expect(sum.simplified().description == "2x0e+4x1o")
    #expect(sum.count(of: try Irrep("1o")) == 4)
    #expect(sum.largestDegree == 1)
    #expect(sum.filtered { $0.irrep.degree == 0 }.description == "2x0e")
    #expect(Irreps.sphericalHarmonics(upTo: 3).description == "1x0e+1x1o+1x2e+1x3o")
    #expect(Irreps.sphericalHarmonics(upTo: 2, argument: .even).description == "1x0e+1x1e+1x2e")
    #expect(try Irreps("") == Irreps([]))
    #expect(try Irreps("  ").dimension == 0)
    #expect(try Irreps("1x0e") == [Irreps.Block(1, Irrep(0, .even))])
    #expect(Parity.even * .odd == .odd)
    let huge = Irreps([Irreps.Block(1_000_000_000, Irrep(0, .even)), Irreps.Block(7, Irrep(0, .even))])
    #expect(huge.simplified().dimension == huge.dimension)
  }

  @Test(
    "Errors say where",
    arguments: [
      ("32x0", 5), ("x0e", 1), ("2x0e+", 6), ("2x0e++1o", 6), ("2x0e 1o", 6), ("2x0q", 4), ("1o+5", 5), ("-1x0e", 1),
      ("2x-0e", 3), ("99999999999999999999x0e", 1), ("1x2000000e", 3), ("5000000e", 1), ("2y0e", 3), ("2x0e,1o", 5),
      ("é", 1), ("1\u{0301}o", 1), ("0e+\u{0}", 4), ("1.5x0e", 2), ("２x0e", 1),
    ])
  func errors(_ text: String, _ column: Int) {
    do throws(IrrepsError) {
      let irreps = try Irreps(text)
      Issue.record("read '\(text)' as \(irreps)")
    } catch {
      #expect(error.column == column, "\(text): \(error)")
      #expect(error.description.contains("column \(column): "))
    }
  }

  @Test("Lists")
  func lists() throws {
    #expect(try Irreps.list("0e, 1o,2e") == [Irrep(0, .even), Irrep(1, .odd), Irrep(2, .even)])
    #expect(try Irreps.list("").isEmpty)
    #expect(throws: IrrepsError.self) { try Irreps.list("0e,,1o") }
    #expect(throws: IrrepsError.self) { try Irreps.list("2x0e") }
  }

  @Test("No text upsets the reader, and what is read is written back the same")
  func fuzz() throws {
    var random = SplitMix(seed: 77)
    let alphabet = Array("0123456789xxeeooyy+++ ,-.\n\u{0}é²９")
    var (read, refused) = (0, 0)
    for round in 0..<20_000 {
      var text = ""
      if round % 2 == 0 {
        for _ in 0..<(random.next() % 12) { text.append(alphabet[Int(random.next() % UInt64(alphabet.count))]) }
      } else {
        var characters = Array("128x0e + 64x1o+32x2e +1e+0x3y")
        for _ in 0..<(random.next() % 3) {
          let at = Int(random.next() % UInt64(characters.count))
          let new = alphabet[Int(random.next() % UInt64(alphabet.count))]
          switch random.next() % 3 {
          case 0: characters[at] = new
          case 1: characters.insert(new, at: at)
          default: characters.remove(at: at)
          }
        }
        text = String(characters)
      }
      do throws(IrrepsError) {
        let irreps = try Irreps(text)
        #expect((try? Irreps(irreps.description)) == irreps)
        #expect(irreps.dimension >= 0)
        read += 1
      } catch {
        let column = error.column ?? 0
        #expect(column >= 1 && column <= text.count + 1)
        refused += 1
      }
      _ = try? Irrep(text)
      _ = try? Irreps.list(text)
    }
    #expect(read > 1000 && refused > 1000)
  }
}
