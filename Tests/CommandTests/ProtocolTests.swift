import Foundation
import Testing

@Suite("Protocols", .serialized)
struct ProtocolTests {
  /// A small liquid at T = 1.5 that is equilibrated and then certified, with everything that a certificate of the finished run needs.
  private static func certified(_ melt: String, steps: Int = 20_000, temperature: Double = 1.5) -> String {
    Decks.kobAndersen(
      melt,
      """
      dynamics:
        name: production
        thermostat: {kind: nose-hoover, temperature: \(temperature), time: 1}
        timestep: 0.004
        steps: \(steps)
        thermo: {every: 20}
        trajectory: {every: 20}
        certificate: {species: A, origins: 20, every: 20}
      """)
  }

  private func verdict(_ text: String) throws -> (isEquilibrium: Bool, verdict: String, checks: [String: [String: Any]])
  {
    let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    var checks: [String: [String: Any]] = [:]
    for check in try #require(object["checks"] as? [[String: Any]]) { checks[check["name"] as? String ?? ""] = check }
    return (
      try #require(object["isEquilibrium"] as? Bool), try #require(object["verdict"] as? String), checks
    )
  }

  @Test("An equilibrated liquid is certified: live, from its files, and on the page")
  func equilibrium() throws {
    let scratch = try Scratch()
    let melt = """
      dynamics:
        name: melt
        thermostat: {kind: langevin, temperature: 1.5, friction: 1}
        timestep: 0.004
        steps: 5000
      """
    try scratch.write(Self.certified(melt), to: "deck.yaml")
    let run = try Program.run("run", "deck.yaml", "--threads", "1", in: scratch)
    #expect(run.code == 0, "\(run.error)")
    let live = try verdict(scratch.text("deck-run/production-certificate.json"))
    #expect(live.isEquilibrium, "\(live.verdict) \(live.checks)")
    #expect(run.error.contains("In equilibrium, as far as this run can tell."), "\(run.error)")
    #expect(run.output.contains("equilibrium certificate of 'production'"), "\(run.output)")

    let analysis = try Program.run(
      "analyze", "deck-run/production.nc", "--certificate", "--thermo", "deck-run/production.csv", "--species", "A",
      "--observables", "fs", "--output", "deck-run", in: scratch)
    #expect(analysis.code == 0, "\(analysis.error)")
    let finished = try verdict(scratch.text("deck-run/certificate.json"))
    #expect(finished.isEquilibrium, "\(finished.verdict) \(finished.checks)")
    // The same energies at the same steps make the same drift; F_s comes from single precision.
    for name in ["drift", "length", "crystal"] {
      let (a, b) = (live.checks[name]?["value"] as? Double, finished.checks[name]?["value"] as? Double)
      let (x, y) = (try #require(a), try #require(b))
      #expect(abs(x - y) <= (name == "length" ? 0.02 * x : 1e-6 * max(1, x)), "\(name): \(x), \(y)")
    }
    let report = try Program.run("report", "deck-run", in: scratch)
    #expect(report.code == 0, "\(report.error)")
    let page = scratch.text("deck-run/report.html")
    #expect(page.contains("Equilibrium certificate of <em>production</em>"))
    #expect(page.contains("In equilibrium, as far as this run can tell."))
    #expect(page.contains("second half"))
  }

  @Test("A liquid that was quenched and still ages is not")
  func ageing() throws {
    let scratch = try Scratch()
    let melt = """
      dynamics:
        name: melt
        thermostat: {kind: langevin, temperature: 3, friction: 1}
        timestep: 0.004
        steps: 3000
      """
    try scratch.write(Self.certified(melt, temperature: 0.4), to: "deck.yaml")
    let run = try Program.run("run", "deck.yaml", "--threads", "1", in: scratch)
    #expect(run.code == 0, "\(run.error)")
    let found = try verdict(scratch.text("deck-run/production-certificate.json"))
    #expect(!found.isEquilibrium, "\(found.verdict)")
    #expect(found.checks["drift"]?["isPassed"] as? Bool == false, "\(found.checks)")
    #expect(found.checks["length"]?["isPassed"] as? Bool == false, "\(found.checks)")
    #expect(run.error.contains("Not shown to be in equilibrium: the potential energy drifts"), "\(run.error)")
  }

  @Test("What cannot be certified is refused with a reason")
  func refusals() throws {
    let scratch = try Scratch()
    try scratch.write(Self.certified("minimize: {force-tolerance: 1}", steps: 30), to: "deck.yaml")
    let short = try Program.run("check", "deck.yaml", in: scratch)
    #expect(
      short.code == 2 && short.error.contains("deck.yaml:17") && short.error.contains("too few"), "\(short.error)")
    try scratch.write(Self.certified("minimize: {force-tolerance: 1}", steps: 400), to: "deck.yaml")
    #expect(try Program.run("run", "deck.yaml", "-q", in: scratch).code == 0)
    for (arguments, message) in [
      (["--thermo", "deck-run/production.csv"], "belongs to --certificate"),
      (["--certificate", "--thermo", "deck-run/production-certificate.json"], "production-certificate.json"),
      (["--certificate", "--relaxation-times", "0"], "must be greater than 0"),
      (["--certificate", "--k", "0.01"], "below 2π/L"),
      (["--certificate", "deck-run/production.nc"], "give one trajectory"),
    ] {
      let result = try Program.start(
        ["analyze", "deck-run/production.nc", "--observables", "msd", "-o", "out"] + arguments, in: scratch
      ).result()
      #expect(result.code == 2 && result.error.contains(message), "\(arguments): \(result.error)")
      #expect(!scratch.exists("out"))
    }
  }

