import TektiteCore

/// The plane of a simple shear: the direction of the flow, then that of its gradient. The flow is along a lattice vector and the other vectors are
/// tilted, so that cells whose first vector lies along x and whose second lies in the plane of x and y stay so; the reverse planes would turn them out of it.
public enum ShearPlane: String, Hashable, Sendable, CaseIterable {
  /// Flow along x, gradient along y.
  case xy
  /// Flow along x, gradient along z.
  case xz
  /// Flow along y, gradient along z.
  case yz

  /// The direction of the flow: 0, 1 or 2. The lattice vector of the same number lies along it.
  public var flow: Int { self == .yz ? 1 : 0 }
  /// The direction of the gradient: 1 or 2.
  public var gradient: Int { self == .xy ? 1 : 2 }

  /// The map of row vectors by a strain γ: r → r + γ (r·e_gradient) e_flow.
  public func map(by strain: Double) -> Matrix3 {
    var map = Matrix3.identity
    map[gradient, flow] = strain
    return map
  }

  /// The element of a symmetric tensor that belongs to the plane, the mean of the two that rounding tells apart.
  public func element(of tensor: Matrix3) -> Double {
    0.5 * (tensor[flow, gradient] + tensor[gradient, flow])
  }

  /// Why a cell cannot be sheared in the plane, or nil.
  public func complaint(about cell: Cell) -> String? {
    guard cell.volume != nil else { return "shear needs a cell that repeats in all three directions" }
    if cell.isPlanar && self != .xy { return "in two dimensions the only plane of a shear is xy" }
    var along = Vector3.zero
    along[flow] = cell.vectors[flow][flow]
    guard cell.vectors[flow] == along else {
      let (number, axis) = flow == 0 ? ("first", "x") : ("second", "y")
      return
        "shear in the plane \(rawValue) needs a cell whose \(number) vector lies along \(axis), since the images on either side of the gradient slide along a lattice vector"
    }
    return nil
  }
}

/// Simple shear at a constant rate: the laboratory velocity of an atom is its stored, peculiar velocity plus γ̇ (r·e_gradient) e_flow.
public struct SimpleShear: Hashable, Sendable {
  /// The rate γ̇, per internal unit of time; negative ones shear the other way.
  public var rate: Double
  /// Flow and gradient.
  public var plane: ShearPlane

  /// Makes a shear.
  public init(rate: Double, plane: ShearPlane = .xy) {
    self.rate = rate
    self.plane = plane
  }

  /// What is wrong with the shear, or with what stands beside it in a stage, or nil.
  func complaint(in stage: DynamicsStage) -> String? {
    guard rate.isFinite else { return "a shear rate that is not a number" }
    guard abs(rate) * stage.timestep <= RunawayCell.limit else {
      return "a shear by \(abs(rate) * stage.timestep) in one step; expected at most \(RunawayCell.limit)"
    }
    if stage.barostat != nil { return "shear at a constant volume and a barostat, which exclude one another" }
    if case .noseHoover(_, _, let chain) = stage.thermostat, chain > 1 {
      return "a Nosé-Hoover chain of \(chain) links under shear, where heat flows through it; expected one link"
    }
    if case .brownian = stage.thermostat {
      return "shear needs velocities, and a Brownian thermostat has none of its own"
    }
    return nil
  }
}

extension System {
  /// Exchanges lattice vectors that are tilted by more than half of the one along the flow for others of the same lattice that are not. Crossings are
  /// counted in the new vectors, so that unwrapped positions stay where they are. Lists must then be built anew.
  /// - Returns: whether any vector changed.
  @discardableResult
  public mutating func reduceTilt(in plane: ShearPlane) -> Bool {
    let flow = plane.flow
    let side = cell.vectors[flow][flow]
    var turns = [0.0, 0, 0]
    for k in 0..<3 where k != flow {
      let tilt = cell.vectors[k][flow] / side
      // A hair more than half, so that a cell tilted by exactly half is not turned to and fro.
      guard abs(tilt) > 0.5 + 1e-9, tilt.isFinite else { continue }
      turns[k] = tilt.rounded()
      cell.vectors[k][flow] -= turns[k] * side
    }
    guard turns != [0, 0, 0] else { return false }
    for slot in 0..<count {
      let old = images[slot]
      let more = Int32(turns[0]) &* old.a &+ Int32(turns[1]) &* old.b &+ Int32(turns[2]) &* old.c
      if flow == 0 { images[slot].a = old.a &+ more } else { images[slot].b = old.b &+ more }
    }
    return true
  }
}

extension DynamicsStage {
  /// The strain of a stage at a step, counted from its start.
  func strain(at step: Int) -> Double { (shear?.rate ?? 0) * Double(step) * timestep }
}
