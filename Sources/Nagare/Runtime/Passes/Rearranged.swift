/// A tensor as one with another layout takes it.
struct Rearranged: SingleOutputOp, WithoutGradient {
  enum Content {
    /// Its dimensions are brought into another order.
    case picture
    /// Its first dimension has a row for each dimension of a picture.
    case list
    /// It has one element a channel.
    case vector
  }

  /// Dimension `i` of the result is `order[i]` of the input, before whose own are ones if need be.
  var order: [Int] = []
  var content = Content.picture

  /// The dimensions of pictures with channels first, with channels last, and back.
  static let channelsLast = DataFormat.nchw.nhwc([0, 1, 2, 3])
  static let channelsFirst = DataFormat.nchw.arranged(0, 1, 2, 3)

  static let name = "_Transpose"
  static let signature = Signature(inputs: ["x: T"], outputs: ["y: T"], types: ["T": .any])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let shape = inputs[0].shape
    if content == .vector { return [.vector(shape.elementCount)] }
    guard content == .picture, let dimensions = shape.dimensions else { return [shape] }
    let all = [Int?](repeating: 1, count: max(0, order.count - dimensions.count)) + dimensions
    guard all.count == order.count else {
      throw .internalError("\(shape) has not the \(order.count) dimensions expected")
    }
    return [Shape(order.map { all[$0] })]
  }

  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    let x = inputs[0]
    if content == .vector { return try x.reshaped([x.count]) }
    if content == .list {
      guard x.rank > 0, x.dimensions[0] == order.count, let numbers = x.integers else {
        throw .internalError("\(x.shape) is no list of \(order.count) dimensions")
      }
      let width = x.count / order.count
      let rows = order.map { numbers[($0 * width)..<(($0 + 1) * width)] }
      return try Tensor(sizes: rows.flatMap(\.self), x.dataType).reshaped(x.dimensions)
    }
    guard let dimensions = try infer([TensorSpec(x.dataType, x.shape)])[0].known else { return x }
    let ones = [Int](repeating: 1, count: order.count - x.rank)
    let whole = ones.isEmpty ? x : try x.reshaped(ones + x.dimensions)
    if x.dataType.byteCount != nil, order == Self.channelsLast {
      return try whole.channelsLast(from: .nchw, context)
    }
    if x.dataType.byteCount != nil, order == Self.channelsFirst {
      return try whole.arranged(as: .nchw, context)
    }
    let steps = StridedCopy.steps(whole.dimensions)
    return try whole.part(dimensions, steps: order.map { steps[$0] }, context)
  }
}

/// A node of the graph that computes with channels last in a plan.
struct OriginalNode: Sendable {
  let node: Node
  /// What makes its inputs of those in the plan, by place.
  let rearranged: [Int: Rearranged]
  /// How many dimensions those have in the graph, where it is known.
  let ranks: [Int: Int]
  /// The input that holds an axis, and that axis.
  let axis: (place: Int, value: Tensor)?

  /// What the node says to its inputs as the graph has them in the place of `error`; `nil` where these are
  /// not inputs of the node in the plan.
  func refusal(_ error: GraphError, _ inputs: [Tensor]) -> GraphError? {
    guard inputs.count == node.inputs.count else { return nil }
    var inputs = inputs
    if let axis { inputs[axis.place] = axis.value }
    for (place, op) in rearranged {
      guard let input = try? op.computeOutput([inputs[place]], .folding) else { return nil }
      inputs[place] = input
      if let rank = ranks[place], rank < input.rank,
        let lower = try? input.reshaped(Array(input.dimensions.suffix(rank)))
      {
        inputs[place] = lower
      }
    }
    do throws(GraphError) {
      if error.code != .resourceExhausted {
        _ = try node.op.compute(inputs, KernelContext(folding: node))
      }
      return Plan.located(error, node, inputs)
    } catch {
      return Plan.located(error, node, inputs)
    }
  }
}
