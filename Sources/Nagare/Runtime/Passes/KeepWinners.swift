import CNagareKernels

/// Max pooling that also gives the place of each window's largest element, a byte each: all that its
/// gradient needs, so that the pooled pictures need not be kept for it.
struct MaxPoolWinners: WithoutGradient {
  var pooling = MaxPool()
  /// Whether windows whose largest element is not positive have no gradient.
  var relu = false
  /// Height, width and channels of the pictures, for which the gradient is made.
  var size: [Int] = []

  static let name = "_MaxPoolWinners"
  static let signature = Signature(
    inputs: ["input: T"], outputs: ["output: T", "winners: uint8"],
    types: ["T": .of(.float32)])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let shapes = try pooling.infer(inputs)
    return shapes + shapes
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try checkPooled(inputs[0], .nhwc)
    guard inputs[0].dimensions.dropFirst() == size[...] else {
      throw .unimplemented(
        "Pictures of \(inputs[0].shape) where \(Shape(size)) was known of them before the run")
    }
    let geometry = try pooling.window.geometry(
      input: inputs[0].dimensions, pooling.padding, explicit: pooling.explicitPaddings, .nhwc)
    let output = try context.allocate(.float32, geometry.output)
    let winners = try context.allocate(.uint8, geometry.output)
    guard output.count > 0 else { return [output, winners] }
    let (x, y, w) = (
      inputs[0].pointer(Float.self), output.mutablePointer(Float.self),
      winners.mutablePointer(UInt8.self)
    )
    withUnsafePointer(to: geometry) { shape in
      context.threads.run(Int(nagare_pool_task_count(shape))) {
        nagare_max_pool_winners_f32(shape, x, relu, y, w, Int64($0))
      }
    }
    return [output, winners]
  }
}

/// The gradient of max pooling from the places of the largest elements.
struct MaxPoolWinnersGrad: SingleOutputOp, WithoutGradient {
  var gradient = MaxPoolGrad()
  /// Height, width and channels of the pooled pictures.
  var size: [Int] = []

  static let name = "_MaxPoolWinnersGrad"
  static let signature = Signature(
    inputs: ["winners: uint8", "grad: T"], outputs: ["output: T"], types: ["T": .of(.float32)])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [Shape([inputs[0].shape[0]] + size)]
  }

  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    let (winners, upstream) = (inputs[0], inputs[1])
    guard winners.rank == 4, upstream.rank == 4 else {
      throw .invalidArgument("out_backprop must be 4-dimensional")
    }
    let geometry = try gradient.window.geometry(
      input: [winners.dimensions[0]] + size, gradient.padding,
      explicit: gradient.explicitPaddings, .nhwc)
    try checkPooledShape("orig_output", winners, geometry.output)
    try checkPooledShape("grad", upstream, geometry.output)
    let output = try context.allocate(.float32, geometry.input)
    guard output.count > 0 else { return output }
    let (w, g, y) = (
      winners.pointer(UInt8.self), upstream.pointer(Float.self), output.mutablePointer(Float.self)
    )
    withUnsafePointer(to: geometry) { shape in
      context.threads.run(Int(nagare_pool_gradient_task_count(shape))) {
        nagare_max_pool_winners_gradient_f32(shape, w, g, y, Int64($0))
      }
    }
    return output
  }
}

extension PlanDraft {
  /// Has MaxPool keep the places of the largest elements where its gradient is computed as well.
  mutating func keepWinners() {
    var gradients: [Node.Edge: [PlanUnit]] = [:]
    for unit in units where unit.isOp(MaxPoolGrad.self) || unit.isOp(MaskedMaxPoolGrad.self) {
      gradients[unit.inputs[1], default: []].append(unit)
    }
    guard !gradients.isEmpty, trustsSpecs else { return }
    var fused: [Int: PlanUnit] = [:]
    for unit in units {
      let edge = Node.Edge(node: unit.node.id, index: 0)
      guard let pooling = unit.op as? MaxPool, !fed.contains(edge), gradients[edge]?.count == 1,
        let reader = gradients[edge]?.first, reader.inputs[0] == unit.inputs[0],
        let gradient = (reader.op as? MaskedMaxPoolGrad)?.gradient ?? reader.op as? MaxPoolGrad,
        gradient.isOf(pooling), isPure(unit), isPure(reader)
      else { continue }
      let input = spec(of: unit.inputs[0])
      guard input.dataType == .float32, input.shape.rank == 4, let height = input.shape[1],
        let width = input.shape[2], let channels = input.shape[3],
        let winners = add(TensorSpec(.uint8, unit.node.outputs[0].shape), to: unit.node)
      else { continue }
      let size = [height, width, channels]
      fused[unit.node.id] = PlanUnit(
        MaxPoolWinners(pooling: pooling, relu: reader.op is MaskedMaxPoolGrad, size: size),
        for: unit.node, inputs: unit.inputs, outputCount: 2)
      fused[reader.node.id] = PlanUnit(
        MaxPoolWinnersGrad(gradient: gradient, size: size), for: reader.node,
        inputs: [winners, reader.inputs[2]])
      note(.keepWinners, reader.node, into: unit.node)
    }
    fuse(.keepWinners, fused, absorbed: [:])
  }
}

extension MaxPoolGrad {
  /// Whether it is the gradient of this pooling, over windows whose places are bytes.
  fileprivate func isOf(_ pooling: MaxPool) -> Bool {
    // Each size is bounded, so that their product is.
    pooling.dataFormat == .nhwc && dataFormat == .nhwc && pooling.window.size == window.size
      && pooling.window.strides == window.strides && pooling.padding == padding
      && pooling.explicitPaddings == explicitPaddings && window.size.count == 4
      && window.size[0] == 1 && window.size[3] == 1
      && (1...255).contains(window.size[1]) && (1...255).contains(window.size[2])
      && window.size[1] * window.size[2] <= 255
  }
}
