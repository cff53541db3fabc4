import TektiteCore
import TektiteDynamics

/// G(t) = V⟨σ(t)σ(0)⟩/k_BT of the five independent components of the deviatoric stress, and the viscosity, its integral over time (Green 1954,
/// doi:10.1063/1.1740082; Kubo 1957; for all components Daivis and Evans 1994, doi:10.1063/1.466970).
///
/// The components xy, xz, yz, (xx − yy)/2 and (xx + yy − 2zz)/√12 have the same correlation in an isotropic liquid. The integral is by trapezoids between
/// lags, of each component on its own; the scatter of the five gives the error of their mean, in which the correlation between lags is contained.
///
/// In a plane there are two such components, xy and (xx − yy)/2; V is the area.
struct StressAutocorrelation: PairObservable {
  /// The number of independent components of the deviatoric stress.
  static func components(in dimensions: Int) -> Int { dimensions == 2 ? 2 : 5 }

  let files: (relaxation: String, viscosity: String)
  let degreesOfFreedom: Int
  /// The number of components.
  let components: Int
  /// Quantities: the products of each component, their mean; of the lag 0 also the volume and twice the kinetic energy.
  var means: LagMeans

  init(files: (relaxation: String, viscosity: String), degreesOfFreedom: Int, lags: Int, dimensions: Int = 3) {
    components = Self.components(in: dimensions)
    self.files = files
    self.degreesOfFreedom = degreesOfFreedom
    means = LagMeans(lags: lags, quantities: components + 3)
  }

  var needsStress: Bool { true }
  var needsPositions: Bool { false }

  /// What is kept of a frame: the components, the volume, twice the kinetic energy.
  static func sample(_ frame: Frame, masses: [Double]) -> [Double] {
    guard let volume = frame.cell.volume, volume > 0, let virial = frame.stress else {
      return [Double](repeating: .nan, count: components(in: frame.cell.dimensions) + 2)
    }
    var kinetic = Matrix3.zero
    for (mass, velocity) in zip(masses, frame.velocities) { kinetic += mass * Matrix3.outer(velocity, velocity) }
    let s = virial + (-1 / volume) * kinetic
    if frame.cell.isPlanar { return [0.5 * (s.a.y + s.b.x), 0.5 * (s.a.x - s.b.y), volume, kinetic.trace] }
    return [
      0.5 * (s.a.y + s.b.x), 0.5 * (s.a.z + s.c.x), 0.5 * (s.b.z + s.c.y), 0.5 * (s.a.x - s.b.y),
      (s.a.x + s.b.y - 2 * s.c.z) / 12.0.squareRoot(), volume, kinetic.trace,
    ]
  }

  mutating func add(_ origin: PackedFrame, _ later: PackedFrame, lag: Int) {
    let (a, b) = (origin.stress, later.stress)
    guard a.count == components + 2, b.count == a.count else { return }
    var products = (0..<components).map { a[$0] * b[$0] }
    products.append(products.reduce(0, +) / Double(components))
    means.add(products, lag: lag)
    if lag == 0 { means.add([a[components], a[components + 1]], lag: 0, first: components + 1) }
  }

  func tables(_ setting: TableSetting) -> [ObservableTable] {
    let n = components
    let start = means.means.first
    let volume = start?[n + 1].mean ?? .nan
    let temperature = (start?[n + 2].mean ?? .nan) / Double(max(1, degreesOfFreedom))
    let factor = volume / temperature
    let isReduced = setting.units == .lj
    let pressure = isReduced ? "" : "eV/\(setting.units.lengthName)^3"
    let values = means.values(n).map { factor * $0 }
    let errors = means.errors(n, setting).map { factor * $0 }
    let parameters = [
      "temperature": "\(brief(temperature / setting.units.boltzmann))\(isReduced ? "" : " K")",
      n == 2 ? "area" : "volume": "\(brief(volume))\(isReduced ? "" : " \(setting.units.lengthName)³")",
    ]
    let relaxation = ObservableTable(
      kind: "stress-autocorrelation", title: "Stress autocorrelation", file: files.relaxation,
      definition:
        "G(t) = V⟨σ(t)σ(0)⟩/k_BT over the \(n == 2 ? "two" : "five") independent components of the deviatoric stress and origins, kinetic part "
        + "included; one standard error from blocks of origins.", parameters: parameters, x: setting.timeAxis,
      y: .init(column: "G", label: "G(t)", unit: pressure), abscissas: setting.times,
      curves: [.init(column: "G", label: "", values: values, errors: errors)], samples: means.samples)
    // eV fs/Å³ in mPa s.
    let scale = factor * (isReduced ? 1 : 0.1602176634)
    let each = (0..<n).map { component in
      Self.integral(means.values(component), setting.times).map { scale * $0 }
    }
    var viscosity = ObservableTable(
      kind: "viscosity", title: "Viscosity by Green and Kubo", file: files.viscosity,
      definition:
        "The integral of G from 0 to t by trapezoids; one standard error from the scatter of the \(n == 2 ? "two" : "five") components.",
      parameters: parameters, x: setting.timeAxis,
      y: .init(column: "eta", label: "η(t)", unit: isReduced ? "" : "mPa s"),
      abscissas: setting.times,
      curves: [
        .init(
          column: "eta", label: "",
          values: setting.times.indices.map { k in each.reduce(0) { $0 + $1[k] } / Double(n) },
          errors: setting.times.indices.map { k in Self.error(each.map { $0[k] }) })
      ], samples: means.samples)
    viscosity.findings = Self.finding(viscosity, values, errors, unit: viscosity.y.unit)
    if viscosity.findings.isEmpty {
      viscosity.notes.append(
        "G(t) does not vanish within its errors: the run or the longest lag is too short for a viscosity.")
    }
    return [relaxation, viscosity]
  }

  /// Running integrals by trapezoids.
  static func integral(_ values: [Double], _ times: [Double]) -> [Double] {
    var sum = 0.0
    return values.indices.map { k in
      if k > 0 { sum += 0.5 * (values[k] + values[k - 1]) * (times[k] - times[k - 1]) }
      return sum
    }
  }

  private static func error(_ values: [Double]) -> Double {
    let mean = values.reduce(0, +) / Double(values.count)
    let scatter = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (scatter / Double(values.count * (values.count - 1))).squareRoot()
  }

  /// The viscosity where G has fallen into its noise: at the first lag where it is no larger than its error.
  private static func finding(
    _ table: ObservableTable, _ g: [Double], _ errors: [Double], unit: String
  ) -> [ObservableTable.Finding] {
    guard let end = g.indices.first(where: { $0 > 0 && g[$0] <= errors[$0] }) else { return [] }
    let curve = table.curves[0]
    return [
      .init(
        name: "eta", value: curve.values[end], error: curve.errors[end].isFinite ? curve.errors[end] : nil, unit: unit,
        definition:
          "shear viscosity, the integral of G to t = \(brief(table.abscissas[end])), where G is first within its error of 0"
      )
    ]
  }
}
