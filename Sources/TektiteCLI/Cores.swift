import Foundation
import Tektite

/// How many threads a command uses.
enum Cores {
  /// Below this many atoms for each thread, more threads wait for one another longer than they compute.
  private static let atomsPerThread = 250

  /// The cores that this process may use: those of its affinity, or fewer where a control group allots it less time than that.
  static var available: Int {
    let bound = max(1, ProcessInfo.processInfo.activeProcessorCount)
    // "quota period", both in microseconds, or "max period" (control groups, version 2).
    let quota = (try? String(contentsOfFile: "/sys/fs/cgroup/cpu.max", encoding: .utf8))?.split(separator: " ") ?? []
    guard quota.count == 2, let time = Double(quota[0]),
      let period = Double(quota[1].trimmingCharacters(in: .whitespacesAndNewlines)), period > 0
    else { return bound }
    return max(1, min(bound, Int((time / period).rounded(.up))))
  }

  /// The number of threads that an option asks for, or else what makes sense for so many atoms.
  static func threads(_ wanted: Int?, atoms: Int) throws(InputError) -> Int {
    guard let wanted else { return max(1, min(available, atoms / atomsPerThread)) }
    let most = max(256, available)
    guard (1...most).contains(wanted) else {
      throw InputError("\(wanted) threads; expected a number from 1 to \(most)", file: "--threads")
    }
    return wanted
  }
}
