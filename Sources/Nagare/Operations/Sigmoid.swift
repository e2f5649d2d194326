import CNagareKernels

/// The logistic function, `1 / (1 + exp(-x))`.
struct Sigmoid: FloatUnary {
  static let name = "Sigmoid"
  static var loop: FloatLoop? { nagare_sigmoid_f32 }

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { 1 / (1 + T.exp(-x)) }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try binary(SigmoidGrad(), node.outputs[0], node.gradient)]
  }
}

/// The gradient of `y = sigmoid(x)`: `dy · y · (1 - y)`.
struct SigmoidGrad: FloatPair {
  static let name = "SigmoidGrad"
  static let signature = Signature(
    inputs: ["y: T", "dy: T"], outputs: ["z: T"], types: ["T": .complexOrFloating])

  @inline(__always) static func function<T: FloatNumber>(_ y: T, _ dy: T) -> T {
    dy * y * (1 - y)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let gradient = try node.gradient
    let (y, dy) = (node.inputs[0], node.inputs[1])
    let product = try gradient * dy
    return [
      try product - 2 * product * y, try binary(SigmoidGrad(), y, gradient),
    ]
  }
}

/// The logistic function of each element, `1 / (1 + exp(-x))`.
///
/// TensorFlow: `Sigmoid`, `tf.sigmoid`.
public func sigmoid(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Sigmoid(), [x], name: name, SourceLocation(file, line))
}
