import Synchronization

/// What each node of a run cost: TensorFlow's `RunMetadata`, for those who ask for it.
///
/// # Thread safety
/// Several runs may write into one trace; their entries are in the order in which nodes ended.
public final class RunTrace: Sendable {
  /// One node of a run.
  public struct Entry: Sendable {
    public let node: Node
    /// The op type that ran: the node's own, or the one that a pass put in its place.
    public let type: String
    /// When it began, from the making of the trace on.
    public let start: Duration
    public let duration: Duration
    /// The shapes of its inputs, for the part of them that are tensors.
    public let inputs: [Shape]
    public let outputs: [Shape]
    /// Bytes of its inputs and outputs.
    public let byteCount: Int
    /// Floating-point operations: of products and convolutions two for each multiply-add, of other
    /// nodes one for each element of their outputs.
    public let operationCount: Double
    /// Whether its work was divided among threads, or that of another run of the session meanwhile.
    public let isDivided: Bool
  }

  private let origin = ContinuousClock.now
  private let recorded = Mutex<[Entry]>([])

  /// A trace without entries.
  public init() {}

  /// What was recorded so far.
  public var entries: [Entry] { recorded.withLock { $0 } }

  /// Runs `body`, the kernel of `step`, and records it.
  func measure(
    _ step: Plan.Step, _ inputs: [Tensor], _ threads: ThreadPool,
    _ body: () throws(GraphError) -> [Tensor]
  ) throws(GraphError) -> [Tensor] {
    let (shapes, bytes) = (inputs.map(\.shape), inputs.map(\.storage.byteCount))
    let dimensions = inputs.map(\.dimensions)
    let divisions = threads.divisions
    let start = ContinuousClock.now
    let outputs = try body()
    let end = ContinuousClock.now
    var elements = 0.0
    for output in outputs { elements += Double(output.count) }
    let work = (step.op as? any MultiplyAddOp)?.multiplyAdds(dimensions, outputs.map(\.dimensions))
    let entry = Entry(
      node: step.node, type: type(of: step.op).name, start: start - origin, duration: end - start,
      inputs: shapes,
      outputs: outputs.map(\.shape),
      byteCount: (bytes + outputs.map(\.storage.byteCount)).reduce(0) { $0 &+ $1 },
      operationCount: work.map { 2 * $0 } ?? elements,
      isDivided: threads.divisions != divisions)
    recorded.withLock { $0.append(entry) }
    return outputs
  }
}

/// An op whose work is multiply-adds, many for each element of its output.
protocol MultiplyAddOp: Op {
  /// How many there are for inputs and outputs of these dimensions, which the kernel has accepted.
  func multiplyAdds(_ inputs: [[Int]], _ outputs: [[Int]]) -> Double
}

/// The product of all numbers.
private func product(_ numbers: some Sequence<Int>) -> Double {
  var result = 1.0
  for number in numbers { result *= Double(number) }
  return result
}

extension MatMul: MultiplyAddOp {
  func multiplyAdds(_ inputs: [[Int]], _ outputs: [[Int]]) -> Double {
    product(outputs[0]) * Double(inputs[0][transposeA ? 0 : 1])
  }
}

extension BatchMatMulV2: MultiplyAddOp {
  func multiplyAdds(_ inputs: [[Int]], _ outputs: [[Int]]) -> Double {
    product(outputs[0]) * Double(inputs[0].suffix(adjointX ? 2 : 1).first ?? 1)
  }
}

extension Conv2D: MultiplyAddOp {
  func multiplyAdds(_ inputs: [[Int]], _ outputs: [[Int]]) -> Double {
    product(outputs[0]) * product(inputs[1].prefix(3))
  }
}

extension Conv2DBackpropInput: MultiplyAddOp {
  func multiplyAdds(_ inputs: [[Int]], _ outputs: [[Int]]) -> Double {
    product(inputs[2]) * product(inputs[1].prefix(3))
  }
}

extension Conv2DBackpropFilter: MultiplyAddOp {
  func multiplyAdds(_ inputs: [[Int]], _ outputs: [[Int]]) -> Double {
    product(inputs[2]) * product(outputs[0].prefix(3))
  }
}

extension Conv2DBackpropFilterBias: MultiplyAddOp {
  func multiplyAdds(_ inputs: [[Int]], _ outputs: [[Int]]) -> Double {
    gradient.multiplyAdds(inputs, outputs)
  }
}

extension DepthwiseConv2D: MultiplyAddOp {
  func multiplyAdds(_ inputs: [[Int]], _ outputs: [[Int]]) -> Double {
    product(outputs[0]) * product(inputs[1].prefix(2))
  }
}

extension MaskedConv2DBackpropInput: MultiplyAddOp {
  func multiplyAdds(_ inputs: [[Int]], _ outputs: [[Int]]) -> Double {
    gradient.multiplyAdds(inputs, outputs)
  }
}
