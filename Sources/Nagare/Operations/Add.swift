import CNagareKernels

/// `x + y` with broadcasting; strings are joined.
struct Add: NumberBinary {
  static let name = "Add"
  static let signature = Signature(
    inputs: ["x: T", "y: T"], outputs: ["z: T"],
    types: [
      "T": .of(
        .bfloat16, .float16, .float32, .float64, .uint8, .int8, .int16, .int32, .int64, .complex64,
        .complex128, .string)
    ])

  static var loop: FloatArithmeticLoop? { nagare_add_f32 }

  @inline(__always) static func function<T: FloatNumber>(_ x: T, _ y: T) -> T { x + y }
  @inline(__always) static func function<T: IntegerNumber>(_ x: T, _ y: T) -> T { x &+ y }

  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    guard inputs[0].dataType == .string else {
      return try AddV2().computeOutput(inputs, context)
    }
    let broadcast = try Broadcast(inputs[0].dimensions, inputs[1].dimensions)
    let (left, right) = (inputs[0].strings, inputs[1].strings)
    var joined: [[UInt8]] = []
    for run in 0..<broadcast.runCount {
      let start = broadcast.start(run)
      for index in 0..<broadcast.runLength {
        joined.append(
          left[start.left + index * broadcast.leftStep]
            + right[start.right + index * broadcast.rightStep])
      }
    }
    return try Tensor(strings: joined, dimensions: broadcast.dimensions)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    try AddV2().gradient(node)
  }
}

/// `x + y` with broadcasting.
struct AddV2: NumberBinary {
  static let name = "AddV2"
  static let signature = Signature(
    inputs: ["x: T", "y: T"], outputs: ["z: T"],
    types: [
      "T": .of(
        .bfloat16, .float16, .float32, .float64, .uint8, .uint16, .uint32, .uint64, .int8, .int16,
        .int32, .int64, .complex64, .complex128)
    ])

  static var loop: FloatArithmeticLoop? { nagare_add_f32 }

  @inline(__always) static func function<T: FloatNumber>(_ x: T, _ y: T) -> T { x + y }
  @inline(__always) static func function<T: IntegerNumber>(_ x: T, _ y: T) -> T { x &+ y }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (x, y) = (node.inputs[0], node.inputs[1])
    return [
      try unbroadcast(node.gradient, to: x, with: y),
      try unbroadcast(node.gradient, to: y, with: x),
    ]
  }
}

/// `x + y` with broadcasting.
///
/// - Throws: `invalidArgument` when types differ or shapes do not go together.
///
/// TensorFlow: `Add`, `tf.add`.
public func add(
  _ x: Output, _ y: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(Add(), [x, y], name: name, SourceLocation(file, line))
}
