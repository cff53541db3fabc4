import TektiteCore
import TektiteLinearAlgebra

/// The second derivatives of the energy with respect to positions, ∂²E/∂r_iα ∂r_jβ, as blocks of 3 × 3 for the pairs of atoms that have one; atoms in the user's order.
public struct Hessian: Sendable {
  /// The number of atoms.
  public let count: Int
  /// The number of dimensions in which atoms move. In two, elements along z are zero.
  public let dimensions: Int
  /// The number of coordinates in which atoms move: 3N, or 2N in a plane.
  public var coordinates: Int { dimensions * count }
  /// The first block of each atom's row, one more entry than there are atoms.
  let offsets: [Int]
  /// The atom of each block's column, increasing within a row.
  let columns: [Int32]
  /// Blocks, nine elements each, row after row.
  var blocks: [Double]
  /// How it was found, for reports.
  public let method: String
  /// Half the largest difference between an element and the one across the diagonal, before the two were averaged: what is known of the error of differences; 0 for analytic
  /// derivatives.
  public let asymmetry: Double

  /// Makes a Hessian of rows of blocks by column, and averages it with its transpose.
  init(rows: [[Int32: [Double]]], method: String, dimensions: Int = 3) {
    count = rows.count
    self.dimensions = dimensions
    var rows = rows
    // Where one side of a pair was found without the other, that other is zero.
    for (i, row) in rows.enumerated() {
      for j in row.keys where rows[Int(j)][Int32(i)] == nil {
        rows[Int(j)][Int32(i)] = [Double](repeating: 0, count: 9)
      }
    }
    var offsets = [0]
    var columns: [Int32] = []
    var blocks: [Double] = []
    var asymmetry = 0.0
    for (i, row) in rows.enumerated() {
      for j in row.keys.sorted() {
        guard let own = row[j], let other = rows[Int(j)][Int32(i)] else { continue }
        columns.append(j)
        for a in 0..<3 {
          for b in 0..<3 {
            guard max(a, b) < dimensions else {
              blocks.append(0)
              continue
            }
            blocks.append(0.5 * (own[3 * a + b] + other[3 * b + a]))
            asymmetry = max(asymmetry, 0.5 * abs(own[3 * a + b] - other[3 * b + a]))
          }
        }
      }
      offsets.append(columns.count)
    }
    (self.offsets, self.columns, self.blocks) = (offsets, columns, blocks)
    self.method = method
    self.asymmetry = asymmetry
  }

  /// The largest element of Σ_j H_ij, which vanishes because moving all atoms together changes nothing: another measure of the error.
  public var largestRowSum: Double {
    var largest = 0.0
    for i in 0..<count {
      for element in 0..<9 {
        var sum = 0.0
        for place in offsets[i]..<offsets[i + 1] { sum += blocks[9 * place + element] }
        largest = max(largest, abs(sum))
      }
    }
    return largest
  }

  /// Adds up the diagonal.
  public var trace: Double {
    var sum = 0.0
    for i in 0..<count {
      for place in offsets[i]..<offsets[i + 1] where Int(columns[place]) == i {
        sum += blocks[9 * place] + blocks[9 * place + 4] + blocks[9 * place + 8]
      }
    }
    return sum
  }

  /// The dynamical matrix M^(−1/2) H M^(−1/2), whose eigenvalues are squares of angular frequencies.
  public func massWeighted(_ masses: [Double]) -> Hessian {
    precondition(masses.count == count, "\(masses.count) masses for \(count) atoms")
    var weighted = self
    for i in 0..<count {
      for place in offsets[i]..<offsets[i + 1] {
        let scale = 1 / (masses[i] * masses[Int(columns[place])]).squareRoot()
        for element in 9 * place..<9 * place + 9 { weighted.blocks[element] *= scale }
      }
    }
    return weighted
  }

  /// All of it as a matrix of 3N rows, or 2N in a plane.
  public var dense: Matrix {
    let d = dimensions
    var matrix = Matrix(rows: coordinates, columns: coordinates)
    for i in 0..<count {
      for place in offsets[i]..<offsets[i + 1] {
        let j = Int(columns[place])
        for a in 0..<d { for b in 0..<d { matrix[d * i + a, d * j + b] = blocks[9 * place + 3 * a + b] } }
      }
    }
    return matrix
  }

  /// y = H x for vectors of 3N numbers. The same bits for any number of threads.
  func multiply(_ x: UnsafePointer<Double>, into y: UnsafeMutablePointer<Double>, team: ThreadTeam) {
    nonisolated(unsafe) let (x, y) = (x, y)
    let chunk = 64
    blocks.withUnsafeBufferPointer { blocks in
      nonisolated(unsafe) let blocks = blocks.baseAddress!
      columns.withUnsafeBufferPointer { columns in
        nonisolated(unsafe) let columns = columns.baseAddress!
        team.forEachChunk((count + chunk - 1) / chunk) { part in
          for i in part * chunk..<min(count, (part + 1) * chunk) {
            var (sx, sy, sz) = (0.0, 0.0, 0.0)
            for place in offsets[i]..<offsets[i + 1] {
              let b = blocks + 9 * place
              let v = x + 3 * Int(columns[place])
              sx += b[0] * v[0] + b[1] * v[1] + b[2] * v[2]
              sy += b[3] * v[0] + b[4] * v[1] + b[5] * v[2]
              sz += b[6] * v[0] + b[7] * v[1] + b[8] * v[2]
            }
            (y[3 * i], y[3 * i + 1], y[3 * i + 2]) = (sx, sy, sz)
          }
        }
      }
    }
  }
}
