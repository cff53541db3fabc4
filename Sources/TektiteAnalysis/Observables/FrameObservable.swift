import TektiteCore

/// An average over single frames.
protocol FrameObservable: Averaging {
  /// Adds a frame.
  mutating func add(_ frame: Frame)
}