  // MARK: Inherent structures

  private static func stream(_ inherent: String) -> String {
    Decks.kobAndersen(
      """
      dynamics:
        name: liquid
        thermostat: {kind: langevin, temperature: 1.0, friction: 1}
        timestep: 0.004
        steps: 600
        thermo: {every: 50}
        trajectory: {file: liquid.extxyz, every: 150}
        checkpoint: {every: 70}
      """ + inherent)
  }

  @Test("Inherent structures leave the run as it is, and are those of its frames", arguments: ["fire", "lbfgs"])
  func inherentStructures(_ algorithm: String) throws {
    let scratch = try Scratch()
    try scratch.write(Self.stream(""), to: "without.yaml")
    try scratch.write(
      Self.stream("\n  inherent-structures: {every: 150, algorithm: \(algorithm), force-tolerance: 1e-5}"),
      to: "with.yaml")
    for name in ["with", "without"] {
      let run = try Program.run("run", "\(name).yaml", "-q", "--threads", "1", in: scratch)
      #expect(run.code == 0, "\(run.error)")
    }
    for file in ["liquid.csv", "liquid.extxyz"] {
      #expect(scratch.data("with-run/\(file)") == scratch.data("without-run/\(file)"), "\(file)")
    }
    let rows = scratch.text("with-run/liquid-inherent.csv").split(separator: "\n").map { $0.split(separator: ",") }
    #expect(rows.count == 6 && rows[0].starts(with: ["step", "time", "potential"]), "\(rows)")
    for row in rows.dropFirst() {
      // e_IS of this mixture lies near -7.6 after a melt; the tolerance was reached.
      let energy = try #require(Double(row[3]))
      #expect(energy < -6.8 && energy > -7.9 && row[7] == "1", "\(row)")
      #expect(try #require(Double(row[5])) < 1e-5)
    }
    // Frames in full precision have the same minima to the bit.
    let quench = try Program.run(
      "quench", "with-run/liquid.extxyz", "--potential", "kob-andersen", "--output", "minima", "--algorithm", algorithm,
      "--force-tolerance", "1e-5", "--threads", "2", in: scratch)
    #expect(quench.code == 0 && quench.error.contains("5 minima"), "\(quench.error)")
    #expect(scratch.text("minima/inherent.csv") == scratch.text("with-run/liquid-inherent.csv"))
    let inspected = try Program.run("inspect", "minima/inherent.nc", in: scratch)
    #expect(inspected.output.contains("5"), "\(inspected.output)")
  }

