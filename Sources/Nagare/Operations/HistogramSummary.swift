import NagareMessages

/// The distribution of a tensor's elements, as a summary for an event file.
struct HistogramSummary: NonDifferentiable {
  static let name = "HistogramSummary"
  static let signature = Signature(
    inputs: ["tag: string", "values: T"], outputs: ["summary: string"],
    types: ["T": .real.or(.float32)])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[0].rank == 0, let tag = inputs[0].strings.first else {
      throw .invalidArgument("tags must be scalar")
    }
    guard let values = inputs[1].doubles else {
      throw .unsupported(Self.name, inputs[1].dataType)
    }
    var entry = Tensorflow_Summary.Value()
    entry.tag = String(decoding: tag, as: UTF8.self)
    entry.histo = try Histogram(values, node: context.nodeName).message
    var summary = Tensorflow_Summary()
    summary.value = [entry]
    return [try Tensor(summary: summary)]
  }
}

/// The distribution of a tensor's elements as a summary, for an event file.
///
/// - Parameters:
///   - name: The name in TensorBoard; made unique in the open scope, other characters become `_`.
///   - values: A tensor of any real type and shape.
/// - Returns: A scalar string, a serialized `Summary`.
/// - Throws: When run: `invalidArgument` for an infinite element or one that is not a number.
///
/// TensorFlow: `HistogramSummary`, `tf.summary.histogram`.
public func histogramSummary(
  _ name: String, _ values: Output, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try values.graph.summary(HistogramSummary(), name, tagInput: "tag", values, .init(file, line))
}
