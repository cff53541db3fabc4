import TektiteCore

/// Why the guard stopped a run: what was seen, where, and what probably caused it. All numbers are in internal units.
public struct UnphysicalReport: Error, Hashable, Sendable {
  /// What was beyond its limit.
  public enum Finding: String, Hashable, Sendable, Codable {
    /// A force that is not a finite number.
    case nonFiniteForce = "non-finite force"
    /// An energy that is not a finite number.
    case nonFiniteEnergy = "non-finite energy"
    /// A force beyond the limit.
    case force = "force beyond the limit"
    /// A kinetic temperature beyond the limit.
    case temperature = "temperature beyond the limit"
    /// An atom that was about to move too far in one step.
    case displacement = "displacement beyond the limit"
    /// A cell that was about to be strained too much in one step.
    case strain = "strain of the cell in one step beyond the limit"
  }

  /// One of the atoms concerned.
  public struct Atom: Hashable, Sendable {
    /// The user's index, from 0.
    public var index: Int
    /// The label of its species.
    public var species: String
    /// The force on it, energy per length.
    public var force: Double
    /// The distance to its nearest neighbour, length; nil when there is none or its place is unknown.
    public var nearest: Double?
    /// The user's index of that neighbour.
    public var neighbor: Int?
  }

  /// What was found.
  public var finding: Finding
  /// The value that was beyond the limit.
  public var value: Double
  /// The limit.
  public var limit: Double?
  /// The name of the stage.
  public var stage: String
  /// The step at which it was found.
  public var step: Int
  /// The step of the last good frame, which `forensics.extxyz` holds.
  public var lastGoodStep: Int
  /// The atoms concerned, worst first, at most five.
  public var atoms: [Atom]
  /// The likeliest cause and what to do, in words.
  public var cause: String

  /// The two closest atoms among those concerned and their distance.
  public var closestPair: (first: Int, second: Int, distance: Double)? {
    var best: (first: Int, second: Int, distance: Double)?
    for atom in atoms {
      guard let distance = atom.nearest, let neighbor = atom.neighbor else { continue }
      if best == nil || distance < best!.distance { best = (atom.index, neighbor, distance) }
    }
    return best
  }
}

extension UnphysicalReport: CustomStringConvertible {
  /// One paragraph for standard error.
  public var description: String {
    var text = "stage '\(stage)' became unphysical at step \(step): \(finding.rawValue)"
    text += " (\(brief(value))" + (limit.map { ", limit \(brief($0))" } ?? "") + ")."
    if let atom = atoms.first {
      text += " Worst: atom \(atom.index) (\(atom.species)), force \(brief(atom.force))"
      if let nearest = atom.nearest, let neighbor = atom.neighbor {
        text += ", \(brief(nearest)) from atom \(neighbor)"
      }
      text += "."
    }
    return text + " \(cause)"
  }

  /// The report as JSON, as `forensics.json` holds it.
  public var json: String {
    func number(_ value: Double?) -> String {
      guard let value else { return "null" }
      return value.isFinite ? "\(value)" : "\"\(value)\""
    }
    var lines = [
      "  \"finding\": \(jsonQuoted(finding.rawValue))", "  \"value\": \(number(value))",
      "  \"limit\": \(number(limit))", "  \"stage\": \(jsonQuoted(stage))", "  \"step\": \(step)",
      "  \"lastGoodStep\": \(lastGoodStep)", "  \"cause\": \(jsonQuoted(cause))",
    ]
    if let pair = closestPair {
      lines.append(
        "  \"closestPair\": {\"atoms\": [\(pair.first), \(pair.second)], \"distance\": \(number(pair.distance))}")
    }
    let atoms = atoms.map {
      "    {\"index\": \($0.index), \"species\": \(jsonQuoted($0.species)), \"force\": \(number($0.force)), "
        + "\"nearest\": \(number($0.nearest)), \"neighbor\": \($0.neighbor.map(String.init) ?? "null")}"
    }
    lines.append("  \"atoms\": [\n\(atoms.joined(separator: ",\n"))\n  ]")
    return "{\n\(lines.joined(separator: ",\n"))\n}\n"
  }
}

/// A number with about four digits, for sentences.
package func brief(_ value: Double) -> String {
  guard value.isFinite, value != 0 else { return "\(value)" }
  let size = abs(value)
  var exponent = 0
  var scaled = size
  while scaled >= 10 {
    scaled /= 10
    exponent += 1
  }
  while scaled < 1 {
    scaled *= 10
    exponent -= 1
  }
  func digits(_ x: Double, _ places: Int) -> String {
    var factor = 1.0
    for _ in 0..<places { factor *= 10 }
    let text = "\((x * factor).rounded() / factor)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
  let sign = value < 0 ? "-" : ""
  if (-3..<6).contains(exponent) { return sign + digits(size, max(0, 3 - exponent)) }
  return sign + digits(scaled, 3) + "e\(exponent)"
}

/// Text as a JSON string.
func jsonQuoted(_ text: String) -> String {
  var quoted = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": quoted += "\\\""
    case "\\": quoted += "\\\\"
    case "\n": quoted += "\\n"
    case "\t": quoted += "\\t"
    case _ where scalar.value < 0x20:
      let code = String(scalar.value, radix: 16)
      quoted += "\\u" + String(repeating: "0", count: 4 - code.count) + code
    default: quoted.unicodeScalars.append(scalar)
    }
  }
  return quoted + "\""
}
