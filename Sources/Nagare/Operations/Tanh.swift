import CNagareKernels

/// The hyperbolic tangent.
struct Tanh: FloatUnary {
  static let name = "Tanh"
  static var loop: FloatLoop? { nagare_tanh_f32 }

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { T.tanh(x) }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try binary(TanhGrad(), node.outputs[0], node.gradient)]
  }
}

/// The gradient of `y = tanh(x)`: `dy · (1 - y²)`.
struct TanhGrad: FloatPair {
  static let name = "TanhGrad"
  static let signature = Signature(
    inputs: ["y: T", "dy: T"], outputs: ["z: T"], types: ["T": .complexOrFloating])

  @inline(__always) static func function<T: FloatNumber>(_ y: T, _ dy: T) -> T {
    dy * (1 - y * y)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let gradient = try node.gradient
    let (y, dy) = (node.inputs[0], node.inputs[1])
    return [try gradient * -2 * dy * y, try binary(TanhGrad(), y, gradient)]
  }
}

/// The hyperbolic tangent of each element.
///
/// TensorFlow: `Tanh`, `tf.tanh`.
public func tanh(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Tanh(), [x], name: name, SourceLocation(file, line))
}
