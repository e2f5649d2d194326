/// The products of the matrices along the last two dimensions of two tensors; the other dimensions
/// broadcast.
struct BatchMatMulV2: Op {
  /// Whether each matrix of the left operand is transposed before (and conjugated, were it complex).
  var adjointX = false
  var adjointY = false
  /// Marks of TensorFlow for the products of a gradient, without meaning here.
  var gradientX = false
  var gradientY = false

  static let name = "BatchMatMulV2"
  static let signature = Signature(
    inputs: ["x: T", "y: T"], outputs: ["output: T"],
    types: [
      "T": .of(
        .bfloat16, .float16, .float32, .float64, .int16, .int32, .int64, .uint8, .uint16, .uint32,
        .uint64, .complex64, .complex128)
    ])
  static let attributes: [Attribute<Self>] = [
    .attribute("adj_x", \.adjointX), .attribute("adj_y", \.adjointY),
    .attribute("grad_x", \.gradientX), .attribute("grad_y", \.gradientY),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let (x, y) = (inputs[0].shape, inputs[1].shape)
    try x.withRank(atLeast: 2)
    try y.withRank(atLeast: 2)
    guard let left = x.dimensions, let right = y.dimensions else { return [.unknown] }
    try equalDimensions(x[adjointX ? -2 : -1], y[adjointY ? -1 : -2])
    let batch = try Shape(Array(left.dropLast(2))).broadcast(with: Shape(Array(right.dropLast(2))))
    return [batch.appending(Shape([x[adjointX ? -1 : -2], y[adjointY ? -2 : -1]]))]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    if inputs[0].dataType == .int16 {
      // The low half of a sum of products does not depend on how wide it was formed.
      var wide: [Tensor] = []
      for input in inputs {
        wide.append(try mapElements([input], context) { (x: Int16) in Int32(x) })
      }
      let product = try compute(wide, context)
      return [try mapElements(product, context) { (x: Int32) in Int16(truncatingIfNeeded: x) }]
    }
    let (x, y) = (inputs[0], inputs[1])
    guard let element = MatrixProduct.Element(x.dataType) else {
      throw .unsupported(Self.name, x.dataType)
    }
    for (index, operand) in [x, y].enumerated() where operand.rank < 2 {
      throw .invalidArgument("In[\(index)] ndims must be >= 2: \(operand.rank)")
    }
    let batch: Broadcast
    do throws(GraphError) {
      batch = try Broadcast(Array(x.dimensions.dropLast(2)), Array(y.dimensions.dropLast(2)))
    } catch {
      throw .invalidArgument(
        "In[0] and In[1] must have compatible batch dimensions: \(x.shape) vs. \(y.shape)")
    }
    let (left, right) = (Array(x.dimensions.suffix(2)), Array(y.dimensions.suffix(2)))
    guard left[adjointX ? 0 : 1] == right[adjointY ? 1 : 0] else {
      throw .invalidArgument("Matrix size-incompatible: In[0]: \(x.shape), In[1]: \(y.shape)")
    }
    let product = MatrixProduct(
      left: left, right: right, transposeA: adjointX, transposeB: adjointY)
    let output = try context.allocate(x.dataType, batch.dimensions + [product.m, product.n])
    guard output.count > 0 else { return [output] }
    let count = try checkedElementCount(batch.dimensions)
    var places: [(left: Int, right: Int)] = []
    places.reserveCapacity(count)
    for run in 0..<batch.runCount {
      let start = batch.start(run)
      for index in 0..<batch.runLength {
        places.append(
          (start.left + index * batch.leftStep, start.right + index * batch.rightStep))
      }
    }
    try product.compute(
      element, count: count, x.storage.base, { places[$0].left }, y.storage.base,
      { places[$0].right }, output.storage.base, context)
    return [output]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (x, y) = (node.inputs[0], node.inputs[1])
    let gradient = try node.gradient
    func product(
      _ a: Output, _ b: Output, _ adjointX: Bool, _ adjointY: Bool, isLeft: Bool
    ) throws(GraphError) -> Output {
      let op = BatchMatMulV2(
        adjointX: adjointX, adjointY: adjointY, gradientX: isLeft, gradientY: !isLeft)
      return try node.graph.output(op, [a, b])
    }
    let (left, right): (Output, Output)
    switch (adjointX, adjointY) {
    case (false, false):
      left = try product(gradient, y, false, true, isLeft: false)
      right = try product(x, gradient, true, false, isLeft: true)
    case (false, true):
      left = try product(gradient, y, false, false, isLeft: false)
      right = try product(gradient, x, true, false, isLeft: false)
    case (true, false):
      left = try product(y, gradient, false, true, isLeft: true)
      right = try product(x, gradient, false, false, isLeft: true)
    case (true, true):
      left = try product(y, gradient, true, true, isLeft: true)
      right = try product(gradient, x, true, true, isLeft: false)
    }
    if let a = x.shape.dimensions?.dropLast(2), let b = y.shape.dimensions?.dropLast(2),
      a == b, a.allSatisfy({ $0 != nil })
    {
      return [left, right]
    }
    let axes = try broadcastGradientArguments(try batchShape(x), try batchShape(y))
    return [
      try reshape(try sum(left, axes: axes.0), try shape(of: x)),
      try reshape(try sum(right, axes: axes.1), try shape(of: y)),
    ]
  }

  /// The dimensions of `operand` before the last two, as a vector that the run computes.
  private func batchShape(_ operand: Output) throws(GraphError) -> Output {
    let graph = operand.graph
    let count: Output
    if let rank = operand.shape.rank {
      count = try graph.constant(try Tensor(scalar: Int32(rank - 2)))
    } else {
      count = try rank(of: operand) + (try graph.constant(try Tensor(scalar: Int32(-2))))
    }
    let indices = try range(
      graph.constant(0, name: "range/start"), count, graph.constant(1, name: "range/delta"))
    return try gather(try shape(of: operand), indices)
  }
}
