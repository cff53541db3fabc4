import TektiteAnalysis
import TektiteCore

extension SystemSection {
  /// Decides in how many dimensions a built system lives, and finds what does not go with that.
  mutating func settleDimensions() throws(InputError) {
    guard var build else { return }
    let ofLattice = build.lattice.dimensions
    let chosen = dimensions ?? ofLattice ?? (build.cell?.c == .zero ? 2 : 3)
    dimensions = chosen
    if let ofLattice, ofLattice != chosen {
      throw build.marks["lattice"].error(
        chosen == 2
          ? "'\(build.lattice.rawValue)' fills space; in two dimensions there are 'square', 'hexagonal' and 'random'"
          : "'\(build.lattice.rawValue)' lies in a plane, but the system has 'dimensions: 3'; leave that out, or take 'fcc' or another lattice of space"
      )
    }
    guard let rows = build.cell else { return }
    if chosen == 3, rows.c == .zero {
      throw build.marks["cell"].error("a cell in three dimensions needs three sides or vectors, found two")
    }
    if chosen == 2, rows.c != .zero {
      // A single side stands for a cube or a square.
      guard rows == Cell.cubic(rows.a.x).vectors else {
        throw build.marks["cell"].error("a cell in two dimensions has a side, two sides or two vectors, found three")
      }
      build.cell?.c = .zero
      self.build = build
    }
  }
}

extension Deck {
  /// The structure of a file in the dimensions that the deck asks for, or that the file says.
  func settled(_ structure: Structure, path: String) throws(InputError) -> Structure {
    let system = body.system
    let mark = system.marks.values["dimensions"] ?? system.marks["structure"]
    switch system.dimensions {
    case 2:
      do throws(InputError) { return try structure.flattened() } catch {
        throw mark.error("'\(path)' does not lie in a plane: \(error.message)")
      }
    case 3 where structure.dimensions == 2:
      throw mark.error("'\(path)' says that its atoms live in two dimensions; leave 'dimensions' out, or make it 2")
    default: return structure
    }
  }

  /// Finds what a run in two dimensions cannot do.
  func checkDimensions(_ structure: Structure) throws(InputError) {
    guard structure.dimensions == 2 else { return }
    let system = body.system
    if units != .lj {
      throw (system.marks.values["dimensions"] ?? system.marks.section).error(
        "two dimensions go with 'units: lj' only: potentials of real atoms, pressures in GPa and densities in g/cm^3 have no meaning in a plane"
      )
    }
    for stage in body.stages {
      if let certificate = stage.certificate {
        throw certificate.marks.section.error(CertificateRequest.planarProblem)
      }
    }
  }
}
