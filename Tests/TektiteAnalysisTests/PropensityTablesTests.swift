import Testing

@testable import TektiteAnalysis

@Suite("Tables of propensities in reports")
struct PropensityTablesTests {
  @Test("Means, ceilings and predictors become plots; half a row and other tables do not")
  func tables() throws {
    let text = """
      step,time (fs),mean_all (Å),scatter_all (Å),split_half_all,ceiling_all,mean_A (Å),scatter_A (Å),split_half_A,ceiling_A
      10,20,0.5,0.1,0.9,0.973,0.4,0.1,-0.1,
      100,200,0.7,0.1,0.8,0.94,0.6
      """
    let report = try #require(PropensityTables.report(text, file: "x-propensity.csv", units: "real"))
    #expect(report.source == "x" && report.tables.map(\.kind) == ["propensity", "propensity-noise"])
    let means = report.tables[0]
    #expect(means.abscissas == [20] && means.x.unit == "fs" && means.y.unit == "Å")
    #expect(means.curves.map(\.label) == ["all", "A"] && means.curves.map(\.values) == [[0.5], [0.4]])
    #expect(report.tables[1].curves[1].values[0].isNaN)

    let predictors = """
      step,time,energy_all,distance_all,averaged_energy_all,energy_A,distance_A,averaged_energy_A
      10,0.05,0.1,0.2,0.3,0.4,0.5,0.6
      """
    let other = try #require(PropensityTables.report(predictors, file: "x-predictors.csv", units: "lj"))
    #expect(other.tables[0].curves.map(\.label) == ["energy, A", "distance, A", "averaged energy, A"])
    #expect(other.tables[0].curves.map(\.values) == [[0.4], [0.5], [0.6]])

    for stranger in ["", "step", "step,time\n1,2", "step,time,potential,kinetic\n0,0,1,2", "a,b,c,mean_all\n1,2,3,4"] {
      #expect(PropensityTables.report(stranger, file: "x.csv", units: "lj") == nil, "\(stranger)")
    }
  }
}
