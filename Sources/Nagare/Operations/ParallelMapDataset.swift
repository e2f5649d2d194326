import Synchronization

/// A dataset whose elements a function makes of those of another, several at once and in order.
struct ParallelMapDatasetV2: DatasetOp {
  var function = FunctionReference(name: "")
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []
  var usesInterOpParallelism = true
  var deterministic = "default"
  var preservesCardinality = false
  var usesUnboundedThreads = false
  var metadata = ""

  static let name = "ParallelMapDatasetV2"
  static let signature = Signature(
    inputs: [
      "input_dataset: variant", "other_arguments: Targuments", "num_parallel_calls: int64",
    ],
    outputs: ["handle: variant"], types: ["Targuments": .anyList])
  static let attributes: [Attribute<Self>] = [
    .required("f", \.function),
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
    .attribute("use_inter_op_parallelism", \.usesInterOpParallelism),
    .attribute("deterministic", \.deterministic),
    .attribute("preserve_cardinality", \.preservesCardinality),
    .attribute("use_unbounded_threadpool", \.usesUnboundedThreads),
    .attribute("metadata", \.metadata),
  ]

  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource {
    try ParallelMapSource.source(inputs, function, outputTypes)
  }
}

/// `ParallelMapDatasetV2` under its first name.
struct ParallelMapDataset: DatasetOp {
  var function = FunctionReference(name: "")
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []
  var usesInterOpParallelism = true
  /// Whether elements may come in another order; they do not.
  var isSloppy = false
  var preservesCardinality = false
  var metadata = ""

  static let name = "ParallelMapDataset"
  static let signature = Signature(
    inputs: [
      "input_dataset: variant", "other_arguments: Targuments", "num_parallel_calls: int32",
    ],
    outputs: ["handle: variant"], types: ["Targuments": .anyList])
  static let attributes: [Attribute<Self>] = [
    .required("f", \.function),
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
    .attribute("use_inter_op_parallelism", \.usesInterOpParallelism),
    .attribute("sloppy", \.isSloppy),
    .attribute("preserve_cardinality", \.preservesCardinality),
    .attribute("metadata", \.metadata),
  ]

  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource {
    try ParallelMapSource.source(inputs, function, outputTypes)
  }
}

/// What a function makes of each element of a dataset, several at once.
///
/// Random ops of the function draw for an element what they would draw when one element came after
/// the other, as long as every run draws as many numbers; where it depends on the element how many,
/// each element has a stretch of numbers of its own. Either way the numbers do not depend on which
/// thread is first, as they do in TensorFlow.
private struct ParallelMapSource: DatasetSource {
  let map: MapSource
  /// How many elements are worked on at once at most; `nil` leaves it to the number of threads.
  let width: Int?

  static func source(
    _ inputs: [Tensor], _ function: FunctionReference, _ types: [DataType]
  ) throws(GraphError) -> any DatasetSource {
    let calls = try inputs[inputs.count - 1].datasetArgument("num_parallel_calls")
    guard calls > 0 || calls == -1 else {
      throw .invalidArgument("num_parallel_calls must be greater than zero.")
    }
    let map = MapSource(
      input: try inputs[0].dataset, function: function, captures: Array(inputs[1...].dropLast()),
      types: types)
    return calls == 1 ? map : ParallelMapSource(map: map, width: calls < 0 ? nil : calls)
  }

  func makeIterator(_ scope: IteratorScope) throws(GraphError) -> any ElementIterator {
    Iterator(self, try scope.makeIterator(map.input), scope)
  }

  private final class ElementTask: BackgroundTask, @unchecked Sendable {
    private var work: (arguments: [Tensor], map: MapSource, environment: RunEnvironment)?
    private var made: Result<[Tensor], GraphError>?

    init(_ arguments: [Tensor], _ map: MapSource, _ environment: RunEnvironment) {
      work = (arguments, map, environment)
    }

    init(_ result: Result<[Tensor], GraphError>) { made = result }

    override var isIndependent: Bool { true }

    override func perform() {
      guard let (arguments, map, environment) = work.take() else { return }
      do throws(GraphError) {
        made = .success(
          try IteratorScope.call(
            map.function, arguments + map.captures, types: map.types, environment))
      } catch { made = .failure(error) }
    }

    var result: Result<[Tensor], GraphError> {
      finish()
      return made ?? .failure(.internalError("The element was not made"))
    }
  }

  private final class Iterator: ElementIterator, @unchecked Sendable {
    let source: ParallelMapSource
    let input: any ElementIterator
    let scope: IteratorScope
    let width: Int
    var tasks: [ElementTask] = []
    var isInputEnded = false

    init(_ source: ParallelMapSource, _ input: any ElementIterator, _ scope: IteratorScope) {
      self.source = source
      self.input = input
      self.scope = scope
      // Not by the number of threads, which the saved state would then tell.
      width = min(source.width ?? 8, 64)
    }

    func next() throws(GraphError) -> [Tensor]? {
      while !isInputEnded, tasks.count < width { begin() }
      guard !tasks.isEmpty else { return nil }
      return try tasks.removeFirst().result.get()
    }

    private func begin() {
      do throws(GraphError) {
        guard let element = try input.next() else {
          isInputEnded = true
          return
        }
        let generators = ElementGenerators(scope.context.generators, index: scope.advance())
        // The threads are busy with elements: dividing one among them would only cost.
        let environment = scope.environment.with(threads: .serial, random: generators)
        let task = ElementTask(element, source.map, environment)
        tasks.append(task)
        scope.environment.threads.submit(task)
      } catch {
        tasks.append(ElementTask(.failure(error)))
      }
    }

    func save(to state: inout StateWriter) throws(GraphError) {
      state.append(tasks.count)
      for task in tasks { try state.append(task.result) }
      state.append(isInputEnded)
      try input.save(to: &state)
    }

    func restore(from state: inout StateReader) throws(GraphError) {
      tasks = []
      for _ in 0..<(try state.count()) { tasks.append(ElementTask(try state.result())) }
      isInputEnded = try state.bool()
      try input.restore(from: &state)
    }
  }
}

/// The generators of a function's random ops for one element: those of the elements before it do
/// not have to have been drawn.
private final class ElementGenerators: RandomSource {
  private let base: Generators
  private let index: UInt64
  private let drawn = Mutex<[String: UInt64]>([:])

  init(_ base: Generators, index: Int) {
    self.base = base
    self.index = UInt64(index)
  }

  func generator(
    _ path: String, seeds: (Int, Int), reserving calls: UInt64, isFixed: Bool
  ) -> Philox {
    var generator = base.generator(path, seeds: seeds, reserving: 0)
    let earlier = drawn.withLock { drawn in
      let earlier = drawn[path] ?? 0
      drawn[path] = earlier &+ calls
      return earlier
    }
    generator.skip(index &* (isFixed ? calls : 1 << 40) &+ earlier)
    return generator
  }
}

extension StateWriter {
  mutating func append(_ result: Result<[Tensor], GraphError>) throws(GraphError) {
    switch result {
    case .success(let element):
      append(0)
      try append(element)
    case .failure(let error):
      append(error.code.rawValue)
      append(error.message)
    }
  }
}

extension StateReader {
  mutating func result() throws(GraphError) -> Result<[Tensor], GraphError> {
    let code = try integer()
    if code == 0 { return .success(try tensors()) }
    guard let code = GraphError.Code(rawValue: code) else { throw Self.damaged }
    return .failure(GraphError(code, try string()))
  }
}
