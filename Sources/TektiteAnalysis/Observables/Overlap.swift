import TektiteCore
import TektiteDynamics

/// Q(t), the fraction of atoms that have moved by less than a distance, and χ₄(t) = N(⟨Q²⟩ − ⟨Q⟩²), its fluctuation from origin to origin, which
/// grows with the number of atoms that move together (Lačević et al. 2003, doi:10.1063/1.1605094).
struct Overlap: DisplacementAverage {
  let files: (overlap: String, susceptibility: String)
  let choice: GroupChoice
  let distance: Double
  let fit: FitWindow
  var means: LagMeans

  init(
    files: (overlap: String, susceptibility: String), choice: GroupChoice, distance: Double,
    fit: FitWindow = .automatic, lags: Int
  ) {
    self.fit = fit
    self.files = files
    self.choice = choice
    self.distance = distance
    means = LagMeans(lags: lags, quantities: choice.count)
  }

  mutating func add(_ origin: PackedFrame, _ later: PackedFrame, lag: Int) {
    means.add(
      choice.means {
        Double(DisplacementSums.within(distance, from: origin.positions, to: later.positions, $0))
      }, lag: lag)
  }

  var displacementSums: [DisplacementSum] { [.within(distance)] }

  mutating func add(_ sums: [[Double]], lag: Int) { means.add(choice.means(of: sums[0]), lag: lag) }

  func tables(_ setting: TableSetting) -> [ObservableTable] {
    let parameters = [
      "distance": brief(distance) + (setting.units == .lj ? "" : " " + setting.units.lengthName),
      "species": choice.words,
    ]
    var overlap = ObservableTable(
      kind: "overlap", title: "Overlap", file: files.overlap,
      definition:
        "The fraction of atoms that have moved by less than \(brief(distance)), over origins; one standard error from blocks of origins.",
      parameters: parameters, x: setting.timeAxis, y: .init(column: "Q", label: "Q(t)"), abscissas: setting.times,
      curves: choice.labels.enumerated().map { k, label in
        .init(column: label, label: label, values: means.values(k), errors: means.errors(k, setting))
      }, samples: means.samples)
    for curve in overlap.curves {
      if let finding = DecayTime.find(curve, times: overlap.abscissas, setting, name: "Q", symbol: "tau_Q") {
        overlap.findings.append(finding)
      }
    }
    RelaxationFit.add(to: &overlap, window: fit)
    let atoms = choice.atoms
    let ensemble = setting.ensemble.isEmpty ? "the ensemble of the run" : setting.ensemble
    var susceptibility = ObservableTable(
      kind: "four-point-susceptibility", title: "Four-point susceptibility", file: files.susceptibility,
      definition:
        "N(⟨Q²⟩ − ⟨Q⟩²) over origins within one run, fluctuations of \(ensemble); one standard error by leaving out blocks of origins.",
      parameters: parameters.merging(["ensemble": ensemble]) { first, _ in first }, x: setting.timeAxis,
      y: .init(column: "chi4", label: "χ₄(t)"), abscissas: setting.times,
      curves: choice.labels.enumerated().map { k, label in
        .init(
          column: label, label: label, values: means.means.map { Double(atoms[k]) * $0[k].variance },
          errors: means.means.indices.map {
            Double(atoms[k]) * means.means[$0][k].varianceError(span: setting.overlaps[$0])
          })
      }, samples: means.samples)
    if setting.ensemble == "NVE" {
      susceptibility.notes.append(
        "At constant energy fluctuations are smaller than at constant temperature, by (dQ/dT)² T²/c_V, and both lack those of density and composition."
      )
    }
    return [overlap, susceptibility]
  }
}
