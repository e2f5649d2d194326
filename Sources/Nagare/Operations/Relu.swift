import CNagareKernels

/// The greater of each element and 0.
struct Relu: NumberUnary {
  static let name = "Relu"
  static let signature = Signature(
    inputs: ["features: T"], outputs: ["activations: T"],
    types: [
      "T": .of(
        .float32, .float64, .int32, .uint8, .int16, .int8, .int64, .bfloat16, .uint16, .float16,
        .uint32, .uint64, .qint8)
    ])

  static var loop: FloatLoop? { nagare_relu_f32 }

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T {
    x <= 0 ? 0 : x
  }

  @inline(__always) static func function<T: IntegerNumber>(_ x: T) -> T {
    x < 0 ? 0 : x
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try binary(ReluGrad(), node.gradient, node.outputs[0])]
  }
}

/// The gradient of `relu(x)` from `x` or from its value.
struct ReluGrad: NumberPair {
  static let name = "ReluGrad"
  static let signature = Signature(
    inputs: ["gradients: T", "features: T"], outputs: ["backprops: T"], types: ["T": .real])

  static var loop: FloatPairLoop? { nagare_relu_gradient_f32 }

  @inline(__always) static func function<T: FloatNumber>(_ gradient: T, _ x: T) -> T {
    gradient * (x > 0 ? 1 : 0)
  }

  @inline(__always) static func function<T: IntegerNumber>(_ gradient: T, _ x: T) -> T {
    x > 0 ? gradient : 0
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let x = node.inputs[1]
    return [try binary(ReluGrad(), node.gradient, x), try zerosLike(x)]
  }
}

/// Each element, but at least 0 and at most 6.
struct Relu6: NumberUnary {
  static let name = "Relu6"
  static let signature = Signature(
    inputs: ["features: T"], outputs: ["activations: T"], types: ["T": .real])

  static var loop: FloatLoop? { nagare_relu6_f32 }

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T {
    x <= 0 ? 0 : x >= 6 ? 6 : x
  }

  @inline(__always) static func function<T: IntegerNumber>(_ x: T) -> T {
    x < 0 ? 0 : x > 6 ? 6 : x
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try binary(Relu6Grad(), node.gradient, node.outputs[0])]
  }
}

/// The gradient of `relu6(x)` from `x` or from its value.
struct Relu6Grad: NumberPair {
  static let name = "Relu6Grad"
  static let signature = Signature(
    inputs: ["gradients: T", "features: T"], outputs: ["backprops: T"], types: ["T": .real])

  @inline(__always) static func function<T: FloatNumber>(_ gradient: T, _ x: T) -> T {
    gradient * (x > 0 && x < 6 ? 1 : 0)
  }

  @inline(__always) static func function<T: IntegerNumber>(_ gradient: T, _ x: T) -> T {
    x > 0 && x < 6 ? gradient : 0
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let x = node.inputs[1]
    return [try binary(Relu6Grad(), node.gradient, x), try zerosLike(x)]
  }
}

/// The greater of each element and 0.
///
/// TensorFlow: `Relu`, `tf.nn.relu`.
public func relu(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Relu(), [x], name: name, SourceLocation(file, line))
}

/// Each element, but at least 0 and at most 6.
///
/// TensorFlow: `Relu6`, `tf.nn.relu6`.
public func relu6(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Relu6(), [x], name: name, SourceLocation(file, line))
}
