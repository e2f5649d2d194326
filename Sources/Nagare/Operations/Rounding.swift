/// The greatest whole number that is not above.
struct Floor: FloatUnary, NonDifferentiable {
  static let name = "Floor"
  static let signature = Signature(
    inputs: ["x: T"], outputs: ["y: T"], types: ["T": .floating])

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { x.rounded(.down) }
}

/// The least whole number that is not below.
struct Ceil: FloatUnary, NonDifferentiable {
  static let name = "Ceil"
  static let signature = Signature(
    inputs: ["x: T"], outputs: ["y: T"], types: ["T": .floating])

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T { x.rounded(.up) }
}

/// The nearest whole number, the even one of two.
struct Rint: FloatUnary, NonDifferentiable {
  static let name = "Rint"
  static let signature = Signature(
    inputs: ["x: T"], outputs: ["y: T"], types: ["T": .floating])

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T {
    x.rounded(.toNearestOrEven)
  }
}

/// The nearest whole number, the even one of two.
struct Round: NumberUnary, NonDifferentiable {
  static let name = "Round"
  static let signature = Signature(
    inputs: ["x: T"], outputs: ["y: T"], types: ["T": .signed])

  @inline(__always) static func function<T: FloatNumber>(_ x: T) -> T {
    x.rounded(.toNearestOrEven)
  }
  @inline(__always) static func function<T: IntegerNumber>(_ x: T) -> T { x }
}

/// The greatest whole number that is not above, of each element.
///
/// TensorFlow: `Floor`, `tf.floor`.
public func floor(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Floor(), [x], name: name, SourceLocation(file, line))
}

/// The least whole number that is not below, of each element.
///
/// TensorFlow: `Ceil`, `tf.ceil`.
public func ceil(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Ceil(), [x], name: name, SourceLocation(file, line))
}

/// The nearest whole number, the even one of two, of each element.
///
/// TensorFlow: `Rint`, `tf.math.rint`.
public func rint(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Rint(), [x], name: name, SourceLocation(file, line))
}

/// The nearest whole number, the even one of two, of each element.
///
/// TensorFlow: `Round`, `tf.round`.
public func round(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Round(), [x], name: name, SourceLocation(file, line))
}
