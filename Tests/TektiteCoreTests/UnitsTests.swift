import TektiteCore
import Testing

@Suite("Units and elements")
struct UnitsTests {
  @Test("constants follow from the CODATA 2018 values")
  func constants() {
    // The 2019 SI fixes e and k_B; the atomic mass constant is measured.
    let elementaryCharge = 1.602_176_634e-19
    let boltzmann = 1.380_649e-23
    let atomicMass = 1.660_539_066_60e-27
    // 1 Å √(amu/eV) in fs.
    let time = 1e-10 * (atomicMass / elementaryCharge).squareRoot() * 1e15
    #expect(abs(Units.real.femtoseconds - time) < 1e-13 * time, "\(Units.real.femtoseconds) against \(time)")
    #expect(abs(Units.real.boltzmann - boltzmann / elementaryCharge) < 1e-15 * Units.real.boltzmann)
    #expect(Units.lj.boltzmann == 1 && Units.lj.femtoseconds == 1)
  }

  @Test("standard weights of elements that people know by heart")
  func weights() {
    let known: [(String, Int, Double)] = [
      ("H", 1, 1.008), ("C", 6, 12.011), ("N", 7, 14.007), ("O", 8, 15.999), ("F", 9, 18.998403162), ("Si", 14, 28.085),
      ("Cl", 17, 35.45), ("Ar", 18, 39.95), ("Fe", 26, 55.845), ("Cu", 29, 63.546), ("Br", 35, 79.904),
      ("Xe", 54, 131.293), ("Au", 79, 196.966570), ("Pb", 82, 207.2), ("U", 92, 238.02891), ("Tc", 43, 98),
      ("Og", 118, 294),
    ]
    for (symbol, number, mass) in known {
      let element = Element(symbol: symbol)
      #expect(element?.number == number && element?.mass == mass && element?.symbol == symbol)
      #expect(Element(number: number) == element)
    }
  }

  @Test("every atomic number has a symbol of its own, and weights rise but for the known inversions")
  func table() {
    let all = (1...118).compactMap { Element(number: $0) }
    #expect(all.count == 118 && Set(all.map(\.symbol)).count == 118)
    #expect(Element(number: 0) == nil && Element(number: 119) == nil && Element(number: -5) == nil)
    #expect(Element(symbol: "AR") == nil && Element(symbol: "") == nil && Element(symbol: "A") == nil)
    // Ar-K, Co-Ni, Te-I among the elements with a standard weight; Th-Pa by natural abundance; the rest by the longest-lived isotope known.
    let drops = zip(all, all.dropFirst()).filter { $0.mass > $1.mass }.map { $0.0.symbol }
    #expect(drops.prefix(3) == ["Ar", "Co", "Te"] && drops.contains("Th") && !drops.contains("H"))
    #expect(
      all.allSatisfy { $0.mass > Double($0.number) * 0.99 && $0.mass < Double($0.number) * 3.01 || $0.number == 1 })
  }

  @Test("species take the weight of their element, one for a free label, or what is said")
  func species() {
    #expect(Species("Ar").mass == 39.95 && Species("Ar").element?.number == 18)
    #expect(Species("A").mass == 1 && Species("A").element == nil)
    #expect(Species("Ar", mass: 40).mass == 40)
    let labelled = Element(symbol: "Si").map { Species("A", element: $0) }
    #expect(labelled?.mass == 28.085)
    let topology = Topology(table: [Species("A"), Species("B", mass: 2)], species: [0, 1, 1])
    #expect(topology.masses == [1, 2, 2] && topology.composition == [1, 2] && topology.count == 3)
  }

  @Test("the nearest name is suggested, and none when nothing is near")
  func suggestions() {
    #expect(InputError.nearest(to: "tempreature", among: ["temperature", "friction"]) == "temperature")
    #expect(InputError.nearest(to: "Langevin", among: ["langevin", "none"]) == "langevin")
    #expect(InputError.nearest(to: "quartz", among: ["fcc", "bcc"]) == nil)
    #expect(InputError.nearest(to: "x", among: []) == nil)
    let error = InputError("no such key", file: "deck.yaml", line: 3, column: 7)
    #expect(error.description == "deck.yaml:3:7: error: no such key")
    #expect(InputError("gone", file: "a").description == "a: error: gone")
  }
}
