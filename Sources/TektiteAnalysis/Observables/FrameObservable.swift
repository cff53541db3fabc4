import TektiteCore
import TektiteDynamics

/// An average over single frames.
protocol FrameObservable {
  /// Adds a frame.
  mutating func add(_ frame: Frame)
  /// What was found.
  func tables(_ setting: TableSetting) -> [ObservableTable]
  /// Writes its sums for a checkpoint.
  func save(to writer: inout ByteWriter)
  /// Takes up the sums of a checkpoint.
  mutating func restore(from reader: inout ByteReader) throws(InputError)
}
