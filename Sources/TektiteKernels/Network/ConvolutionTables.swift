/// A convolution as kernels want it: which rows of an edge hold what, how coupling matrices are made of harmonics, and the radial tables.
///
/// Paths between blocks of one width form a group, which a kernel runs through in one call.
final class ConvolutionTables<S: NetworkScalar> {
  /// Paths between blocks of equal width, with a table of their radial functions.
  struct Group {
    let inputOffset: Int, outputOffset: Int, width: Int
    let paths: AlignedNumbers<ConvolutionPath>
    let pathCount: Int
    let functionCount: Int
    /// For each function of the table, the first radial function, the factor, and channels without padding.
    let columns: [RadialColumn]
    /// All tables, one after the other, and where each begins.
    let table: AlignedNumbers<S>
    let tableStarts: [Int32]
    let grid: SplineGrid
    /// Row of ∂E/∂|r| that the kernel of this group writes.
    let lengthAdjoint: Int
    var rowStride: Int { grid.rowStride }
  }

  let step: NetworkPlan.Convolution
  let groups: [Group]
  /// Elements of the coupling tensors of all paths that kernels take them from.
  let terms: AlignedNumbers<ConvolutionPath.Term>
  /// Rows of an edge.
  let rowCount: Int
  let weightsRow: Int, lengthAdjointRow: Int, harmonicsAdjointRow: Int, gradientRow: Int
  /// Coupling matrices: all of them for going forward, those that are needed going back, and their adjoints.
  private let couplings: Combination, neededCouplings: Combination, adjointCouplings: Combination
  /// Rows by species of senders that carry scalars of their species only, for `Senders.species`.
  let speciesRows: AlignedNumbers<S>
  /// Scalars from one species to the next.
  let speciesStride: Int
  /// Receivers count once for each species of senders.
  let splitsSpecies: Bool
  /// The most edges worked on together.
  let batchEdges: Int
  /// Density: coefficients of its splines for each table.
  let densityTables: [AlignedNumbers<S>]

  /// Sums of rows with their storage.
  final class Combination {
    let targets: AlignedNumbers<RowCombination.Target>, terms: AlignedNumbers<RowCombination.Term>
    let count: Int
    init(_ sums: [(row: Int, terms: [(row: Int, value: Double)])]) {
      var targets: [RowCombination.Target] = []
      var terms: [RowCombination.Term] = []
      for sum in sums {
        for term in sum.terms { terms.append(.init(row: Int32(term.row), value: term.value)) }
        targets.append(.init(row: Int32(sum.row), end: Int32(terms.count)))
      }
      count = targets.count
      self.targets = AlignedNumbers(targets)
      self.terms = AlignedNumbers(terms)
    }
    var combination: RowCombination {
      RowCombination(targets: targets.base, targetCount: count, terms: terms.base)
    }
  }

  /// What makes the matrices, for going forward or back.
  func matrices(forward: Bool) -> RowCombination? {
    let wanted = forward ? couplings : neededCouplings
    return wanted.count > 0 ? wanted.combination : nil
  }
  /// What carries adjoints of matrices back to harmonics.
  var backwardCombination: RowCombination? { adjointCouplings.count > 0 ? adjointCouplings.combination : nil }

