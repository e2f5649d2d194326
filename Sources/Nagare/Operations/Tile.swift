/// A tensor repeated along its dimensions.
struct Tile: Op {
  static let name = "Tile"
  static let signature = Signature(
    inputs: ["input: T", "multiples: Tmultiples"], outputs: ["output: T"],
    types: ["T": .any, "Tmultiples": .index])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let input = inputs[0].shape
    var multiples = try inputs[1].requestedShape()
    guard let rank = input.rank ?? multiples.rank else { return [.unknown] }
    multiples = try multiples.withRank(rank)
    guard input.rank != nil else { return [.unknown(rank: rank)] }
    var dimensions: [Int?] = []
    for axis in 0..<rank {
      guard let size = input[axis], let multiple = multiples[axis] else {
        dimensions.append(input[axis] == 0 || multiples[axis] == 0 ? 0 : nil)
        continue
      }
      let (product, overflow) = size.multipliedReportingOverflow(by: multiple)
      dimensions.append(overflow ? .max : product)
    }
    return [Shape(dimensions)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let input = inputs[0]
    guard inputs[1].rank == 1, let multiples = inputs[1].integers else {
      throw .invalidArgument("Expected multiples to be 1-D, but got shape \(inputs[1].shape)")
    }
    guard multiples.count == input.rank else {
      throw .invalidArgument(
        "Expected multiples argument to be a vector of length \(input.rank) but got length "
          + "\(multiples.count)")
    }
    var dimensions: [Int] = []
    for (axis, multiple) in multiples.enumerated() {
      guard multiple >= 0 else {
        throw .invalidArgument("Expected multiples[\(axis)] >= 0, but got \(multiple)")
      }
      let (product, overflow) = input.dimensions[axis].multipliedReportingOverflow(by: multiple)
      dimensions.append(overflow ? .max : product)
    }
    if multiples.allSatisfy({ $0 == 1 }) { return [input] }
    let result = try context.allocate(input.dataType, dimensions)
    guard result.count > 0 else { return [result] }
    // Each dimension becomes two: which repetition, and where within it.
    let (from, to) = (StridedCopy.steps(input.dimensions), StridedCopy.steps(dimensions))
    var (sizes, source, target): ([Int], [Int], [Int]) = ([], [], [])
    for (axis, multiple) in multiples.enumerated() {
      sizes += [multiple, input.dimensions[axis]]
      source += [0, from[axis]]
      target += [input.dimensions[axis] * to[axis], to[axis]]
    }
    try StridedCopy(sizes, from: source, to: target).run(input, result, context)
    return [result]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    // Repetitions become dimensions of their own, over which the gradient is summed.
    let graph = node.graph
    let (input, multiples) = (node.inputs[0], node.inputs[1])
    let whole = try shape(of: input, outputType: multiples.dataType)
    let pairs = try transpose(stack([multiples, whole]), permutation: [1, 0])
    let split = try reshape(pairs, [-1])
    let axes = try range(
      graph.constant(0, name: "range/start"), size(of: split),
      graph.constant(2, name: "range/delta"))
    let summed = try sum(reshape(node.gradient, split), axes: axes)
    return [try reshape(summed, like: input), nil]
  }
}

/// `input` repeated `multiples[i]` times along each dimension `i`.
///
/// - Throws: `invalidArgument` when the list does not fit the rank.
///
/// TensorFlow: `Tile`, `tf.tile`.
public func tile(
  _ input: Output, multiples: [Int], name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  return try input.graph.output(Tile(), named: name ?? "Tile", location) {
    () throws(GraphError) -> [Output] in
    [input, try input.graph.constant(sizes: multiples, name: "multiples", location)]
  }
}

/// `input` repeated as often along each dimension as `multiples`, a vector of `int32` or `int64`, says.
///
/// TensorFlow: `Tile`, `tf.tile`.
public func tile(
  _ input: Output, multiples: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try input.graph.output(Tile(), [input, multiples], name: name, SourceLocation(file, line))
}