  @Test("A quench of a trajectory that is interrupted and resumed leaves the same bytes")
  func resumedQuench() throws {
    let scratch = try Scratch()
    try scratch.write(
      Decks.kobAndersen(
        """
        dynamics: {name: liquid, timestep: 0.004, steps: 1200, trajectory: {every: 20}}
        """), to: "deck.yaml")
    #expect(try Program.run("run", "deck.yaml", "-q", in: scratch).code == 0)
    func arguments(_ output: String, _ more: String...) -> [String] {
      ["quench", "deck-run/liquid.nc", "-p", "kob-andersen", "-o", output, "-q", "-t", "1"] + more
    }
    let clock = ContinuousClock()
    var code: Int32 = 0
    let length = try clock.measure { code = try Program.start(arguments("whole"), in: scratch).result().code }
    #expect(code == 0)
    for attempt in 0..<3 {
      let running = try Program.start(arguments("parts", "--resume"), in: scratch)
      Thread.sleep(forTimeInterval: (0.25 + 0.1 * Double(attempt)) * (length / .seconds(1)))
      running.send([SIGTERM, SIGKILL, SIGINT][attempt])
      _ = running.result()
    }
    let last = try Program.start(arguments("parts", "--resume"), in: scratch).result()
    #expect(last.code == 0, "\(last.error)")
    for file in ["inherent.nc", "inherent.csv", "quench.json"] {
      #expect(scratch.data("parts/\(file)") == scratch.data("whole/\(file)"), "\(file)")
    }
    for (more, message) in [
      ([], "--resume"), (["--resume", "--force-tolerance", "1e-3"], "another trajectory, potential or tolerance"),
      (["--resume", "--overwrite"], "not both"), (["--overwrite", "--every", "0"], "1 or more"),
      (["--overwrite", "--algorithm", "fiire"], "did you mean 'fire'"),
    ] {
      let refused = try Program.start(arguments("parts") + more, in: scratch).result()
      #expect(refused.code == 2 && refused.error.contains(message), "\(more): \(refused.error)")
    }
    let foreign = try Program.run(
      "quench", "deck-run/liquid.nc", "-p", "bks-silica-short", "-o", "other", in: scratch)
    #expect(foreign.code == 2, "\(foreign.error)")
  }

  // MARK: Campaigns

  private static let template = """
    units: lj
    seed: ${seed}
    system:
      build: {lattice: fcc, counts: {A: 80, B: 20}, density: 1.2}
      velocities: {temperature: ${temperature}}
    potential: kob-andersen
    stages:
      - dynamics:
          name: liquid
          timestep: ${timestep}
          steps: 200
          thermo: {every: 10}
          observe: [mean-squared-displacement: {origins: 10}]
    """

  @Test("A campaign runs its table, tells what failed, gathers, and goes on")
  func campaign() throws {
    let scratch = try Scratch()
    try scratch.write(Self.template, to: "liquid.yaml")
    // A timestep of 3 blows up; the others are fine.
    try scratch.write("seed,temperature,timestep\n1,1.0,0.004\n# a comment\n2,1.5,0.004\n3,1.0,3\n", to: "runs.csv")
    try scratch.write("deck: liquid.yaml\ntable: runs.csv\n", to: "table.yaml")
    let first = try Program.run("campaign", "table.yaml", "--jobs", "2", in: scratch)
    #expect(first.code == 1, "\(first.error)")
    #expect(first.error.contains("seed-3_temperature-1.0_timestep-3: failed, exit code 3"), "\(first.error)")
    #expect(first.error.contains("2 of 3 runs finished"), "\(first.error)")
    let results = scratch.text("table-campaign/results.csv").split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    #expect(results.count == 4 && results[0].starts(with: ["run", "seed", "temperature", "timestep", "status"]))
    #expect(results.map(\.count).allSatisfy { $0 == results[0].count })
    #expect(results.dropFirst().map { $0[4] } == ["finished", "finished", "unphysical"])
    let column = try #require(results[0].firstIndex(of: "liquid.potential_per_atom"))
    #expect(try #require(Double(results[1][column])) < 0)
    #expect(results[0].contains { $0.hasPrefix("liquid.temperature") })

    // What is done stays as it is; a run that is begun anew has the same bytes.
    let kept = scratch.data("table-campaign/seed-2_temperature-1.5_timestep-0.004/liquid.csv")
    try FileManager.default.removeItem(atPath: scratch.path + "/table-campaign/seed-2_temperature-1.5_timestep-0.004")
    let again = try Program.run("campaign", "table.yaml", in: scratch)
    #expect(again.code == 1 && again.error.contains("1 run done before"), "\(again.error)")
    #expect(kept != nil && scratch.data("table-campaign/seed-2_temperature-1.5_timestep-0.004/liquid.csv") == kept)
    let gathered = try Program.run("campaign", "table.yaml", "--gather", in: scratch)
    #expect(gathered.code == 0 && gathered.error.contains("2 of 3 runs finished"), "\(gathered.error)")
  }

