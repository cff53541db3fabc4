import TektiteCore

extension Codec where Value == String {
  /// Any text.
  static func text(_ expectation: String) -> Codec {
    Codec(
      expectation: expectation, schema: .object([("type", .list([.text("string"), .text("number")]))]),
      decode: { node, _ throws(InputError) in try node.text(expectation) }, encode: { value, _ in .text(value) })
  }
}

extension Codec where Value == Bool {
  /// `true` or `false`.
  static var flag: Codec {
    Codec(
      expectation: "true or false", schema: .object([("type", .text("boolean"))]),
      decode: { node, _ throws(InputError) in
        switch try node.text("true or false") {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: throw node.mismatch("true or false")
        }
      }, encode: { value, _ in .scalar("\(value)") })
  }
}

extension Codec where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
  /// One of the words of an enumeration.
  static func word(_ expectation: String) -> Codec {
    let words = Value.allCases.map(\.rawValue)
    return Codec(
      expectation: expectation, schema: .object([("enum", .list(words.map { .text($0) }))]),
      decode: { node, _ throws(InputError) in
        let text = try node.text("\(expectation) (\(words.joined(separator: ", ")))")
        if let value = Value(rawValue: text) { return value }
        throw node.mark.error(unknown(text, expectation, words))
      }, encode: { value, _ in .scalar(value.rawValue) })
  }
}

/// The sentence for a word that is not one of those allowed.
func unknown(_ word: String, _ expectation: String, _ allowed: [String]) -> String {
  let nearest = InputError.nearest(to: word, among: allowed).map { "; did you mean '\($0)'?" } ?? "."
  return "'\(word.prefix(60))' is not \(expectation)\(nearest) Allowed: \(allowed.joined(separator: ", "))"
}

extension Codec where Value == Int {
  /// A whole number within a range; underscores are allowed, and so is `1e6`.
  static func integer(_ expectation: String, in range: ClosedRange<Int>) -> Codec {
    Codec(
      expectation: expectation, schema: Schema.integer(range),
      decode: { node, _ throws(InputError) in
        guard case .scalar(let text, true) = node.content, let value = DeckNumber.integer(text) else {
          if case .scalar(let text, true) = node.content, DeckNumber.prefix(of: text)?.rest.isEmpty == true {
            throw node.mark.error("expected \(expectation), a whole number, found '\(text.prefix(60))'")
          }
          throw node.mismatch("\(expectation), a whole number")
        }
        if value < range.lowerBound {
          throw node.mark.error("\(expectation) must be at least \(range.lowerBound), found \(value)")
        }
        if value > range.upperBound {
          throw node.mark.error("\(expectation) must be at most \(range.upperBound), found \(value)")
        }
        return value
      }, encode: { value, _ in .scalar("\(value)") })
  }
}

extension Codec where Value == UInt64 {
  /// A seed: a whole number from 0 to 2⁶⁴ − 1.
  static var seed: Codec {
    let expectation = "a seed, a whole number from 0 to 18446744073709551615"
    return Codec(
      expectation: expectation, schema: Schema.integer(0...Int.max),
      decode: { node, _ throws(InputError) in
        guard case .scalar(let text, true) = node.content, let first = text.first, ("0"..."9").contains(first),
          DeckNumber.prefix(of: text)?.rest.isEmpty == true, let value = UInt64(text.replacing("_", with: ""))
        else { throw node.mismatch(expectation) }
        return value
      }, encode: { value, _ in .scalar("\(value)") })
  }
}

extension Codec where Value == Double {
  /// A quantity of a dimension: a bare number in the units of the deck, or a number with a unit. The value is in surface units (Å, eV, amu, fs, K; or
  /// reduced), in which the deck is written out again bit for bit; conversion to internal units comes with the plan.
  static func quantity(_ expectation: String, _ dimension: Dimension, _ bound: Bound = .any) -> Codec {
    Codec(
      expectation: expectation, schema: Schema.quantity(bound),
      decode: { node, context throws(InputError) in
        let value = try Quantity.read(node, expectation, [dimension], context.units).value
        if let complaint = bound.complaint(value) {
          throw node.mark.error("\(expectation) \(complaint), found \(node.description)")
        }
        return value
      }, encode: { value, units in .quantity(value, dimension.surfaceUnit(units)) })
  }
}

/// Reads numbers with units.
enum Quantity {
  /// A finite number in surface units and its dimension, which is one of those allowed; a bare number has the first.
  static func read(
    _ node: DeckNode, _ expectation: String, _ allowed: [Dimension], _ units: Units
  ) throws(InputError) -> (value: Double, dimension: Dimension) {
    let text = try node.text(expectation)
    guard let number = DeckNumber.prefix(of: text) else { throw node.mismatch(expectation) }
    let first = allowed.first ?? .number
    var value = number.value
    var dimension = first
    let unitText = number.rest.drop { $0 == " " }
    if !unitText.isEmpty {
      let unit: UnitExpression
      do {
        unit = try UnitExpression(unitText.prefix(60), units)
      } catch {
        throw node.mark.error(
          "expected \(expectation), found \(node.description): \(error.message). Units of \(first.name): \(first.examples(units))"
        )
      }
      value *= unit.factor
      dimension = unit.dimension
      if dimension == .temperature && allowed.contains(.energy) && !allowed.contains(.temperature) {
        // Depths of wells are often given as temperatures, ε/k_B.
        (value, dimension) = (value * units.boltzmann, .energy)
      }
    }
    guard allowed.contains(dimension) else {
      throw node.mark.error(
        "expected \(expectation), found \(node.description), which is \(dimension.name). Units of \(first.name): \(first.examples(units))"
      )
    }
    guard value.isFinite else {
      throw node.mark.error("expected \(expectation), found \(node.description), which is too large")
    }
    return (value, dimension)
  }
}
