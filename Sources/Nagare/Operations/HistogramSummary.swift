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
    var histogram = Histogram()
    for value in values {
      guard !value.isNaN else {
        throw .invalidArgument("Nan in summary histogram for: \(context.nodeName)")
      }
      guard value.isFinite else {
        throw .invalidArgument("Infinity in Histogram for: \(context.nodeName)")
      }
      histogram.add(value)
    }
    var entry = Tensorflow_Summary.Value()
    entry.tag = String(decoding: tag, as: UTF8.self)
    entry.histo = histogram.message
    var summary = Tensorflow_Summary()
    summary.value = [entry]
    return [try Tensor(summary: summary)]
  }
}

/// Counts of numbers in TensorFlow's buckets: each is a tenth wider than the one nearer to zero.
public struct Histogram: Sendable {
  /// Where the buckets end; the last is the largest number that there is.
  private static let limits: [Double] = {
    var positive: [Double] = []
    var limit = 1e-12
    while limit < 1e20 {
      positive.append(limit)
      limit *= 1.1
    }
    positive.append(.greatestFiniteMagnitude)
    return positive.reversed().map { -$0 } + [0] + positive
  }()

  private var counts = [Double](repeating: 0, count: limits.count)
  private var least = Double.greatestFiniteMagnitude
  private var greatest = -Double.greatestFiniteMagnitude
  private var count = 0.0
  private var sum = 0.0
  private var sumOfSquares = 0.0

  /// No numbers.
  public init() {}

  /// Counts a finite number.
  public mutating func add(_ value: Double) {
    // The first limit that is greater.
    var low = 0
    var high = Self.limits.count - 1
    while low < high {
      let middle = (low + high) / 2
      if Self.limits[middle] > value { high = middle } else { low = middle + 1 }
    }
    counts[low] += 1
    least = min(least, value)
    greatest = max(greatest, value)
    count += 1
    sum += value
    sumOfSquares += value * value
  }

  /// As an event file has it: neighbouring empty buckets are one.
  var message: Tensorflow_HistogramProto {
    var message = Tensorflow_HistogramProto()
    message.min = least
    message.max = greatest
    message.num = count
    message.sum = sum
    message.sumSquares = sumOfSquares
    for (limit, count) in zip(Self.limits, counts) {
      if count == 0, message.bucket.last == 0 {
        message.bucketLimit[message.bucketLimit.count - 1] = limit
      } else {
        message.bucketLimit.append(limit)
        message.bucket.append(count)
      }
    }
    return message
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
