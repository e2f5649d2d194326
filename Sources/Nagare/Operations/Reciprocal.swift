/// `1 / x`.
struct Reciprocal: FloatUnary {
  static let name = "Reciprocal"
  static let signature = Signature(
    inputs: ["x: T"], outputs: ["y: T"], types: ["T": .signed])

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { 1 / x }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try binary(ReciprocalGrad(), node.outputs[0], node.gradient)]
  }
}

/// The old name of `Reciprocal`.
struct Inv: FloatUnary {
  static let name = "Inv"
  static let signature = Reciprocal.signature

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { 1 / x }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    try Reciprocal().gradient(node)
  }
}

/// The gradient of `y = 1 / x`: `-dy · y²`.
struct ReciprocalGrad: FloatPair {
  static let name = "ReciprocalGrad"
  static let signature = Signature(
    inputs: ["y: T", "dy: T"], outputs: ["z: T"], types: ["T": .complexOrFloating])

  @inline(__always) static func function<T: FloatNumber>(_ y: T, _ dy: T) -> T {
    -dy * y * y
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let gradient = try node.gradient
    let (y, dy) = (node.inputs[0], node.inputs[1])
    return [
      try gradient * -2 * dy * y, try binary(ReciprocalGrad(), y, gradient),
    ]
  }
}

/// The old name of `ReciprocalGrad`.
struct InvGrad: FloatPair {
  static let name = "InvGrad"
  static let signature = Signature(
    inputs: ["y: T", "dy: T"], outputs: ["z: T"], types: ["T": .complexOrFloating])

  @inline(__always) static func function<T: FloatNumber>(_ y: T, _ dy: T) -> T {
    -dy * y * y
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    try ReciprocalGrad().gradient(node)
  }
}

/// `1 / x` of each element.
///
/// TensorFlow: `Reciprocal`, `tf.math.reciprocal`.
public func reciprocal(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Reciprocal(), [x], name: name, SourceLocation(file, line))
}
