import TektiteDynamics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Why a function cannot be fitted, in a sentence without its full stop.
public struct FitError: Error, Hashable, Sendable {
  /// The sentence.
  public var message: String
}

/// A function fitted to points within a window.
public struct CurveFit: Codable, Hashable, Sendable {
  /// A parameter.
  public struct Parameter: Codable, Hashable, Sendable {
    /// Its name in the formula, e.g. `tau`.
    public var name: String
    /// Its value.
    public var value: Double
    /// One standard error.
    public var error: Double
    /// Its unit; empty in reduced units and for pure numbers.
    public var unit: String
  }

  /// The points that are fitted, and what is known of them.
  public struct Points: Sendable {
    /// Abscissas.
    public var x: [Double]
    /// Ordinates.
    public var y: [Double]
    /// One standard error of each; empty, or not a number, where it is not known.
    public var errors: [Double]
    /// The units of both, for the parameters.
    public var units = (x: "", y: "")

    /// Points, with errors where they are known.
    public init(x: [Double], y: [Double], errors: [Double] = []) {
      self.x = x
      self.y = y
      self.errors = errors
    }
  }

  /// The model.
  public var model: FitModel
  /// The column of the curve.
  public var curve: String
  /// The parameters.
  public var parameters: [Parameter]
  /// Their covariances, in the order of the parameters; the errors are the roots of its diagonal.
  public var covariance: [[Double]]
  /// Σ of squared residuals, each over its standard error where points are weighted by these.
  public var chiSquared: Double
  /// Points less parameters.
  public var degreesOfFreedom: Int
  /// The first and the last abscissa that was used.
  public var window: [Double]
  /// Whether points were weighted by their standard errors; else all alike.
  public var isWeighted: Bool

  /// The number of points.
  public var points: Int { degreesOfFreedom + parameters.count }

  /// The value of the fitted function.
  public func value(_ x: Double) -> Double { model.value(x, parameters.map(\.value)) }

