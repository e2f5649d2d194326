/// Elements, or rows, of one of two tensors of one shape.
struct Select: Op {
  static let name = "Select"
  static let signature = Signature(
    inputs: ["condition: bool", "t: T", "e: T"], outputs: ["output: T"], types: ["T": .any])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let result = try inputs[1].shape.merging(inputs[2].shape)
    let condition = inputs[0].shape
    guard let rank = condition.rank, rank > 0, let dimensions = result.dimensions else {
      return [result]
    }
    // A vector picks rows, unless the operands are vectors themselves.
    guard rank == 1, dimensions.count > 1 else { return [try condition.merging(result)] }
    _ = try condition.merging(Shape([dimensions[0]]))
    return [result]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let flags = inputs[0]
    if flags.rank == 1, inputs[1].rank != 1 {
      guard let rows = inputs[1].dimensions.first else {
        throw .invalidArgument("'then' must be at least a vector, but saw shape: []")
      }
      guard rows == flags.count else {
        throw .invalidArgument(
          "Number of batches of 'then' must match size of 'cond', but saw: \(rows) vs. "
            + "\(flags.count)")
      }
    } else if flags.rank > 0 {
      try checkSameShape(Self.name, inputs, 0, 1, context)
      try checkSameShape(Self.name, inputs, 0, 2, context)
    }
    try checkSameShape(Self.name, inputs, 1, 2, context)
    if flags.rank == 0 { return [flags.buffer(Bool.self)[0] ? inputs[1] : inputs[2]] }
    return [
      try choose(
        inputs, Choice(rows: flags.count, width: inputs[1].count / max(1, flags.count)),
        to: inputs[1].dimensions, Self.name, context)
    ]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let gradient = try node.gradient
    let zeros = try zerosLike(gradient)
    return [
      nil, try selectV1(node.inputs[0], gradient, zeros),
      try selectV1(node.inputs[0], zeros, gradient),
    ]
  }
}

/// Elements of one of two tensors, with broadcasting.
struct SelectV2: Op {
  static let name = "SelectV2"
  static let signature = Select.signature

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [
      try inputs[0].shape.broadcast(with: inputs[1].shape.broadcast(with: inputs[2].shape))
    ]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard let pair = try? Broadcast(inputs[1].dimensions, inputs[2].dimensions),
      let all = try? Broadcast(pair.dimensions, inputs[0].dimensions)
    else {
      throw .invalidArgument(
        "condition \(inputs[0].shape), then \(inputs[1].shape), and else \(inputs[2].shape) "
          + "must be broadcastable")
    }
    let choice = Choice(inputs.map(\.dimensions), result: all.dimensions)
    return [try choose(inputs, choice, to: all.dimensions, Self.name, context)]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (condition, result) = (node.inputs[0], node.outputs[0])
    let gradient = try node.gradient
    let zero = try node.graph.constant(
      try Tensor(scalar: Float(0)).converted(to: gradient.dataType), name: "zeros")
    return [
      nil,
      try unbroadcast(select(condition, gradient, zero), to: node.inputs[1], with: result),
      try unbroadcast(select(condition, zero, gradient), to: node.inputs[2], with: result),
    ]
  }
}

/// How the elements of condition, first and second operand come together: rows of a constant step.
private struct Choice {
  let rows: Int
  let width: Int
  /// The step of each operand within a row.
  let steps: [Int]
  /// The size of each dimension above the rows, the last first, and the steps of each operand there.
  private var sizes: [Int] = []
  private var rowSteps: [[Int]] = []

  /// One flag for each row of `width` elements.
  init(rows: Int, width: Int) {
    if width == 1 {
      (self.rows, self.width) = (1, rows)
      steps = [1, 1, 1]
    } else {
      (self.rows, self.width) = (rows, width)
      steps = [0, 1, 1]
      sizes = [rows]
      rowSteps = [[1, width, width]]
    }
  }

