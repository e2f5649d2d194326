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
    var generators: [Int: Philox] = [:]
  }

  private let state = Mutex(State())

  /// The resource of this name, made by `make` when it is not there yet.
  ///
  /// - Throws: `invalidArgument` when the name belongs to a resource of another kind.
  func resource<R: Resource>(_ name: String, _ make: () -> R) throws(GraphError) -> R {
    let found: any Resource = state.withLock { state in
      if let existing = state.byName[name] { return existing }
      let made = make()
      state.byName[name] = made
      return made
    }
    guard let resource = found as? R else {
      throw .invalidArgument("The resource '\(name)' is a \(type(of: found)), not a \(R.self)")
    }
    return resource
  }

  /// The generator of a random node, advanced by `samples` calls of `next` for the next run.
  func generator(node: Int, seed: Int64, seed2: Int64, reserving samples: UInt64) -> Philox {
    state.withLock { state in
      var seeds = (UInt64(bitPattern: seed), UInt64(bitPattern: seed2))
      if seeds == (0, 0) {
        seeds = (UInt64.random(in: 0 ... .max), UInt64.random(in: 0 ... .max))
      }
      let current = state.generators[node] ?? Philox(seed: seeds.0, seed2: seeds.1)
      var advanced = current
      advanced.skip(samples)
      state.generators[node] = advanced
      return current
    }
  }
}
