import Foundation
import Tektite

/// The folder of a campaign.
struct CampaignFolder {
  let path: String
  init(_ path: String) { self.path = path }

  func place(_ name: String) -> String { (path as NSString).appendingPathComponent(name) }

  /// Makes the folder and writes the decks.
  func prepare(_ campaign: Campaign) throws {
    do {
      for name in ["", "decks", "logs"] {
        try FileManager.default.createDirectory(atPath: place(name), withIntermediateDirectories: true)
      }
    } catch {
      throw InputError("the folder cannot be made: \(error.localizedDescription)", file: path)
    }
    for run in campaign.runs { try write(run.deck.spelledOut, to: "decks/\(run.name).yaml") }
  }

  func write(_ text: String, to name: String) throws {
    if (try? String(contentsOfFile: place(name), encoding: .utf8)) == text { return }
    let file = try WholeFile(place(name), overwrite: true)
    do {
      try file.write(Data(text.utf8))
      try file.finish()
    } catch {
      file.discard()
      throw error
    }
  }

  /// Whether a run is done, as its record has it, with the deck that it has now.
  func isFinished(_ run: Campaign.Run) -> Bool {
    guard let text = try? String(contentsOfFile: place("\(run.name)/run.json"), encoding: .utf8),
      let record = RunRecord(json: text), record.status == "finished",
      let old = try? String(contentsOfFile: place("\(run.name)/deck.yaml"), encoding: .utf8)
    else { return false }
    return (try? run.deck.plan().deckText) == old
  }

  /// A script that runs each deck as a task of a Slurm job array, and goes on with those that were interrupted.
  func slurmScript(_ campaign: Campaign, jobs: Int?, threads: Int, options: [String]) -> String {
    let last = campaign.runs.count - 1
    var text = "#!/bin/bash\n#SBATCH --job-name=tektite\n#SBATCH --array=0-\(last)\(jobs.map { "%\($0)" } ?? "")\n"
    text += "#SBATCH --ntasks=1\n#SBATCH --cpus-per-task=\(threads)\n#SBATCH --output=logs/%a.log\n"
    // Runs write a checkpoint when they are told to end; a minute is enough for that.
    text += "#SBATCH --signal=TERM@60\n"
    for option in options { text += "#SBATCH --\(option)\n" }
    text +=
      "# Submit from this folder: sbatch campaign.sbatch. Submitted again, it goes on with runs that did not finish.\n"
    text += "runs=(\n"
    for run in campaign.runs { text += "  \(Self.quoted(run.name))\n" }
    text += ")\nrun=${runs[$SLURM_ARRAY_TASK_ID]}\n"
    text += "cd \"${SLURM_SUBMIT_DIR:-.}\"\n"
    text += "exec tektite run \"decks/$run.yaml\" --output \"$run\" --threads \(threads) --resume --quiet\n"
    return text
  }

  private static func quoted(_ word: String) -> String { "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'" }
}