  /// Fits a model to the points within a window.
  ///
  /// Points are weighted by their standard errors where these are known; points without one are then left out, as long as those with one
  /// suffice and reach three quarters of the window's points. Otherwise all count alike. The covariance is (JᵀWJ)⁻¹ at the minimum; it is
  /// multiplied by χ² per degree of freedom where points count alike or where that is above 1, which allows for a model that does not
  /// describe the points to their errors. It does not know that neighbouring lags of a correlation share origins, so that their errors go together.
  /// - Parameters:
  ///   - window: abscissas from the first to the last, both included; nil for all.
  /// - Throws: `FitError` for too few points or for points that do not determine the parameters.
  public init(
    _ model: FitModel, _ points: Points, curve: String, window: ClosedRange<Double>?
  ) throws(FitError) {
    let needed = model.parameters.count + 1
    var chosen = points.x.indices.filter { i in
      guard i < points.y.count, points.x[i].isFinite, points.y[i].isFinite else { return false }
      if points.x[i] <= 0 || (model.isLogarithmic && points.y[i] <= 0) { return false }
      return window?.contains(points.x[i]) ?? true
    }
    guard chosen.count >= needed else {
      throw FitError(message: Self.shortage(model, points, curve, window, found: chosen.count))
    }
    func hasError(_ i: Int) -> Bool {
      points.errors.indices.contains(i) && points.errors[i].isFinite && points.errors[i] > 0
    }
    let known = chosen.filter(hasError)
    let isWeighted = known.count >= needed && 4 * known.count >= 3 * chosen.count
    if isWeighted { chosen = known }
    let x = chosen.map { points.x[$0] }
    let y = chosen.map { model.isLogarithmic ? log(points.y[$0]) : points.y[$0] }
    let sigma = chosen.map { i -> Double in
      guard isWeighted else { return 1 }
      return model.isLogarithmic ? points.errors[i] / points.y[i] : points.errors[i]
    }
    let problem = LeastSquares(x: x, y: y, sigma: sigma) { model.fitted($0, at: $1) }
    guard let start = model.start(x, y, sigma) else {
      throw FitError(message: Self.indefinite(model, curve, chosen.count))
    }
    let minimum: LeastSquares.Minimum
    do {
      minimum = try problem.minimize(from: model.coordinates(start))
    } catch {
      throw FitError(message: Self.indefinite(model, curve, chosen.count))
    }
    let found = model.parameters(at: minimum.parameters)
    let freedom = chosen.count - found.count
    let reduced = minimum.chiSquared / Double(freedom)
    let factor = isWeighted ? max(1, reduced) : reduced
    let covariance = minimum.covariance.enumerated().map { a, row in
      row.enumerated().map { b, value in value * factor * found[a].slope * found[b].slope }
    }
    guard found.allSatisfy({ $0.value.isFinite }), covariance.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      throw FitError(message: Self.indefinite(model, curve, chosen.count))
    }
    self.model = model
    self.curve = curve
    let units = model.units(x: points.units.x, y: points.units.y)
    parameters = found.indices.map { k in
      Parameter(
        name: model.parameters[k], value: found[k].value, error: covariance[k][k].squareRoot(), unit: units[k])
    }
    self.covariance = covariance
    chiSquared = minimum.chiSquared
    degreesOfFreedom = freedom
    self.window = [x.min() ?? .nan, x.max() ?? .nan]
    self.isWeighted = isWeighted
  }

  /// How the weights and the errors came about, for readers.
  public var method: String {
    let quality = chiSquared / Double(degreesOfFreedom)
    if !isWeighted {
      return
        "\(points) points count alike\(model.isLogarithmic ? " in their logarithms" : ""); errors from their scatter"
    }
    let text = "\(points) points weighted by their errors, χ² per degree of freedom \(brief(quality))"
    return text + (quality > 1 ? "; errors are multiplied by its root" : "")
  }

  /// In a line: `A: f exp[-(t/tau)^beta], f = 0.74 ± 0.01, ... (t = 3 to 2000; ...)`.
  public var sentence: String {
    let values = parameters.map { parameter in
      "\(parameter.name) = \(brief(parameter.value)) ± \(brief(parameter.error))"
        + (parameter.unit.isEmpty ? "" : " \(parameter.unit)")
    }
    let name = curve.isEmpty ? "" : "\(curve): "
    return
      "\(name)\(model.formula), \(values.joined(separator: ", ")) (from \(brief(window[0])) to \(brief(window[1])); \(method))"
  }

  private static func shortage(
    _ model: FitModel, _ points: Points, _ curve: String, _ window: ClosedRange<Double>?, found: Int
  ) -> String {
    let needed = model.parameters.count + 1
    let name = curve.isEmpty ? "" : " of '\(curve)'"
    let usable = points.x.indices.filter { i in
      i < points.y.count && points.x[i].isFinite && points.y[i].isFinite && points.x[i] > 0
        && (!model.isLogarithmic || points.y[i] > 0)
    }.map { points.x[$0] }
    let reach =
      usable.isEmpty
      ? "; there are no points at all to which it could be fitted"
      : "; points go from \(brief(usable.min() ?? 0)) to \(brief(usable.max() ?? 0))"
    let place = window.map { "the window from \(brief($0.lowerBound)) to \(brief($0.upperBound)) holds" } ?? "there are"
    let count = found == 0 ? "no points" : found == 1 ? "1 point" : "\(found) points"
    return
      "\(place) \(count)\(name), but \(model.formula) needs at least \(needed), one more than it has parameters\(reach)"
  }

  private static func indefinite(_ model: FitModel, _ curve: String, _ count: Int) -> String {
    let name = curve.isEmpty ? "" : " of '\(curve)'"
    return "the \(count) points\(name) do not determine the parameters of \(model.formula); "
      + "choose a wider window, or a model with fewer parameters"
  }
}

extension CurveFit {
  /// The fit as JSON text: model, parameters with errors, covariance, χ², window.
  public var json: String { JSONText.encode(self) }
}

extension ObservableTable {
  /// Points and the function that was fitted to them, for a plot.
  /// - Parameters:
  ///   - x: the name of the abscissas.
  ///   - y: the name of the ordinates.
  public init(_ fit: CurveFit, _ points: CurveFit.Points, x: String, y: String, file: String) {
    let isTime = fit.model == .kww
    self.init(
      kind: "fit", title: fit.model.formula, file: file, definition: fit.sentence,
      x: Axis(column: x, label: isTime ? "t" : x, unit: points.units.x, scale: isTime ? .log : .linear),
      y: Axis(column: y, label: y, unit: points.units.y, scale: fit.model.isLogarithmic ? .log : .linear),
      abscissas: points.x, curves: [Curve(column: fit.curve, label: "", values: points.y, errors: points.errors)],
      samples: [Int](repeating: 0, count: points.x.count))
    fits = [fit]
  }
}
