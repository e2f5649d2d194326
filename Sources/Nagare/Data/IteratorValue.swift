import Foundation

/// An iterator of a session: a place in a dataset, once it has been given one.
final class IteratorValue: StatefulResource, @unchecked Sendable {
  /// What it is called in the session.
  let key: String
  private let types: [DataType]
  private let lock = NSLock()
  private var iterator: (any ElementIterator)?
  private var context: IteratorContext?
  private var isEnded = false
  /// What there is to go on, and a state to go to, when it comes.
  private var dataset: DatasetValue?
  private var environment: RunEnvironment?
  private var awaited: [UInt8]?

  init(_ key: String, types: [DataType]) {
    self.key = key
    self.types = types
  }

  /// Goes before the first element of a dataset, or to where a restored state says.
  ///
  /// - Throws: `invalidArgument` for elements of other types.
  func start(_ dataset: DatasetValue, _ environment: RunEnvironment) throws(GraphError) {
    try locked { () throws(GraphError) in try begin(dataset, environment) }
  }

  /// Starts with the dataset that `make` gives unless it has been started.
  func startOnce(
    _ environment: RunEnvironment, _ make: () throws(GraphError) -> DatasetValue
  ) throws(GraphError) {
    try locked { () throws(GraphError) in
      if iterator == nil { try begin(try make(), environment) }
    }
  }

  /// The next element.
  ///
  /// - Throws: `outOfRange` at the end, `failedPrecondition` without a dataset, and what functions of
  ///   the dataset throw.
  func next() throws(GraphError) -> [Tensor] {
    try locked { () throws(GraphError) -> [Tensor] in
      guard let iterator else {
        throw .failedPrecondition(
          "GetNext() failed because the iterator has not been initialized. Ensure that you have "
            + "run the initializer operation for this iterator before getting the next element.")
      }
      if !isEnded, let element = try iterator.next() { return element }
      isEnded = true
      throw .outOfRange("End of sequence")
    }
  }

  private func begin(
    _ dataset: DatasetValue, _ environment: RunEnvironment
  ) throws(GraphError) {
    guard dataset.types.count == types.count else {
      throw .invalidArgument(
        "Number of components does not match: expected \(types.count) types but got "
          + "\(dataset.types.count).")
    }
    for (index, (mine, its)) in zip(types, dataset.types).enumerated() where mine != its {
      throw .invalidArgument(
        "Data type mismatch at component \(index): expected \(mine.signatureName) but got "
          + "\(its.signatureName).")
    }
    self.dataset = dataset
    self.environment = environment
    let context = IteratorContext()
    let made = try dataset.makeIterator(IteratorScope(context, environment))
    isEnded = false
    if let bytes = awaited.take() {
      var state = StateReader(bytes)
      isEnded = try state.bool()
      try made.restore(from: &state)
      // Making iterators drew on the counts.
      try context.restore(from: &state)
      guard state.isAtEnd else { throw StateReader.damaged }
    }
    self.context = context
    iterator = made
  }

  func save(to state: inout StateWriter) throws(GraphError) {
    state = try locked { [state] () throws(GraphError) -> StateWriter in
      var writer = state
      guard let iterator, let context else {
        writer.append(awaited != nil)
        if let awaited { writer.append(awaited) }
        return writer
      }
      var inner = StateWriter()
      inner.append(isEnded)
      try iterator.save(to: &inner)
      context.save(to: &inner)
      writer.append(true)
      writer.append(inner.bytes)
      return writer
    }
  }

  func restore(from state: inout StateReader) throws(GraphError) {
    let bytes = try state.bool() ? try state.bytes() : nil
    try locked { () throws(GraphError) in
      iterator = nil
      awaited = bytes
      if bytes != nil, let dataset, let environment { try begin(dataset, environment) }
    }
  }

  private func locked<R>(
    _ body: () throws(GraphError) -> R
  ) throws(GraphError) -> R {
    lock.lock()
    defer { lock.unlock() }
    return try body()
  }
}

extension Tensor {
  /// The iterator that a handle stands for.
  ///
  /// - Throws: `invalidArgument` when it stands for something else.
  var iterator: IteratorValue {
    get throws(GraphError) {
      guard let iterator = storage.resource as? IteratorValue else {
        throw .invalidArgument("Expected an iterator, got a \(dataType) of shape \(shape)")
      }
      return iterator
    }
  }
}
