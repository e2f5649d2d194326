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
    let histogram =
      switch inputs[1].dataType {
      case .float32: try count(inputs[1], context) { (x: Float) in Double(x) }
      case .float64: try count(inputs[1], context) { (x: Double) in x }
      case .int8: try count(inputs[1], context) { (x: Int8) in Double(x) }
      case .int16: try count(inputs[1], context) { (x: Int16) in Double(x) }
      case .int32: try count(inputs[1], context) { (x: Int32) in Double(x) }
      case .int64: try count(inputs[1], context) { (x: Int64) in Double(x) }
      case .uint8: try count(inputs[1], context) { (x: UInt8) in Double(x) }
      case .uint16: try count(inputs[1], context) { (x: UInt16) in Double(x) }
      case .uint32: try count(inputs[1], context) { (x: UInt32) in Double(x) }
      case .uint64: try count(inputs[1], context) { (x: UInt64) in Double(x) }
      case .float16: try count(inputs[1], context) { (x: Half) in Double(x.float) }
      case .bfloat16: try count(inputs[1], context) { (x: BFloat16) in Double(x.float) }
      default: throw GraphError.unsupported(Self.name, inputs[1].dataType)
      }
    var entry = Tensorflow_Summary.Value()
    entry.tag = String(decoding: tag, as: UTF8.self)
    entry.histo = histogram.message
    var summary = Tensorflow_Summary()
    summary.value = [entry]
    return [try Tensor(summary: summary)]
  }

  @inline(__always)
  private func count<T: Scalar>(
    _ values: Tensor, _ context: KernelContext, _ double: @escaping (T) -> Double
  ) throws(GraphError) -> Histogram {
    try Histogram(values.buffer(T.self).lazy.map(double), node: context.nodeName)
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
