import TektiteCore
import TektiteDynamics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// F_s(k, t) = ⟨exp(i k·(r(t) − r(0)))⟩, averaged over all directions of k: ⟨sin(kΔr)/(kΔr)⟩. One curve for each wave number and species, and for
/// each the time at which it has fallen to 1/e.
struct SelfIntermediateScattering: PairObservable {
  let file: String
  let choice: GroupChoice
  let waveNumbers: [Double]
  private var means: LagMeans

  init(file: String, choice: GroupChoice, waveNumbers: [Double], lags: Int) {
    self.file = file
    self.choice = choice
    self.waveNumbers = waveNumbers
    means = LagMeans(lags: lags, quantities: choice.count * waveNumbers.count)
  }

  var needsVelocities: Bool { false }

  mutating func add(_ origin: PackedFrame, _ later: PackedFrame, lag: Int) {
    for (index, k) in waveNumbers.enumerated() {
      means.add(
        choice.means { DisplacementSums.isotropic(k, from: origin.positions, to: later.positions, $0) }, lag: lag,
        first: index * choice.count)
    }
  }

  func tables(_ setting: TableSetting) -> [ObservableTable] {
    var curves: [ObservableTable.Curve] = []
    for (index, k) in waveNumbers.enumerated() {
      for (place, label) in choice.labels.enumerated() {
        let quantity = index * choice.count + place
        let isOnly = waveNumbers.count == 1
        curves.append(
          .init(
            column: isOnly ? label : "\(label)_k\(brief(k))", label: isOnly ? label : "\(label), k = \(brief(k))",
            values: means.values(quantity), errors: means.errors(quantity, setting)))
      }
    }
    let unit = setting.units == .lj ? "" : " 1/\(setting.units.lengthName)"
    var table = ObservableTable(
      kind: "self-intermediate-scattering", title: "Self-intermediate scattering function", file: file,
      definition: "⟨sin(kΔr)/(kΔr)⟩ over atoms and origins, the average of exp(i k·Δr) over all directions of k; one "
        + "standard error from blocks of origins.",
      parameters: ["k": waveNumbers.map(brief).joined(separator: ", ") + unit, "species": choice.words],
      x: setting.timeAxis, y: .init(column: "F_s", label: "F_s(k, t)"), abscissas: setting.times, curves: curves,
      samples: means.samples)
    for curve in curves {
      if let finding = DecayTime.find(curve, times: table.abscissas, setting, name: "F_s") {
        table.findings.append(finding)
      }
    }
    return [table]
  }

  func save(to writer: inout ByteWriter) { means.save(to: &writer) }
  mutating func restore(from reader: inout ByteReader) throws(InputError) { try means.restore(from: &reader) }
}

/// When a correlation has fallen to 1/e: the relaxation time tau_alpha.
enum DecayTime {
  /// Interpolates linearly in ln t between the last lag above 1/e and the first below; nil when the curve does not come down to it.
  static func find(
    _ curve: ObservableTable.Curve, times: [Double], _ setting: TableSetting, name: String,
    symbol: String = "tau"
  ) -> ObservableTable.Finding? {
    let level = exp(-1.0)
    let known = times.indices.filter { times[$0] > 0 && curve.values[$0].isFinite }
    guard let after = known.firstIndex(where: { curve.values[known[$0]] < level }), after > 0 else { return nil }
    let (i, j) = (known[after - 1], known[after])
    let (high, low) = (curve.values[i], curve.values[j])
    let part = (high - level) / (high - low)
    let width = log(times[j] / times[i])
    let time = exp(log(times[i]) + part * width)
    // An error of the curve moves the crossing by error / slope; both ends weigh as they do in the interpolation, and go together.
    let error = curve.errors.isEmpty ? .nan : (1 - part) * curve.errors[i] + part * curve.errors[j]
    let spread = time * error * width / (high - low)
    return ObservableTable.Finding(
      name: "\(symbol)_\(curve.label)", value: time, error: spread.isFinite ? spread : nil,
      unit: setting.units == .lj ? "" : setting.units.timeName,
      definition: "where \(name) has fallen to 1/e, linear in ln t between neighbouring lags")
  }
}
