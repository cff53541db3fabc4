import TektiteLayouts

/// Real spherical harmonics of unit vectors, lanes = edges, e3nn's order and signs (polar axis y, azimuth from z to x) and `component` normalisation,
/// |Y_l|² = 2l+1. With c_m + i s_m = (z + i x)^m and Π_lm = dᵐP_l/dyᵐ,
///
///     Y_l,m = N_lm Π_lm(y) c_m  (m ≥ 0),   Y_l,−m = N_lm Π_lm(y) s_m,   N_lm² = (2 − δ_m0) (2l+1) (l−m)!/(l+m)!
///
/// Derivatives are those of these polynomials, projected on the plane perpendicular to the vector.
struct HarmonicBasis<L: PairLanes> {
  typealias S = L.Scalar
  let y: L
  var c1: L, s1: L, c2 = L.zero, s2 = L.zero, c3 = L.zero, s3 = L.zero, c4 = L.zero, s4 = L.zero

  @inline(__always) init(_ x: L, _ y: L, _ z: L, _ degree: Int) {
    self.y = y
    (c1, s1) = (z, x)
    if degree > 1 { (c2, s2) = turned(c1, s1) }
    if degree > 2 { (c3, s3) = turned(c2, s2) }
    if degree > 3 { (c4, s4) = turned(c3, s3) }
  }
  /// The next power of z + i x.
  @inline(__always) func turned(_ c: L, _ s: L) -> (L, L) {
    (c1 * c - s1 * s, L.fma(s1, c, c1 * s))
  }
  @inline(__always) func number(_ v: Double) -> L { L.constant(S(v)) }
  /// Polynomials in y², by Horner's rule.
  @inline(__always) func linear(_ a: Double, _ b: Double, _ y2: L) -> L { L.fma(number(a), y2, number(b)) }
  @inline(__always) func quadratic(_ a: Double, _ b: Double, _ c: Double, _ y2: L) -> L {
    L.fma(linear(a, b, y2), y2, number(c))
  }

  /// Calls `term(l, m, N Π, N Π′)` for every l and m ≥ 0; what is not used is not computed.
  @inline(__always) func forEach(_ degree: Int, _ term: (Int, Int, L, L) -> Void) {
    let y2 = y * y
    term(0, 0, number(1), L.zero)
    if degree < 1 { return }
    let n1 = 1.7320508075688772  // √3
    term(1, 0, number(n1) * y, number(n1))
    term(1, 1, number(n1), L.zero)
    if degree < 2 { return }
    let n20 = 2.2360679774997896  // √5
    let n21 = 1.2909944487358056  // √(5/3)
    let n22 = 0.6454972243679028  // √(5/12)
    term(2, 0, linear(1.5 * n20, -0.5 * n20, y2), number(3 * n20) * y)
    term(2, 1, number(3 * n21) * y, number(3 * n21))
    term(2, 2, number(3 * n22), L.zero)
    if degree < 3 { return }
    let n30 = 2.6457513110645907  // √7
    let n31 = 1.0801234497346435  // √(7/6)
    let n32 = 0.34156502553198664  // √(7/60)
    let n33 = 0.13944333775567927  // √(7/360)
    term(3, 0, linear(2.5 * n30, -1.5 * n30, y2) * y, linear(7.5 * n30, -1.5 * n30, y2))
    term(3, 1, linear(7.5 * n31, -1.5 * n31, y2), number(15 * n31) * y)
    term(3, 2, number(15 * n32) * y, number(15 * n32))
    term(3, 3, number(15 * n33), L.zero)
    if degree < 4 { return }
    let n40 = 3.0
    let n41 = 0.9486832980505138  // √(9/10)
    let n42 = 0.22360679774997896  // √(1/20)
    let n43 = 0.05976143046671968  // √(1/280)
    let n44 = 0.021128856368212913  // √(1/2240)
    term(
      4, 0, quadratic(4.375 * n40, -3.75 * n40, 0.375 * n40, y2), linear(17.5 * n40, -7.5 * n40, y2) * y)
    term(4, 1, linear(17.5 * n41, -7.5 * n41, y2) * y, linear(52.5 * n41, -7.5 * n41, y2))
    term(4, 2, linear(52.5 * n42, -7.5 * n42, y2), number(105 * n42) * y)
    term(4, 3, number(105 * n43) * y, number(105 * n43))
    term(4, 4, number(105 * n44), L.zero)
  }
  /// c_m and s_m.
  @inline(__always) func power(_ m: Int) -> (L, L) {
    switch m {
    case 1: (c1, s1)
    case 2: (c2, s2)
    case 3: (c3, s3)
    default: (c4, s4)
    }
  }
}

