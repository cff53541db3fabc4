@_exported import TektiteLayouts

/// Owns a run of plain elements, aligned to a cache line (64 bytes). It grows only when told to, never on its own,
/// and is not copied: two owners of one buffer cannot exist. Elements past the old count are zero after growth.
public struct Buffer<Element: BitwiseCopyable>: ~Copyable {
  @usableFromInline package var base: UnsafeMutablePointer<Element>
  /// The number of elements.
  public private(set) var count: Int
  /// The number of elements that fit before `resize` allocates.
  public private(set) var capacity: Int

  /// Makes a buffer of `count` elements, all bytes zero.
  public init(count: Int = 0) {
    precondition(count >= 0, "a buffer of \(count) elements")
    self.count = count
    self.capacity = max(count, 1)
    self.base = Self.allocate(self.capacity)
  }

  /// Makes a buffer that holds the elements of an array.
  public init(_ elements: [Element]) {
    self.init(count: elements.count)
    for i in elements.indices { base[i] = elements[i] }
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }

  private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Element> {
    let bytes = capacity * MemoryLayout<Element>.stride
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    return raw.bindMemory(to: Element.self, capacity: capacity)
  }

  /// Makes room for `capacity` elements. - Complexity: O(count) when it must move.
  public mutating func reserve(_ capacity: Int) {
    guard capacity > self.capacity else { return }
    let grown = Self.allocate(capacity)
    grown.update(from: base, count: count)
    UnsafeMutableRawPointer(base).deallocate()
    base = grown
    self.capacity = capacity
  }

  /// Sets the number of elements; what is new is zero. Capacity never shrinks.
  public mutating func resize(_ count: Int) {
    precondition(count >= 0, "a buffer of \(count) elements")
    reserve(count)
    if count > self.count {
      UnsafeMutableRawPointer(base + self.count).initializeMemory(
        as: UInt8.self, repeating: 0, count: (count - self.count) * MemoryLayout<Element>.stride)
    }
    self.count = count
  }

  /// The element at an index, which must be within the count.
  @inlinable public subscript(index: Int) -> Element {
    get {
      precondition(index >= 0 && index < count, "index outside the buffer")
      return base[index]
    }
    set {
      precondition(index >= 0 && index < count, "index outside the buffer")
      base[index] = newValue
    }
  }

  /// The valid indices.
  @inlinable public var indices: Range<Int> { 0..<count }

  /// Sets every element.
  public mutating func fill(_ value: Element) { base.update(repeating: value, count: count) }

  /// Takes all elements of another buffer; the counts become equal.
  public mutating func copy(from other: borrowing Buffer<Element>) {
    resize(other.count)
    base.update(from: other.base, count: other.count)
  }

  /// The elements as an array (a copy).
  public func array() -> [Element] { Array(UnsafeBufferPointer(start: base, count: count)) }

  /// Read access to all elements.
  public var span: Span<Element> {
    @_lifetime(borrow self)
    get {
      let span = Span(_unsafeStart: UnsafePointer(base), count: count)
      return _overrideLifetime(span, borrowing: self)
    }
  }

  /// Write access to all elements.
  public var mutableSpan: MutableSpan<Element> {
    @_lifetime(&self)
    mutating get {
      let span = MutableSpan(_unsafeStart: base, count: count)
      return _overrideLifetime(span, mutating: &self)
    }
  }
}

extension Buffer: @unchecked Sendable where Element: Sendable {}

// The two functions below say to the compiler that a span made from a pointer lives as long as its owner.
@_unsafeNonescapableResult
@_lifetime(borrow source)
@inlinable package func _overrideLifetime<T: ~Copyable & ~Escapable, U: ~Copyable & ~Escapable>(
  _ dependent: consuming T, borrowing source: borrowing U
) -> T { dependent }

@_unsafeNonescapableResult
@_lifetime(&source)
@inlinable package func _overrideLifetime<T: ~Copyable & ~Escapable, U: ~Copyable & ~Escapable>(
  _ dependent: consuming T, mutating source: inout U
) -> T { dependent }