  @Test("A campaign that is interrupted goes on to the same end")
  func interruptedCampaign() throws {
    let scratch = try Scratch()
    try scratch.write(Self.template.replacingOccurrences(of: "steps: 200", with: "steps: 60000"), to: "liquid.yaml")
    try scratch.write(
      "deck: liquid.yaml\nparameters: {seed: [1, 2, 3], temperature: 1.0, timestep: 0.004}\n", to: "t.yaml")
    let whole = try Program.run("campaign", "t.yaml", "-o", "whole", "-q", "--jobs", "2", in: scratch)
    #expect(whole.code == 0 && whole.error.isEmpty, "\(whole.error)")
    let running = try Program.start(["campaign", "t.yaml", "-o", "parts", "--jobs", "1"], in: scratch)
    #expect(running.waits(for: "1 of 3"))
    running.send(SIGTERM)
    let stopped = running.result()
    #expect(stopped.code == 143 && stopped.error.contains("goes on"), "\(stopped.code) \(stopped.error)")
    #expect(try Program.run("campaign", "t.yaml", "-o", "parts", "-q", in: scratch).code == 0)
    #expect(scratch.text("parts/results.csv") == scratch.text("whole/results.csv"))
    for run in 1...3 {
      let name = "seed-\(run)_temperature-1.0_timestep-0.004/liquid.csv"
      #expect(scratch.data("parts/\(name)") == scratch.data("whole/\(name)") && scratch.data("parts/\(name)") != nil)
    }
  }

  @Test("A job array is written, and mistakes in tables have their place")
  func tables() throws {
    let scratch = try Scratch()
    try scratch.write(Self.template, to: "liquid.yaml")
    try scratch.write(
      "deck: liquid.yaml\nparameters: {seed: [1, 2], temperature: [1.0, 2.0], timestep: 0.004}\n", to: "t.yaml")
    let slurm = try Program.run(
      "campaign", "t.yaml", "--slurm", "--threads", "2", "--slurm-option", "partition=short", in: scratch)
    #expect(slurm.code == 0, "\(slurm.error)")
    let script = scratch.text("t-campaign/campaign.sbatch")
    #expect(script.contains("#SBATCH --array=0-3\n") && script.contains("#SBATCH --partition=short\n"))
    #expect(script.contains("--cpus-per-task=2") && script.contains("'seed-2_temperature-2.0_timestep-0.004'"))
    #expect(scratch.files("t-campaign/decks").count == 4)
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/bash")
    shell.arguments = ["-n", scratch.path + "/t-campaign/campaign.sbatch"]
    try shell.run()
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 0, "the script is no shell script")

