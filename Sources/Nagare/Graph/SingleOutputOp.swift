/// An op of one output, whose kernel gives it without an array around it: the array would cost more
/// than the kernel does for a few numbers.
protocol SingleOutputOp: Op {
  /// The output; in the place of `compute`, which is not to be implemented.
  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor
}

extension SingleOutputOp {
  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try computeOutput(inputs, context)]
  }
}

/// An op whose output may take the memory of one of these inputs, where it is of the same type and shape
/// and nothing else will read it.
protocol OverwritingOp: Op {
  var overwrites: ClosedRange<Int> { get }
}

extension OverwritingOp {
  var overwrites: ClosedRange<Int> { 0...0 }
}

/// An op whose output has the memory of its first input.
protocol AliasingOp: Op {}

/// An op that joins tensors, or takes one apart, along an axis.
protocol AxisOp: Op {
  /// The axis, given those inputs that are constants; negative ones count from the last.
  func axis(_ constants: [Tensor?]) -> Int?
}

/// An op whose output is its inputs, one after the other along an axis.
protocol JoiningOp: AxisOp {
  /// Which of its inputs, of this number, are joined.
  func joinedInputs(of count: Int) -> Range<Int>
}

/// An op whose outputs are the parts of an input, one after the other along an axis.
protocol DividingOp: AxisOp {
  var dividedInput: Int { get }
}
