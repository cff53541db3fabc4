/// The members of a ZIP archive (APPNOTE.TXT 6.3.10, with ZIP64), as torch writes it: stored members, the central directory at the end.
///
/// The central directory is the authority; of a local header only the two lengths are used that say where data begin. No size is
/// believed before it is known to fit into the file, and members may neither overlap nor reach into the directory.
struct ZipArchive: Sendable {
  /// A member.
  struct Member: Sendable {
    /// The full name, with folders.
    let name: String
    /// The compression method; 0 is stored.
    let method: Int
    /// Whether it is encrypted.
    let isEncrypted: Bool
    /// The bytes of its data in the file, compressed if it is.
    let range: Range<Int>
    /// The checksum of the data, uncompressed.
    let crc32: UInt32
  }

  /// The file.
  let file: FileReader
  /// All members, in the order of the directory.
  let members: [Member]
  private let indices: [String: Int]

  private static let endSignature: [UInt8] = [0x50, 0x4B, 5, 6]

  /// Whether bytes could begin a ZIP archive.
  static func isLikely(_ head: [UInt8]) -> Bool { head.starts(with: [0x50, 0x4B, 3, 4]) }

  /// Reads the directory of an archive.
  /// - Throws: `ModelFileError` for anything cut off, out of range or overlapping.
  init(_ file: FileReader) throws(ModelFileError) {
    self.file = file
    let directory = try Self.directory(of: file)
    let bytes = try file.read(directory.range)
    var members: [Member] = []
    var indices: [String: Int] = [:]
    var spans: [Range<Int>] = []
    var i = 0
    func damaged(_ what: String) -> ModelFileError {
      ModelFileError("is a damaged ZIP archive: \(what); get the file anew", file: file.path)
    }
    // Each entry takes 46 bytes or more, so the loop is bounded by what was read, not by the count.
    while i < bytes.count {
      guard bytes.count - i >= 46, bytes.little(i, 4) == 0x0201_4B50 else {
        throw damaged("entry \(members.count) of its directory is not one")
      }
      let (nameLength, extraLength) = (Int(bytes.little(i + 28, 2)), Int(bytes.little(i + 30, 2)))
      let next = i + 46 + nameLength + extraLength + Int(bytes.little(i + 32, 2))
      guard next <= bytes.count else { throw damaged("entry \(members.count) of its directory is cut off") }
      let nameBytes = bytes[(i + 46)..<(i + 46 + nameLength)]
      guard let name = String(validating: nameBytes, as: UTF8.self), !name.isEmpty else {
        throw damaged("the name of member \(members.count) is not UTF-8")
      }
      let quoted = ModelFileError.quoted(name)
      var sizes = [bytes.little(i + 24, 4), bytes.little(i + 20, 4), bytes.little(i + 42, 4)]
      let extra = (i + 46 + nameLength)..<(i + 46 + nameLength + extraLength)
      guard Self.widen(&sizes, with: bytes, in: extra) else {
        throw damaged("member \(quoted) lacks its 64-bit sizes")
      }
      let (plain, packed, header) = (sizes[0], sizes[1], sizes[2])
      let limit = UInt64(directory.range.lowerBound)
      guard limit >= 30, header <= limit - 30, packed <= limit - 30 - header else {
        throw damaged("member \(quoted) is said to have \(packed) bytes from byte \(header) on, which the file has not")
      }
      let method = Int(bytes.little(i + 10, 2))
      guard method != 0 || plain == packed else {
        throw damaged("member \(quoted) is stored, and yet is said to have \(packed) and \(plain) bytes")
      }
      let local = try file.read(Int(header)..<(Int(header) + 30))
      guard local.little(0, 4) == 0x0403_4B50 else { throw damaged("member \(quoted) does not begin where it should") }
      // The local extra field differs from the directory's: torch pads there, so that data are aligned.
      let start = Int(header) + 30 + Int(local.little(26, 2)) + Int(local.little(28, 2))
      guard start <= Int(limit), Int(packed) <= Int(limit) - start else {
        throw damaged("member \(quoted) is said to have \(packed) bytes from byte \(start) on, which the file has not")
      }
      guard indices.updateValue(members.count, forKey: name) == nil else {
        throw damaged("two members are called \(quoted)")
      }
      spans.append(Int(header)..<(start + Int(packed)))
      members.append(
        Member(
          name: name, method: method, isEncrypted: bytes[i + 8] & 1 == 1, range: start..<(start + Int(packed)),
          crc32: UInt32(bytes.little(i + 16, 4))))
      i = next
    }
    guard members.count == directory.count else {
      throw damaged("it has \(members.count) members where \(directory.count) were written")
    }
    // A member inside another's data is how a small archive pretends to be a large one.
    spans.sort { $0.lowerBound < $1.lowerBound }
    for (a, b) in zip(spans, spans.dropFirst()) where a.upperBound > b.lowerBound {
      throw damaged("two members share the bytes at \(b.lowerBound)")
    }
    self.members = members
    self.indices = indices
  }

