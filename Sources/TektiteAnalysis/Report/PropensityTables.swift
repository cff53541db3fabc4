import TektiteDynamics

/// The tables of an isoconfigurational ensemble as those of observables, for plots.
enum PropensityTables {
  /// Reads the text of a `NAME-propensity.csv` or `NAME-predictors.csv`; nil for other tables.
  static func report(_ text: String, file: String, units: String) -> ObservableReport? {
    var lines = text.split(separator: "\n").makeIterator()
    guard let header = lines.next()?.split(separator: ",").map(String.init), header.count > 3, header[0] == "step",
      header[1].hasPrefix("time")
    else { return nil }
    var columns = [[Double]](repeating: [], count: header.count)
    while let line = lines.next() {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      // A row that is not whole ends the table.
      guard cells.count == header.count else { break }
      for (k, cell) in cells.enumerated() { columns[k].append(Double(cell) ?? .nan) }
    }
    guard !columns[0].isEmpty else { return nil }
    let parts = header.map { heading -> (name: String, unit: String) in
      guard heading.hasSuffix(")"), let open = heading.range(of: " (") else { return (heading, "") }
      return (String(heading[..<open.lowerBound]), String(heading[open.upperBound...].dropLast()))
    }
    let time = ObservableTable.Axis(column: "time", label: "t", unit: parts[1].unit, scale: .log)
    func curves(_ prefix: String, _ label: (String) -> String = { $0 }) -> [ObservableTable.Curve] {
      parts.indices.filter { parts[$0].name.hasPrefix(prefix) }.map { k in
        let group = String(parts[k].name.dropFirst(prefix.count))
        // Means over several configurations have errors.
        let errors = parts.firstIndex { $0.name == "error_of_" + parts[k].name }.map { columns[$0] }
        return .init(column: parts[k].name, label: label(group), values: columns[k], errors: errors ?? [])
      }
    }
    func table(
      _ kind: String, _ title: String, _ definition: String, _ y: ObservableTable.Axis,
      _ curves: [ObservableTable.Curve]
    ) -> ObservableTable? {
      guard !curves.isEmpty else { return nil }
      return ObservableTable(
        kind: kind, title: title, file: file, definition: definition, x: time, y: y, abscissas: columns[1],
        curves: curves,
        samples: [Int](repeating: 0, count: columns[0].count))
    }
    // Where there are species, correlations over all atoms mostly tell the species apart.
    let isMixture = parts.contains { $0.name.hasPrefix("energy_") && $0.name != "energy_all" }
    func predictor(_ prefix: String, _ name: String) -> [ObservableTable.Curve] {
      curves(prefix) { "\(name), \($0)" }.filter { !isMixture || $0.column != prefix + "all" }
    }
    let unit = parts.first { $0.name.hasPrefix("mean_") }?.unit ?? ""
    let tables = [
      table(
        "propensity", "Mean propensity", "What an atom does on average over the runs, averaged over atoms.",
        .init(column: "propensity", label: "⟨p⟩", unit: unit, scale: .log), curves("mean_")),
      table(
        "propensity-noise", "Best possible correlation with propensity",
        "√(2r/(1 + r)) from the correlation r between the propensities of the runs of even and of odd number: what a perfect prediction would reach.",
        .init(column: "ceiling", label: "ceiling"), curves("ceiling_")),
      table(
        "propensity-predictors", "What the inherent structure tells of propensity",
        "Pearson's correlation over atoms with the energy of an atom in the inherent structure, its distance to where it is there, and the energy averaged over its surroundings.",
        .init(column: "correlation", label: "r"),
        predictor("energy_", "energy") + predictor("distance_", "distance")
          + predictor("averaged_energy_", "averaged energy")),
    ].compactMap { $0 }
    guard !tables.isEmpty else { return nil }
    let source = ["-propensity.csv", "-predictors.csv"].first(where: file.hasSuffix).map {
      String(file.dropLast($0.count))
    }
    return ObservableReport(source: source ?? file, units: units, ensemble: "", tables: tables)
  }
}
