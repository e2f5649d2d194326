import Foundation

/// The same dataset, whose next elements are made while others are used.
struct PrefetchDataset: DatasetOp {
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []
  var slackPeriod = 0
  var usesLegacyTuning = true
  var leastBufferSize = 0
  var metadata = ""

  static let name = "PrefetchDataset"
  static let signature = Signature(
    inputs: ["input_dataset: variant", "buffer_size: int64"], outputs: ["handle: variant"])
  static let attributes: [Attribute<Self>] = [
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
    .attribute("slack_period", \.slackPeriod),
    .attribute("legacy_autotune", \.usesLegacyTuning),
    .attribute("buffer_size_min", \.leastBufferSize), .attribute("metadata", \.metadata),
  ]

  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource {
    let size = try inputs[1].datasetArgument("buffer_size")
    guard size >= -1 else {
      throw .invalidArgument(
        "buffer_size must be >= 0 or set buffer_size to be -1 for auto-tuning")
    }
    return Source(input: try inputs[0].dataset, size: size < 0 ? 2 : size)
  }

  private struct Source: DatasetSource {
    let input: DatasetValue
    let size: Int

    func makeIterator(_ scope: IteratorScope) throws(GraphError) -> any ElementIterator {
      let input = try scope.makeIterator(input)
      return size == 0 ? input : Iterator(input, size, scope.environment.threads)
    }
  }

  private final class ElementTask: BackgroundTask, @unchecked Sendable {
    private weak var owner: Iterator?

    init(_ owner: Iterator) { self.owner = owner }

    override func perform() { owner?.produce() }
  }

  private final class Iterator: ElementIterator, @unchecked Sendable {
    private let input: any ElementIterator
    private let size: Int
    private let threads: ThreadPool
    private let lock = NSLock()
    // All of these under the lock.
    private var buffer: [Result<[Tensor], GraphError>] = []
    private var isInputEnded = false
    private var isPaused = false
    /// Makes the next element of the buffer; nothing else touches the input then.
    private var pending: ElementTask?

    init(_ input: any ElementIterator, _ size: Int, _ threads: ThreadPool) {
      self.input = input
      self.size = size
      self.threads = threads
    }

    func next() throws(GraphError) -> [Tensor]? {
      while true {
        lock.lock()
        if !buffer.isEmpty {
          let element = buffer.removeFirst()
          schedule()
          lock.unlock()
          return try element.get()
        }
        schedule()
        let task = pending
        lock.unlock()
        guard let task else { return nil }
        task.finish()
      }
    }

    /// Has the next element made if there is room for it. The caller holds the lock.
    private func schedule() {
      guard pending == nil, !isInputEnded, !isPaused, buffer.count < size else { return }
      let task = ElementTask(self)
      pending = task
      threads.submit(task)
    }

    func produce() {
      let element = make()
      lock.lock()
      pending = nil
      add(element)
      schedule()
      lock.unlock()
    }

    private func make() -> Result<[Tensor], GraphError>? {
      do throws(GraphError) {
        return try input.next().map { .success($0) }
      } catch {
        return .failure(error)
      }
    }

    private func add(_ element: Result<[Tensor], GraphError>?) {
      if let element { buffer.append(element) } else { isInputEnded = true }
    }

    func save(to state: inout StateWriter) throws(GraphError) {
      lock.lock()
      isPaused = true
      let task = pending
      lock.unlock()
      task?.finish()
      lock.lock()
      defer { lock.unlock() }
      isPaused = false
      // Filled up, so that the state does not tell how far the making had come.
      while !isInputEnded, buffer.count < size { add(make()) }
      state.append(buffer.count)
      for element in buffer { try state.append(element) }
      state.append(isInputEnded)
      try input.save(to: &state)
    }

    func restore(from state: inout StateReader) throws(GraphError) {
      buffer = []
      for _ in 0..<(try state.count()) { buffer.append(try state.result()) }
      isInputEnded = try state.bool()
      try input.restore(from: &state)
    }
  }
}
