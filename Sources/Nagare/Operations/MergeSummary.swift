import NagareMessages

/// Several summaries as one.
struct MergeSummary: NonDifferentiable {
  static let name = "MergeSummary"
  static let signature = Signature(
    inputs: ["inputs: N * string"], outputs: ["summary: string"], minimumCounts: ["N": 1])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    var merged = Tensorflow_Summary()
    var tags: Set<String> = []
    for bytes in inputs.flatMap(\.strings) {
      guard let summary = try? Tensorflow_Summary(serializedBytes: bytes) else {
        throw .invalidArgument("Could not parse one of the summary inputs")
      }
      for value in summary.value {
        guard value.tag.isEmpty || tags.insert(value.tag).inserted else {
          throw .invalidArgument("Duplicate tag \(value.tag) found in summary inputs")
        }
        merged.value.append(value)
      }
    }
    return [try Tensor(summary: merged)]
  }
}

/// Several summaries as one.
///
/// - Parameter summaries: Strings of any shape, serialized `Summary` messages; at least one tensor.
/// - Returns: A scalar string, a serialized `Summary`.
/// - Throws: When run: `invalidArgument` when a tag occurs twice or a string is not a summary.
///
/// TensorFlow: `MergeSummary`, `tf.summary.merge`.
public func mergeSummary(
  _ summaries: [Output], name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  guard let first = summaries.first else {
    throw .invalidArgument(
      "List argument 'inputs' to 'MergeSummary' Op with length 0 shorter than minimum length 1.")
  }
  return try first.graph.output(
    MergeSummary(), summaries, name: name, SourceLocation(file, line))
}
