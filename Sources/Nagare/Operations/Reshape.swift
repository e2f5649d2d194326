/// The same elements in another shape, of which one dimension may be left to be computed (-1).
struct Reshape: Op {
  static let name = "Reshape"
  static let signature = Signature(
    inputs: ["tensor: T", "shape: Tshape"], outputs: ["output: T"],
    types: ["T": .any, "Tshape": .index])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    if let rank = inputs[1].shape.rank, rank != 1 {
      throw .invalidArgument("Shape must be rank 1 but is rank \(rank)")
    }
    if let sizes = inputs[1].hasConstant ? inputs[1].quietIntegers : nil {
      for size in sizes where size < -1 {
        throw .invalidArgument("Invalid value in tensor used for shape: \(size)")
      }
    }
    guard let requested = inputs[1].shapeValue, var dimensions = requested.dimensions else {
      return [.unknown]
    }
    guard let sizes = inputs[0].shape.known else {
      return [Shape(dimensions)]
    }
    let count = try checkedElementCount(sizes)
    let unknown = dimensions.indices.filter { dimensions[$0] == nil }
    let given = try checkedElementCount(dimensions.compactMap { $0 })
    if unknown.isEmpty {
      guard given == count else {
        throw .invalidArgument(
          "Cannot reshape a tensor with \(count) elements to shape \(requested) (\(given) elements)"
        )
      }
    } else if unknown.count == 1 {
      guard given > 0 else {
        guard count == 0 else {
          throw .invalidArgument(
            "Cannot reshape a tensor with \(count) elements to shape \(requested) (0 elements)")
        }
        // Any size would do; the run takes that of the dimensions that are not zero.
        return [requested]
      }
      guard count % given == 0 else {
        throw .invalidArgument(
          "Dimension size must be evenly divisible by \(given) but is \(count)")
      }
      dimensions[unknown[0]] = count / given
    }
    return [Shape(dimensions)]
  }

  func inferValue(_ inputs: [TensorSpec]) -> Shape? { inputs[0].shapeValue }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[1].rank == 1, var sizes = inputs[1].integers else {
      throw .invalidArgument("sizes input must be 1-D, not \(inputs[1].shape)")
    }
    var open: Int?
    for (index, size) in sizes.enumerated() where size < 0 {
      guard size == -1 else {
        throw .invalidArgument("Size \(index) must be non-negative, not \(size)")
      }
      if let open {
        throw .invalidArgument(
          "Only one input size may be -1, not both \(open) and \(index)")
      }
      open = index
    }
    if let open {
      // Zeros on both sides match one another: the open size follows from the others.
      sizes[open] = 1
      let hasZero = sizes.contains(0)
      let given = try checkedElementCount(sizes.filter { $0 != 0 })
      let count = try checkedElementCount(
        hasZero ? inputs[0].dimensions.filter { $0 != 0 } : inputs[0].dimensions)
      sizes[open] = count / given
      let isDivisible = sizes[open] * given == count
      guard isDivisible || (hasZero && inputs[0].dimensions.contains(0)) else {
        throw .invalidArgument(
          "Input to reshape is a tensor with \(inputs[0].count) values, but the requested shape "
            + "requires a multiple of \(given)")
      }
    }
    return [try inputs[0].reshaped(sizes)]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try reshape(node.gradient, like: node.inputs[0]), nil]
  }
}

extension TensorSpec {
  /// `integers` without it counting as a question in an error text.
  var quietIntegers: [Int]? {
    var quiet = self
    quiet.probe = nil
    return quiet.integers
  }
}

/// The same elements in another shape; one size may be -1.
///
/// - Throws: `invalidArgument` when the numbers of elements differ.
///
/// TensorFlow: `Reshape`, `tf.reshape`.
public func reshape(
  _ input: Output, _ shape: [Int], name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let name = name ?? "Reshape"
  let location = SourceLocation(file, line)
  let prefix = input.graph.uniqueName(name)
  let sizes = try input.graph.shapeConstant(shape, name: prefix + "/shape", location)
  return try input.graph.insertReserved(Reshape(), [input, sizes], name: prefix, location)
}

/// The same elements in the shape that `shape`, a vector of `int32` or `int64`, holds.
///
/// TensorFlow: `Reshape`, `tf.reshape`.
public func reshape(
  _ input: Output, _ shape: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try input.graph.output(Reshape(), [input, shape], name: name, SourceLocation(file, line))
}

/// `input` in the shape of `other`, known now or computed in the run.
func reshape(_ input: Output, like other: Output) throws(GraphError) -> Output {
  if let known = other.shape.known {
    if input.shape.known == known { return input }
    return try reshape(input, known)
  }
  return try reshape(input, try shape(of: other))
}
