import COpenBLAS

/// The library behind this module.
enum OpenBLAS {
  /// Sets the library to one thread, once. Several would cut sums differently for each number of cores, and results would lose their bits;
  /// whoever wants more cores gives each a problem of its own.
  static let prepared: Void = openblas_set_num_threads(1)

  /// The largest side of a matrix: sizes of work space, twice its square, must fit the library's 32-bit integers.
  static let largestSide = 32_000
}

/// Why a problem of linear algebra has no answer.
public struct LinearAlgebraError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A sentence for the user.
  public let description: String

  init(_ description: String) { self.description = description }
}
