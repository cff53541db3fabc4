/// Products of matrices held in arrays, for what is made once: weights that are multiplied together, tables of functions.
public enum DenseProduct {
  /// A·B in double precision, row-major, by the kernel of `NetworkKernels`.
  /// - Parameters:
  ///   - a: A, of shape [rows, depth].
  ///   - b: B, of shape [depth, columns]; columns that are a multiple of 8 save a copy.
  /// - Precondition: the arrays have these sizes.
  public static func multiply(_ a: [Double], _ b: [Double], rows: Int, depth: Int, columns: Int) -> [Double] {
    precondition(a.count == rows * depth && b.count == depth * columns, "matrices of other sizes")
    guard rows > 0, columns > 0 else { return [] }
    let padded = NetworkGrain.padded(columns, isDouble: true)
    let right = padded == columns ? b : Self.widened(b, from: columns, to: padded)
    let product = [Double](unsafeUninitializedCapacity: rows * padded) { c, count in
      a.withUnsafeBytes { a in
        right.withUnsafeBytes { b in
          // Arrays without elements may have no address, and then the kernel does not look.
          let nowhere = UnsafeRawPointer(c.baseAddress!)
          NetworkKernels(isDouble: true).multiply(
            MatrixProduct(
              a: a.baseAddress ?? nowhere, b: b.baseAddress ?? nowhere, c: UnsafeMutableRawPointer(c.baseAddress!),
              rows: rows, depth: depth, columns: padded))
        }
      }
      count = rows * padded
    }
    return padded == columns ? product : Self.narrowed(product, from: padded, to: columns)
  }

  /// The largest magnitude in each column of A·B, which is never held as a whole: what `multiply` and `largestMagnitudes` of its result give, bit for bit.
  /// - Parameters:
  ///   - a: A, of shape [rows, depth].
  ///   - b: B, of shape [depth, columns]; columns that are a multiple of 8 save a copy.
  /// - Precondition: the arrays have these sizes.
  public static func largestMagnitudes(
    _ a: [Double], _ b: [Double], rows: Int, depth: Int, columns: Int
  ) -> [Double] {
    precondition(a.count == rows * depth && b.count == depth * columns, "matrices of other sizes")
    guard rows > 0, columns > 0 else { return [Double](repeating: 0, count: columns) }
    let padded = NetworkGrain.padded(columns, isDouble: true)
    let right = padded == columns ? b : Self.widened(b, from: columns, to: padded)
    let kernels = NetworkKernels(isDouble: true)
    // As many rows as the second-level cache holds beside B.
    let block = max(4, min(rows, (1 << 14) / padded / 4 * 4))
    var largest = [Double](repeating: 0, count: padded)
    var product = [Double](repeating: 0, count: block * padded)
    product.withUnsafeMutableBytes { c in
      a.withUnsafeBytes { a in
        right.withUnsafeBytes { b in
          let c = c.baseAddress!
          for first in stride(from: 0, to: rows, by: block) {
            let count = min(block, rows - first)
            kernels.multiply(
              MatrixProduct(
                a: a.baseAddress.map { $0 + first * depth * MemoryLayout<Double>.stride } ?? UnsafeRawPointer(c),
                b: b.baseAddress ?? UnsafeRawPointer(c), c: c, rows: count, depth: depth, columns: padded))
            let values = UnsafeBufferPointer(start: c.assumingMemoryBound(to: Double.self), count: count * padded)
            Self.raise(&largest, by: values)
          }
        }
      }
    }
    return Array(largest.prefix(columns))
  }

  /// The largest magnitude in each column of a matrix of shape [rows, columns]; zeros where it has no rows.
  public static func largestMagnitudes(_ matrix: [Double], columns: Int) -> [Double] {
    var largest = [Double](repeating: 0, count: columns)
    guard columns > 0 else { return [] }
    matrix.withUnsafeBufferPointer { Self.raise(&largest, by: $0) }
    return largest
  }

  private static func raise(_ largest: inout [Double], by values: UnsafeBufferPointer<Double>) {
    largest.withUnsafeMutableBufferPointer { largest in
      let columns = largest.count
      for row in stride(from: 0, to: values.count, by: columns) {
        for k in 0..<columns {
          let value = values[row + k].magnitude
          largest[k] = value > largest[k] ? value : largest[k]
        }
      }
    }
  }

  private static func widened(_ matrix: [Double], from columns: Int, to padded: Int) -> [Double] {
    let rows = matrix.count / columns
    var wide = [Double](repeating: 0, count: rows * padded)
    for row in 0..<rows {
      for k in 0..<columns { wide[row * padded + k] = matrix[row * columns + k] }
    }
    return wide
  }

  private static func narrowed(_ matrix: [Double], from padded: Int, to columns: Int) -> [Double] {
    let rows = matrix.count / padded
    var narrow = [Double](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      for k in 0..<columns { narrow[row * columns + k] = matrix[row * padded + k] }
    }
    return narrow
  }
}
