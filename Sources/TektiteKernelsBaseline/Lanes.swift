/// Lanes.
enum Lanes {}
