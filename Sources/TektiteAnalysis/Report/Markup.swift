import Foundation

/// Text on its way into HTML and SVG.
enum Markup {
  /// Text with everything replaced that has a meaning in markup, and what no document may hold.
  static func escaped(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value & 0xFFFE == 0xFFFE:
        result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A document as an address that holds all of it.
  static func dataURI(_ text: String, type: String) -> String {
    "data:\(type);charset=utf-8;base64,\(Data(text.utf8).base64EncodedString())"
  }

  /// A name that is safe as that of a file: letters, digits, dots, dashes and underscores.
  static func fileName(_ text: String) -> String {
    let name = text.unicodeScalars.map { scalar in
      let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
      return isPlain || ["-", "_", "."].contains(scalar) ? Character(scalar) : "-"
    }
    let trimmed = String(name.drop { $0 == "." || $0 == "-" }.prefix(120))
    return trimmed.isEmpty ? "table" : trimmed
  }

  /// A path as a relative address. What stands before a colon would be taken for a scheme, so names are said to be in a folder.
  static func address(_ path: String) -> String {
    var allowed = CharacterSet.alphanumerics.intersection(CharacterSet(charactersIn: "\u{0}"..."\u{7F}"))
    allowed.insert(charactersIn: "-_.~/")
    let encoded = path.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    return encoded.hasPrefix("/") || encoded.hasPrefix(".") ? encoded : "./" + encoded
  }
}
