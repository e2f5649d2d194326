/// Writes tensors to a V2 checkpoint.
struct SaveV2: Op, NonDifferentiable {
  static let name = "SaveV2"
  static let signature = Signature(
    inputs: [
      "prefix: string", "tensor_names: string", "shape_and_slices: string", "tensors: dtypes",
    ],
    types: ["dtypes": .anyList])
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try inputs[0].requireRank(0)
    for input in inputs[1...2] {
      try input.requireRank(1)
      guard input.shape[0] == nil || input.shape[0] == inputs.count - 3 else {
        throw .invalidArgument(
          "Dimension must be \(inputs.count - 3) but is \(input.shape[0] ?? 0)")
      }
    }
    return []
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let request = try CheckpointRequest(inputs)
    let tensors = inputs[3...]
    guard request.names.count == tensors.count else {
      throw .invalidArgument(
        "Got \(request.names.count) tensor names but \(tensors.count) tensors.")
    }
    let writer = try CheckpointWriter(request.prefix)
    for (index, tensor) in tensors.enumerated() {
      if let (dimensions, slice) = request.slices[index] {
        try writer.append(tensor, named: request.names[index], slice: slice, of: dimensions)
      } else {
        try writer.append(tensor, named: request.names[index])
      }
    }
    try writer.finish()
    return []
  }
}

/// The first three inputs of `SaveV2` and `RestoreV2`.
struct CheckpointRequest {
  let prefix: String
  let names: [String]
  /// The part of each tensor that is meant, with its full shape; `nil` for the whole.
  let slices: [(dimensions: [Int], slice: TensorSlice)?]

  init(_ inputs: [Tensor]) throws(GraphError) {
    guard inputs[0].count == 1 else {
      throw .invalidArgument(
        "Input prefix should have a single element, got \(inputs[0].count) instead.")
    }
    guard inputs[1].rank == 1, inputs[2].rank == 1, inputs[1].count == inputs[2].count else {
      throw .invalidArgument(
        "Input tensor_names and shape_and_slices must be vectors of one length, got "
          + "\(inputs[1].shape) and \(inputs[2].shape)")
    }
    prefix = String(decoding: inputs[0].strings[0], as: UTF8.self)
    names = inputs[1].strings.map { String(decoding: $0, as: UTF8.self) }
    var parsed: [(dimensions: [Int], slice: TensorSlice)?] = []
    for text in inputs[2].strings {
      parsed.append(try TensorSlice.parse(String(decoding: text, as: UTF8.self)))
    }
    slices = parsed
  }
}

extension TensorSpec {
  /// Refuses a tensor that is known to be of another rank, in TensorFlow's words.
  func requireRank(_ rank: Int) throws(GraphError) {
    if let mine = shape.rank, mine != rank {
      throw .invalidArgument("Shape must be rank \(rank) but is rank \(mine)")
    }
  }
}
