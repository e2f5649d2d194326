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
