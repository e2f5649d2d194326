/// The Gauss error function.
struct Erf: FloatUnary {
  static let name = "Erf"
  static let signature = Signature(
    inputs: ["x: T"], outputs: ["y: T"], types: ["T": .floating])

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { T.erf(x) }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let x = node.inputs[0]
    // 2 / sqrt(pi), in the type of the operand.
    let scale = try node.graph.constant(
      try Tensor(scalar: 1.1283791670955126).converted(to: x.dataType))
    return [try node.gradient * scale * exp(negative(square(x)))]
  }
}

/// One less the Gauss error function.
struct Erfc: FloatUnary {
  static let name = "Erfc"
  static let signature = Signature(
    inputs: ["x: T"], outputs: ["y: T"], types: ["T": .floating])

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { T.erfc(x) }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let x = node.inputs[0]
    // 2 / sqrt(pi), in the type of the operand.
    let scale = try node.graph.constant(
      try Tensor(scalar: -1.1283791670955126).converted(to: x.dataType))
    return [try node.gradient * scale * exp(negative(square(x)))]
  }
}

/// The Gauss error function of each element.
///
/// TensorFlow: `Erf`, `tf.math.erf`.
public func erf(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Erf(), [x], name: name, SourceLocation(file, line))
}

/// One less the Gauss error function of each element.
///
/// TensorFlow: `Erfc`, `tf.math.erfc`.
public func erfc(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Erfc(), [x], name: name, SourceLocation(file, line))
}
