import TektiteCore

/// Which shapes a cell takes under a barostat.
public enum CellCoupling: String, Hashable, Sendable, CaseIterable {
  /// All lengths change by the same factor.
  case isotropic
  /// The lengths along x, y and z change apart; the cell's vectors lie along the axes.
  case anisotropic
  /// Lengths and angles change.
  case triclinic

  /// The number of components of strain that change on their own.
  func freedoms(in dimensions: Int) -> Int {
    switch self {
    case .isotropic: 1
    case .anisotropic: dimensions
    case .triclinic: dimensions * (dimensions + 1) / 2
    }
  }

  /// The part of a tensor that the coupling allows for; the rest has no effect on the cell. In two dimensions, a tensor has no part along z.
  func projection(_ m: Matrix3, in dimensions: Int) -> Matrix3 {
    switch self {
    case .isotropic: return (m.trace / Double(dimensions)) * .identity(in: dimensions)
    case .anisotropic: return Matrix3(Vector3(m.a.x, 0, 0), Vector3(0, m.b.y, 0), Vector3(0, 0, m.c.z))
    case .triclinic: return 0.5 * (m + m.transposed)
    }
  }

  /// Why a cell cannot be coupled so, or nil.
  public func complaint(about cell: Cell) -> String? {
    guard cell.volume != nil else {
      return "a barostat needs a cell that repeats in all \(cell.isPlanar ? "two" : "three") directions"
    }
    let v = cell.vectors
    let isAligned = CellCoupling.anisotropic.projection(v, in: cell.dimensions) == v
    if self == .anisotropic && !isAligned {
      return
        "an anisotropic barostat needs a cell whose vectors lie along \(cell.isPlanar ? "x and y" : "x, y and z"); for others there is 'triclinic'"
    }
    return nil
  }
}

/// How a dynamics stage exchanges volume.
public enum Barostat: Hashable, Sendable {
  /// Stochastic cell rescaling (`StochasticCellRescaling`): pressure, relaxation time, compressibility (one over pressure), coupling, steps from one
  /// move of the cell to the next.
  case cellRescaling(
    pressure: Schedule, time: Double, compressibility: Double, coupling: CellCoupling, interval: Int)
  /// A cell with inertia and a Nosé-Hoover chain (`MartynaTobiasKlein`): pressure, the time that sets its mass, coupling. The chain has as many links as
  /// that of the thermostat.
  case martynaTobiasKlein(pressure: Schedule, time: Double, coupling: CellCoupling)

  /// The shapes that the cell takes.
  public var coupling: CellCoupling {
    switch self {
    case .cellRescaling(_, _, _, let coupling, _), .martynaTobiasKlein(_, _, let coupling): coupling
    }
  }

  /// The pressure as a function of the step.
  public var pressure: Schedule {
    switch self {
    case .cellRescaling(let pressure, _, _, _, _), .martynaTobiasKlein(let pressure, _, _): pressure
    }
  }

  /// What is wrong with the numbers of the barostat, or with the thermostat beside it, or nil.
  func complaint(beside thermostat: Thermostat) -> String? {
    if !(pressure.smallest.isFinite && pressure.largest.isFinite) { return "a barostat whose pressure is not a number" }
    switch self {
    case .cellRescaling(_, let time, let compressibility, _, let interval):
      if !(time > 0 && time.isFinite) {
        return "a relaxation time of \(time) of the volume; expected a positive number"
      }
      if !(compressibility > 0 && compressibility.isFinite) {
        return "a compressibility of \(compressibility); expected a positive number"
      }
      if interval < 1 { return "a barostat every \(interval) steps; expected at least 1" }
      switch thermostat {
      case .langevin, .csvr: return nil
      case .none, .noseHoover, .brownian:
        return "stochastic cell rescaling goes with the thermostats 'csvr' and 'langevin' only"
      }
    case .martynaTobiasKlein(_, let time, _):
      if !(time > 0 && time.isFinite) { return "a time of \(time) of the cell; expected a positive number" }
      if case .noseHoover = thermostat { return nil }
      return "the barostat of Martyna, Tobias and Klein goes with the thermostat 'nose-hoover' only"
    }
  }
}

/// The cell was about to be strained by more in one step than any liquid or solid is.
public struct RunawayCell: Error, Hashable, Sendable {
  /// The largest strain of a step that is allowed.
  public static let limit = 0.1
  /// The step that could not be completed.
  public var step: Int
  /// The strain; may be infinite or not a number.
  public var strain: Double
}

extension DynamicsStage {
  /// Whether the cell changes.
  var changesCell: Bool { barostat != nil }

  /// What the dynamics keep constant.
  var ensemble: String {
    if let shear, shear.rate != 0 { return thermostat == .none ? "shear without a thermostat" : "NVT under shear" }
    return barostat != nil ? "NPT" : thermostat == .none ? "NVE" : "NVT"
  }
}
