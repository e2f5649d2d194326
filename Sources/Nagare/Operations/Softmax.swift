/// An op that normalizes along the last dimension.
protocol Normalizer: Op {
  /// The result for one row of `count` elements.
  static func normalize<T: FloatNumber>(
    _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int)
}

extension Normalizer {
  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try inputs[0].shape.withRank(atLeast: 1)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    switch inputs[0].dataType {
    case .float32: [try rows(inputs, Float.self, context)]
    case .float64: [try rows(inputs, Double.self, context)]
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }

  private func rows<T: FloatNumber>(
    _ inputs: [Tensor], _: T.Type, _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    guard let width = inputs[0].dimensions.last else {
      throw .invalidArgument("logits must have >= 1 dimension, got []")
    }
    let result = try context.allocate(T.dataType, inputs[0].dimensions)
    guard result.count > 0 else { return result }
    let (x, y) = (inputs[0].pointer(T.self), result.mutablePointer(T.self))
    let grain = context.grain(cost: 8 * width)
    context.threads.ranges(result.count / width, grain: grain) { range in
      for row in range { Self.normalize(x + row * width, y + row * width, width) }
    }
    return result
  }
}

/// The greatest of `count` elements. It subtracts from exponents, so that NaN need not come through.
@inline(__always)
func greatest<T: FloatNumber>(_ x: UnsafePointer<T>, _ count: Int) -> T {
  foldRow(x, count, -T.infinity) { $0 < $1 ? $1 : $0 }
}

/// `y = exp(x - offset)`, and the sum of that.
@inline(__always)
func exponentials<T: FloatNumber>(
  _ x: UnsafePointer<T>, less offset: T, _ y: UnsafeMutablePointer<T>, _ count: Int
) -> T {
  for index in 0..<count { y[index] = x[index] - offset }
  T.exponentiate(y, count)
  return foldRow(y, count, 0) { $0 + $1 }
}

/// Exponentials that sum to 1.
struct Softmax: Normalizer {
  static let name = "Softmax"
  static let signature = Signature(
    inputs: ["logits: T"], outputs: ["softmax: T"], types: ["T": .floatingOperand])

  static func normalize<T: FloatNumber>(
    _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int
  ) {
    let total = exponentials(x, less: greatest(x, count), y, count)
    for index in 0..<count { y[index] /= total }
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let softmax = node.outputs[0]
    let gradient = try node.gradient
    let total = try sum(gradient * softmax, axes: [-1], keepDimensions: true)
    return [try (gradient - total) * softmax]
  }
}

/// The logarithm of `Softmax`.
struct LogSoftmax: Normalizer {
  static let name = "LogSoftmax"
  static let signature = Signature(
    inputs: ["logits: T"], outputs: ["logsoftmax: T"], types: ["T": .floatingOperand])

  static func normalize<T: FloatNumber>(
    _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int
  ) {
    let offset = greatest(x, count)
    let logarithm = T.log(exponentials(x, less: offset, y, count))
    for index in 0..<count { y[index] = x[index] - offset - logarithm }
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let gradient = try node.gradient
    let softmax = try exp(node.outputs[0])
    let total = try sum(gradient, axes: [-1], keepDimensions: true)
    return [try gradient - total * softmax]
  }
}

/// Exponentials along the last dimension, divided by their sum.
///
/// - Throws: `invalidArgument` for a single value.
///
/// TensorFlow: `Softmax`, `tf.nn.softmax`.
public func softmax(
  _ logits: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try logits.graph.output(Softmax(), [logits], name: name, SourceLocation(file, line))
}

/// The logarithm of `softmax(_:)`.
///
/// - Throws: `invalidArgument` for a single value.
///
/// TensorFlow: `LogSoftmax`, `tf.nn.log_softmax`.
public func logSoftmax(
  _ logits: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try logits.graph.output(LogSoftmax(), [logits], name: name, SourceLocation(file, line))
}
