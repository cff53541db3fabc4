import TektiteIrreps
import TektiteKernels

/// Two linear maps, one after the other, as one. The blocks between them may be cut in different ways, as long as the copies are the same.
struct LinearComposition {
  let inner: LinearMap
  let outer: LinearMap
  /// Paths of both that meet in some copies between them, by the blocks that they join.
  private let meetings: [Linear.Instruction: [Meeting]]

  private struct Meeting {
    let inner: Linear.Path
    let outer: Linear.Path
    /// The copies where they meet, counted through all blocks.
    let copies: Range<Int>
  }

  init(_ outer: LinearMap, after inner: LinearMap) {
    (self.inner, self.outer) = (inner, outer)
    let (from, to) = (inner.plan.output.copyRanges, outer.plan.input.copyRanges)
    var meetings: [Linear.Instruction: [Meeting]] = [:]
    for a in inner.plan.paths {
      for b in outer.plan.paths {
        let copies = from[a.instruction.output].clamped(to: to[b.instruction.input])
        guard !copies.isEmpty else { continue }
        meetings[.init(a.instruction.input, b.instruction.output), default: []]
          .append(Meeting(inner: a, outer: b, copies: copies))
      }
    }
    self.meetings = meetings
  }

  /// Multiplications of the one map.
  var multiplications: Int {
    meetings.keys.reduce(0) {
      $0 + inner.plan.input[$1.input].dimension * outer.plan.output[$1.output].multiplicity
    }
  }

  /// The one map with all coefficients multiplied in, and with these numbers added to its output, which must vanish but for scalars.
  func layer(adding constant: [Double]?) throws(ProgramError) -> LinearLayer {
    let instructions = meetings.keys.sorted { ($0.input, $0.output) < ($1.input, $1.output) }
    let sets = max(inner.weights.count, outer.weights.count)
    let weights = (0..<sets).map { set in
      instructions.flatMap { product($0, inner.weights.set(set), outer.weights.set(set)) }
    }
    do throws(IrrepsError) {
      let plan = try Linear(
        inner.plan.input, to: outer.plan.output, instructions, coefficients: instructions.map { _ in 1 })
      return try LinearLayer(plan: plan, weights: weights).withBiases(constant)
    } catch {
      throw ProgramError("two linear maps do not make one: \(error)")
    }
  }

  /// Weights of one path, row-major [inputs, outputs].
  private func product(_ path: Linear.Instruction, _ first: [Double], _ second: [Double]) -> [Double] {
    let (n, m) = (inner.plan.input[path.input].multiplicity, outer.plan.output[path.output].multiplicity)
    let (from, to) = (inner.plan.output.copyRanges, outer.plan.input.copyRanges)
    var sum = [Double](repeating: 0, count: n * m)
    for meeting in meetings[path] ?? [] {
      let (a, b) = (from[meeting.inner.instruction.output], to[meeting.outer.instruction.input])
      let scale = meeting.inner.coefficient * meeting.outer.coefficient
      let columns = meeting.copies.lowerBound - a.lowerBound
      var left: [Double] = []
      left.reserveCapacity(n * meeting.copies.count)
      for u in 0..<n {
        let row = meeting.inner.weights.lowerBound + u * a.count + columns
        for k in row..<(row + meeting.copies.count) { left.append(scale * first[k]) }
      }
      let row = meeting.outer.weights.lowerBound + (meeting.copies.lowerBound - b.lowerBound) * m
      let right = Array(second[row..<(row + meeting.copies.count * m)])
      let term = DenseProduct.multiply(left, right, rows: n, depth: meeting.copies.count, columns: m)
      for k in sum.indices { sum[k] += term[k] }
    }
    return sum
  }
}

extension Irreps {
  /// Of each block the range of its copies among the copies of all blocks.
  var copyRanges: [Range<Int>] {
    var start = 0
    return blocks.map { block in
      defer { start += block.multiplicity }
      return start..<(start + block.multiplicity)
    }
  }
}

extension [[Double]] {
  /// The weights of a species, where there may be one set for all.
  func set(_ species: Int) -> [Double] { self[count == 1 ? 0 : species] }
}

extension LinearLayer {
  /// The same map with other biases: numbers that are added to its output, zero but for scalars; nil for none.
  func withBiases(_ constant: [Double]?) throws(IrrepsError) -> LinearLayer {
    let slices = plan.output.slices
    let hasBias = plan.output.indices.map { block in
      guard let constant, plan.output[block].irrep.isScalar else { return false }
      return constant[slices[block]].contains { $0 != 0 }
    }
    let biased = try Linear(
      plan.input, to: plan.output, plan.paths.map(\.instruction), coefficients: plan.paths.map(\.coefficient),
      biases: hasBias)
    let biases = hasBias.indices.flatMap { block in
      hasBias[block] ? (constant.map { Array($0[slices[block]]) } ?? []) : []
    }
    return LinearLayer(plan: biased, weights: weights, biases: biases)
  }
}

extension LinearMap {
  /// What the map makes of features of one atom.
  func apply(_ x: [Double], species: Int) throws(ProgramError) -> [Double] {
    do throws(IrrepsError) {
      return try plan.evaluate(x, weights: weights.set(species), biases: biases)
    } catch {
      throw ProgramError("a linear map cannot be evaluated: \(error)")
    }
  }

  /// The same map of other biases.
  func layer(adding constant: [Double]?) throws(ProgramError) -> LinearLayer {
    do throws(IrrepsError) {
      return try layer.withBiases(constant)
    } catch {
      throw ProgramError("a linear map cannot have these biases: \(error)")
    }
  }

  /// The biases as features, zero where there are none.
  var biasFeatures: [Double] {
    var features = [Double](repeating: 0, count: plan.output.dimension)
    for (range, slice) in zip(plan.biases, plan.output.slices) where !range.isEmpty {
      features.replaceSubrange(slice, with: biases[range])
    }
    return features
  }
}
