// The usual plans. Instructions come in e3nn's order, so that flat arrays of weights fit.

extension TensorProduct {
  /// Refuses degrees without 3j tensors before products of irreps are listed.
  private static func checkDegrees(_ sums: Irreps...) throws(IrrepsError) {
    for irreps in sums {
      for block in irreps where block.irrep.degree > Wigner3j.largestDegree {
        throw IrrepsError("\(block) cannot be coupled: 3j tensors are made up to degree \(Wigner3j.largestDegree)")
      }
    }
  }

  /// All paths that angular momentum and parity allow, all copies with all, each with weights.
  public static func fullyConnected(
    _ first: Irreps, _ second: Irreps, to output: Irreps, irrepNormalization: IrrepNormalization = .component,
    pathNormalization: PathNormalization = .element, convention: SignConvention
  ) throws(IrrepsError) -> TensorProduct {
    var instructions: [Instruction] = []
    for (i, a) in first.enumerated() {
      for (j, b) in second.enumerated() {
        for (k, c) in output.enumerated() where c.irrep.isInProduct(a.irrep, b.irrep) {
          instructions.append(Instruction(i, j, k, .uvw, hasWeight: true))
        }
      }
    }
    return try TensorProduct(
      first, second, to: output, instructions, irrepNormalization: irrepNormalization,
      pathNormalization: pathNormalization, convention: convention)
  }

  /// Copy by copy, without weights; inputs are simplified first and cut into blocks of equal multiplicity. `keep` restricts the irreps of the output. Throws when the
  /// inputs differ in their number of copies.
  public static func elementwise(
    _ first: Irreps, _ second: Irreps, keep: [Irrep]? = nil, irrepNormalization: IrrepNormalization = .component,
    convention: SignConvention
  ) throws(IrrepsError) -> TensorProduct {
    try checkDegrees(first, second)
    guard first.copies == second.copies else {
      throw IrrepsError("'\(first)' has \(first.copies) copies and '\(second)' \(second.copies): they do not pair")
    }
    var (left, right): ([Irreps.Block], [Irreps.Block]) = ([], [])
    var (a, b) = (first.simplified().blocks[...], second.simplified().blocks[...])
    while let x = a.first, let y = b.first {
      let n = min(x.multiplicity, y.multiplicity)
      left.append(Irreps.Block(n, x.irrep))
      right.append(Irreps.Block(n, y.irrep))
      a[a.startIndex] = Irreps.Block(x.multiplicity - n, x.irrep)
      b[b.startIndex] = Irreps.Block(y.multiplicity - n, y.irrep)
      if x.multiplicity == n { a.removeFirst() }
      if y.multiplicity == n { b.removeFirst() }
    }
    var output: [Irreps.Block] = []
    var instructions: [Instruction] = []
    for i in left.indices {
      for irrep in left[i].irrep * right[i].irrep where keep?.contains(irrep) ?? true {
        instructions.append(Instruction(i, i, output.count, .uuu, hasWeight: false))
        output.append(Irreps.Block(left[i].multiplicity, irrep))
      }
    }
    return try TensorProduct(
      Irreps(left), Irreps(right), to: Irreps(output), instructions, irrepNormalization: irrepNormalization,
      convention: convention)
  }

  /// Every copy with every copy, without weights or sums; inputs are simplified first, the output is sorted. `keep` restricts the irreps of the output.
  public static func full(
    _ first: Irreps, _ second: Irreps, keep: [Irrep]? = nil, irrepNormalization: IrrepNormalization = .component,
    convention: SignConvention
  ) throws(IrrepsError) -> TensorProduct {
    try checkDegrees(first, second)
    let (first, second) = (first.simplified(), second.simplified())
    var output: [Irreps.Block] = []
    var instructions: [Instruction] = []
    for (i, a) in first.enumerated() {
      for (j, b) in second.enumerated() {
        let (pairs, overflow) = a.multiplicity.multipliedReportingOverflow(by: b.multiplicity)
        guard !overflow, pairs <= Irreps.largestMultiplicity else {
          throw IrrepsError("\(a) × \(b) has too many pairs of copies")
        }
        for irrep in a.irrep * b.irrep where keep?.contains(irrep) ?? true {
          instructions.append(Instruction(i, j, output.count, .uvuv, hasWeight: false))
          output.append(Irreps.Block(pairs, irrep))
        }
      }
    }
    let (sorted, order) = Irreps(output).sorted()
    for k in instructions.indices { instructions[k].output = order.destination[instructions[k].output] }
    return try TensorProduct(
      first, second, to: sorted, instructions, irrepNormalization: irrepNormalization, convention: convention)
  }

  /// The weighted product of node features with harmonics of an edge in MACE and SevenNet: `uvu` paths into every irrep in `keep`, one output
  /// block a path, output sorted, instructions in the order of the output.
  public static func convolution(
    _ nodes: Irreps, _ edges: Irreps, keep: [Irrep], convention: SignConvention
  ) throws(IrrepsError) -> TensorProduct {
    let (output, instructions) = try convolutionPaths(nodes, edges, keep: keep)
    return try TensorProduct(
      nodes, edges, to: output, instructions.sorted { $0.output < $1.output }, convention: convention)
  }

  /// The same as NequIP, and SevenNet before version 0.11, have it: instructions, and so weights, in the order of the blocks of nodes, then of edges.
  public static func unsortedConvolution(
    _ nodes: Irreps, _ edges: Irreps, keep: [Irrep], convention: SignConvention
  ) throws(IrrepsError) -> TensorProduct {
    let (output, instructions) = try convolutionPaths(nodes, edges, keep: keep)
    return try TensorProduct(nodes, edges, to: output, instructions, convention: convention)
  }

  private static func convolutionPaths(
    _ nodes: Irreps, _ edges: Irreps, keep: [Irrep]
  ) throws(IrrepsError) -> (output: Irreps, instructions: [Instruction]) {
    try checkDegrees(nodes, edges)
    var output: [Irreps.Block] = []
    var instructions: [Instruction] = []
    for (i, a) in nodes.enumerated() {
      for (j, b) in edges.enumerated() {
        for irrep in a.irrep * b.irrep where keep.contains(irrep) {
          instructions.append(Instruction(i, j, output.count, .uvu, hasWeight: true))
          output.append(Irreps.Block(a.multiplicity, irrep))
        }
      }
    }
    let (sorted, order) = Irreps(output).sorted()
    for k in instructions.indices { instructions[k].output = order.destination[instructions[k].output] }
    return (sorted, instructions)
  }
}
