import TektiteCore
import TektitePotentials

extension FormulaSection {
  /// e²/4πε₀ in eV Å, CODATA 2018; in reduced units charges are such that it is 1.
  static func coulombConstant(_ units: Units) -> Double { units == .real ? 14.399_645_478_425_668 : 1 }

  /// The model, with its tables made.
  func resolved(precision: Precision, units: Units) throws(InputError) -> ResolvedModel {
    let labels = SpeciesPairs.labels(pairs.map { ($0.first, $0.second) })
    let charge = Dictionary(charges.map { ($0.label, $0.value) }) { first, _ in first }
    var matrix = [PairFormula](repeating: PairFormula([]), count: labels.count * labels.count)
    var schemes: [FormulaScheme] = []
    for pair in pairs {
      guard let a = labels.firstIndex(of: pair.first), let b = labels.firstIndex(of: pair.second) else { continue }
      let product = (charge[pair.first] ?? 0) * (charge[pair.second] ?? 0) * Self.coulombConstant(units)
      var parts: [PairFormula.Part] = []
      for section in pair.terms {
        let (end, scheme) = (section.cutoff ?? cutoff ?? 0, section.scheme ?? self.scheme)
        if !schemes.contains(scheme) { schemes.append(scheme) }
        // Terms that end alike are one part: a cubic spline continues their sum.
        if let k = parts.firstIndex(where: { $0.cutoff == end && $0.scheme == scheme }) {
          parts[k].terms.append(section.term(charges: product))
        } else {
          parts.append(PairFormula.Part(terms: [section.term(charges: product)], cutoff: end, scheme: scheme))
        }
      }
      matrix[a * labels.count + b] = PairFormula(parts)
      matrix[b * labels.count + a] = PairFormula(parts)
    }
    do throws(PotentialError) {
      let model = try PairFormulas(labels: labels, pairs: matrix, precision: precision)
      return ResolvedModel(
        name: "formula", model: model, units: units, labels: labels,
        scheme: (schemes.isEmpty ? [scheme] : schemes).map(\.rawValue).joined(separator: " and "), precision: precision)
    } catch {
      throw marks["pairs"].error(error.description)
    }
  }
}