/// 1/|r|, or zero for vectors too short to have a direction.
@inline(__always)
private func inverseLength<L: PairLanes>(_ r2: L) -> L {
  L.select(L.constant(1) / L.root(r2), where: L.constant(L.Scalar(1e-30)), lessThan: r2)
}

/// Lengths and harmonics of all edges.
@inline(__always)
private func harmonics<L: PairLanes>(_ lanes: L.Type, _ a: borrowing EdgeRows, degree: Int) {
  typealias S = L.Scalar
  let grain = 64 / MemoryLayout<S>.stride
  let (harmonicsRow, lengthRow, displacement) = (a.harmonics, a.length, a.displacement)
  for chunk in 0..<((a.count + grain - 1) / grain) {
    let rows = a.base.assumingMemoryBound(to: S.self) + chunk * a.chunkStride
    var lane = 0
    while lane < grain {
      let d = UnsafePointer(rows + displacement * grain + lane)
      let x = L.load(d)
      let y = L.load(d + grain)
      let z = L.load(d + 2 * grain)
      let r2 = L.fma(x, x, L.fma(y, y, z * z))
      let inverse = inverseLength(r2)
      (r2 * inverse).store(rows + lengthRow * grain + lane)
      let basis = HarmonicBasis<L>(x * inverse, y * inverse, z * inverse, degree)
      let out = rows + harmonicsRow * grain + lane
      basis.forEach(degree) { l, m, value, _ in
        let middle = out + (l * l + l) * grain
        if m == 0 {
          value.store(middle)
        } else {
          let (c, s) = basis.power(m)
          (value * c).store(middle + m * grain)
          (value * s).store(middle - m * grain)
        }
      }
      lane += L.count
    }
  }
}

/// ∂E/∂r = û ∂E/∂|r| + (p − û (û·p))/|r| with p = Σ ∂E/∂Y ∂Y/∂û.
@inline(__always)
private func harmonicsAdjoint<L: PairLanes>(_ lanes: L.Type, _ a: borrowing EdgeRows, degree: Int) {
  typealias S = L.Scalar
  let grain = 64 / MemoryLayout<S>.stride
  let (adjointRow, lengthRow, displacement, gradient) = (
    a.harmonicsAdjoint, a.lengthAdjoint, a.displacement, a.gradient
  )
  for chunk in 0..<((a.count + grain - 1) / grain) {
    let rows = a.base.assumingMemoryBound(to: S.self) + chunk * a.chunkStride
    var lane = 0
    while lane < grain {
      let d = UnsafePointer(rows + displacement * grain + lane)
      let x0 = L.load(d)
      let y0 = L.load(d + grain)
      let z0 = L.load(d + 2 * grain)
      let inverse = inverseLength(L.fma(x0, x0, L.fma(y0, y0, z0 * z0)))
      let x = x0 * inverse
      let y = y0 * inverse
      let z = z0 * inverse
      let basis = HarmonicBasis<L>(x, y, z, degree)
      let given = UnsafePointer(rows + adjointRow * grain + lane)
      var py = L.zero
      // ∂E/∂c_m and ∂E/∂s_m.
      var gc1 = L.zero, gs1 = L.zero, gc2 = L.zero, gs2 = L.zero
      var gc3 = L.zero, gs3 = L.zero, gc4 = L.zero, gs4 = L.zero
      basis.forEach(degree) { l, m, value, slope in
        let middle = given + (l * l + l) * grain
        if m == 0 {
          if l > 0 { py = L.fma(L.load(middle), slope, py) }
          return
        }
        let gc = L.load(middle + m * grain)
        let gs = L.load(middle - m * grain)
        if m < l {
          let (c, s) = basis.power(m)
          py = L.fma(slope, L.fma(gc, c, gs * s), py)
        }
        switch m {
        case 1: (gc1, gs1) = (L.fma(gc, value, gc1), L.fma(gs, value, gs1))
        case 2: (gc2, gs2) = (L.fma(gc, value, gc2), L.fma(gs, value, gs2))
        case 3: (gc3, gs3) = (L.fma(gc, value, gc3), L.fma(gs, value, gs3))
        default: (gc4, gs4) = (L.fma(gc, value, gc4), L.fma(gs, value, gs4))
        }
      }
      // d(c_m + i s_m) = m (c_(m−1) + i s_(m−1)) (dz + i dx)
      var pz = gc1
      var px = gs1
      @inline(__always) func add(_ m: S, _ gc: L, _ gs: L, _ c: L, _ s: L) {
        let k = L.constant(m)
        pz = L.fma(k, L.fma(gc, c, gs * s), pz)
        px = L.fma(k, gs * c - gc * s, px)
      }
      if degree > 1 { add(2, gc2, gs2, basis.c1, basis.s1) }
      if degree > 2 { add(3, gc3, gs3, basis.c2, basis.s2) }
      if degree > 3 { add(4, gc4, gs4, basis.c3, basis.s3) }
      let along = L.fma(x, px, L.fma(y, py, z * pz))
      let radial = L.load(UnsafePointer(rows + lengthRow * grain + lane)) - along * inverse
      let out = rows + gradient * grain + lane
      L.fma(px, inverse, radial * x).store(out)
      L.fma(py, inverse, radial * y).store(out + grain)
      L.fma(pz, inverse, radial * z).store(out + 2 * grain)
      lane += L.count
    }
  }
}

