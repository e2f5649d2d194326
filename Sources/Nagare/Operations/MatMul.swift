/// The product of two matrices, each of which may be transposed before.
struct MatMul: Op {
  var transposeA = false
  var transposeB = false
  /// Marks of TensorFlow for the products of a gradient, without meaning here.
  var gradientA = false
  var gradientB = false

  static let name = "MatMul"
  static let signature = Signature(
    inputs: ["a: T", "b: T"], outputs: ["product: T"],
    types: [
      "T": .of(
        .bfloat16, .float16, .float32, .float64, .int32, .int64, .uint8, .uint16, .uint32, .uint64,
        .complex64, .complex128)
    ])
  static let attributes: [Attribute<Self>] = [
    .attribute("transpose_a", \.transposeA), .attribute("transpose_b", \.transposeB),
    .attribute("grad_a", \.gradientA), .attribute("grad_b", \.gradientB),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let a = try inputs[0].shape.withRank(2)
    let b = try inputs[1].shape.withRank(2)
    try equalDimensions(a[transposeA ? 0 : 1], b[transposeB ? 1 : 0])
    return [Shape([a[transposeA ? 1 : 0], b[transposeB ? 0 : 1]])]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try multiply(inputs, context)]
  }

  func multiply(
    _ inputs: [Tensor], _ context: KernelContext, _ epilogue: Epilogue = Epilogue()
  ) throws(GraphError) -> Tensor {
    let (a, b) = (inputs[0], inputs[1])
    guard let element = MatrixProduct.Element(a.dataType) else {
      throw .unsupported(Self.name, a.dataType)
    }
    guard a.rank == b.rank else {
      throw .invalidArgument("In[0] and In[1] has different ndims: \(a.shape) vs. \(b.shape)")
    }
    guard a.rank == 2 else {
      throw .invalidArgument("In[0] and In[1] ndims must be == 2: \(a.rank)")
    }
    guard a.dimensions[transposeA ? 0 : 1] == b.dimensions[transposeB ? 1 : 0] else {
      throw .invalidArgument("Matrix size-incompatible: In[0]: \(a.shape), In[1]: \(b.shape)")
    }
    let product = MatrixProduct(
      left: a.dimensions, right: b.dimensions, transposeA: transposeA, transposeB: transposeB)
    let dimensions = [product.m, product.n]
    try epilogue.check(dimensions)
    let output = try context.allocate(a.dataType, dimensions)
    if element == .float32, let geometry = product.convolution(isConstant: b.storage.isConstant) {
      try Float.convolution.convolve(a, b, geometry, context, epilogue, into: output)
      return output
    }
    try product.compute(
      element, count: 1, a.storage.base, { $0 }, b.storage.base, { $0 }, output.storage.base,
      context)
    return try epilogue.applied(to: output, context)
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (a, b) = (node.inputs[0], node.inputs[1])
    let gradient = try node.gradient
    func product(
      _ x: Output, _ y: Output, _ transposeA: Bool, _ transposeB: Bool, isLeft: Bool
    ) throws(GraphError) -> Output {
      let op = MatMul(
        transposeA: transposeA, transposeB: transposeB, gradientA: isLeft, gradientB: !isLeft)
      return try node.graph.output(op, [x, y])
    }
    switch (transposeA, transposeB) {
    case (false, false):
      return [
        try product(gradient, b, false, true, isLeft: false),
        try product(a, gradient, true, false, isLeft: true),
      ]
    case (false, true):
      return [
        try product(gradient, b, false, false, isLeft: false),
        try product(gradient, a, true, false, isLeft: false),
      ]
    case (true, false):
      return [
        try product(b, gradient, false, true, isLeft: true),
        try product(a, gradient, false, false, isLeft: true),
      ]
    case (true, true):
      return [
        try product(b, gradient, true, true, isLeft: true),
        try product(gradient, a, true, true, isLeft: false),
      ]
    }
  }
}

/// The product of two matrices, or of the matrices along the last two dimensions of two tensors whose
/// other dimensions broadcast.
///
/// - Throws: `invalidArgument` when the inner sizes differ.
///
/// TensorFlow: `MatMul`, `BatchMatMulV2`; `tf.matmul`.
public func matmul(
  _ a: Output, _ b: Output, transposeA: Bool = false, transposeB: Bool = false,
  name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  // Two matrices, or whatever is no tensor of matrices, for TensorFlow's refusal of it.
  guard let left = a.shape.rank, let right = b.shape.rank, left <= 2, right <= 2 else {
    return try a.graph.output(
      BatchMatMulV2(adjointX: transposeA, adjointY: transposeB), [a, b], name: name ?? "MatMul",
      location)
  }
  return try a.graph.output(
    MatMul(transposeA: transposeA, transposeB: transposeB), [a, b], name: name, location)
}
