import TektiteCore
import TektiteDynamics

/// An average over single frames.
protocol FrameObservable: Averaging {
  /// Adds a frame.
  mutating func add(_ frame: Frame)
  /// Writes its sums for a checkpoint: `means`, and what an observable keeps beside them.
  func save(to writer: inout ByteWriter)
  /// Takes up what `save` wrote.
  mutating func restore(from reader: inout ByteReader) throws(InputError)
}

extension FrameObservable {
  func save(to writer: inout ByteWriter) { means.save(to: &writer) }
  mutating func restore(from reader: inout ByteReader) throws(InputError) { try means.restore(from: &reader) }
}
