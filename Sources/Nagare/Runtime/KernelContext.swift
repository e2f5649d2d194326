/// What a kernel may use besides its inputs.
public struct KernelContext: Sendable {
  /// The node that runs; `nil` while a constant is folded.
  private(set) var node: Node?
  private let sessionEnvironment: RunEnvironment?
  /// Where planned buffers are; `nil` in a run without any.
  private let memory: RunMemory?
  /// The position in the plan.
  private var step = 0

  init(node: Node? = nil, environment: RunEnvironment, memory: RunMemory? = nil) {
    self.node = node
    sessionEnvironment = environment
    self.memory = memory
  }

  /// Goes on to step number `step` of the plan, which runs `node`.
  @inline(__always)
  mutating func begin(_ node: Node, _ step: Int) {
    self.node = node
    self.step = step
  }

  /// For evaluating a node outside a run.
  init(folding node: Node? = nil) {
    self.node = node
    sessionEnvironment = nil
    memory = nil
  }

  /// For evaluating constants while a graph is built: one thread, no resources.
  static let folding = KernelContext(folding: nil)

  /// The threads to split work over.
  var threads: ThreadPool { sessionEnvironment?.threads ?? .serial }

  /// Where the node runs.
  ///
  /// - Throws: `internalError` outside a session.
  var environment: RunEnvironment {
    get throws(GraphError) {
      guard let sessionEnvironment else {
        throw .internalError("There is no session to run in")
      }
      return sessionEnvironment
    }
  }

  /// What the session owns.
  ///
  /// - Throws: `internalError` outside a session.
  var resources: Resources {
    get throws(GraphError) { try environment.resources }
  }

  /// The generator of the node, advanced by `calls` calls of `next` for the next run.
  func generator(_ seed: Int, _ seed2: Int, calls: UInt64) throws(GraphError) -> Philox {
    let environment = try environment
    let isFixed = node?.outputs.first?.shape.isFullyKnown ?? false
    return environment.random.generator(
      environment.path + nodeName, seeds: (seed, seed2), reserving: calls, isFixed: isFixed)
  }

  /// Runs a function of the graph's library.
  ///
  /// - Throws: as `RunEnvironment.call`.
  func call(
    _ function: FunctionReference, _ arguments: [Tensor]
  ) throws(GraphError) -> [Tensor] {
    try environment.call(function, arguments, from: nodeName)
  }

  /// The name of the node that runs.
  var nodeName: String { node?.name ?? "" }

  /// Uninitialized memory for an output.
  ///
  /// - Throws: `invalidArgument` for a bad shape, `resourceExhausted` when it does not fit.
  func allocate(_ dataType: DataType, _ dimensions: [Int]) throws(GraphError) -> Tensor {
    if let memory, let planned = memory.allocate(dataType, dimensions, for: step) {
      return planned
    }
    return try Tensor(uninitialized: dataType, dimensions)
  }

  /// Memory for an output that joins inputs, which begin at `offsets` in it, in bytes: those that lie there
  /// already, and that nothing else will read, are a part of it.
  ///
  /// - Throws: as `allocate`.
  func allocate(
    _ dataType: DataType, _ dimensions: [Int], joining indices: Range<Int>, at offsets: [Int],
    of inputs: [Tensor]
  ) throws(GraphError) -> Tensor {
    guard let memory else { return try Tensor(uninitialized: dataType, dimensions) }
    var parts: [RunMemory.Part] = []
    for (index, offset) in zip(indices, offsets) where isLastReference(index, inputs) {
      parts.append(RunMemory.Part(storage: inputs[index].storage, offset: offset))
    }
    if let planned = memory.allocate(dataType, dimensions, for: step, joining: parts) {
      return planned
    }
    return try Tensor(uninitialized: dataType, dimensions)
  }

  /// Whether the outputs that `node` makes of its input may be parts of it, with its memory: it is the run's,
  /// and planned to live as long as they.
  func givesParts(of input: Tensor) -> Bool {
    guard let memory else { return false }
    return memory.plan.givesParts[step] && input.storage.belongs(to: memory)
  }

  /// Uninitialized memory that is free again when the kernel is done.
  ///
  /// - Throws: `resourceExhausted` when it does not fit.
  func allocateScratch(_ byteCount: Int) throws(GraphError) -> TensorStorage {
    if let memory, let storage = memory.allocateScratch(byteCount) { return storage }
    return try TensorStorage(byteCount: byteCount)
  }

  /// Memory for an output that may be that of input `index`, when nothing else will read it: the
  /// kernel then overwrites what it reads, element by element.
  func allocate(
    _ dataType: DataType, _ dimensions: [Int], reusing index: Int, of inputs: [Tensor]
  ) throws(GraphError) -> Tensor {
    try allocate(dataType, dimensions, reusing: index...index, of: inputs)
  }

  /// The same for the first of several inputs that may be overwritten.
  func allocate(
    _ dataType: DataType, _ dimensions: [Int], reusing indices: ClosedRange<Int>,
    of inputs: [Tensor]
  ) throws(GraphError) -> Tensor {
    for index in indices
    where inputs[index].dataType == dataType && inputs[index].dimensions == dimensions
      && dataType != .string && !inputs[index].storage.isPart && isLastReference(index, inputs)
    {
      inputs[index].storage.packing.withLock { $0 = .init() }
      return inputs[index]
    }
    return try allocate(dataType, dimensions)
  }

  /// Whether the array `inputs` holds the only reference to the memory of input `index`.
  private func isLastReference(_ index: Int, _ inputs: [Tensor]) -> Bool {
    // A copy of the element would be a second reference: the test is made on the array's own.
    inputs.withUnsafeBufferPointer { elements in
      guard let base = elements.baseAddress else { return false }
      return isKnownUniquelyReferenced(
        &UnsafeMutablePointer(mutating: base + index).pointee.storage)
    }
  }

  /// A range of elements per task that is worth a thread for work of about `cost` nanoseconds an
  /// element.
  func grain(cost: Int = 1) -> Int { max(1, 32_768 / max(1, cost)) }
}
