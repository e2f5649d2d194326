// Operators of symbolic tensors, with the names that TensorFlow gives their nodes. A literal beside a
// tensor becomes a constant of the tensor's type below the node's name: `add/y`. The place in an error
// text is the named call before an operator: Swift does not tell an operator where it was used.

/// A node of two operands.
func binary(
  _ op: any Op, _ x: Output, _ y: Output, name: String? = nil, _ location: SourceLocation? = nil
) throws(GraphError) -> Output {
  try x.graph.output(op, [x, y], name: name, location)
}

/// A node of two operands of which the second is a literal.
func binary(
  _ op: any Op, _ x: Output, _ y: Tensor, name: String, _ location: SourceLocation? = nil
) throws(GraphError) -> Output {
  let value = try y.converted(to: x.dataType)
  return try x.graph.output(op, named: name, location) { () throws(GraphError) in
    [x, try x.graph.constant(value, name: "y", location)]
  }
}

/// A node of two operands of which the first is a literal.
func binary(
  _ op: any Op, _ x: Tensor, _ y: Output, name: String, _ location: SourceLocation? = nil
) throws(GraphError) -> Output {
  let value = try x.converted(to: y.dataType)
  return try y.graph.output(op, named: name, location) { () throws(GraphError) in
    [try y.graph.constant(value, name: "x", location), y]
  }
}

// MARK: - Arithmetic

extension Output {
  /// `x + y` with broadcasting; strings are joined.
  public static func + (x: Output, y: Output) throws(GraphError) -> Output {
    if x.dataType == .string { return try binary(Add(), x, y, name: "add") }
    return try binary(AddV2(), x, y, name: "add")
  }

  /// `x + y` with a literal.
  public static func + (x: Output, y: Tensor) throws(GraphError) -> Output {
    try binary(AddV2(), x, y, name: "add")
  }

  /// `x + y` with a literal.
  public static func + (x: Tensor, y: Output) throws(GraphError) -> Output {
    try binary(AddV2(), x, y, name: "add")
  }

  /// `x - y` with broadcasting.
  public static func - (x: Output, y: Output) throws(GraphError) -> Output {
    try binary(Sub(), x, y, name: "sub")
  }

  /// `x - y` with a literal.
  public static func - (x: Output, y: Tensor) throws(GraphError) -> Output {
    try binary(Sub(), x, y, name: "sub")
  }

  /// `x - y` with a literal.
  public static func - (x: Tensor, y: Output) throws(GraphError) -> Output {
    try binary(Sub(), x, y, name: "sub")
  }

  /// `x * y` with broadcasting.
  public static func * (x: Output, y: Output) throws(GraphError) -> Output {
    try binary(Mul(), x, y, name: "mul")
  }

  /// `x * y` with a literal.
  public static func * (x: Output, y: Tensor) throws(GraphError) -> Output {
    try binary(Mul(), x, y, name: "mul")
  }

  /// `x * y` with a literal.
  public static func * (x: Tensor, y: Output) throws(GraphError) -> Output {
    try binary(Mul(), x, y, name: "mul")
  }

  /// `x / y` with broadcasting. Integers are divided as `float32` or, from 32 bits on, `float64`.
  public static func / (x: Output, y: Output) throws(GraphError) -> Output { try divide(x, y) }

  /// `x / y` with a literal.
  public static func / (x: Output, y: Tensor) throws(GraphError) -> Output {
    guard x.dataType.isFloatingPoint else {
      return try x / x.graph.constant(y.converted(to: x.dataType))
    }
    return try binary(RealDiv(), x, y, name: "truediv")
  }

  /// `x / y` with a literal.
  public static func / (x: Tensor, y: Output) throws(GraphError) -> Output {
    guard y.dataType.isFloatingPoint else {
      return try y.graph.constant(x.converted(to: y.dataType)) / y
    }
    return try binary(RealDiv(), x, y, name: "truediv")
  }

  /// The remainder of `x / y` rounded down, with the sign of `y`, as Python's `%`.
  public static func % (x: Output, y: Output) throws(GraphError) -> Output {
    try binary(FloorMod(), x, y, name: "mod")
  }

  /// The remainder of `x / y` rounded down, with a literal.
  public static func % (x: Output, y: Tensor) throws(GraphError) -> Output {
    try binary(FloorMod(), x, y, name: "mod")
  }

  /// The remainder of `x / y` rounded down, with a literal.
  public static func % (x: Tensor, y: Output) throws(GraphError) -> Output {
    try binary(FloorMod(), x, y, name: "mod")
  }

  /// `-x`.
  public static prefix func - (x: Output) throws(GraphError) -> Output { try negative(x) }
}

// MARK: - Comparison and logic

extension Output {
  /// Whether `x < y`, element by element.
  public static func .< (x: Output, y: Output) throws(GraphError) -> Output {
    try binary(Less(), x, y, name: "Less")
  }

  /// Whether `x < y`, element by element, with a literal.
  public static func .< (x: Output, y: Tensor) throws(GraphError) -> Output {
    try binary(Less(), x, y, name: "Less")
  }

  /// Whether `x <= y`, element by element.
  public static func .<= (x: Output, y: Output) throws(GraphError) -> Output {
    try binary(LessEqual(), x, y, name: "LessEqual")
  }

  /// Whether `x <= y`, element by element, with a literal.
  public static func .<= (x: Output, y: Tensor) throws(GraphError) -> Output {
    try binary(LessEqual(), x, y, name: "LessEqual")
  }

  /// Whether `x > y`, element by element.
  public static func .> (x: Output, y: Output) throws(GraphError) -> Output {
    try binary(Greater(), x, y, name: "Greater")
  }

  /// Whether `x > y`, element by element, with a literal.
  public static func .> (x: Output, y: Tensor) throws(GraphError) -> Output {
    try binary(Greater(), x, y, name: "Greater")
  }

  /// Whether `x >= y`, element by element.
  public static func .>= (x: Output, y: Output) throws(GraphError) -> Output {
    try binary(GreaterEqual(), x, y, name: "GreaterEqual")
  }

  /// Whether `x >= y`, element by element, with a literal.
  public static func .>= (x: Output, y: Tensor) throws(GraphError) -> Output {
    try binary(GreaterEqual(), x, y, name: "GreaterEqual")
  }

  /// Whether `x` equals `y`, element by element.
  public static func .== (x: Output, y: Output) throws(GraphError) -> Output {
    try binary(Equal(), x, y, name: "Equal")
  }

  /// Whether `x` equals `y`, element by element, with a literal.
  public static func .== (x: Output, y: Tensor) throws(GraphError) -> Output {
    try binary(Equal(), x, y, name: "Equal")
  }

  /// Whether `x` differs from `y`, element by element.
  public static func .!= (x: Output, y: Output) throws(GraphError) -> Output {
    try binary(NotEqual(), x, y, name: "NotEqual")
  }

  /// Whether `x` differs from `y`, element by element, with a literal.
  public static func .!= (x: Output, y: Tensor) throws(GraphError) -> Output {
    try binary(NotEqual(), x, y, name: "NotEqual")
  }

  /// Whether both are true.
  public static func .& (x: Output, y: Output) throws(GraphError) -> Output {
    try binary(LogicalAnd(), x, y, name: "and")
  }

  /// Whether at least one is true.
  public static func .| (x: Output, y: Output) throws(GraphError) -> Output {
    try binary(LogicalOr(), x, y, name: "or")
  }

  /// Whether it is false.
  public static prefix func .! (x: Output) throws(GraphError) -> Output { try logicalNot(x) }
}
