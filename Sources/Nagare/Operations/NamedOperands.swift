extension Graph {
  /// Adds a node whose constant operands stand below its name, as TensorFlow's Python interface arranges
  /// them: `Pad` takes `Pad/paddings`. `operands` runs within the scope of that name.
  func add(
    _ op: any Op, named name: String, _ location: SourceLocation? = nil,
    operands: () throws(GraphError) -> [Output]
  ) throws(GraphError) -> Node {
    let name = uniqueName(name)
    let inputs = try scope("\(name)/", operands)
    return try insertReserved(op, inputs, name: name, location).node
  }

  /// The first output of such a node.
  func output(
    _ op: any Op, named name: String, _ location: SourceLocation? = nil,
    operands: () throws(GraphError) -> [Output]
  ) throws(GraphError) -> Output {
    output(try add(op, named: name, location, operands: operands))
  }

  /// A constant vector of `int32`, or `int64` where a number does not fit, in the open scope.
  func constant(
    sizes: [Int], name: String, _ location: SourceLocation? = nil
  ) throws(GraphError) -> Output {
    let isNarrow = sizes.allSatisfy { Int32(exactly: $0) != nil }
    return try constant(
      try Tensor(sizes: sizes, isNarrow ? .int32 : .int64), name: name, location)
  }

  /// A constant number, `int32`.
  func constant(
    size: Int, name: String, _ location: SourceLocation? = nil
  ) throws(GraphError) -> Output {
    try constant(try Tensor(sizes: [size], .int32).reshaped([]), name: name, location)
  }
}
