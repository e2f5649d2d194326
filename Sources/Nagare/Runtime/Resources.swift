import Synchronization

/// The value of a variable in a session.
public final class VariableValue: Resource {
  /// The variable's name, for error texts.
  let name: String
  /// What is known of the shape of every value.
  let shape: Shape
  private let value = Mutex<Tensor?>(nil)

  init(name: String, shape: Shape) {
    self.name = name
    self.shape = shape
  }

  /// The value now, or `nil` before the first assignment.
  var current: Tensor? {
    get { value.withLock { $0 } }
    set { value.withLock { $0 = newValue } }
  }

  /// Replaces the value by what `body` makes of it, with no other assignment in between. The value is
  /// moved out while `body` runs, so that it may write in place when nothing else refers to it.
  ///
  /// - Throws: `failedPrecondition` before the first assignment, and what `body` throws; the value then
  ///   stays as it was.
  func update(
    _ body: (inout Tensor) throws(GraphError) -> Void
  ) throws(GraphError) {
    let failure: GraphError? = value.withLock { value in
      guard var tensor = value.take() else { return Self.uninitialized(name) }
      defer { value = tensor }
      do throws(GraphError) {
        try body(&tensor)
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
  }

  /// TensorFlow's refusal to read a variable that nothing was assigned to.
  static func uninitialized(_ name: String) -> GraphError {
    .failedPrecondition("Attempting to use uninitialized value \(name)")
  }
}

/// What a session owns besides its plans: variables, random state, and whatever later ops keep.
final class Resources: Sendable {
  private struct State {
    var byName: [String: any Resource] = [:]
    /// Restored states of resources that are still to be made.
    var awaited: [String: [UInt8]] = [:]
    /// Names that TensorFlow makes up for resources without a shared one.
    var madeUpNames = 0
    var isCancelled = false
  }

  private let state = Mutex(State())
  /// The generators of the graph's random ops.
  let generators = Generators()

  /// The resource of this name, made by `make` when it is not there yet.
  ///
  /// - Throws: `invalidArgument` when the name belongs to a resource of another kind, `dataLoss` when
  ///   a restored state does not fit it.
  func resource<R: Resource>(_ name: String, _ make: () -> R) throws(GraphError) -> R {
    try resource(named: name) { _ in make() }
  }

  /// The resource of one node's own, made by `make` with the name that error texts give it.
  ///
  /// - Throws: as `resource`.
  func ownResource<R: Resource>(
    of node: String, _ container: String, _ make: (String) -> R
  ) throws(GraphError) -> R {
    // Two slashes keep it apart from a shared name that is the node's.
    try resource(named: "\(container)//\(node)") { state in
      state.madeUpNames += 1
      return make("_\(state.madeUpNames - 1)_\(node)")
    }
  }

  private func resource<R: Resource>(
    named name: String, _ make: (inout State) -> R
  ) throws(GraphError) -> R {
    let (found, failure): (any Resource, GraphError?) = state.withLock { state in
      if let existing = state.byName[name] { return (existing, nil) }
      let made = make(&state)
      state.byName[name] = made
      if state.isCancelled { made.cancel() }
      guard let bytes = state.awaited.removeValue(forKey: name) else { return (made, nil) }
      do throws(GraphError) {
        try Self.restore(made, name, bytes)
        return (made, nil)
      } catch {
        return (made, error)
      }
    }
    if let failure { throw failure }
    guard let resource = found as? R else {
      throw .invalidArgument("The resource '\(name)' is a \(type(of: found)), not a \(R.self)")
    }
    return resource
  }

  /// The resource of this name, if it has been made.
  func existing(_ name: String) -> (any Resource)? { state.withLock { $0.byName[name] } }

  /// Lets go of all resources.
  func removeAll() { state.withLock { $0.byName = [:] } }

  /// Ends all waiting for resources, for good.
  func cancel() {
    let resources = state.withLock { state in
      state.isCancelled = true
      return Array(state.byName.values)
    }
    for resource in resources { resource.cancel() }
  }

  /// Adds random state and that of all stateful resources.
  func save(to writer: inout StateWriter) throws(GraphError) {
    generators.save(to: &writer)
    let (present, awaited) = state.withLock { ($0.byName, $0.awaited) }
    var states = awaited
    for (name, resource) in present {
      guard let stateful = resource as? any StatefulResource else { continue }
      var state = StateWriter()
      do throws(GraphError) {
        try stateful.save(to: &state)
      } catch { throw error.prefixed("the state of '\(name)'") }
      states[name] = state.bytes
    }
    writer.append(states.count)
    for (name, bytes) in states.sorted(by: { $0.key < $1.key }) {
      writer.append(name)
      writer.append(bytes)
    }
  }

  /// Restores what is there, and keeps the rest for what will be made.
  func restore(from reader: inout StateReader) throws(GraphError) {
    try generators.restore(from: &reader)
    let present = state.withLock { $0.byName }
    var awaited: [String: [UInt8]] = [:]
    for _ in 0..<(try reader.count()) {
      let name = try reader.string()
      let bytes = try reader.bytes()
      if let resource = present[name] {
        try Self.restore(resource, name, bytes)
      } else {
        awaited[name] = bytes
      }
    }
    let rest = awaited
    state.withLock { $0.awaited = rest }
  }

  private static func restore(
    _ resource: any Resource, _ name: String, _ bytes: [UInt8]
  ) throws(GraphError) {
    guard let stateful = resource as? any StatefulResource else { throw StateReader.damaged }
    var state = StateReader(bytes)
    do throws(GraphError) {
      try stateful.restore(from: &state)
      guard state.isAtEnd else { throw StateReader.damaged }
    } catch { throw error.prefixed("the state of '\(name)'") }
  }
}
