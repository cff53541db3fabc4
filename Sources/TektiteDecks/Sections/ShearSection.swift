import TektiteCore
import TektiteDynamics

/// `shear:` of a dynamics stage.
struct ShearSection: DeckSection {
  var rate = 0.0
  var plane = ShearPlane.xy
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "shear", expectation: "a shear", meaning: "Simple shear at a constant rate, with peculiar velocities.",
    keys: [
      .required(
        "rate", \.rate, .quantity("a shear rate, one over time", .frequency),
        "The strain in a unit of time, such as 1e-3 or '0.1/ps'; negative to shear the other way."),
      .optional(
        "plane", \.plane, .shearPlane, default: .xy,
        "The directions of the flow and of its gradient: 'xy', 'xz' or 'yz'."),
    ])

  /// The shear, its rate in one over internal time.
  func shear(_ units: Units) -> SimpleShear { SimpleShear(rate: rate * units.femtoseconds, plane: plane) }

  /// What a shear asks of the rest of its stage.
  func check(beside thermostat: ThermostatSection, _ barostat: BarostatSection, timestep: Double) throws(InputError) {
    if barostat.kind != .none {
      throw marks.section.error("shear is at a constant volume, and the stage has \(barostat.kind.words); remove one")
    }
    if thermostat.kind == .brownian {
      throw marks.section.error(
        "shear acts on velocities, and a Brownian thermostat has none of its own; take 'csvr', 'nose-hoover', 'langevin' or 'none'"
      )
    }
    if !(abs(rate) * timestep <= RunawayCell.limit) {
      throw marks["rate"].error(
        "the strain of one step would be \(abs(rate) * timestep); expected at most \(RunawayCell.limit), and 0.001 and less are usual"
      )
    }
  }
}

extension ThermostatSection {
  /// Under shear, a Nosé-Hoover thermostat has one link: heat flows through it all the time, and further links, which expect it to be at rest on average,
  /// would let the temperature rise until they are content.
  mutating func settleUnderShear() throws(InputError) {
    guard kind == .noseHoover else { return }
    if let chain, chain > 1, let mark = marks.values["chain"] {
      throw mark.error(
        "under shear heat flows through the thermostat all the time, and a chain of \(chain) links would hold another temperature than asked for; take 'chain: 1'"
      )
    }
    chain = 1
  }
}

extension Codec where Value == ShearPlane {
  /// The plane of a shear; for a reversed one, what to do.
  static var shearPlane: Codec {
    let words = word("a plane of shear")
    return Codec(
      expectation: words.expectation, schema: words.schema,
      decode: { node, context throws(InputError) in
        for plane in ShearPlane.allCases where node.isWord(String(plane.rawValue.reversed())) {
          throw node.mark.error(
            "shear with its flow along \(plane.rawValue.last ?? "z") and its gradient along \(plane.rawValue.first ?? "x") would turn the first vectors of the cell out of the axes by which files describe it; exchange the two axes and take '\(plane.rawValue)', which has the same stress"
          )
        }
        return try words.decode(node, context)
      }, encode: words.encode)
  }
}

extension Deck {
  /// Finds what keeps shear from working with the structure and the potentials at hand.
  func checkShear(_ structure: Structure, _ models: [ResolvedModel]) throws(InputError) {
    // A cell that was tilted within the plane of x and y has no vector along y any more.
    var isTilted = false
    for (stage, model) in zip(body.stages, models) {
      let asked: (plane: ShearPlane, marks: Marks)? =
        switch stage {
        case .dynamics(let section): section.shear.map { ($0.plane, $0.marks) }
        case .quasistaticShear(let section): (section.plane, section.marks)
        default: nil
        }
      if let (plane, marks) = asked {
        let mark = marks.values["plane"] ?? marks.section
        if let complaint = plane.complaint(about: structure.frame.cell) { throw mark.error(complaint) }
        if plane == .yz && isTilted {
          throw mark.error(
            "shear in the plane yz needs a cell whose second vector lies along y, and a stage before this one tilts it")
        }
        let quantities = try? model.model.makePotential(for: structure.table).requirements.quantities
        if let quantities, !quantities.contains(.virial) {
          throw marks.section.error("shear needs a potential that computes the stress, and \(model.name) does not")
        }
        if plane == .xy { isTilted = true }
      }
      if case .dynamics(let section) = stage, section.barostat.coupling == .triclinic { isTilted = true }
    }
  }
}