@inline(__always)
private func harmonicsByDegree<L: PairLanes>(_ lanes: L.Type, _ a: borrowing EdgeRows) {
  switch a.degree {
  case 0: harmonics(lanes, a, degree: 0)
  case 1: harmonics(lanes, a, degree: 1)
  case 2: harmonics(lanes, a, degree: 2)
  case 3: harmonics(lanes, a, degree: 3)
  default: harmonics(lanes, a, degree: 4)
  }
}
@inline(__always)
private func adjointByDegree<L: PairLanes>(_ lanes: L.Type, _ a: borrowing EdgeRows) {
  switch a.degree {
  case 0: harmonicsAdjoint(lanes, a, degree: 0)
  case 1: harmonicsAdjoint(lanes, a, degree: 1)
  case 2: harmonicsAdjoint(lanes, a, degree: 2)
  case 3: harmonicsAdjoint(lanes, a, degree: 3)
  default: harmonicsAdjoint(lanes, a, degree: 4)
  }
}

@inline(never) private func harmonicsOfFloats(_ a: borrowing EdgeRows) { harmonicsByDegree(WideFloats.self, a) }
@inline(never) private func harmonicsOfDoubles(_ a: borrowing EdgeRows) { harmonicsByDegree(WideDoubles.self, a) }
@inline(never) private func adjointOfFloats(_ a: borrowing EdgeRows) { adjointByDegree(WideFloats.self, a) }
@inline(never) private func adjointOfDoubles(_ a: borrowing EdgeRows) { adjointByDegree(WideDoubles.self, a) }

/// Writes |r| and Y of all edges.
public func edgeHarmonics(isDouble: Bool, _ a: borrowing EdgeRows) {
  isDouble ? harmonicsOfDoubles(a) : harmonicsOfFloats(a)
}

/// Writes ∂E/∂r from ∂E/∂Y and ∂E/∂|r|.
public func edgeHarmonicsAdjoint(isDouble: Bool, _ a: borrowing EdgeRows) {
  isDouble ? adjointOfDoubles(a) : adjointOfFloats(a)
}

/// Rows as sums of rows.
@inline(__always)
private func combine<L: PairLanes>(_ lanes: L.Type, _ a: borrowing EdgeRows, _ c: borrowing RowCombination) {
  typealias S = L.Scalar
  let grain = 64 / MemoryLayout<S>.stride
  let (targets, targetCount, terms) = (c.targets, c.targetCount, c.terms)
  for chunk in 0..<((a.count + grain - 1) / grain) {
    let rows = a.base.assumingMemoryBound(to: S.self) + chunk * a.chunkStride
    var k = 0
    for t in 0..<targetCount {
      let end = Int(targets[t].end)
      let out = rows + Int(targets[t].row) * grain
      var lane = 0
      while lane < grain {
        var sum = L.zero
        for n in k..<max(k, end) {
          sum = L.fma(L.constant(S(terms[n].value)), L.load(rows + Int(terms[n].row) * grain + lane), sum)
        }
        sum.store(out + lane)
        lane += L.count
      }
      k = end
    }
  }
}

@inline(never) private func combineFloats(_ a: borrowing EdgeRows, _ c: borrowing RowCombination) {
  combine(WideFloats.self, a, c)
}
@inline(never) private func combineDoubles(_ a: borrowing EdgeRows, _ c: borrowing RowCombination) {
  combine(WideDoubles.self, a, c)
}

/// Writes the target rows of all chunks.
public func combineRows(isDouble: Bool, _ a: borrowing EdgeRows, _ c: borrowing RowCombination) {
  isDouble ? combineDoubles(a, c) : combineFloats(a, c)
}