  /// The member of a name.
  subscript(_ name: String) -> Member? { indices[name].map { members[$0] } }

  /// Reads a member whole and checks its sum.
  func read(_ member: Member) throws(ModelFileError) -> [UInt8] {
    try requireStored(member)
    let bytes = try file.read(member.range)
    guard CRC32.checksum(bytes) == member.crc32 else { throw Self.wrongChecksum(member.name, in: file) }
    return bytes
  }

  /// Refuses a member that is compressed or encrypted, with what to do.
  func requireStored(_ member: Member) throws(ModelFileError) {
    let quoted = ModelFileError.quoted(member.name)
    guard !member.isEncrypted else {
      throw ModelFileError("is an encrypted ZIP archive (member \(quoted)); decrypt it first", file: file.path)
    }
    guard member.method == 0 else {
      throw ModelFileError(
        "holds a compressed member, \(quoted), where model files are stored uncompressed; unpack it and pack it again "
          + "with 'zip -0 -r', or get the file as torch wrote it",
        file: file.path)
    }
  }

  static func wrongChecksum(_ name: String, in file: FileReader) -> ModelFileError {
    ModelFileError(
      "is damaged: member \(ModelFileError.quoted(name)) has another checksum than was written; get the file anew (if it was "
        + "saved with torch.serialization.set_crc32_options(False), save it again without)", file: file.path)
  }

  /// Finds the central directory: its bytes and the number of its entries (APPNOTE 4.3.14 to 4.3.16).
  private static func directory(of file: FileReader) throws(ModelFileError) -> (range: Range<Int>, count: UInt64) {
    // The end record is 22 bytes and a comment of at most 65,535.
    let start = max(0, file.length - 22 - 65_535)
    let tail = try file.read(start..<file.length)
    let found = stride(from: tail.count - 22, through: 0, by: -1).first { i in
      tail[i] == 0x50 && tail[i..<(i + 4)].elementsEqual(endSignature)
        && i + 22 + Int(tail.little(i + 20, 2)) == tail.count
    }
    guard let found else {
      throw ModelFileError(
        "begins like a ZIP archive and has no directory at its end: it was cut off, or its copy is not complete; get the file anew",
        file: file.path)
    }
    var end = UInt64(start + found)
    var count = tail.little(found + 10, 2)
    var size = tail.little(found + 12, 4)
    var offset = tail.little(found + 16, 4)
    let damaged = ModelFileError(
      "is a damaged ZIP archive: its directory is out of range; get the file anew", file: file.path)
    if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF, start + found >= 20 {
      let locator = try file.read((start + found - 20)..<(start + found))
      if locator.little(0, 4) == 0x0706_4B50 {
        let place = locator.little(8, 8)
        guard end >= 20 + 56, place <= end - 20 - 56 else { throw damaged }
        let record = try file.read(Int(place)..<(Int(place) + 56))
        guard record.little(0, 4) == 0x0606_4B50 else { throw damaged }
        (count, size, offset) = (record.little(32, 8), record.little(40, 8), record.little(48, 8))
        end = place
      }
    }
    guard size <= end, offset <= end - size, count <= size / 46 else { throw damaged }
    return (Int(offset)..<Int(offset + size), count)
  }

  /// Replaces sizes of 0xFFFFFFFF by those of the ZIP64 extra field (APPNOTE 4.5.3), which holds only the ones needed, in this order:
  /// plain size, packed size, offset of the header. Says whether all were found.
  private static func widen(_ sizes: inout [UInt64], with bytes: [UInt8], in extra: Range<Int>) -> Bool {
    guard sizes.contains(0xFFFF_FFFF) else { return true }
    var i = extra.lowerBound
    while extra.upperBound - i >= 4 {
      let length = Int(bytes.little(i + 2, 2))
      guard length <= extra.upperBound - i - 4 else { return false }
      if bytes.little(i, 2) == 1 {
        var k = i + 4
        for j in sizes.indices where sizes[j] == 0xFFFF_FFFF {
          guard i + 4 + length - k >= 8 else { return false }
          sizes[j] = bytes.little(k, 8)
          k += 8
        }
        return true
      }
      i += 4 + length
    }
    return false
  }
}
