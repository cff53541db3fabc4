import TektiteKernels

/// What happens to the sum of some terms at its cutoff. Energies of different schemes do not compare.
public enum FormulaScheme: String, Sendable, CaseIterable {
  /// u(r) for r < r_c: energy and force jump.
  case cut = "cut"
  /// u(r) − u(r_c): the force jumps.
  case cutAndShift = "cut-and-shift"
  /// u(r) − u(r_c) − (r − r_c) u′(r_c): energy and force vanish at r_c.
  case shiftedForce = "shifted-force"
  /// u(r) + c₀ + c₂ r² + c₄ r⁴ such that u, u′ and u″ vanish at r_c.
  case smooth = "smooth"
  /// u(r) + C up to r_c, and A (B − r)³ from there to B, with A, B and C such that u, u′ and u″ are continuous (Grigera, Cavagna, Giardina and Parisi, Phys. Rev. Lett. 88,
  /// 055502 (2002)). The pair ends at B, beyond r_c.
  case cubicSpline = "cubic-spline"
}

/// A pair interaction as a sum of terms, some of which may end sooner than others.
public struct PairFormula: Hashable, Sendable {
  /// Terms that share a cutoff and what happens there.
  public struct Part: Hashable, Sendable {
    /// The terms.
    public var terms: [PairTerm]
    /// The cutoff; the knot of a cubic spline.
    public var cutoff: Double
    /// What happens there.
    public var scheme: FormulaScheme
    /// Makes a part.
    public init(terms: [PairTerm], cutoff: Double, scheme: FormulaScheme) {
      (self.terms, self.cutoff, self.scheme) = (terms, cutoff, scheme)
    }

    /// The sum of the terms without a cutoff.
    func bare(_ r: Double) -> PairTerm.Values {
      var sum: PairTerm.Values = (0, 0, 0)
      for term in terms {
        let v = term.values(at: r)
        sum = (sum.energy + v.energy, sum.slope + v.slope, sum.curvature + v.curvature)
      }
      return sum
    }

    /// Where the part ends. A cubic spline needs slope and curvature of opposite sign at its knot; nil where they are not.
    var end: Double? {
      guard scheme == .cubicSpline else { return cutoff }
      let v = bare(cutoff)
      let end = cutoff - 2 * v.slope / v.curvature
      return end.isFinite && end > cutoff ? end : nil
    }
  }

  /// The parts.
  public var parts: [Part]

  /// Makes a formula; without parts the pair does not interact.
  public init(_ parts: [Part]) { self.parts = parts }

  /// Where the last part ends; 0 without parts.
  public var cutoff: Double { parts.compactMap(\.end).max() ?? 0 }

  /// u, u′ and u″ at a distance; zero from the cutoff on. The obvious version that tables are made from and tested against.
  public func values(at r: Double) -> PairTerm.Values { Prepared(self).values(at: r) }

  /// Distances below the cutoff at which the energy or a derivative may jump, in order.
  var kinks: [Double] {
    let end = cutoff
    var edges: [Double] = []
    for part in parts { edges += [part.cutoff, part.end ?? 0] }
    var kinks: [Double] = []
    for edge in edges.sorted() where edge > 0 && edge < end * (1 - 1e-9) {
      if edge > (kinks.last ?? 0) * (1 + 1e-9) { kinks.append(edge) }
    }
    return kinks
  }
}

extension PairFormula {
  /// A formula with what its parts are at their cutoffs worked out once.
  struct Prepared: Sendable {
    private struct Entry {
      var part: Part
      var end: Double
      /// The bare sum at the cutoff.
      var edge: PairTerm.Values
    }
    private let entries: [Entry]

    init(_ formula: PairFormula) {
      entries = formula.parts.map { Entry(part: $0, end: $0.end ?? $0.cutoff, edge: $0.bare($0.cutoff)) }
    }

    /// u, u′ and u″; zero from the cutoff on.
    func values(at r: Double) -> PairTerm.Values {
      var sum: PairTerm.Values = (0, 0, 0)
      for entry in entries where r < entry.end {
        let v = Self.values(entry, r)
        sum = (sum.energy + v.energy, sum.slope + v.slope, sum.curvature + v.curvature)
      }
      return sum
    }

    private static func values(_ entry: Entry, _ r: Double) -> PairTerm.Values {
      let (rc, c) = (entry.part.cutoff, entry.edge)
      if entry.part.scheme == .cubicSpline, r >= rc {
        let a = -c.curvature * c.curvature / (12 * c.slope)
        let gap = entry.end - r
        return (a * gap * gap * gap, -3 * a * gap * gap, 6 * a * gap)
      }
      var v = entry.part.bare(r)
      switch entry.part.scheme {
      case .cut: break
      case .cutAndShift: v.energy -= c.energy
      case .shiftedForce:
        v.energy -= c.energy + (r - rc) * c.slope
        v.slope -= c.slope
      case .smooth:
        // In y = r²: du/dy = u′/2r, d²u/dy² = (u″ − u′/r)/4r².
        let yc = rc * rc
        let (first, second) = (c.slope / (2 * rc), (c.curvature - c.slope / rc) / (4 * yc))
        let d = r * r - yc
        let slope = first + d * second
        v.energy -= c.energy + d * (first + d * second / 2)
        v.slope -= 2 * r * slope
        v.curvature -= 2 * slope + 4 * r * r * second
      case .cubicSpline: v.energy += 2 * c.slope * c.slope / (3 * c.curvature) - c.energy
      }
      return v
    }
  }
}
