/// A tensor repeated until it has a shape.
struct BroadcastTo: Op {
  static let name = "BroadcastTo"
  static let signature = Signature(
    inputs: ["input: T", "shape: Tidx"], outputs: ["output: T"],
    types: ["T": .any, "Tidx": .index])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let target = try inputs[1].requestedShape()
    guard var dimensions = target.dimensions else { return [.unknown] }
    guard let given = try inputs[0].shape.withRank(atMost: dimensions.count).dimensions else {
      return [target]
    }
    for (offset, size) in given.reversed().enumerated() {
      guard let size, size > 1 else { continue }
      let index = dimensions.count - 1 - offset
      if let wanted = dimensions[index], wanted != size {
        throw .invalidArgument("Dimensions must be equal, but are \(size) and \(wanted)")
      }
      dimensions[index] = size
    }
    return [Shape(dimensions)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[1].rank == 1, let sizes = inputs[1].integers else {
      throw .invalidArgument("The shape to broadcast to must be a vector")
    }
    _ = try checkedElementCount(sizes)
    guard inputs[0].rank <= sizes.count else {
      throw .invalidArgument(
        "Rank of input (\(inputs[0].rank)) must be no greater than rank of output shape "
          + "(\(sizes.count)).")
    }
    let broadcast = try Broadcast(inputs[0].dimensions, sizes)
    guard broadcast.dimensions == sizes else {
      throw .invalidArgument(
        "Incompatible shapes: \(inputs[0].shape) vs. \(Shape(sizes))")
    }
    if inputs[0].dataType == .string {
      let source = inputs[0].strings
      var strings: [[UInt8]] = []
      for run in 0..<broadcast.runCount {
        let start = broadcast.start(run).left
        for index in 0..<broadcast.runLength {
          strings.append(source[start + index * broadcast.leftStep])
        }
      }
      return [try Tensor(strings: strings, dimensions: sizes)]
    }
    let output = try context.allocate(inputs[0].dataType, sizes)
    func copy<T: Scalar>(_: T.Type) {
      let x = inputs[0].storage.base.assumingMemoryBound(to: T.self)
      let y = output.storage.base.assumingMemoryBound(to: T.self)
      let (length, step) = (broadcast.runLength, broadcast.leftStep)
      let grain = max(1, context.grain() / max(1, length))
      context.threads.ranges(broadcast.runCount, grain: grain) { range in
        for run in range {
          let source = x + broadcast.start(run).left
          let target = y + run * length
          for index in 0..<length { target[index] = source[index * step] }
        }
      }
    }
    // Only the size of an element matters to a copy.
    switch inputs[0].dataType.byteCount {
    case 1: copy(UInt8.self)
    case 2: copy(UInt16.self)
    case 4: copy(UInt32.self)
    case 8: copy(UInt64.self)
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
    return [output]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try unbroadcast(node.gradient, to: node.inputs[0], with: node.outputs[0]), nil]
  }
}

/// `input` repeated along dimensions of size 1, and along new ones in front, until it has `shape`.
///
/// TensorFlow: `BroadcastTo`, `tf.broadcast_to`.
public func broadcast(
  _ input: Output, to shape: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try input.graph.output(BroadcastTo(), [input, shape], name: name, SourceLocation(file, line))
}