    for (table, message) in [
      ("deck: liquid.yaml\n", "needs 'parameters'"),
      ("deck: liquid.yaml\nparameters: {}\n", "needs 'parameters'"),
      (
        "deck: liquid.yaml\nparamters: {seed: 1}\n",
        "bad.yaml:2:1: error: a campaign has no key 'paramters'; did you mean 'parameters'?"
      ),
      (
        "deck: liquid.yaml\nparameters: {seed: 1, temperature: 1}\n",
        "liquid.yaml:10:17: error: the table bad.yaml has no parameter 'timestep'"
      ),
      (
        "deck: liquid.yaml\nparameters: {seed: 1, temperature: 1, timestep: 1, steps: 2}\n",
        "the deck has no '${steps}'"
      ),
      (
        "deck: liquid.yaml\nparameters: {seed: [1, 1], temperature: 1, timestep: 1}\n",
        "bad.yaml:2:24: error: '1' stands in this list already"
      ),
      ("deck: liquid.yaml\nparameters: {seed: [], temperature: 1, timestep: 1}\n", "the list of 'seed' is empty"),
      (
        "deck: liquid.yaml\nparameters: {seed: 1, temperature: cold, timestep: 0.1}\n",
        "in the run 'seed-1_temperature-cold_timestep-0.1'"
      ),
      ("deck: lquid.yaml\nparameters: {seed: 1}\n", "lquid.yaml"),
      ("deck: liquid.yaml\ntable: none.csv\n", "bad.yaml:2:8: error: there is no table 'none.csv'"),
      ("deck: liquid.yaml\ntable: bad.csv\n", "bad.csv:2:1: error: 2 values for the 3 columns"),
      ("parameters: {seed: 1}\n", "names no deck"),
    ] {
      try scratch.write(table, to: "bad.yaml")
      try scratch.write("seed,temperature,timestep\n1,2\n", to: "bad.csv")
      let refused = try Program.run("campaign", "bad.yaml", in: scratch)
      #expect(refused.code == 2 && refused.error.contains(message), "\(table)\(refused.error)")
      #expect(!scratch.exists("bad-campaign"))
    }
  }

  // MARK: Viewers

  /// What VMD would be told: its commands, written down instead of carried out.
  private static let recorder = """
    proc record {args} { puts [join $args " "] }
    set molecules -1
    proc mol {args} {
      global molecules
      record mol {*}$args
      if {[lindex $args 0] eq "new"} { incr molecules; return $molecules }
    }
    proc molinfo {args} { return 0 }
    proc animate {args} { record animate {*}$args }
    proc atomselect {args} { return atoms }
    proc atoms {args} { record atoms {*}$args }
    """

  @Test("The script for VMD loads what the run wrote, and puts propensities into the user field")
  func viewScript() throws {
    let scratch = try Scratch()
    try scratch.write(
      Decks.kobAndersen(
        counts: "{A: 20, B: 5}", "dynamics: {name: short, timestep: 0.004, steps: 20, trajectory: {every: 10}}",
        "isoconfigurational: {name: ensemble, runs: 2, temperature: 1, timestep: 0.004, steps: 4, at: [2, 4]}"),
      to: "deck.yaml")
    #expect(try Program.run("run", "deck.yaml", "-q", in: scratch).code == 0)
    let script = scratch.text("deck-run/view.vmd")
    for line in ["mol addfile", "{short.nc}", "tektite_field {ensemble-propensity.extxyz} {propensity}", "name \"A\""] {
      #expect(script.contains(line), "\(line) in\n\(script)")
    }
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/tclsh") else {
      print("there is no tclsh: the script for VMD was not carried out")
      return
    }
    try scratch.write(Self.recorder + "\nsource deck-run/view.vmd\n", to: "recorder.tcl")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/tclsh")
    process.arguments = ["recorder.tcl"]
    process.currentDirectoryURL = URL(fileURLWithPath: scratch.path)
    let (output, error) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, error)
    try process.run()
    let told = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let complaint = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(complaint)")
    let lines = told.split(separator: "\n")
    #expect(lines.contains { $0.hasPrefix("mol addfile") && $0.contains("short.nc type netcdf") }, "\(told)")
    // Two times, 25 atoms: the values of the column `propensity`.
    let users = lines.filter { $0.hasPrefix("atoms set user") }.map {
      $0.split(separator: " ").dropFirst(3).compactMap { Double($0) }
    }
    #expect(users.map(\.count) == [25, 25], "\(told)")
    let rows = scratch.text("deck-run/ensemble-propensity.extxyz").split(separator: "\n")
    for (frame, values) in users.enumerated() {
      #expect(values == (0..<25).compactMap { Double(rows[27 * frame + 2 + $0].split(separator: " ")[4]) })
    }
    #expect(lines.contains { $0.hasPrefix("mol scaleminmax 1 0 ") }, "\(told)")
  }

  @Test("Fields of atoms are extended XYZ as ASE reads it, given elements")
  func fields() throws {
    let scratch = try Scratch()
    try scratch.write(
      Decks.kobAndersen("dynamics: {name: liquid, timestep: 0.004, steps: 100, trajectory: {every: 50}}"),
      to: "deck.yaml")
    #expect(try Program.run("run", "deck.yaml", "-q", in: scratch).code == 0)
    let result = try Program.run(
      "analyze", "deck-run/liquid.nc", "--observables", "msd", "--displacements", "-o", "out", "-q", in: scratch)
    #expect(result.code == 0, "\(result.error)")
    let lines = scratch.text("out/displacements.extxyz").split(separator: "\n")
    #expect(lines.count == 3 * 252 && lines[1].contains("displacement:R:1:neighborhood:I:1"))
    // The start is fcc with two kinds of atoms on its sites, of which ten are empty.
    let start = lines[2..<252].map { $0.split(separator: " ") }
    #expect(start.allSatisfy { $0[4] == "0.0" } && start.count { $0[5] == "1" } > 50)
    guard let python = ProcessInfo.processInfo.environment["TEKTITE_PYTHON"] else {
      print("TEKTITE_PYTHON is not set: the fields are not read by ASE")
      return
    }
    let script = """
      import io, re, sys, ase.io, numpy
      # ASE knows elements only.
      text = re.sub('^B ', 'Kr ', re.sub('^A ', 'Ar ', open(sys.argv[1]).read(), flags=re.M), flags=re.M)
      frames = ase.io.read(io.StringIO(text), index=':', format='extxyz')
      last = frames[-1]
      assert len(frames) == 3 and last.info['step'] == 100 and abs(last.info['time'] - 0.4) < 1e-12
      assert all(last.pbc) and last.arrays['neighborhood'].dtype.kind == 'i'
      moved = numpy.linalg.norm(last.positions - frames[0].positions, axis=1)
      assert numpy.allclose(moved, last.arrays['displacement'], rtol=0, atol=1e-12) and moved.max() > 0.01
      """
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["-c", script, scratch.path + "/out/displacements.extxyz"]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  // MARK: What check says

  @Test("The memory that 'check' tells counts the frames that observables keep")
  func memory() throws {
    let scratch = try Scratch()
    func deck(_ observe: String) -> String {
      Decks.kobAndersen(
        counts: "{A: 3200, B: 800}",
        """
        dynamics:
          timestep: 0.004
          steps: 1_000_000
          observe: \(observe)
        """)
    }
    try scratch.write(
      deck("[mean-squared-displacement: {origins: 100}, velocity-autocorrelation: {origins: 100}]"), to: "a.yaml")
    let found = try Program.run("check", "a.yaml", "--threads", "1", in: scratch)
    // Lags to 500,000 steps: forty origins to 4000 steps, and thirty-six for each further factor of ten, twice over for velocities and for checkpoints: (41 + 36 + 36 ≈ 113 + 1
    // frames) · 4000 atoms · 24 bytes · 3 · 2.
    let line = try #require(found.output.split(separator: "\n").first { $0.hasPrefix("memory") })
    let amount = try #require(
      line.split(separator: " ").firstIndex(of: "which").map { line.split(separator: " ")[$0 + 1] })
    let megabytes = try #require(Double(amount))
    #expect(megabytes > 55 && megabytes < 75, "\(line)")
    try scratch.write(deck("[radial-distribution: {}]"), to: "b.yaml")
    let without = try Program.run("check", "b.yaml", "--threads", "1", in: scratch)
    #expect(without.output.split(separator: "\n").contains { $0.hasPrefix("memory") && !$0.contains("which") })
  }
}
