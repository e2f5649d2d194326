/// A tensor with zeros around it.
struct Pad: Padded {
  static let name = "Pad"
  static let signature = Signature(
    inputs: ["input: T", "paddings: Tpaddings"], outputs: ["output: T"],
    types: ["T": .any, "Tpaddings": .index])

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let paddings = try Paddings(inputs[1], for: inputs[0])
    let result = try Tensor(zeros: inputs[0].dataType, paddings.result)
    try paddings.place(inputs[0], in: result, context)
    return [result]
  }
}

/// A tensor with a value around it.
struct PadV2: Padded {
  static let name = "PadV2"
  static let signature = Signature(
    inputs: ["input: T", "paddings: Tpaddings", "constant_values: T"], outputs: ["output: T"],
    types: ["T": .any, "Tpaddings": .index])

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let paddings = try Paddings(inputs[1], for: inputs[0])
    guard inputs[2].rank == 0 else {
      throw .invalidArgument("constant_values must be a scalar. Found: \(inputs[2].shape)")
    }
    let result = try context.allocate(inputs[0].dataType, paddings.result)
    try StridedCopy(
      [result.count], from: [0], to: [1]
    ).run(inputs[2], result, context)
    try paddings.place(inputs[0], in: result, context)
    return [result]
  }
}

protocol Padded: Op {}

extension Padded {
  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try inferPadding(inputs[0].shape, inputs[1])]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let graph = node.graph
    let (input, paddings) = (node.inputs[0], node.inputs[1])
    let column = try stack([rank(of: input), graph.constant(1, name: "stack/1")])
    let origin = try graph.constant([0, 0], name: "Slice/begin")
    let type = paddings.dataType
    // The two vectors of a slice are of one type.
    let before =
      type == .int32
      ? try slice(paddings, begin: origin, size: column)
      : try slice(paddings, begin: [0, 0], size: [-1, 1])
    let begin = try reshape(before, [-1])
    let part = try slice(
      node.gradient, begin: begin, size: shape(of: input, outputType: type))
    return [part] + [Output?](repeating: nil, count: node.inputs.count - 1)
  }
}

/// The shape of a padded tensor.
func inferPadding(_ input: Shape, _ paddings: TensorSpec) throws(GraphError) -> Shape {
  let table = try paddings.shape.withRank(2)
  try checkDimension(table[1], is: 2)
  var input = input
  if let rows = table[0] {
    input = try input.withRank(rows)
  } else if let rank = input.rank {
    input = try input.withRank(rank)
  }
  guard let values = paddings.integers else {
    return input.rank.map { .unknown(rank: $0) } ?? .unknown
  }
  var dimensions: [Int?] = []
  for axis in 0..<(values.count / 2) {
    let (before, after) = (values[2 * axis], values[2 * axis + 1])
    guard before >= 0, after >= 0 else {
      throw .invalidArgument("Paddings must be non-negative")
    }
    dimensions.append(input[axis].map { $0.addingClamped(before).addingClamped(after) })
  }
  return Shape(dimensions)
}

/// What is added before and after each dimension.
struct Paddings {
  let before: [Int]
  /// The shape with the padding.
  let result: [Int]

  init(_ paddings: Tensor, for input: Tensor) throws(GraphError) {
    guard paddings.rank == 2, paddings.dimensions[1] == 2, let values = paddings.integers else {
      throw .invalidArgument("paddings must be a matrix with 2 columns: \(paddings.shape)")
    }
    guard paddings.dimensions[0] == input.rank else {
      throw .invalidArgument(
        "The first dimension of paddings must be the rank of inputs\(paddings.shape) \(input.shape)"
      )
    }
    var before: [Int] = []
    var result: [Int] = []
    for (axis, size) in input.dimensions.enumerated() {
      let (first, last) = (values[2 * axis], values[2 * axis + 1])
      guard first >= 0, last >= 0 else {
        throw .invalidArgument("Paddings must be non-negative: \(first) \(last)")
      }
      before.append(first)
      result.append(size.addingClamped(first).addingClamped(last))
    }
    _ = try checkedElementCount(result)
    self.before = before
    self.result = result
  }

  /// Copies `input` to its place in `padded`.
  func place(
    _ input: Tensor, in padded: Tensor, _ context: KernelContext
  ) throws(GraphError) {
    guard input.count > 0 else { return }
    let steps = StridedCopy.steps(result)
    var start = 0
    for (count, step) in zip(before, steps) { start += count * step }
    try StridedCopy(
      input.dimensions, from: StridedCopy.steps(input.dimensions), to: steps,
      targetStart: start
    ).run(input, padded, context)
  }
}

/// `input` with `value` (zero when `nil`) around it: `paddings` has the numbers of elements before and
/// after each dimension.
///
/// - Throws: `invalidArgument` when the list does not fit the rank or a number is negative.
///
/// TensorFlow: `Pad`, `PadV2`, `tf.pad`.
public func pad(
  _ input: Output, _ paddings: [(before: Int, after: Int)], value: Tensor? = nil,
  name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  let graph = input.graph
  func operands() throws(GraphError) -> [Output] {
    let table = try Tensor(sizes: paddings.flatMap { [$0.before, $0.after] }, .int32)
      .reshaped([paddings.count, 2])
    return [input, try graph.constant(table, name: "paddings", location)]
  }
  guard let value else {
    return try graph.output(Pad(), named: name ?? "Pad", location, operands: operands)
  }
  return try graph.output(PadV2(), named: name ?? "PadV2", location) {
    () throws(GraphError) -> [Output] in
    try operands() + [
      graph.constant(value.converted(to: input.dataType), name: "constant_values", location)
    ]
  }
}

/// `input` with zeros around it, as many as the rows of `paddings`, a matrix of two columns, say.
///
/// TensorFlow: `Pad`, `tf.pad`.
public func pad(
  _ input: Output, paddings: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try input.graph.output(Pad(), [input, paddings], name: name, SourceLocation(file, line))
}
