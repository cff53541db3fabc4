import TektiteCore

extension ExtendedXYZ {
  /// Reads frames one after another; holds one frame's worth of memory.
  public struct Reader {
    /// The units that the numbers are converted to.
    public let units: Units
    /// The number of frames read so far.
    public private(set) var frameCount = 0
    private var lines: LineReader
    private var species: SpeciesTable

    /// Opens a file.
    /// - Throws: `InputError` if it cannot be opened.
    public init(path: String, units: Units) throws(InputError) {
      self.units = units
      lines = try LineReader(path: path)
      species = SpeciesTable(units: units)
    }

    /// The next frame, or nil after the last. The table of species grows from frame to frame in the order in which labels appear,
    /// so indices mean the same in all frames of a file.
    /// - Throws: `InputError` with line and column.
    public mutating func next() throws(InputError) -> Structure? {
      repeat { guard try lines.advance() else { return nil } } while lines.isBlank
      let count = try atomCount()
      guard try lines.advance() else {
        throw lines.error("ends after the number of atoms; expected the comment line and \(count) atoms")
      }
      let comment = ExtendedXYZComment(lines.bytes.span, lines.line)
      var frame = Frame()
      frame.step = frameCount
      let (columns, title) = try readComment(comment, into: &frame)
      let topology = try readAtoms(count, columns, into: &frame)
      if frame.cell.isPlanar { try checkPlane(frame) }
      frameCount += 1
      return Structure(topology: topology, frame: frame, title: title)
    }

    private func atomCount() throws(InputError) -> Int {
      var tokens = Tokens(lines.line)
      guard let token = tokens.next(in: lines.bytes.span), let count = Numerals.integer(lines.bytes.span, token),
        tokens.next(in: lines.bytes.span) == nil
      else {
        throw lines.error(
          "expected the number of atoms of frame \(frameCount + 1), found \(Numerals.quoted(lines.bytes.span, lines.line))",
          at: lines.line.lowerBound)
      }
      guard count > 0 else {
        throw lines.error("a frame of \(count) atoms; expected at least one", at: token.lowerBound)
      }
      // An atom takes at least eight bytes ("H 0 0 0" and the line's end): a wrong count must not make us allocate.
      guard count <= lines.bytesLeft / 8 + 1 else {
        throw lines.error(
          "promises \(count) atoms, but only \(lines.bytesLeft) bytes follow", at: token.lowerBound)
      }
      return count
    }

    private func readComment(
      _ comment: ExtendedXYZComment, into frame: inout Frame
    ) throws(InputError) -> (ExtendedXYZColumns, title: String) {
      let properties = comment["Properties", "properties"]
      let lattice = comment["Lattice", "lattice", "cell"]
      // The comment of a plain XYZ file is free text, in which nothing can be wrong.
      guard comment.hasKeys else { return (.plain, lines.text) }
      if let (delimiter, position) = comment.unclosed, properties != nil || lattice != nil {
        throw lines.error("no closing \(Character(UnicodeScalar(delimiter))) for what begins here", at: position)
      }
      var columns = ExtendedXYZColumns.plain
      if let properties {
        do { columns = try ExtendedXYZColumns(properties.value) } catch {
          throw lines.error(error.message, at: properties.position)
        }
      }
      var vectors = Matrix3.zero
      if let lattice {
        guard let n = ExtendedXYZComment.numbers(lattice.value), n.count == 9 else {
          throw lines.error(
            "Lattice should be nine numbers, the three vectors one after the other, not \(Numerals.quoted(lattice.value))",
            at: lattice.position)
        }
        vectors = Matrix3(Vector3(n[0], n[1], n[2]), Vector3(n[3], n[4], n[5]), Vector3(n[6], n[7], n[8]))
      }
      var periodic: Periodicity = vectors == .zero ? .none : .all
      if let pbc = comment["pbc"] {
        guard let answers = ExtendedXYZComment.answers(pbc.value), answers.count == 3 || answers.count == 1 else {
          throw lines.error("pbc should be three of T and F, not \(Numerals.quoted(pbc.value))", at: pbc.position)
        }
        periodic = Periodicity(answers[0], answers[answers.count / 2], answers[answers.count - 1])
      }
      var dimensions = 3
      if let pair = comment["dimensions"] {
        guard let number = Numerals.double(pair.value), number == 2 || number == 3 else {
          throw lines.error("dimensions should be 2 or 3, not \(Numerals.quoted(pair.value))", at: pair.position)
        }
        dimensions = Int(number)
        // Readers that know of no planar cells write a third vector and its periodicity.
        if dimensions == 2, vectors.c.x == 0, vectors.c.y == 0 {
          vectors.c = .zero
          periodic.c = false
        }
      }
      frame.cell = Cell(vectors, periodic: periodic, dimensions: dimensions)
      if let wrong = frame.cell.validate() {
        throw lines.error(wrong, at: lattice?.position ?? comment["pbc"]?.position)
      }
      if let energy = comment["energy"] { frame.energy = try finite(energy) }
      if let spread = comment["energy_spread"] { frame.energySpread = try finite(spread) }
      if let stress = comment["stress"] { frame.stress = try tensor(stress) }
      if let time = comment["time", "Time"], let value = Numerals.double(time.value), value.isFinite {
        frame.time = units == .lj ? value : value / units.femtoseconds
      }
      if let step = comment["step", "Step"], let value = Numerals.double(step.value), let whole = Int(exactly: value) {
        frame.step = whole
      }
      return (columns, comment["title"]?.value ?? "")
    }

