import Synchronization

/// What a tensor that holds a dataset refers to: how to make iterators over it.
final class DatasetValue: Resource {
  /// How deep datasets may stand in datasets.
  private static let depthLimit = 64

  /// The types of the components of an element.
  let types: [DataType]
  private let source: any DatasetSource
  private let depth: Int

  /// - Throws: `resourceExhausted` for datasets that are nested too deep.
  init(
    _ source: any DatasetSource, types: [DataType], inputs: [DatasetValue]
  ) throws(GraphError) {
    depth = (inputs.map(\.depth).max() ?? 0) + 1
    guard depth <= Self.depthLimit else {
      throw .resourceExhausted("Datasets are nested more than \(Self.depthLimit) deep")
    }
    self.source = source
    self.types = types
  }

  func makeIterator(_ scope: IteratorScope) throws(GraphError) -> any ElementIterator {
    try source.makeIterator(scope)
  }
}

/// One kind of dataset with what it was made from.
protocol DatasetSource: Sendable {
  /// An iterator that stands before the first element.
  func makeIterator(_ scope: IteratorScope) throws(GraphError) -> any ElementIterator
}

/// Gives the elements of a dataset one after the other.
///
/// # Thread safety
/// One thread at a time uses it; which one may change.
protocol ElementIterator: AnyObject, Sendable {
  /// The next element, `nil` at the end and from then on. After an error the next call gives the
  /// element after the one that failed, where there is one.
  func next() throws(GraphError) -> [Tensor]?

  /// Adds to `state` where it stands.
  func save(to state: inout StateWriter) throws(GraphError)

  /// Goes where another iterator of an equal dataset stood. Called before the first `next`.
  func restore(from state: inout StateReader) throws(GraphError)
}

/// What the iterators of one start of an iterator share: random state and counts that outlast the
/// passes over a dataset.
final class IteratorContext: Sendable {
  let generators = Generators()
  private let counts = Mutex<[String: Int]>([:])

  /// How often this was asked for `path` before.
  func advance(_ path: String) -> Int {
    counts.withLock { counts in
      let count = counts[path] ?? 0
      counts[path] = count + 1
      return count
    }
  }

  /// Counts anew for all paths under `path`.
  func forget(under path: String) {
    counts.withLock { counts in counts = counts.filter { !$0.key.hasPrefix(path) } }
  }

  func save(to state: inout StateWriter) {
    generators.save(to: &state)
    let counts = counts.withLock { $0 }
    state.append(counts.count)
    for (path, count) in counts.sorted(by: { $0.key < $1.key }) {
      state.append(path)
      state.append(count)
    }
  }

  func restore(from state: inout StateReader) throws(GraphError) {
    try generators.restore(from: &state)
    var restored: [String: Int] = [:]
    for _ in 0..<(try state.count()) {
      let path = try state.string()
      restored[path] = try state.integer()
    }
    let all = restored
    counts.withLock { $0 = all }
  }
}

/// Where an iterator stands among those of its iterator resource.
struct IteratorScope: Sendable {
  let context: IteratorContext
  /// Where functions run; its path is this iterator's.
  let environment: RunEnvironment

  private init(context: IteratorContext, environment: RunEnvironment) {
    self.context = context
    self.environment = environment
  }

  /// The scope of the outermost iterator.
  init(_ context: IteratorContext, _ environment: RunEnvironment) {
    self.context = context
    self.environment = environment.with(random: context.generators, path: "/")
  }

  /// An iterator over an input of the dataset.
  func makeIterator(
    _ dataset: DatasetValue, _ index: Int = 0
  ) throws(GraphError) -> any ElementIterator {
    try dataset.makeIterator(
      IteratorScope(
        context: context, environment: environment.with(path: environment.path + "\(index)/")))
  }

  /// An iterator over a dataset that a function has just made: no pass over it came before.
  func makeFirstIterator(
    _ dataset: DatasetValue, _ index: Int
  ) throws(GraphError) -> any ElementIterator {
    context.forget(under: environment.path + "\(index)/")
    return try makeIterator(dataset, index)
  }

  /// How often this was asked here before, also by iterators over earlier passes.
  func advance() -> Int { context.advance(environment.path) }

  /// Runs a function that makes an element.
  func call(
    _ function: FunctionReference, _ arguments: [Tensor], types: [DataType]
  ) throws(GraphError) -> [Tensor] {
    try Self.call(function, arguments, types: types, environment)
  }

  static func call(
    _ function: FunctionReference, _ arguments: [Tensor], types: [DataType],
    _ environment: RunEnvironment
  ) throws(GraphError) -> [Tensor] {
    let element = try environment.call(function, arguments, from: "f")
    guard element.map(\.dataType) == types else {
      throw .invalidArgument(
        "The function '\(function.name)' gives \(element.map(\.dataType)), its dataset \(types)")
    }
    return element
  }
}

extension Tensor {
  init(dataset: DatasetValue) {
    self.init(.variant, [], 1, TensorStorage(resource: dataset))
  }

  /// The dataset that this holds.
  ///
  /// - Throws: `invalidArgument` when it holds something else.
  var dataset: DatasetValue {
    get throws(GraphError) {
      guard let dataset = storage.resource as? DatasetValue else {
        throw .invalidArgument("Tensor must be a Dataset object.")
      }
      return dataset
    }
  }

  /// The single integer that a dataset is made with.
  func datasetArgument(_ name: String) throws(GraphError) -> Int {
    guard rank == 0, let value = integers?.first else {
      throw .invalidArgument("\(name) must be a scalar")
    }
    return value
  }

  /// The part at `index` of the first dimension, which must have it.
  func row(_ index: Int) throws(GraphError) -> Tensor {
    let shape = Array(dimensions.dropFirst())
    let width = count / max(1, dimensions.first ?? 1)
    if dataType == .string {
      return try Tensor(
        strings: Array(storage.strings[index * width..<(index + 1) * width]), dimensions: shape)
    }
    guard let size = dataType.byteCount.map({ $0 * width }) else {
      throw .unimplemented("A \(dataType) tensor cannot be sliced")
    }
    let result = try Tensor(uninitialized: dataType, shape)
    if size > 0 {
      result.storage.base.copyMemory(from: storage.base + index * size, byteCount: size)
    }
    return result
  }
}
