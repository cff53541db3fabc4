import Foundation
import Testing

@testable import TektiteModelFiles

/// The files that make-fixtures.py made, and what torch said is in them.
enum Fixtures {
  static let tests = (#filePath as NSString).deletingLastPathComponent
  static let folder = tests + "/fixtures"
  static func path(_ name: String) -> String { folder + "/" + name }
  static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

  /// A tensor as torch saw it.
  struct Expected {
    let name: String
    let type: String
    let shape: [Int]
    let isParameter: Bool
    let values: [Double]
  }

  /// Kind and tensors of each file that can be read.
  static let files: [(name: String, kind: String, tensors: [Expected])] = {
    guard case .success(let json) = JSONValue.parse((try? bytes(path("expected.json"))) ?? []),
      case .object(let members)? = json["files"]
    else { return [] }
    return members.map { member in
      let tensors = array(member.value["tensors"]).map { tensor in
        Expected(
          name: string(tensor["name"]), type: string(tensor["type"]), shape: numbers(tensor["shape"]).map { Int($0) },
          isParameter: tensor["parameter"] == .bool(true), values: numbers(tensor["values"]))
      }
      return (member.key, string(member.value["kind"]), tensors)
    }
  }()

  static func array(_ value: JSONValue?) -> [JSONValue] {
    guard case .array(let values)? = value else { return [] }
    return values
  }
  static func string(_ value: JSONValue?) -> String {
    guard case .string(let text)? = value else { return "" }
    return text
  }
  static func numbers(_ value: JSONValue?) -> [Double] { array(value).map(number) }
  static func number(_ value: JSONValue?) -> Double {
    switch value {
    case .integer(let number)?: Double(number)
    case .number(let number)?: number
    default: .nan
    }
  }

  /// Does something with a file of some bytes in a folder of its own.
  static func withFile<Result>(_ bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tektite-models-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let url = folder.appendingPathComponent("input")
    try Data(bytes).write(to: url)
    return try body(url.path)
  }

  /// The error of something that must be refused: one paragraph that names the file.
  static func refusal(of path: String, _ body: () throws -> Void) -> String {
    do {
      try body()
      Issue.record("\(path) was not refused")
      return ""
    } catch let error as ModelFileError {
      #expect(error.file == path)
      #expect(!error.message.isEmpty && !error.message.contains("\n") && error.message.utf8.count < 2000, "\(error)")
      return error.message
    } catch {
      Issue.record("\(type(of: error)): \(error)")
      return ""
    }
  }
}

/// Builds ZIP archives of stored members, with what may be wrong with them.
struct TestZip {
  var members: [(name: String, bytes: [UInt8])] = []
  /// Bytes put between a local header's name and its data, as torch does for alignment.
  var padding = 0

  init(_ members: [(String, [UInt8])] = []) { self.members = members.map { (name: $0.0, bytes: $0.1) } }

  /// An archive of torch with a pickle and storages.
  static func torch(_ pickle: [UInt8], storages: [(String, [UInt8])] = [], byteOrder: String = "little") -> TestZip {
    TestZip(
      [("a/data.pkl", pickle), ("a/version", Array("3\n".utf8)), ("a/byteorder", Array(byteOrder.utf8))]
        + storages.map { ("a/data/" + $0.0, $0.1) })
  }

  /// The members of an archive that can be read.
  init(reading path: String) throws {
    let zip = try ZipArchive(try FileReader(path: path))
    members = try zip.members.map { ($0.name, try zip.read($0)) }
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    var directory: [UInt8] = []
    func put(_ value: Int, _ count: Int, _ target: inout [UInt8]) {
      for k in 0..<count { target.append(UInt8(truncatingIfNeeded: value >> (8 * k))) }
    }
    for member in members {
      let start = bytes.count
      let crc = Int(CRC32.checksum(member.bytes))
      let name = Array(member.name.utf8)
      put(0x0403_4B50, 4, &bytes)
      for field in [20, 0, 0, 0, 0] { put(field, 2, &bytes) }
      for field in [crc, member.bytes.count, member.bytes.count] { put(field, 4, &bytes) }
      put(name.count, 2, &bytes)
      put(padding, 2, &bytes)
      bytes += name + [UInt8](repeating: 0x5A, count: padding) + member.bytes
      put(0x0201_4B50, 4, &directory)
      for field in [20, 20, 0, 0, 0, 0] { put(field, 2, &directory) }
      for field in [crc, member.bytes.count, member.bytes.count] { put(field, 4, &directory) }
      put(name.count, 2, &directory)
      for field in [0, 0, 0, 0] { put(field, 2, &directory) }
      put(0, 4, &directory)
      put(start, 4, &directory)
      directory += name
    }
    let start = bytes.count
    bytes += directory
    put(0x0605_4B50, 4, &bytes)
    for field in [0, 0, members.count, members.count] { put(field, 2, &bytes) }
    put(directory.count, 4, &bytes)
    put(start, 4, &bytes)
    put(0, 2, &bytes)
    return bytes
  }
}