    /// Finds an atom of a frame in two dimensions that is not at z = 0.
    private func checkPlane(_ frame: Frame) throws(InputError) {
      if let atom = frame.positions.firstIndex(where: { $0.z != 0 }) {
        throw lines.error(
          "the frame says dimensions=2, but its atom \(atom + 1) is at z = \(frame.positions[atom].z) and not 0")
      }
      if let atom = frame.velocities.firstIndex(where: { $0.z != 0 }) {
        throw lines.error(
          "the frame says dimensions=2, but the velocity of its atom \(atom + 1) along z is \(frame.velocities[atom].z) and not 0"
        )
      }
    }

    private func finite(_ pair: ExtendedXYZComment.Pair) throws(InputError) -> Double {
      guard let value = Numerals.double(pair.value), value.isFinite else {
        throw lines.error("\(pair.key) should be a number, not \(Numerals.quoted(pair.value))", at: pair.position)
      }
      return value
    }

    private func tensor(_ pair: ExtendedXYZComment.Pair) throws(InputError) -> Matrix3 {
      guard let s = ExtendedXYZComment.numbers(pair.value), s.count == 9 || s.count == 6,
        s.allSatisfy({ $0.isFinite })
      else {
        throw lines.error(
          "\(pair.key) should be nine numbers, or six in the order xx yy zz yz xz xy, not \(Numerals.quoted(pair.value))",
          at: pair.position)
      }
      if s.count == 9 {
        return Matrix3(Vector3(s[0], s[1], s[2]), Vector3(s[3], s[4], s[5]), Vector3(s[6], s[7], s[8]))
      }
      return Matrix3(Vector3(s[0], s[5], s[4]), Vector3(s[5], s[1], s[3]), Vector3(s[4], s[3], s[2]))
    }

    private mutating func readAtoms(
      _ count: Int, _ columns: ExtendedXYZColumns, into frame: inout Frame
    ) throws(InputError) -> Topology {
      var kinds: [Int32] = []
      var masses: [Double] = []
      kinds.reserveCapacity(count)
      frame.positions.reserveCapacity(count)
      if columns.hasVelocity || columns.hasMomentum { frame.velocities.reserveCapacity(count) }
      if columns.hasForce { frame.forces.reserveCapacity(count) }
      if columns.hasEnergy { frame.energies.reserveCapacity(count) }
      if columns.hasForceSpread { frame.forceSpreads.reserveCapacity(count) }
      if columns.hasDiameter { frame.diameters.reserveCapacity(count) }
      let velocityFactor = units == .lj ? 1 : units.femtoseconds
      for atom in 0..<count {
        guard try lines.advance() else {
          throw lines.error("ends after \(atom) of the \(count) atoms that frame \(frameCount + 1) promises")
        }
        let first = species.table.count
        let line: Line
        let bytes = lines.bytes
        do { line = try Self.readLine(bytes.span, lines.line, columns, &species) } catch {
          throw lines.error("atom \(atom + 1) of \(count): \(error.message)", at: error.position)
        }
        if columns.hasMass && species.table.count > first { species.setMass(line.mass, of: line.species) }
        kinds.append(line.species)
        frame.positions.append(line.position)
        if columns.hasMass { masses.append(line.mass) }
        if columns.hasMomentum {
          let mass = columns.hasMass ? line.mass : species.table[Int(line.species)].mass
          frame.velocities.append(line.momentum / mass)
        } else if columns.hasVelocity {
          frame.velocities.append(velocityFactor * line.velocity)
        }
        if columns.hasForce { frame.forces.append(line.force) }
        if columns.hasEnergy { frame.energies.append(line.energy) }
        if columns.hasForceSpread { frame.forceSpreads.append(line.forceSpread) }
        if columns.hasDiameter { frame.diameters.append(line.diameter) }
      }
      return Topology(table: species.table, species: kinds, masses: columns.hasMass ? masses : nil)
    }

