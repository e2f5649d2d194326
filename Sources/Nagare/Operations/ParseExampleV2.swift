/// The wanted features of one serialized `tf.train.Example`, a scalar, or of a batch, a vector: what
/// newer TensorFlow's `tf.parse_single_example` and `tf.parse_example` add. Ragged features are refused.
struct ParseExampleV2: WithoutGradient {
  var sparseCount = 0
  var sparseTypes: [DataType] = []
  var raggedTypes: [DataType] = []
  var raggedSplitTypes: [DataType] = []
  /// The first dimension of a dense feature may be unknown.
  var denseShapes: [Shape] = []

  static let name = "ParseExampleV2"
  static let signature = Signature(
    inputs: [
      "serialized: string", "names: string", "sparse_keys: string", "dense_keys: string",
      "ragged_keys: string", "dense_defaults: Tdense",
    ],
    outputs: [
      "sparse_indices: num_sparse * int64", "sparse_values: sparse_types",
      "sparse_shapes: num_sparse * int64", "dense_values: Tdense",
      "ragged_values: ragged_value_types", "ragged_row_splits: ragged_split_types",
    ],
    types: [
      "Tdense": ParseSingleExample.featureTypes, "sparse_types": ParseSingleExample.featureTypes,
      "ragged_value_types": ParseSingleExample.featureTypes,
      "ragged_split_types": Signature.TypeParameter([.int32, .int64], list: true),
    ])
  static let attributes: [Attribute<Self>] = [
    .required("num_sparse", \.sparseCount), .required("sparse_types", \.sparseTypes),
    .required("ragged_value_types", \.raggedTypes),
    .required("ragged_split_types", \.raggedSplitTypes), .required("dense_shapes", \.denseShapes),
  ]

  /// Inputs before the fallbacks.
  private static let fixedCount = 5

  private func checkCounts(_ inputCount: Int) throws(GraphError) {
    guard sparseCount == sparseTypes.count else {
      throw .invalidArgument("len(sparse_keys) != len(sparse_types)")
    }
    guard raggedTypes.isEmpty, raggedSplitTypes.isEmpty else {
      throw .unimplemented("Ragged features are not parsed")
    }
    guard denseShapes.count == inputCount - Self.fixedCount else {
      throw .invalidArgument("len(dense_keys) != len(dense_shapes)")
    }
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try checkCounts(inputs.count)
    for input in inputs[2...4] { _ = try input.shape.withRank(1) }
    guard let rank = inputs[0].shape.rank else {
      return [Shape](repeating: .unknown(rank: 2), count: sparseCount)
        + [Shape](repeating: .unknown(rank: 1), count: 2 * sparseCount)
        + [Shape](repeating: .unknown, count: denseShapes.count)
    }
    guard rank <= 1 else {
      throw .invalidArgument("Shape must be at most rank 1 but is rank \(rank)")
    }
    return try ExampleParsing.shapes(
      sparseCount: sparseCount, denseShapes: denseShapes,
      batch: rank == 0 ? [] : [inputs[0].shape[0]])
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try checkCounts(inputs.count)
    let (sparseKeys, denseKeys) = (inputs[2], inputs[3])
    let fallbacks = Array(inputs[Self.fixedCount...])
    guard sparseKeys.rank == 1, denseKeys.rank == 1, sparseKeys.count == sparseCount,
      denseKeys.count == fallbacks.count
    else {
      throw .invalidArgument(
        "Expected \(sparseCount) sparse and \(fallbacks.count) dense keys, got shapes "
          + "\(sparseKeys.shape) and \(denseKeys.shape)")
    }
    if inputs[0].rank == 0 {
      var single = ParseSingleExample()
      single.sparseCount = sparseCount
      single.sparseKeys = sparseKeys.strings.map { String(decoding: $0, as: UTF8.self) }
      single.denseKeys = denseKeys.strings.map { String(decoding: $0, as: UTF8.self) }
      single.sparseTypes = sparseTypes
      single.denseShapes = denseShapes
      return try single.compute([inputs[0]] + fallbacks, context)
    }
    var batch = ParseExample()
    batch.sparseCount = sparseCount
    batch.denseCount = fallbacks.count
    batch.sparseTypes = sparseTypes
    batch.denseShapes = denseShapes
    var keys: [Tensor] = []
    for key in sparseKeys.strings + denseKeys.strings { keys.append(try Tensor(scalar: key)) }
    return try batch.compute([inputs[0], inputs[1]] + keys + fallbacks, context)
  }
}
