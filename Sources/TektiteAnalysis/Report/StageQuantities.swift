import TektiteTrajectories

extension StageTable {
  /// A column that is shown, and how.
  struct Quantity {
    var column: String
    var title: String
    var label: String
    /// The label where the number of atoms is not known.
    var totalLabel: String?
    var scale = ObservableTable.Scale.linear
    var isAveraged = true

    /// An empty course of the column.
    func course(unit: String, atoms: Int?) -> Course {
      var (unit, factor, label, title) = (unit, 1.0, label, title)
      if let totalLabel {
        if let atoms, atoms > 0 {
          factor = 1 / Double(atoms)
          title += " per atom"
        } else {
          label = totalLabel
        }
      }
      if unit == "eV/Å^3" {
        // 1 eV/Å³ = 160.2176634 GPa (CODATA 2018).
        unit = "GPa"
        factor *= 160.217_663_4
      }
      return Course(
        column: column, title: title, axis: .init(column: column, label: label, unit: unit, scale: scale),
        factor: factor, isAveraged: isAveraged)
    }
  }

  /// A kind of table: its abscissa, other columns by which it is known, and what is shown of it.
  struct Kind {
    var x: String
    var label: String
    var marks: [String] = []
    var quantities: [Quantity]
  }

  /// The kinds; a table is of the first whose abscissa it has.
  static let kinds = [
    Kind(x: "time", label: "t", quantities: dynamics),
    Kind(x: "strain", label: "γ", marks: ["shear_stress"], quantities: quasistaticShear),
    Kind(x: "step", label: "step", marks: ["max_force"], quantities: descent),
  ]

  /// Of dynamics.
  private static let dynamics = [
    Quantity(column: "temperature", title: "Temperature", label: "T"),
    Quantity(column: "potential", title: "Potential energy", label: "U/N", totalLabel: "U"),
    // The table has it per atom.
    Quantity(column: "drift", title: "Drift of the conserved energy per atom", label: "ΔE/N", isAveraged: false),
    Quantity(column: "pressure", title: "Pressure", label: "P"),
    Quantity(column: "shear_stress", title: "Shear stress", label: "σ"),
    Quantity(column: "energy_spread", title: "Spread of the committee's energy", label: "σ_E"),
    Quantity(column: "max_force_spread", title: "Largest spread of a force", label: "σ_F"),
  ]

  /// Of quasistatic shear.
  private static let quasistaticShear = [
    Quantity(column: "shear_stress", title: "Shear stress", label: "σ", isAveraged: false),
    Quantity(column: "potential", title: "Potential energy", label: "U/N", totalLabel: "U", isAveraged: false),
    Quantity(column: "pressure", title: "Pressure", label: "P", isAveraged: false),
    Quantity(column: "dissipation", title: "Energy lost in a step", label: "ΔE", isAveraged: false),
  ]

  /// Of a minimisation.
  private static let descent = [
    Quantity(column: "potential", title: "Potential energy", label: "U/N", totalLabel: "U", isAveraged: false),
    Quantity(column: "max_force", title: "Largest force", label: "F_max", scale: .log, isAveraged: false),
  ]
}