  init(_ step: NetworkPlan.Convolution, _ layouts: [FeatureLayout], speciesCount: Int) {
    self.step = step
    let isDouble = S.isDouble
    let harmonics = (step.degree + 1) * (step.degree + 1)
    let knots = step.radial.degree + 1
    weightsRow = 4 + harmonics
    var next = weightsRow + 2 * knots
    (lengthAdjointRow, harmonicsAdjointRow) = (next, next + 1)
    gradientRow = next + 1 + harmonics
    next = gradientRow + 3

    // Where senders' features are: blocks of a buffer, or rows of one width.
    let outputBlocks = layouts[step.output].blocks
    var inputBlocks: [FeatureLayout.Block]
    switch step.senders {
    case .atoms(let buffer):
      inputBlocks = layouts[buffer].blocks
      (speciesRows, speciesStride) = (AlignedNumbers(count: 0), 0)
    case .species(let rows):
      inputBlocks = FeatureLayout([.init(rows: 1, channels: rows.first?.count ?? 0)], isDouble: isDouble).blocks
      let width = inputBlocks[0].width
      let all = AlignedNumbers<S>(count: rows.count * width)
      for (z, row) in rows.enumerated() { for (c, value) in row.enumerated() { all.base[z * width + c] = S(value) } }
      (speciesRows, speciesStride) = (all, width)
    case .functions:
      inputBlocks = FeatureLayout([.init(rows: 1, channels: step.radial.count)], isDouble: isDouble).blocks
      (speciesRows, speciesStride) = (AlignedNumbers(count: 0), 0)
    }
    if case .functions = step.senders { splitsSpecies = true } else { splitsSpecies = false }

    // Coupling matrices, and back. Scalars of unit coupling and paths whose tensor the kernels contract read harmonics as they are; the first such path of
    // each degree may write their adjoint itself.
    var sums: [(row: Int, terms: [(row: Int, value: Double)])] = []
    var neededSums = sums
    var back = [[(row: Int, value: Double)]](repeating: [], count: harmonics)
    var isWrittenDirectly = [Bool](repeating: false, count: step.degree + 1)
    var paths: [ConvolutionPath] = []
    var terms: [ConvolutionPath.Term] = []
    var drafts: [ConvolutionGroupDraft] = []
    for (index, path) in step.paths.enumerated() {
      let input = inputBlocks[path.inputBlock]
      let output = outputBlocks[path.outputBlock]
      let width = input.width
      let group =
        drafts.firstIndex {
          $0.width == width && (input.offset - $0.input) % width == 0
            && (output.offset - $0.output) % output.width == 0 && $0.input <= input.offset && $0.output <= output.offset
        } ?? drafts.count
      if group == drafts.count {
        drafts.append(
          ConvolutionGroupDraft(input: input.offset, output: output.offset, width: width))
      }
      let function =
        drafts[group].columns.firstIndex { $0.first == path.firstFunction && $0.factor == path.factor }
        ?? drafts[group].columns.count
      if function == drafts[group].columns.count {
        drafts[group].columns.append(
          RadialColumn(first: path.firstFunction, factor: path.factor, channels: input.channels))
      }
      drafts[group].members.append(index)

      let first = path.degree * path.degree
      let harmonicCount = 2 * path.degree + 1
      var (coefficients, adjoints) = (4 + first, harmonicsAdjointRow + first)
      let firstTerm = terms.count
      // Where the tensor saves products, kernels take it; where it saves none forward, a matrix for each edge is faster there.
      let takesTerms = path.coupling != nil && input.rows > 1 && harmonicCount <= output.rows
      let takesMatrix = path.coupling != nil && !(takesTerms && harmonicCount < output.rows)
      let coupling = path.coupling ?? []
      if takesTerms {
        let ordered = coupling.sorted { ($0.first, $0.second, $0.output) < ($1.first, $1.second, $1.output) }
        for c in ordered {
          terms.append(.init(factors: c.first * harmonicCount + c.second, message: c.output, value: c.value))
        }
      }
      if takesMatrix {
        coefficients = next
        next += input.rows * output.rows
        var terms = [[(row: Int, value: Double)]](repeating: [], count: input.rows * output.rows)
        for c in coupling {
          terms[c.first * output.rows + c.output].append((4 + first + c.second, c.value))
        }
        for (place, list) in terms.enumerated() {
          sums.append((coefficients + place, list))
          if !takesTerms { neededSums.append((coefficients + place, list)) }
        }
      }
      if takesMatrix && !takesTerms {
        adjoints = next
        next += input.rows * output.rows
        for c in coupling {
          back[first + c.second].append((adjoints + c.first * output.rows + c.output, c.value))
        }
      } else if isWrittenDirectly[path.degree] {
        adjoints = next
        next += harmonicCount
        for m in 0..<harmonicCount { back[first + m].append((adjoints + m, 1)) }
      } else {
        isWrittenDirectly[path.degree] = true
      }
      paths.append(
        ConvolutionPath(
          senderRow: (input.offset - drafts[group].input) / width, senderCount: input.rows,
          messageRow: (output.offset - drafts[group].output) / output.width, messageCount: output.rows,
          coefficientRow: takesTerms && !takesMatrix ? -1 : coefficients, coefficientAdjointRow: adjoints,
          function: function, harmonicRow: takesTerms ? 4 + first : -1,
          harmonicCount: takesTerms ? harmonicCount : 0, terms: firstTerm..<terms.count))
    }
    var adjointSums: [(row: Int, terms: [(row: Int, value: Double)])] = []
    for l in 0...step.degree {
      for k in (l * l)..<((l + 1) * (l + 1)) where !(isWrittenDirectly[l] && back[k].isEmpty) {
        let own = isWrittenDirectly[l] ? [(row: harmonicsAdjointRow + k, value: 1.0)] : []
        adjointSums.append((harmonicsAdjointRow + k, own + back[k]))
      }
    }
    // The kernel clears ∂E/∂|r| in each call, so groups have rows of their own.
    var lengthRows = [lengthAdjointRow]
    if drafts.count > 1 {
      lengthRows = drafts.indices.map { next + $0 }
      next += drafts.count
      adjointSums.append((lengthAdjointRow, lengthRows.map { ($0, 1) }))
    }
    self.terms = AlignedNumbers(terms)
    (couplings, neededCouplings) = (Combination(sums), Combination(neededSums))
    adjointCouplings = Combination(adjointSums)
    rowCount = next

    let radial = step.radial
    let samples = radial.samples.first.map { $0.count / max(1, radial.count) } ?? 2
    groups = drafts.enumerated().map { k, draft in
      var whole: AlignedNumbers<S>?
      var starts: [Int32] = []
      var size = 0
      var grid = SplineGrid(
        start: radial.start, spacing: radial.spacing, bend: radial.bend, intervals: 1, rowStride: 0,
        degree: radial.degree)
      for (t, values) in radial.samples.enumerated() {
        let channels = draft.columns.reduce(0) { max($0, $1.channels) }
        // All functions to those of the group, row by row.
        func selected(_ all: ArraySlice<Double>) -> [Double] {
          let count = all.count / max(1, radial.count)
          var own = [Double](repeating: 0, count: count * draft.columns.count * channels)
          for row in 0..<count {
            for (f, column) in draft.columns.enumerated() {
              let from = all.startIndex + row * radial.count + column.first
              let to = (row * draft.columns.count + f) * channels
              for c in 0..<column.channels { own[to + c] = column.factor * all[from + c] }
            }
          }
          return own
        }
        var row = 0
        for piece in radial.pieces(samples, radial.slopes[t]) {
          let own = (piece.samples.lowerBound * radial.count)..<((piece.samples.upperBound + 1) * radial.count)
          let table = RadialTable<S>(
            start: radial.start, spacing: radial.spacing, bend: radial.bend, samples: piece.samples.count,
            functions: draft.columns.count, channels: channels, degree: radial.degree, values: selected(values[own]),
            slopes: (selected(piece.first[...]), selected(piece.last[...])))
          let dense = table.grid.rowStride
          if whole == nil {
            grid = table.grid
            grid.intervals = samples - 1
            // Rows an odd number of grains apart fall into all sets of a cache; the rows of one function and block would crowd into few.
            if dense / S.lanes % 2 == 0 { grid.rowStride += S.lanes }
            size = (samples + radial.degree - 1 + radial.jointRows) * grid.rowStride
            whole = AlignedNumbers(count: size * radial.samples.count)
          }
          // A table that is not used any more may be gone before its rows are read.
          let target = whole?.base.advanced(by: t * size)
          withExtendedLifetime(table) {
            let from = table.base.assumingMemoryBound(to: S.self)
            for k in 0..<(piece.samples.count + radial.degree - 1) {
              target?.advanced(by: (row + k) * grid.rowStride).update(from: from + k * dense, count: dense)
            }
          }
          row += piece.samples.count + radial.degree - 1
        }
        starts.append(Int32(t * size))
      }
      if grid.rowStride == 0 { grid.rowStride = draft.width * draft.columns.count }
      return Group(
        inputOffset: draft.input, outputOffset: draft.output, width: draft.width,
        paths: AlignedNumbers(draft.members.map { paths[$0] }), pathCount: draft.members.count,
        functionCount: draft.columns.count, columns: draft.columns,
        table: whole ?? AlignedNumbers(count: 0), tableStarts: starts, grid: grid, lengthAdjoint: lengthRows[k])
    }
    // About 96 kB of rows, which stay in the second-level cache.
    batchEdges = max(64, 98_304 / (next * MemoryLayout<S>.stride))
    densityTables =
      step.density.map { density in
        zip(density.samples, density.slopes).map { values, slopes in
          let coefficients = radial.pieces(values.count, slopes).flatMap { piece in
            SplineFit(
              samples: Array(values[piece.samples]), spacing: radial.spacing, degree: radial.degree,
              slopes: (piece.first[0], piece.last[0])
            ).coefficients
          }
          return AlignedNumbers(coefficients.map { S($0) })
        }
      } ?? []
  }

  /// The rows of a batch of edges.
  func rows(_ base: UnsafeMutableRawPointer, count: Int) -> EdgeRows {
    var rows = EdgeRows(base: base, chunkStride: rowCount * S.lanes, count: count)
    (rows.weights, rows.lengthAdjoint, rows.harmonicsAdjoint) = (weightsRow, lengthAdjointRow, harmonicsAdjointRow)
    (rows.gradient, rows.degree) = (gradientRow, step.degree)
    return rows
  }
}

/// A group of paths while it is put together.
private struct ConvolutionGroupDraft {
  var input: Int, output: Int, width: Int
  var members: [Int] = []
  var columns: [RadialColumn] = []
}

/// A function of a table: the first of the radial functions, one for each channel, and the factor on them.
struct RadialColumn {
  let first: Int, factor: Double, channels: Int
}
