/// Half the sum of the squares of all elements.
struct L2Loss: Op {
  static let name = "L2Loss"
  static let signature = Signature(
    inputs: ["t: T"], outputs: ["output: T"], types: ["T": .floatingOperand])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    func loss<T: FloatNumber>(_: T.Type) throws(GraphError) -> Tensor {
      let squares = try mapElements(inputs, context) { (x: T) in x * x }
      let axes = try ReductionAxes(Array(0..<squares.rank), rank: squares.rank)
      let sum = ReductionLoops(initial: 0) { (x: T, y: T) in x + y }
      let total = try reduce(squares, over: axes, to: [], context, sum)
      return try mapElements([total], context) { (x: T) in x / 2 }
    }
    switch inputs[0].dataType {
    case .float32: return [try loss(Float.self)]
    case .float64: return [try loss(Double.self)]
    default: throw .unsupported(Self.name, inputs[0].dataType)
    }
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try node.inputs[0] * node.gradient]
  }
}

/// Half the sum of the squares of all elements.
///
/// TensorFlow: `L2Loss`, `tf.nn.l2_loss`.
public func l2Loss(
  _ x: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try x.graph.output(L2Loss(), [x], name: name, SourceLocation(file, line))
}
