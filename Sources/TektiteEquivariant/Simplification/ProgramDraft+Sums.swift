extension ProgramDraft {
  /// Sums of sums become one sum, embeddings in a sum become one embedding, and a readout of a sum becomes one of each term; what is read out of an embedding is part of the shift. Whether
  /// something changed.
  mutating func flattenSums() -> Bool {
    var hasChanged = false
    while flattenOneSum() || joinEmbeddings() || splitReadout() { hasChanged = true }
    return hasChanged
  }

  private mutating func flattenOneSum() -> Bool {
    let (readers, writers) = (self.readers, self.writers)
    for (k, step) in steps.enumerated() {
      guard case .add(let inputs, let output) = step else { continue }
      let flat = inputs.flatMap { input -> [BufferIndex] in
        if readers[input].count == 1, case .add(let inner, _) = writers[input] { inner } else { [input] }
      }
      guard flat == inputs else {
        let inner = Set(inputs.filter { !flat.contains($0) })
        steps[k] = .add(flat, output: output)
        steps.removeAll { step in step.output.map(inner.contains) ?? false }
        return true
      }
      // A sum of one is another name for it.
      guard inputs.count == 1, buffers[inputs[0]].irreps == buffers[output].irreps, !readers[output].isEmpty else {
        continue
      }
      steps.remove(at: k)
      for at in k..<steps.count { steps[at] = steps[at].renumbered { $0 == output ? inputs[0] : $0 } }
      return true
    }
    return false
  }

  private mutating func joinEmbeddings() -> Bool {
    let writers = self.writers
    for (k, step) in steps.enumerated() {
      guard case .add(let inputs, let output) = step else { continue }
      var rows: [[[Double]]] = []
      var others: [BufferIndex] = []
      for input in inputs {
        if case .embed(let embedding) = writers[input] { rows.append(embedding.rows) } else { others.append(input) }
      }
      guard rows.count > 1, !others.isEmpty else { continue }
      let joined = addBuffer(like: output, "\(buffers[output].name) of species")
      let sum = (0..<speciesCount).map { z in
        rows.dropFirst().reduce(rows[0][z]) { total, next in zip(total, next[z]).map(+) }
      }
      steps[k] = .add(others + [joined], output: output)
      steps.insert(.embed(Embedding(output: joined, rows: sum)), at: k)
      return true
    }
    return false
  }

  private mutating func splitReadout() -> Bool {
    let (readers, writers) = (self.readers, self.writers)
    for (k, step) in steps.enumerated() {
      guard case .readout(let buffer) = step else { continue }
      if case .embed(let embedding) = writers[buffer] {
        for z in shift.indices { shift[z] += scale[z] * embedding.rows[z][0] }
        steps.remove(at: k)
        return true
      }
      let areReadouts = readers[buffer].allSatisfy { if case .readout = steps[$0] { true } else { false } }
      if areReadouts, case .add(let inputs, _) = writers[buffer] {
        // The sum itself goes with what nobody reads.
        steps.replaceSubrange(k...k, with: inputs.map { .readout($0) })
        return true
      }
    }
    return false
  }
}