  init(_ operands: [[Int]], result: [Int]) {
    guard operands.contains(where: { $0 != result }) else {
      // Products of sizes that a tensor has do not overflow.
      (rows, width, steps) = (1, result.reduce(1, *), [1, 1, 1])
      return
    }
    width = result.last ?? 1
    var rows = 1
    var within: [Int] = []
    var strides: [Int] = []
    for operand in operands {
      within.append(operand.last.map { $0 == 1 ? 0 : 1 } ?? 0)
      strides.append(operand.last ?? 1)
    }
    steps = within
    for index in result.indices.dropLast().reversed() {
      var stepsHere: [Int] = []
      for (number, operand) in operands.enumerated() {
        let place = index - (result.count - operand.count)
        let size = place < 0 ? 1 : operand[place]
        stepsHere.append(size == 1 ? 0 : strides[number])
        strides[number] *= size
      }
      sizes.append(result[index])
      rowSteps.append(stepsHere)
      rows *= result[index]
    }
    self.rows = rows
  }

  /// Where row `index` begins in each operand.
  func start(_ index: Int) -> (Int, Int, Int) {
    var rest = index
    var starts = (0, 0, 0)
    for (size, steps) in zip(sizes, rowSteps) {
      let position = rest % size
      rest /= size
      starts.0 += position * steps[0]
      starts.1 += position * steps[1]
      starts.2 += position * steps[2]
    }
    return starts
  }
}

private func choose(
  _ inputs: [Tensor], _ choice: Choice, to dimensions: [Int], _ name: String,
  _ context: KernelContext
) throws(GraphError) -> Tensor {
  let flags = inputs[0].pointer(Bool.self)
  let (width, steps) = (choice.width, choice.steps)
  let (f, s, t) = (steps[0], steps[1], steps[2])
  if inputs[1].dataType == .string {
    let (first, second) = (inputs[1].strings, inputs[2].strings)
    var strings: [[UInt8]] = []
    for row in 0..<(width == 0 ? 0 : choice.rows) {
      let start = choice.start(row)
      for index in 0..<width {
        strings.append(
          flags[start.0 + index * f]
            ? first[start.1 + index * s] : second[start.2 + index * t])
      }
    }
    return try Tensor(strings: strings, dimensions: dimensions)
  }
  let result = try context.allocate(inputs[1].dataType, dimensions)
  guard result.count > 0 else { return result }
  func copy<T: FixedWidthInteger>(_: T.Type) {
    let first = inputs[1].storage.base.assumingMemoryBound(to: T.self)
    let second = inputs[2].storage.base.assumingMemoryBound(to: T.self)
    let y = result.storage.base.assumingMemoryBound(to: T.self)
    if choice.rows == 1, f == 1, s == 1, t == 1 {
      context.threads.ranges(width, grain: context.grain()) { range in
        for index in range { y[index] = flags[index] ? first[index] : second[index] }
      }
      return
    }
    let grain = max(1, context.grain() / max(1, width))
    context.threads.ranges(choice.rows, grain: grain) { range in
      for row in range {
        let start = choice.start(row)
        let target = y + row * width
        let (c, a, b) = (flags + start.0, first + start.1, second + start.2)
        for index in 0..<width {
          target[index] = c[index * f] ? a[index * s] : b[index * t]
        }
      }
    }
  }
  // Only the size of an element matters to a copy.
  switch inputs[1].dataType.byteCount {
  case 1: copy(UInt8.self)
  case 2: copy(UInt16.self)
  case 4: copy(UInt32.self)
  case 8: copy(UInt64.self)
  default: throw .unsupported(name, inputs[1].dataType)
  }
  return result
}

/// Elements of `x` where `condition` is true, of `y` elsewhere, with broadcasting.
///
/// - Throws: `invalidArgument` when types differ or shapes do not go together.
///
/// TensorFlow: `SelectV2`, `tf.where_v2`.
public func select(
  _ condition: Output, _ x: Output, _ y: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try condition.graph.output(
    SelectV2(), [condition, x, y], name: name, SourceLocation(file, line))
}

/// The same without broadcasting; a vector as condition picks rows.
func selectV1(
  _ condition: Output, _ x: Output, _ y: Output
) throws(GraphError) -> Output {
  try condition.graph.output(Select(), [condition, x, y])
}
