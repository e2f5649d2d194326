/// The greatest element over some dimensions; NaN if one is.
struct Max: NumberReduction {
  /// Whether reduced dimensions stay, with size 1.
  var keepDimensions = false

  static let name = "Max"
  static let signature = Signature(
    inputs: ["input: T", "reduction_indices: Tidx"], outputs: ["output: T"],
    types: [
      "T": .of(
        .float32, .float64, .int32, .uint8, .int16, .int8, .int64, .bfloat16, .uint16, .float16,
        .uint32, .uint64, .qint8, .quint8, .qint32, .qint16, .quint16), "Tidx": .index,
    ])

  @inline(__always) static func initial<T: FloatNumber>() -> T { -.infinity }
  @inline(__always) static func initial<T: IntegerNumber>() -> T { .min }
  @inline(__always) static func combine<T: FloatNumber>(_ x: T, _ y: T) -> T {
    x < y || y.isNaN ? y : x
  }
  @inline(__always) static func combine<T: IntegerNumber>(_ x: T, _ y: T) -> T {
    x < y ? y : x
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    try sharedAmongEqual(node, keepDimensions)
  }
}

/// The least element over some dimensions; NaN if one is.
struct Min: NumberReduction {
  /// Whether reduced dimensions stay, with size 1.
  var keepDimensions = false

  static let name = "Min"
  static let signature = Max.signature

  @inline(__always) static func initial<T: FloatNumber>() -> T { .infinity }
  @inline(__always) static func initial<T: IntegerNumber>() -> T { .max }
  @inline(__always) static func combine<T: FloatNumber>(_ x: T, _ y: T) -> T {
    y < x || y.isNaN ? y : x
  }
  @inline(__always) static func combine<T: IntegerNumber>(_ x: T, _ y: T) -> T {
    y < x ? y : x
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    try sharedAmongEqual(node, keepDimensions)
  }
}

/// The gradient of an extremum: elements that are equal to it share it.
private func sharedAmongEqual(
  _ node: Differentiation, _ keepDimensions: Bool
) throws(GraphError) -> [Output?] {
  let (x, axes) = (node.inputs[0], node.inputs[1])
  func restored(_ reduced: Output, _ isKept: Bool) throws(GraphError) -> Output {
    try unreduced(reduced, x, over: axes, keepDimensions: isKept)
  }
  let extremum = try restored(node.outputs[0], keepDimensions)
  let gradient = try restored(node.gradient, keepDimensions)
  let isChosen = try cast(equal(extremum, x), to: gradient.dataType)
  let count = try restored(sum(isChosen, axes: axes), false)
  return [try isChosen / count * gradient, nil]
}

/// The greatest element over `axes`, over all dimensions when `nil`. Negative axes count from the last.
///
/// - Throws: `invalidArgument` for an axis out of range or named twice.
///
/// TensorFlow: `Max`, `tf.reduce_max`.
public func max(
  _ input: Output, axes: [Int]? = nil, keepDimensions: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try Max(keepDimensions: keepDimensions).reduced(
    input, axes, name ?? "Max", SourceLocation(file, line))
}

/// The least element over `axes`, over all dimensions when `nil`. Negative axes count from the last.
///
/// - Throws: `invalidArgument` for an axis out of range or named twice.
///
/// TensorFlow: `Min`, `tf.reduce_min`.
public func min(
  _ input: Output, axes: [Int]? = nil, keepDimensions: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try Min(keepDimensions: keepDimensions).reduced(
    input, axes, name ?? "Min", SourceLocation(file, line))
}
