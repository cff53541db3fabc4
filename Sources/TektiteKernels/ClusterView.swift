/// Placeholder until the cluster list lands.
public struct ClusterView: ~Escapable {
  /// An empty view.
  @_lifetime(immortal)
  public init() {}
}
