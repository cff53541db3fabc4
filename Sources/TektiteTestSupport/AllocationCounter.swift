import CAllocationCount

/// Counts heap allocations of the calling thread, to prove that a step of a simulation makes none.
///
/// On Linux with glibc, programs that link this module allocate through counting wrappers. Not seen: memory mapped directly, and what
/// other threads allocate; measure with a team of one thread. Elsewhere, and under a sanitizer, nothing is counted.
public enum AllocationCounter {
  /// Whether this program counts. When false, a test of allocations proves nothing and should say so.
  public static var isAvailable: Bool { tektite_counts_allocations() }

  /// Runs a body and returns how many blocks it asked the heap for on this thread.
  public static func count<E: Error>(during body: () throws(E) -> Void) throws(E) -> Int {
    let before = tektite_allocation_count()
    try body()
    return Int(tektite_allocation_count() - before)
  }
}
