import ArgumentParser
import Foundation
import Tektite

/// `tektite campaign`.
struct CampaignCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "campaign",
    abstract: "Run a table of decks, here or on a cluster, and gather the results.",
    discussion: """
      A table names a template deck and the values of the parameters that stand in it as ${parameter}:

        deck: liquid.yaml
        parameters: {temperature: [0.5, 0.6, 0.8], seed: [1, 2, 3, 4]}

      or, instead of 'parameters', 'table: runs.csv' with a column for each parameter and a row for each run (and a column 'name', if the runs are to have names). Then

        tektite campaign table.yaml --jobs 4

      runs them all, four at a time, into table-campaign: decks and logs, a folder for each run, and results.csv, a row for each run with its parameters, means of its tables, what was \
      read off its observables, and its certificates. Interrupted, the same command goes on. A run that fails is told with its reason; the others go on. --slurm writes a script for \
      a job array instead, and --gather only gathers what is there.
      """)

  @Argument(
    help: "The table: YAML, or comma-separated values with --deck.",
    completion: .file(extensions: ["yaml", "yml", "csv"]))
  var table: String
  @Option(help: ArgumentHelp("The template deck. (default: that of the table)", valueName: "file"))
  var deck: String?
  @Option(
    name: [.short, .long],
    help: ArgumentHelp("The folder to write to. (default: <table name>-campaign beside the table)", valueName: "dir"))
  var output: String?
  @Option(name: [.short, .long], help: "Runs at a time. (default: as many as the threads of each leave cores for)")
  var jobs: Int?
  @Option(name: [.short, .long], help: "Threads for each run. (default: what the table says, or 1)")
  var threads: Int?
  @Flag(help: "Write a script for a Slurm job array, campaign.sbatch, and run nothing.")
  var slurm = false
  @Option(
    help: ArgumentHelp(
      "A line for the head of that script, such as partition=short or time=12:00:00.", valueName: "option"))
  var slurmOption: [String] = []
  @Flag(help: "Gather the results of what has been run, and run nothing.")
  var gather = false
  @Flag(name: [.short, .long], help: "Say nothing but errors.")
  var quiet = false

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    if slurm && gather { throw InputError("either writes a script or gathers results; leave out one", file: "--slurm") }
    if !slurm, !slurmOption.isEmpty { throw InputError("belongs to --slurm", file: "--slurm-option") }
    if let output, output.isEmpty { throw InputError("the name of the folder is empty", file: "--output") }
    let campaign = try Campaign(contentsOf: table, template: deck)
    // Everything that can be found wrong is found before anything runs.
    for run in campaign.runs {
      do {
        _ = try run.deck.plan()
      } catch {
        var explained = error
        explained.message = "in the run '\(run.name)': \(error.message)"
        throw explained
      }
    }
    let threads = try Cores.threads(self.threads ?? campaign.threads ?? 1, atoms: 1)
    let jobs = self.jobs ?? max(1, Cores.available / threads)
    guard (1...1024).contains(jobs) else {
      throw InputError("\(jobs) runs at a time; expected 1 to 1024", file: "--jobs")
    }
    let folder = CampaignFolder(output ?? RunFiles.defaultFolder(forDeck: table, suffix: "campaign"))
    if !gather { try folder.prepare(campaign) }
    if slurm {
      for option in slurmOption where option.contains(where: \.isNewline) {
        throw InputError("must be on one line", file: "--slurm-option")
      }
      let script = folder.slurmScript(campaign, jobs: self.jobs, threads: threads, options: slurmOption)
      try folder.write(script, to: "campaign.sbatch")
      if !quiet {
        say(
          "\(Wording.count(campaign.runs.count, "run")); start them with: cd \(folder.path) && sbatch campaign.sbatch")
        say("then gather the results with: tektite campaign \(table)\(output.map { " --output \($0)" } ?? "") --gather")
      }
      return
    }
    var failures: [String] = []
    if !gather {
      var pool = CampaignPool(campaign, folder, jobs: jobs, threads: threads, quiet: quiet)
      let outcome = pool.run()
      failures = outcome.failures
      if let signal = outcome.signal {
        say(
          "stopped by a signal; \(outcome.finished) of \(campaign.runs.count) runs are done. The same command goes on.")
        throw ExitCode(128 + signal)
      }
    }
    let results = CampaignResults(campaign, folder)
    try folder.write(results.csv, to: "results.csv")
    if !quiet {
      say(
        "\(results.finished) of \(Wording.count(campaign.runs.count, "run")) finished; results in \(folder.path)/results.csv"
      )
    }
    // Without --quiet each was told when it failed.
    if quiet { for failure in failures { say(failure) } }
    if !failures.isEmpty {
      if !quiet { say("\(Wording.count(failures.count, "run")) failed; see \(folder.path)/logs") }
      throw ExitCode(1)
    }
  }
}
