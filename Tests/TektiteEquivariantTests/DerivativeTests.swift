import TektiteCore
import TektiteIrreps
import Testing

@testable import TektiteEquivariant

@Suite("Derivatives and symmetries")
struct DerivativeTests {
  static func atoms(_ model: MACEDescription, _ expected: Fixtures.Expected, _ name: String) throws -> Atoms {
    try Atoms(try #require(try Fixtures.structures()[name]), numbers: expected.numbers, model: model)
  }

  // Of the model with Chebyshev polynomials mace-torch gives wrong forces, so this is the only test of its forces.
  @Test("Forces are minus the gradient of the energy", arguments: Fixtures.models)
  func gradients(_ name: String) throws {
    let (model, expected) = (try Fixtures.description(name), try Fixtures.expected(name))
    let interpreter = Interpreter(try NetworkProgram(model, head: model.heads.count - 1))
    for structure in ["molecule", "left-handed"] {
      let atoms = try Self.atoms(model, expected, structure)
      func energy(_ atoms: Atoms) -> Double {
        interpreter.evaluate(species: atoms.species, edges: atoms.edges(within: model.cutoff)).energy
      }
      let result = interpreter.evaluate(species: atoms.species, edges: atoms.edges(within: model.cutoff))
      let scale = result.forces.reduce(1) { max($0, $1.length) }
      for i in [0, atoms.positions.count - 1] {
        for step in [Vector3(1, 0, 0), Vector3(0, 1, 0), Vector3(0, 0, 1)] {
          // Fourth order.
          let h = 1e-3
          func moved(_ amount: Double) -> Double {
            var copy = atoms
            copy.positions[i] += amount * step
            return energy(copy)
          }
          let slope = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)
          #expect(abs(slope + result.forces[i].dot(step)) < 2e-7 * scale, "\(name), \(structure), atom \(i)")
        }
      }
    }
  }

  @Test(
    "The virial is minus the derivative under strain, and the sum of its shares",
    arguments: ["density", "odd", "chebyshev"])
  func strain(_ name: String) throws {
    let (model, expected) = (try Fixtures.description(name), try Fixtures.expected(name))
    let interpreter = Interpreter(try NetworkProgram(model))
    let atoms = try Self.atoms(model, expected, "triclinic")
    let result = interpreter.evaluate(species: atoms.species, edges: atoms.edges(within: model.cutoff))
    let total = result.atomicVirials.reduce(Matrix3.zero, +)
    #expect(discrepancy(flat(total), flat(result.virial)) < 1e-13)
    for (row, column) in [(0, 0), (1, 2), (2, 1)] {
      func strained(_ amount: Double) -> Double {
        func apply(_ v: Vector3) -> Vector3 {
          let shift = amount * v[row]
          return v + Vector3(column == 0 ? shift : 0, column == 1 ? shift : 0, column == 2 ? shift : 0)
        }
        var copy = atoms
        copy.positions = copy.positions.map(apply)
        copy.cell = copy.cell.map(apply)
        return interpreter.evaluate(species: copy.species, edges: copy.edges(within: model.cutoff)).energy
      }
      let h = 2e-4
      let slope = (8 * (strained(h) - strained(-h)) - (strained(2 * h) - strained(-2 * h))) / (12 * h)
      #expect(abs(slope + result.virial[row, column]) < 1e-6 * max(1, abs(slope)), "\(name) \(row) \(column)")
    }
  }

  @Test("Turned, mirrored and renumbered atoms have the same energy and turned forces", arguments: Fixtures.models)
  func symmetries(_ name: String) throws {
    let (model, expected) = (try Fixtures.description(name), try Fixtures.expected(name))
    let interpreter = Interpreter(try NetworkProgram(model))
    let atoms = try Self.atoms(model, expected, "chain")
    let result = interpreter.evaluate(species: atoms.species, edges: atoms.edges(within: model.cutoff))
    let turn = Rotation(alpha: 0.4, beta: 1.3, gamma: -2.2)
    // Without parity (use_so3) a model need not be the same for mirror images.
    for rotation in name == "so3" ? [turn] : [turn, turn * .inversion] {
      func apply(_ v: Vector3) -> Vector3 {
        let (x, y, z) = rotation(v.x, v.y, v.z)
        return Vector3(x, y, z)
      }
      var copy = atoms
      copy.positions = atoms.positions.map(apply).reversed()
      copy.species = atoms.species.reversed()
      copy.cell = atoms.cell.map(apply)
      let turned = interpreter.evaluate(species: copy.species, edges: copy.edges(within: model.cutoff))
      // Coupling tensors that were rounded to single precision turn only to that precision.
      let tolerance = model.isSinglePrecision ? 1e-5 : 1e-10
      let size = result.atomicEnergies.reduce(1) { $0 + abs($1) }
      #expect(abs(turned.energy - result.energy) < tolerance * size)
      #expect(discrepancy(flat(turned.forces.reversed()), flat(result.forces.map(apply))) < tolerance)
    }
  }

  @Test("Radial functions and their derivatives, with all options")
  func radial() throws {
    let transforms: [DistanceTransform] = [
      .identity, .agnesi(q: 0.92, p: 4.6, a: 1.1, radii: [0.31, 0.7]), .soft(alpha: 4, radii: [0.31, 0.7]),
    ]
    let bases: [RadialBasis] = [
      .bessel(frequencies: [1, 2, 3.3], prefactor: 0.7), .gaussian(centers: [0, 1, 2], coefficient: -0.8),
      .chebyshev(count: 3),
    ]
    func numbers(_ n: Int) -> [Double] {
      var values: [Double] = []
      for k in 0..<n { values.append(Double((k * 37 + 11) % 17) / 10 - 0.8) }
      return values
    }
    let network = try RadialNetwork(
      inputs: 5,
      layers: [
        .init(
          weights: numbers(20), biases: numbers(4),
          normalization: .init(scale: [1, 0.5, 2, 1], shift: numbers(4), epsilon: 1e-5), activation: .init(.silu),
          outputs: 4),
        .init(weights: numbers(8), activation: .init(.tanh, factor: 1.6), outputs: 2),
      ])
    for basis in bases {
      for transform in transforms {
        for place in [RadialFunction.EnvelopePlace.basis, .result] {
          let function = try RadialFunction(
            basis: basis, transform: transform, envelope: .polynomial(.init(exponent: 5, cutoff: 4)),
            envelopePlace: place,
            neighborRows: [[0.1], [0.7]], centerRows: [[0.2], [-0.4]], network: network, isDensity: place == .result)
          for r in [0.4, 1.1, 2.3, 3.9] {
            let h = 1e-4
            func at(_ d: Double) -> [Double] { function.evaluate(r + d, center: 0, neighbor: 1).values }
            let derivatives = function.evaluate(r, center: 0, neighbor: 1).derivatives
            for k in 0..<2 {
              let near: Double = at(h)[k] - at(-h)[k]
              let far: Double = at(2 * h)[k] - at(-2 * h)[k]
              let slope = (8 * near - far) / (12 * h)
              #expect(abs(slope - derivatives[k]) < 1e-7 * max(1, abs(slope)), "\(basis) \(transform) at \(r)")
            }
          }
        }
      }
    }
    let (value, slope) = PolynomialEnvelope(exponent: 6, cutoff: 2).evaluate(1)
    // 1 − 28/64 + 48/128 − 21/256, −168 · (1/32) · (1/4) / 2.
    #expect(abs(value - 0.85546875) < 1e-15 && abs(slope + 0.65625) < 1e-15)
  }
}
