import NagareMessages

/// How values are spread, in TensorFlow's buckets, whose limits grow by a tenth each.
public struct Histogram: Sendable, Equatable {
  public var minimum: Double
  public var maximum: Double
  /// How many values there are.
  public var count: Double
  public var sum: Double
  public var sumOfSquares: Double
  /// The upper limit of each bucket that is listed; a value equal to it is in the next.
  public var limits: [Double]
  /// The number of values in each bucket that is listed.
  public var counts: [Double]

  /// ±10⁻¹² to ±10²⁰, growing by a tenth, with 0 in the middle and the largest numbers at both ends.
  static let defaultLimits: [Double] = {
    var positive: [Double] = []
    var limit = 1.0e-12
    while limit < 1.0e20 {
      positive.append(limit)
      limit *= 1.1
    }
    positive.append(.greatestFiniteMagnitude)
    return positive.reversed().map { -$0 } + [0] + positive
  }()

  /// The histogram of these values, of which none may be NaN or infinite.
  ///
  /// - Parameters:
  ///   - values: the numbers to count.
  ///   - node: what the error calls the place they come from.
  /// - Throws: `invalidArgument` for NaN and infinity, in TensorFlow's words.
  public init(_ values: some Sequence<Double>, node: String) throws(GraphError) {
    minimum = .greatestFiniteMagnitude
    maximum = -.greatestFiniteMagnitude
    count = 0
    sum = 0
    sumOfSquares = 0
    let all = Self.defaultLimits
    var buckets = [Double](repeating: 0, count: all.count)
    for value in values {
      if value.isNaN { throw .invalidArgument("Nan in summary histogram for: \(node)") }
      if value.isInfinite { throw .invalidArgument("Infinity in Histogram for: \(node)") }
      minimum = Swift.min(minimum, value)
      maximum = Swift.max(maximum, value)
      count += 1
      sum += value
      sumOfSquares += value * value
      // The first limit above the value.
      var (low, high) = (0, all.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if all[middle] > value { high = middle } else { low = middle + 1 }
      }
      buckets[low] += 1
    }
    limits = []
    counts = []
    // A run of empty buckets is listed as one.
    for (index, bucket) in buckets.enumerated() {
      if bucket == 0, counts.last == 0 {
        limits[limits.count - 1] = all[index]
      } else {
        limits.append(all[index])
        counts.append(bucket)
      }
    }
  }

  init(_ message: Tensorflow_HistogramProto) {
    minimum = message.min
    maximum = message.max
    count = message.num
    sum = message.sum
    sumOfSquares = message.sumSquares
    limits = message.bucketLimit
    counts = message.bucket
  }

  var message: Tensorflow_HistogramProto {
    .with {
      $0.min = minimum
      $0.max = maximum
      $0.num = count
      $0.sum = sum
      $0.sumSquares = sumOfSquares
      $0.bucketLimit = limits
      $0.bucket = counts
    }
  }
}
