/// A tensor with its dimensions in another order: dimension `i` of the result is `perm[i]` of the input.
struct Transpose: Transposition {
  static let name = "Transpose"
  static let signature = Signature(
    inputs: ["x: T", "perm: Tperm"], outputs: ["y: T"], types: ["T": .any, "Tperm": .index])

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let inverse = try invertPermutation(node.inputs[1])
    return [try transpose(node.gradient, permutation: inverse), nil]
  }
}

/// A transposition of complex conjugates, the same as `Transpose` for real numbers.
struct ConjugateTranspose: Transposition {
  static let name = "ConjugateTranspose"
  static let signature = Transpose.signature

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let inverse = try invertPermutation(node.inputs[1])
    return [
      try node.graph.output(
        ConjugateTranspose(), [node.gradient, inverse], name: "conj_transpose"), nil,
    ]
  }
}

protocol Transposition: Op {}

extension Transposition {
  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let (input, permutation) = (inputs[0].shape, inputs[1].shape)
    let values = inputs[1].integers
    let length = permutation.elementCount
    guard let rank = input.rank ?? length ?? values?.count else { return [.unknown] }
    if input.rank == nil, rank < 2 {
      // A permutation of one element, or none, says nothing.
      return [.unknown]
    }
    let shape = try input.withRank(rank)
    _ = try permutation.withRank(1)
    try checkDimension(length, is: rank)
    guard let values else { return [.unknown(rank: rank)] }
    var dimensions: [Int?] = []
    for axis in values {
      guard axis < rank, axis > -rank || axis == 0 else {
        throw .invalidArgument("perm dim \(axis) is out of range of input rank \(rank)")
      }
      dimensions.append(shape[axis])
    }
    return [Shape(dimensions)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let x = inputs[0]
    let order = try Self.order(inputs[1], rank: x.rank)
    if order == Array(0..<x.rank) { return [x] }
    let steps = StridedCopy.steps(x.dimensions)
    return [
      try x.part(order.map { x.dimensions[$0] }, steps: order.map { steps[$0] }, context)
    ]
  }

  private static func order(_ permutation: Tensor, rank: Int) throws(GraphError) -> [Int] {
    guard permutation.rank == 1, let axes = permutation.integers else {
      throw .invalidArgument("perm must be rank 1, got shape \(permutation.shape)")
    }
    guard axes.count == rank else {
      throw .invalidArgument(
        "transpose expects a vector of size \(rank). But input(1) is a vector of size \(axes.count)"
      )
    }
    var order: [Int] = []
    var seen = [Bool](repeating: false, count: rank)
    for axis in axes {
      let place = try wrappedAxis(axis, rank: rank, "\(axis) is out of range [0 .. \(rank))")
      order.append(place)
      seen[place] = true
    }
    if let missing = seen.firstIndex(of: false) {
      let list = axes.map(String.init).joined(separator: ",")
      throw .invalidArgument("\(missing) is missing from {\(list)}.")
    }
    return order
  }
}

/// `input` with its dimensions in another order: dimension `i` of the result is `permutation[i]` of the
/// input; all of them reversed when `nil`.
///
/// - Throws: `invalidArgument` when `permutation` does not name every dimension once.
///
/// TensorFlow: `Transpose`, `tf.transpose`.
public func transpose(
  _ input: Output, permutation: [Int]? = nil, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  let graph = input.graph
  return try graph.output(Transpose(), named: name ?? "transpose", location) {
    () throws(GraphError) -> [Output] in
    if let axes = permutation ?? input.shape.rank.map({ (0..<$0).reversed() }) {
      return [input, try graph.constant(sizes: axes, name: "perm", location)]
    }
    let last = try rank(of: input) + graph.constant(-1, name: "add/y")
    let axes = try range(
      last, graph.constant(-1, name: "Range/limit"), graph.constant(-1, name: "Range/delta"),
      name: "Range")
    return [input, axes]
  }
}

/// `input` with its dimensions in the order that `permutation`, a vector of `int32` or `int64`, holds.
///
/// TensorFlow: `Transpose`, `tf.transpose`.
public func transpose(
  _ input: Output, permutation: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try input.graph.output(
    Transpose(), [input, permutation], name: name ?? "transpose", SourceLocation(file, line))
}
