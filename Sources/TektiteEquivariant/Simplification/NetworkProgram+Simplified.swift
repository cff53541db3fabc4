extension NetworkProgram {
  /// An equivalent program that is cheaper: the same energies, forces and virials up to rounding, by fewer multiplications or equally many.
  ///
  /// What depends on the species alone is evaluated now, maps that follow each other become one where that is cheaper, sums of sums become one, and blocks of features that no
  /// energy depends on are left out; all this until nothing changes. Buffers keep their names as far as they remain. A part of a map that was carried through a sum is
  /// named after both, `up 1 of mixed 0`.
  /// - Throws: `ProgramError` if the result does not fit together, which would be a mistake here.
  public func simplified() throws(ProgramError) -> NetworkProgram {
    var draft = ProgramDraft(self)
    var changes = true
    while changes {
      // Each pass says whether it has changed something, and every change takes steps, sums or multiplications away.
      changes = try draft.foldSpecies()
      if draft.flattenSums() { changes = true }
      if try draft.composeMaps() { changes = true }
      if try draft.dropUnread() { changes = true }
    }
    return try draft.program()
  }
}
