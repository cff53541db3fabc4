import TektiteCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// When a correlation has fallen to 1/e: the relaxation time tau_alpha.
enum DecayTime {
  /// Interpolates linearly in ln t between the last lag above 1/e and the first below; nil when the curve does not come down to it.
  static func find(
    _ curve: ObservableTable.Curve, times: [Double], _ setting: TableSetting, name: String,
    symbol: String = "tau"
  ) -> ObservableTable.Finding? {
    let level = exp(-1.0)
    let known = times.indices.filter { times[$0] > 0 && curve.values[$0].isFinite }
    guard let after = known.firstIndex(where: { curve.values[$0] < level }), after > 0 else { return nil }
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
