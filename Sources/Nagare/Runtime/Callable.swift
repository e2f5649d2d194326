/// A prepared run of a session.
public struct Callable: Sendable {
  private let session: Session
  private let feeds: [Output]
  let plan: Plan

  init(session: Session, feeds: [Output], plan: Plan) {
    self.session = session
    self.feeds = feeds
    self.plan = plan
  }

  /// The fetched values, with `values` for the feeds, in their order.
  ///
  /// - Parameters:
  ///   - values: One for each feed.
  ///   - trace: Where to record what each node costs.
  /// - Throws: as `Session.run`.
  public func run(_ values: [Tensor] = [], trace: RunTrace? = nil) throws(GraphError) -> [Tensor] {
    try session.checkOpen()
    guard values.count == feeds.count else {
      throw .invalidArgument("Expected \(feeds.count) feeds, got \(values.count)")
    }
    for index in values.indices { try check(values[index], for: feeds[index]) }
    return try plan.run(values, session.environment, readsHandles: true, trace: trace)
  }

  private func check(_ value: Tensor, for feed: Output) throws(GraphError) {
    guard value.dataType == feed.dataType else {
      throw .invalidArgument(
        "Cannot feed a value of type \(value.dataType) for Tensor '\(feed.name)', which has type "
          + "'\(feed.dataType)'")
    }
    guard feed.shape.accepts(value.dimensions) else {
      throw .invalidArgument(
        "Cannot feed value of shape \(value.shape.tupleDescription) for Tensor '\(feed.name)', "
          + "which has shape '\(feed.shape.tupleDescription)'")
    }
  }
}
