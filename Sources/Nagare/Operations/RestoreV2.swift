/// Reads tensors from a V2 checkpoint.
struct RestoreV2: Op, NonDifferentiable {
  var dataTypes: [DataType] = []

  static let name = "RestoreV2"
  static let signature = Signature(
    inputs: ["prefix: string", "tensor_names: string", "shape_and_slices: string"],
    outputs: ["tensors: dtypes"], types: ["dtypes": .anyList])
  static let attributes: [Attribute<Self>] = [.required("dtypes", \.dataTypes)]
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try inputs[0].requireRank(0)
    try inputs[1].requireRank(1)
    try inputs[2].requireRank(1)
    var shapes = [Shape](repeating: .unknown, count: dataTypes.count)
    if let slices = inputs[2].constant?.strings, slices.count == dataTypes.count {
      for (index, text) in slices.enumerated() {
        let parsed = try TensorSlice.parse(String(decoding: text, as: UTF8.self))
        guard let (dimensions, slice) = parsed else { continue }
        shapes[index] = Shape(try slice.ranges(in: dimensions).map(\.count))
      }
    }
    return shapes
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let request = try CheckpointRequest(inputs)
    guard request.names.count == dataTypes.count else {
      throw .invalidArgument(
        "Got \(request.names.count) tensor names but \(dataTypes.count) expected dtypes.")
    }
    let checkpoint: Checkpoint
    do {
      checkpoint = try Checkpoint(request.prefix)
    } catch  where error.code == .notFound {
      throw error.prefixed(
        "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for "
          + request.prefix)
    }
    var tensors: [Tensor] = []
    for (index, name) in request.names.enumerated() {
      guard checkpoint.contains(name) else {
        throw .notFound("Key \(name) not found in checkpoint")
      }
      let tensor: Tensor
      if let slice = request.slices[index]?.slice {
        tensor = try checkpoint.tensor(named: name, slice: slice)
      } else {
        tensor = try checkpoint.tensor(named: name)
      }
      guard tensor.dataType == dataTypes[index] else {
        throw .invalidArgument(
          "tensor_name = \(name); expected dtype \(dataTypes[index].signatureName) does not equal "
            + "original dtype \(tensor.dataType.signatureName)")
      }
      tensors.append(tensor)
    }
    return tensors
  }
}