    private struct Line {
      var species: Int32 = -1
      var position = Vector3.zero, velocity = Vector3.zero, momentum = Vector3.zero, force = Vector3.zero
      var energy = 0.0, forceSpread = 0.0, mass = 1.0, diameter = 0.0
    }

    private struct Fault: Error {
      let message: String
      let position: Int
    }

    private static func readLine(
      _ bytes: Span<UInt8>, _ range: Range<Int>, _ columns: ExtendedXYZColumns, _ species: inout SpeciesTable
    ) throws(Fault) -> Line {
      var tokens = Tokens(range)
      var line = Line()
      for role in columns.roles {
        switch role {
        case .position: line.position = try vector(&tokens, bytes, "position")
        case .velocity: line.velocity = try vector(&tokens, bytes, "velocity")
        case .momentum: line.momentum = try vector(&tokens, bytes, "momentum")
        case .force: line.force = try vector(&tokens, bytes, "force")
        case .energy: line.energy = try number(&tokens, bytes, "energy")
        case .forceSpread: line.forceSpread = try number(&tokens, bytes, "force_spread")
        case .mass:
          let start = tokens.position
          line.mass = try number(&tokens, bytes, "mass")
          guard line.mass > 0 else { throw Fault(message: "the mass should be positive", position: start) }
        case .radius, .diameter:
          let start = tokens.position
          let isRadius = if case .radius = role { true } else { false }
          line.diameter = try number(&tokens, bytes, isRadius ? "radius" : "diameter") * (isRadius ? 2 : 1)
          guard line.diameter > 0 else {
            throw Fault(message: "its \(isRadius ? "radius" : "diameter") should be positive", position: start)
          }
        case .species:
          guard let token = tokens.next(in: bytes) else {
            throw Fault(message: "expected a species", position: tokens.end)
          }
          do { line.species = try species.index(of: bytes, token) } catch {
            throw Fault(message: error.message, position: token.lowerBound)
          }
        case .number:
          guard let token = tokens.next(in: bytes), let z = Numerals.integer(bytes, token) else {
            throw Fault(message: "expected an atomic number", position: tokens.position)
          }
          guard line.species < 0 else { continue }
          guard z == 0 || Element(number: z) != nil else {
            throw Fault(message: "\(z) is not an atomic number", position: token.lowerBound)
          }
          do { line.species = try species.index(of: Element(number: z)?.symbol ?? "X") } catch {
            throw Fault(message: error.message, position: token.lowerBound)
          }
        case .ignored(let n):
          for _ in 0..<n where tokens.next(in: bytes) == nil {
            throw Fault(message: "the line has fewer columns than Properties names", position: tokens.end)
          }
        }
      }
      return line
    }

    @inline(__always)
    private static func vector(
      _ tokens: inout Tokens, _ bytes: Span<UInt8>, _ what: StaticString
    ) throws(Fault) -> Vector3 {
      Vector3(try number(&tokens, bytes, what), try number(&tokens, bytes, what), try number(&tokens, bytes, what))
    }

    @inline(__always)
    private static func number(
      _ tokens: inout Tokens, _ bytes: Span<UInt8>, _ what: StaticString
    ) throws(Fault) -> Double {
      guard let token = tokens.next(in: bytes) else {
        throw Fault(message: "the line ends where its \(what) was expected", position: tokens.end)
      }
      guard let value = Numerals.double(bytes, token) else {
        throw Fault(
          message: "expected a number for its \(what), found \(Numerals.quoted(bytes, token))",
          position: token.lowerBound)
      }
      guard value.isFinite else { throw Fault(message: "its \(what) is not finite", position: token.lowerBound) }
      return value
    }
  }
}
