import CNagareKernels

// What convolution and pooling share: how a window slides over pictures.

/// The order of the dimensions of a batch of pictures.
public enum DataFormat: String, Sendable, AttributeChoice {
  /// Batch, height, width, channels.
  case nhwc = "NHWC"
  /// Batch, channels, height, width.
  case nchw = "NCHW"

  /// Where the channels are among four dimensions.
  var channelIndex: Int { self == .nhwc ? 3 : 1 }
  /// Where the height is; the width follows.
  var heightIndex: Int { self == .nhwc ? 1 : 2 }

  /// Batch, height, width and channels in the order of this format.
  func arranged<T>(_ batch: T, _ height: T, _ width: T, _ channels: T) -> [T] {
    self == .nhwc ? [batch, height, width, channels] : [batch, channels, height, width]
  }

  /// The four sizes in the order batch, height, width, channels.
  func nhwc<T>(_ dimensions: [T]) -> [T] {
    self == .nhwc
      ? dimensions : [dimensions[0], dimensions[2], dimensions[3], dimensions[1]]
  }
}

/// What surrounds a picture before a window slides over it.
public enum Padding: Sendable, Hashable {
  /// As much, evenly on both sides (the odd one after), that the output is as large as the input divided
  /// by the stride, rounded up.
  case same
  /// Nothing: only windows that lie inside count.
  case valid
  /// This many pixels.
  case explicit(top: Int, bottom: Int, left: Int, right: Int)

  var scheme: PaddingScheme {
    switch self {
    case .same: .same
    case .valid: .valid
    case .explicit: .explicit
    }
  }

  /// TensorFlow's `explicit_paddings`: before and after, for each dimension.
  func explicitPaddings(_ format: DataFormat) -> [Int] {
    guard case .explicit(let top, let bottom, let left, let right) = self else { return [] }
    return format.arranged([0, 0], [top, bottom], [left, right], [0, 0]).flatMap { $0 }
  }
}

/// TensorFlow's `padding` where paddings may be given.
enum PaddingScheme: String, AttributeChoice {
  case same = "SAME"
  case valid = "VALID"
  case explicit = "EXPLICIT"
}

/// TensorFlow's `padding` where none may be given.
enum ImplicitPadding: String, AttributeChoice {
  case same = "SAME"
  case valid = "VALID"

  var scheme: PaddingScheme { self == .same ? .same : .valid }
}

/// A window along one dimension.
struct SlidingWindow {
  var stride: Int
  var dilation = 1
  var scheme: PaddingScheme
  /// Explicit paddings.
  var before = 0
  var after = 0

  /// Sizes beyond these would overflow; no tensor has them.
  private static let largestSize = 1 << 40
  private static let largestStep = Int(Int32.max)

  private func checkSteps() throws(GraphError) {
    guard stride > 0 else { throw .invalidArgument("Stride must be > 0, but got \(stride)") }
    guard dilation >= 1 else {
      throw .invalidArgument("Dilation rate must be >= 1, but got \(dilation)")
    }
    for step in [stride, dilation, before, after] where step > Self.largestStep {
      throw .invalidArgument(
        "Strides, dilations and paddings must be at most \(Self.largestStep), but got \(step)")
    }
  }

  private static func checkSizes(_ input: Int, _ size: Int) throws(GraphError) {
    guard input <= largestSize, size <= largestStep else {
      throw .invalidArgument("A window of \(size) over \(input) elements is too large")
    }
  }

  /// The size of the output as far as it is known before the run.
  ///
  /// - Throws: `invalidArgument` in TensorFlow's words when the window does not fit or does not slide.
  func output(input: Int?, size: Int?) throws(GraphError) -> Int? {
    try checkSteps()
    guard let input else { return nil }
    if scheme == .same {
      try Self.checkSizes(input, 1)
      return (input + stride - 1) / stride
    }
    guard let size else { return nil }
    try Self.checkSizes(input, size)
    let effective = (size - 1) * dilation + 1
    let padded = input + before + after
    guard padded >= effective else {
      throw .invalidArgument(
        "Negative dimension size caused by subtracting \(effective) from \(padded)")
    }
    return (padded - effective) / stride + 1
  }

  /// The size of the output in a run, and the padding before the input.
  ///
  /// - Throws: `invalidArgument` in TensorFlow's words when the window does not fit or does not slide.
  func placed(input: Int, size: Int) throws(GraphError) -> (output: Int, before: Int) {
    try checkSteps()
    try Self.checkSizes(input, size)
    let effective = (size - 1) * dilation + 1
    if scheme == .same {
      let output = (input + stride - 1) / stride
      return (output, max(0, (output - 1) * stride + effective - input) / 2)
    }
    let output = (input + before + after - effective + stride) / stride
    guard output >= 0 else {
      throw .invalidArgument(
        "Computed output size would be negative: \(output) [input_size: \(input), "
          + "effective_filter_size: \(effective), stride: \(stride)]")
    }
    return (output, before)
  }
}

