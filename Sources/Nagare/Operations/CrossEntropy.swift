/// The cross entropy of the softmax of logits with probabilities, a row an example, and its gradient.
struct SoftmaxCrossEntropyWithLogits: Op {
  static let name = "SoftmaxCrossEntropyWithLogits"
  static let signature = Signature(
    inputs: ["features: T", "labels: T"], outputs: ["loss: T", "backprop: T"],
    types: ["T": .floatingOperand])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let (logits, labels) = (inputs[0].shape, inputs[1].shape)
    let matrix = Shape.unknown(rank: 2)
    if logits.isCompatible(with: matrix), let rows = logits.merged(with: matrix),
      let both = rows.merged(with: labels)
    {
      return [.vector(both[0]), both]
    }
    let both = try logits.broadcast(with: labels)
    guard let rank = both.rank else { return [.vector(nil), matrix] }
    guard rank == 2 else {
      throw .invalidArgument("Shape must be broadcasted with rank 2, but is rank \(rank)")
    }
    return [.vector(both[0]), both]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let (logits, labels) = (inputs[0], inputs[1])
    guard let both = try? Broadcast(logits.dimensions, labels.dimensions) else {
      throw .invalidArgument(
        "logits and labels must be broadcastable: logits_size=\(logits.shape) "
          + "labels_size=\(labels.shape)")
    }
    guard both.dimensions.count == 2 else {
      throw .invalidArgument(
        "logits and labels must be either 2-dimensional, or broadcasted to be 2-dimensional")
    }
    switch logits.dataType {
    case .float32: return try rows(logits, labels, both.dimensions, Float.self, context)
    case .float64: return try rows(logits, labels, both.dimensions, Double.self, context)
    default: throw .unsupported(Self.name, logits.dataType)
    }
  }

  private func rows<T: FloatNumber>(
    _ logits: Tensor, _ labels: Tensor, _ size: [Int], _: T.Type, _ context: KernelContext
  ) throws(GraphError) -> [Tensor] {
    let loss = try context.allocate(T.dataType, [size[0]])
    let backprop = try context.allocate(T.dataType, size)
    let width = size[1]
    /// The steps of an operand from row to row and from class to class.
    func steps(_ operand: Tensor) -> (row: Int, column: Int) {
      let columns = operand.dimensions.last ?? 1
      let rows = operand.rank < 2 ? 1 : operand.dimensions[0]
      return (rows == 1 ? 0 : columns, columns == 1 ? 0 : 1)
    }
    let (x, p) = (logits.pointer(T.self), labels.pointer(T.self))
    let (a, b) = (steps(logits), steps(labels))
    let (l, y) = (loss.mutablePointer(T.self), backprop.mutablePointer(T.self))
    context.threads.ranges(size[0], grain: context.grain(cost: 16 * max(1, width))) { range in
      for row in range {
        let (target, given) = (y + row * width, x + row * a.row)
        for index in 0..<width { target[index] = given[index * a.column] }
        let offset = greatest(target, width)
        for index in 0..<width { target[index] -= offset }
        T.exponentiate(target, width)
        let total = foldRow(target, width, 0) { $0 + $1 }
        let logarithm = T.log(total)
        let probabilities = p + row * b.row
        var sum: T = 0
        for index in 0..<width {
          let probability = probabilities[index * b.column]
          sum += probability * (logarithm - (given[index * a.column] - offset))
          target[index] = target[index] / total - probability
        }
        l[row] = sum
      }
    }
    return [loss, backprop]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (logits, labels) = (node.inputs[0], node.inputs[1])
    let toLogits = try crossEntropyGradient(node)
    // Nothing flows to the labels from the second output, as in TensorFlow.
    let toLabels: Output
    if let loss = node.upstream[0] {
      toLabels = try reshape(loss, [-1, 1]) * negative(logSoftmax(logits))
    } else {
      toLabels = try zerosLike(node.outputs[1])
    }
    return [
      try toLogits.map { (gradient: Output) throws(GraphError) -> Output in
        try unbroadcast(gradient, to: logits, with: node.outputs[1])
      },
      try unbroadcast(toLabels, to: labels, with: node.outputs[1]),
    ]
  }
}

