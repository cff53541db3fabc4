import TektiteKernels

/// Owns a full neighbour list in compressed rows (see `EdgeView`).
struct EdgeList: ~Copyable {
  var offsets = Buffer<Int>(count: 1)
  var neighbors = Buffer<Int32>()
  var shifts = Buffer<LatticeShift>()

  var view: EdgeView {
    @_lifetime(borrow self)
    get { EdgeView(offsets: offsets.span, neighbors: neighbors.span, shifts: shifts.span) }
  }
}
