/// The sine of an angle in radians.
struct Sin: FloatUnary {
  static let name = "Sin"

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { T.sin(x) }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try node.gradient * cos(node.inputs[0])]
  }
}

/// The cosine of an angle in radians.
struct Cos: FloatUnary {
  static let name = "Cos"

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { T.cos(x) }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try negative(node.gradient) * sin(node.inputs[0])]
  }
}

/// The tangent of an angle in radians.
struct Tan: FloatUnary {
  static let name = "Tan"

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { T.tan(x) }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try square(reciprocal(cos(node.inputs[0]))) * node.gradient]
  }
}

/// The angle in radians with this sine.
struct Asin: FloatUnary {
  static let name = "Asin"

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { T.asin(x) }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try node.gradient * reciprocal(sqrt(1 - square(node.inputs[0])))]
  }
}

/// The angle in radians with this cosine.
struct Acos: FloatUnary {
  static let name = "Acos"

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { T.acos(x) }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try negative(node.gradient) * reciprocal(sqrt(1 - square(node.inputs[0])))]
  }
}

/// The angle in radians with this tangent.
struct Atan: FloatUnary {
  static let name = "Atan"

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { T.atan(x) }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try node.gradient * reciprocal(1 + square(node.inputs[0]))]
  }
}

/// The hyperbolic sine.
struct Sinh: FloatUnary {
  static let name = "Sinh"

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { T.sinh(x) }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try node.gradient * cosh(node.inputs[0])]
  }
}

/// The hyperbolic cosine.
struct Cosh: FloatUnary {
  static let name = "Cosh"

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { T.cosh(x) }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try node.gradient * sinh(node.inputs[0])]
  }
}

/// The sine of an angle in radians, of each element.
///
/// TensorFlow: `Sin`, `tf.sin`.
public func sin(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Sin(), [x], name: name, SourceLocation(file, line))
}

/// The cosine of an angle in radians, of each element.
///
/// TensorFlow: `Cos`, `tf.cos`.
public func cos(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Cos(), [x], name: name, SourceLocation(file, line))
}

/// The tangent of an angle in radians, of each element.
///
/// TensorFlow: `Tan`, `tf.tan`.
public func tan(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Tan(), [x], name: name, SourceLocation(file, line))
}

/// The angle in radians with this sine, of each element.
///
/// TensorFlow: `Asin`, `tf.asin`.
public func asin(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Asin(), [x], name: name, SourceLocation(file, line))
}

/// The angle in radians with this cosine, of each element.
///
/// TensorFlow: `Acos`, `tf.acos`.
public func acos(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Acos(), [x], name: name, SourceLocation(file, line))
}

/// The angle in radians with this tangent, of each element.
///
/// TensorFlow: `Atan`, `tf.atan`.
public func atan(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Atan(), [x], name: name, SourceLocation(file, line))
}

/// The hyperbolic sine, of each element.
///
/// TensorFlow: `Sinh`, `tf.sinh`.
public func sinh(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Sinh(), [x], name: name, SourceLocation(file, line))
}

/// The hyperbolic cosine, of each element.
///
/// TensorFlow: `Cosh`, `tf.cosh`.
public func cosh(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Cosh(), [x], name: name, SourceLocation(file, line))
}