/// The same for labels that are class numbers.
struct SparseSoftmaxCrossEntropyWithLogits: Op {
  static let name = "SparseSoftmaxCrossEntropyWithLogits"
  static let signature = Signature(
    inputs: ["features: T", "labels: Tlabels"], outputs: ["loss: T", "backprop: T"],
    types: ["T": .floatingOperand, "Tlabels": .of(.int32, .int64, default: .int64)])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let (logits, labels) = (inputs[0].shape, inputs[1].shape)
    let count = try mergedDimension(logits.withRank(2)[0], labels.withRank(1)[0])
    return [.vector(count), Shape([count, logits[1]])]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let (logits, labels) = (inputs[0], inputs[1])
    guard logits.rank == 2 else {
      throw .invalidArgument("logits must be 2-D, but got shape \(logits.shape)")
    }
    guard labels.rank == 1, let classes = labels.integers else {
      throw .invalidArgument("labels must be 1-D, but got shape \(labels.shape)")
    }
    guard logits.dimensions[0] == labels.dimensions[0] else {
      throw .invalidArgument(
        "logits and labels must have the same first dimension, got logits shape \(logits.shape) "
          + "and labels shape \(labels.shape)")
    }
    let width = logits.dimensions[1]
    guard width > 0 else {
      throw .invalidArgument("Must have at least one class, but got logits shape \(logits.shape)")
    }
    if let least = classes.min(), let greatest = classes.max(), least < 0 || greatest >= width {
      let listed = classes.prefix(256).map(String.init).joined(separator: " ")
      throw .invalidArgument(
        "Received a label value of \(least < 0 ? least : greatest) which is outside the valid "
          + "range of [0, \(width)).  Label values: \(listed)\(classes.count > 256 ? "..." : "")")
    }
    switch logits.dataType {
    case .float32: return try rows(logits, classes, Float.self, context)
    case .float64: return try rows(logits, classes, Double.self, context)
    default: throw .unsupported(Self.name, logits.dataType)
    }
  }

  private func rows<T: FloatNumber>(
    _ logits: Tensor, _ classes: [Int], _: T.Type, _ context: KernelContext
  ) throws(GraphError) -> [Tensor] {
    let width = logits.dimensions[1]
    let loss = try context.allocate(T.dataType, [classes.count])
    let backprop = try context.allocate(T.dataType, logits.dimensions)
    let x = logits.pointer(T.self)
    let (l, y) = (loss.mutablePointer(T.self), backprop.mutablePointer(T.self))
    context.threads.ranges(classes.count, grain: context.grain(cost: 8 * width)) { range in
      for row in range {
        let (given, target) = (x + row * width, y + row * width)
        let offset = greatest(given, width)
        let total = exponentials(given, less: offset, target, width)
        for index in 0..<width { target[index] /= total }
        target[classes[row]] -= 1
        l[row] = T.log(total) - (given[classes[row]] - offset)
      }
    }
    return [loss, backprop]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try crossEntropyGradient(node), nil]
  }
}

/// The gradient to the logits: of the loss, which the op has computed, and of that gradient.
private func crossEntropyGradient(_ node: Differentiation) throws(GraphError) -> Output? {
  let first = try node.upstream[0].map { (loss: Output) throws(GraphError) -> Output in
    try reshape(loss, [-1, 1]) * node.outputs[1]
  }
  guard let upstream = node.upstream[1] else { return first }
  let probabilities = try softmax(node.inputs[0])
  let total = try sum(upstream * probabilities, axes: [-1], keepDimensions: true)
  let second = try (upstream - total) * probabilities
  guard let first else { return second }
  return try first + second
}

/// The cross entropy of the softmax of `logits` with `labels`, probabilities of the classes, which are
/// the last dimension of both. The result has the other dimensions.
///
/// - Throws: `invalidArgument` when the shapes do not go together.
///
/// TensorFlow: `SoftmaxCrossEntropyWithLogits`, `tf.nn.softmax_cross_entropy_with_logits_v2`.
public func softmaxCrossEntropy(
  logits: Output, labels: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  let name = name ?? "softmax_cross_entropy_with_logits"
  let op = SoftmaxCrossEntropyWithLogits()
  if logits.shape.rank == 2, labels.shape.rank == 2 {
    return try logits.graph.output(op, [logits, labels], name: name, location)
  }
  return try logits.graph.scope(name) { () throws(GraphError) -> Output in
    let loss = try logits.graph.output(
      op, [try flattened(logits), try flattened(labels)], name: name, location)
    return try reshape(loss, try outerShape(logits))
  }
}

/// The cross entropy of the softmax of `logits`, whose last dimension are the classes, with `labels`,
/// class numbers. The result has the shape of `labels`.
///
/// - Throws: `invalidArgument` when the shapes do not go together; in a run, for a label that is no class.
///
/// TensorFlow: `SparseSoftmaxCrossEntropyWithLogits`,
/// `tf.nn.sparse_softmax_cross_entropy_with_logits`.
public func sparseSoftmaxCrossEntropy(
  logits: Output, labels: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  let op = SparseSoftmaxCrossEntropyWithLogits()
  return try logits.graph.scope(name ?? op.scopeName) { () throws(GraphError) -> Output in
    if logits.shape.rank == 2, labels.shape.rank == 1 {
      return try logits.graph.output(op, [logits, labels], name: op.scopeName, location)
    }
    let loss = try logits.graph.output(
      op, [try flattened(logits), try reshape(labels, [-1])], name: op.scopeName, location)
    return try reshape(loss, try shape(of: labels))
  }
}

extension SparseSoftmaxCrossEntropyWithLogits {
  fileprivate var scopeName: String { Self.name }
}

/// A matrix of all rows along the last dimension.
private func flattened(_ x: Output) throws(GraphError) -> Output {
  if let width = x.shape[-1] { return try reshape(x, [-1, width]) }
  let size = try shape(of: x)
  let width = try gather(size, try rank(of: x) - 1)
  let rows = try floorDivide(product(size, axes: [0]), maximum(width, 1))
  return try reshape(x, stack([rows, width]))
}

/// The shape without the last dimension.
private func outerShape(_ x: Output) throws(GraphError) -> Output {
  let graph = x.graph
  return try gather(
    shape(of: x), range(graph.constant(0), rank(of: x) - 1, graph.constant(1)))
}
