import Foundation
import Tektite

/// The results of a campaign: a row for each run.
struct CampaignResults {
  /// Runs that are done.
  private(set) var finished = 0
  /// The table.
  let csv: String

  init(_ campaign: Campaign, _ folder: CampaignFolder) {
    var columns: [String] = []
    var known: Set<String> = []
    var rows: [(status: String, values: [String: Double])] = []
    for run in campaign.runs {
      var row = (status: "not begun", values: [String: Double]())
      if let contents = try? RunContents(folder: folder.place(run.name)) {
        row.status = contents.status ?? "unknown"
        for scalar in contents.scalars {
          if known.insert(scalar.name).inserted { columns.append(scalar.name) }
          row.values[scalar.name] = scalar.value
        }
      }
      if row.status == "finished" { finished += 1 }
      rows.append(row)
    }
    func cell(_ text: String) -> String {
      text.contains(where: { ",\"\n".contains($0) })
        ? "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : text
    }
    let parameters = campaign.parameters.filter { $0 != "name" }
    var text = (["run"] + parameters + ["status"] + columns).map(cell).joined(separator: ",") + "\n"
    for (run, row) in zip(campaign.runs, rows) {
      let values = zip(campaign.parameters, run.values).filter { $0.0 != "name" }.map(\.1)
      var cells: [String] = [run.name] + values
      cells.append(row.status)
      for column in columns { cells.append(row.values[column].map { "\($0)" } ?? "") }
      text += cells.map(cell).joined(separator: ",") + "\n"
    }
    csv = text
  }
}