/// Checks TensorFlow's `explicit_paddings` of a window over pictures.
func checkExplicitPaddings(
  _ paddings: [Int], _ scheme: PaddingScheme, _ format: DataFormat
) throws(GraphError) {
  guard scheme == .explicit else {
    guard paddings.isEmpty else {
      throw .invalidArgument(
        "explicit_paddings attribute must be empty if the padding attribute is not EXPLICIT")
    }
    return
  }
  guard paddings.count == 8 else {
    throw .invalidArgument(
      "explicit_paddings attribute must contain 8 values, but got: \(paddings.count)")
  }
  guard paddings.allSatisfy({ $0 >= 0 }) else {
    throw .invalidArgument("All elements of explicit_paddings must be nonnegative")
  }
  let channel = 2 * format.channelIndex
  guard paddings[0] == 0, paddings[1] == 0, paddings[channel] == 0, paddings[channel + 1] == 0
  else {
    throw .invalidArgument(
      "Nonzero explicit padding in the batch or depth dimensions is not supported")
  }
}

extension Tensor {
  /// A batch of pictures in the order that kernels compute in.
  func channelsLast(from format: DataFormat, _ context: KernelContext) throws(GraphError) -> Tensor
  {
    guard format == .nchw else { return self }
    return try transposedPlanes(
      rows: dimensions[1], columns: dimensions[2] * dimensions[3],
      to: [dimensions[0], dimensions[2], dimensions[3], dimensions[1]], context)
  }

  /// A batch of pictures with channels last, in the order of `format`.
  func arranged(as format: DataFormat, _ context: KernelContext) throws(GraphError) -> Tensor {
    guard format == .nchw else { return self }
    return try transposedPlanes(
      rows: dimensions[1] * dimensions[2], columns: dimensions[3],
      to: [dimensions[0], dimensions[3], dimensions[1], dimensions[2]], context)
  }

  /// Each of the matrices along the first dimension transposed.
  private func transposedPlanes(
    rows: Int, columns: Int, to result: [Int], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    let target = try context.allocate(dataType, result)
    guard count > 0, let size = dataType.byteCount else { return target }
    let plane = rows * columns * size
    let (x, y) = (storage.base, target.storage.base)
    // Tasks are bands of the longer side.
    let (short, long) = (min(rows, columns), max(rows, columns))
    let band = max(16, context.grain() / short / 16 * 16)
    let bands = (long - 1) / band + 1
    context.threads.run(dimensions[0] * bands) { task in
      let (source, result) = (x + task / bands * plane, y + task / bands * plane)
      let start = task % bands * band
      let length = min(band, long - start)
      let wide = columns == long
      nagare_transpose(
        Int64(wide ? rows : length), Int64(wide ? length : columns), Int64(columns), Int64(rows),
        Int64(size), source + start * (wide ? 1 : columns) * size,
        result + start * (wide ? rows : 1) * size)
    }
    return target
  }
}

extension Shape {
  /// What both shapes say together.
  ///
  /// - Throws: `invalidArgument` in TensorFlow's words when they contradict one another.
  @discardableResult
  func agreeing(with other: Shape) throws(GraphError) -> Shape {
    if let merged = merged(with: other) { return merged }
    guard let mine = dimensions, let theirs = other.dimensions, mine.count == theirs.count else {
      throw .invalidArgument(
        "Shapes must be equal rank, but are \(rank ?? 0) and \(other.rank ?? 0)")
    }
    let index =
      zip(mine, theirs).enumerated().first { _, sizes in
        guard let left = sizes.0, let right = sizes.1 else { return false }
        return left != right
      }?.offset ?? 0
    throw .invalidArgument(
      "Dimension \(index) in both shapes must be equal, but are \(mine[index] ?? 0) and "
        + "\(theirs[index] ?? 0). Shapes are \(self) and \(other).")
  }
}

/// The one size that two dimensions have, as far as it is known.
///
/// - Throws: `invalidArgument` in TensorFlow's words when they differ.
@discardableResult
func equalDimensions(_ left: Int?, _ right: Int?) throws(GraphError) -> Int? {
  if let left, let right, left != right {
    throw .invalidArgument("Dimensions must be equal, but are \(left) and \(right)")
  }
  return left ?? right
}

extension TensorSpec {
  /// The value read as a shape of this rank.
  ///
  /// - Throws: `invalidArgument` in TensorFlow's words for a negative size or another rank.
  func shape(ofRank rank: Int) throws(GraphError) -> Shape {
    if let actual = shape.rank, actual != 1 {
      throw .invalidArgument("Shape must be rank 1 but is rank \(actual)")
    }
    if hasConstant, let size = quietIntegers?.first(where: { $0 < -1 }) {
      throw .invalidArgument("Invalid value in tensor used for shape: \(size)")
    }
    return try (shapeValue ?? .unknown).withRank(rank)
  }
}
