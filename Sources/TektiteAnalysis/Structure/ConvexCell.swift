import TektiteCore

/// A convex polyhedron around the origin that planes cut smaller.
///
/// Vertices closer to a plane than the tolerance count as lying on it. So planes that only touch, as those of second neighbours in perfect crystals
/// do, make neither faces nor edges of the size of rounding.
struct ConvexCell {
  /// One face.
  struct Face {
    /// Vertices, counter-clockwise as seen from outside.
    var loop: [Int]
    /// Who made it.
    var maker: Int
  }

  private(set) var vertices: [Vector3]
  private(set) var faces: [Face]
  private let tolerance: Double
  private var heights: [Double] = []
  private var crossings: [(inside: Int, outside: Int, vertex: Int)] = []
  private var rim: [(from: Int, to: Int)] = []

  /// A cube around the origin; its faces have the maker −1.
  init(halfSide h: Double, tolerance: Double) {
    self.tolerance = tolerance
    vertices = (0..<8).map { k in Vector3(k & 1 == 0 ? -h : h, k & 2 == 0 ? -h : h, k & 4 == 0 ? -h : h) }
    let loops = [[0, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6]]
    faces = loops.map { Face(loop: $0, maker: -1) }
  }

  /// The largest squared distance of a vertex from the origin; 0 when nothing is left.
  var reachSquared: Double { vertices.reduce(0) { max($0, $1.lengthSquared) } }

  /// Removes what lies beyond the plane of the points r with `normal`·r = `offset`; `normal` has length 1.
  /// - Returns: false where vertices lie so close together that inside and outside are not two connected parts.
  mutating func cut(_ normal: Vector3, _ offset: Double, maker: Int) -> Bool {
    heights.removeAll(keepingCapacity: true)
    var highest = -Double.infinity
    for vertex in vertices {
      let height = normal.dot(vertex) - offset
      heights.append(height)
      highest = max(highest, height)
    }
    guard highest > tolerance else { return true }
    crossings.removeAll(keepingCapacity: true)
    rim.removeAll(keepingCapacity: true)
    var kept = 0
    for index in faces.indices {
      guard cut(face: index) else { return false }
      if faces[index].loop.count >= 3 {
        if kept != index { faces.swapAt(kept, index) }
        kept += 1
      }
    }
    faces.removeLast(faces.count - kept)
    if faces.isEmpty {
      vertices.removeAll(keepingCapacity: true)
      return true
    }
    guard close(maker) else { return false }
    compact()
    return true
  }

  /// Cuts one face and notes the edge that it gets; faces that are gone keep fewer than three vertices.
  private mutating func cut(face index: Int) -> Bool {
    let loop = faces[index].loop
    let n = loop.count
    var (leaving, entering, changes) = (-1, -1, 0)
    for k in 0..<n {
      let (isOut, isNextOut) = (heights[loop[k]] > tolerance, heights[loop[k + 1 == n ? 0 : k + 1]] > tolerance)
      if isOut == isNextOut { continue }
      changes += 1
      if isNextOut { leaving = k } else { entering = k + 1 == n ? 0 : k + 1 }
    }
    if changes == 0 {
      if heights[loop[0]] > tolerance { faces[index].loop = [] }
      return true
    }
    guard changes == 2 else { return false }
    let exit = crossing(loop[leaving], loop[leaving + 1 == n ? 0 : leaving + 1])
    let entry = crossing(loop[entering], loop[entering == 0 ? n - 1 : entering - 1])
    var shorter: [Int] = []
    shorter.reserveCapacity(n + 1)
    var k = entering
    while true {
      shorter.append(loop[k])
      if k == leaving { break }
      k = k + 1 == n ? 0 : k + 1
    }
    if exit != loop[leaving] { shorter.append(exit) }
    if entry != loop[entering] { shorter.append(entry) }
    faces[index].loop = shorter
    // The other side of the new edge belongs to the face that closes the hole.
    if exit != entry { rim.append((entry, exit)) }
    return true
  }

  /// The vertex where an edge meets the plane; the inner end itself where that lies on the plane.
  private mutating func crossing(_ inside: Int, _ outside: Int) -> Int {
    if heights[inside] >= -tolerance { return inside }
    for known in crossings where known.inside == inside && known.outside == outside { return known.vertex }
    let part = heights[inside] / (heights[inside] - heights[outside])
    vertices.append(vertices[inside] + part * (vertices[outside] - vertices[inside]))
    heights.append(0)
    crossings.append((inside, outside, vertices.count - 1))
    return vertices.count - 1
  }

  /// Closes the hole with a face of the edges on its rim.
  private mutating func close(_ maker: Int) -> Bool {
    guard let first = rim.first else { return false }
    var loop: [Int] = []
    loop.reserveCapacity(rim.count)
    var current = first.from
    repeat {
      loop.append(current)
      guard let next = rim.first(where: { $0.from == current })?.to, loop.count <= rim.count else { return false }
      current = next
    } while current != first.from
    guard loop.count == rim.count, loop.count >= 3 else { return false }
    faces.append(Face(loop: loop, maker: maker))
    return true
  }

  /// Forgets the vertices that are outside.
  private mutating func compact() {
    var places = [Int](repeating: -1, count: vertices.count)
    var count = 0
    for face in faces { for vertex in face.loop { places[vertex] = 0 } }
    for k in vertices.indices where places[k] == 0 {
      places[k] = count
      vertices[count] = vertices[k]
      count += 1
    }
    vertices.removeLast(vertices.count - count)
    for index in faces.indices {
      for k in faces[index].loop.indices { faces[index].loop[k] = places[faces[index].loop[k]] }
    }
  }

  /// The volume, from pyramids over the triangles of the faces.
  var volume: Double {
    var six = 0.0
    for face in faces {
      let a = vertices[face.loop[0]]
      for k in 1..<face.loop.count - 1 {
        six += a.dot(vertices[face.loop[k]].cross(vertices[face.loop[k + 1]]))
      }
    }
    return six / 6
  }

  /// The area of a face.
  func area(_ face: Face) -> Double {
    let a = vertices[face.loop[0]]
    var sum = Vector3.zero
    for k in 1..<face.loop.count - 1 {
      sum += (vertices[face.loop[k]] - a).cross(vertices[face.loop[k + 1]] - a)
    }
    return sum.length / 2
  }
}
