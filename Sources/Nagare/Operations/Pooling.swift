import CNagareKernels

// What the pooling ops share.

/// The window of a pooling op.
struct PoolingWindow: Sendable {
  /// One size a dimension, in the order of the data format.
  var size: [Int] = []
  var strides: [Int] = []

  init() {}

  init(size: (Int, Int), strides: (Int, Int), _ format: DataFormat) {
    self.size = format.arranged(1, size.0, size.1, 1)
    self.strides = format.arranged(1, strides.0, strides.1, 1)
  }

  private func sliding(
    _ index: Int, _ scheme: PaddingScheme, _ explicitPaddings: [Int] = []
  ) -> SlidingWindow {
    let isExplicit = scheme == .explicit
    return SlidingWindow(
      stride: strides[index], scheme: scheme,
      before: isExplicit ? explicitPaddings[2 * index] : 0,
      after: isExplicit ? explicitPaddings[2 * index + 1] : 0)
  }

  /// Checks the attributes that TensorFlow checks when a node is added.
  func check(_ op: String) throws(GraphError) {
    for (what, name, values) in [("ksize", "ksize", size), ("stride", "strides", strides)] {
      guard values.count >= 4 else {
        throw .invalidArgument(
          "Length for attr '\(name)' of \(values.count) must be at least minimum 4")
      }
      guard values.count == 4 else {
        throw .invalidArgument(
          "\(op) requires the \(what) attribute to contain 4 values, but got: \(values.count)")
      }
    }
  }

  /// The shape of the output. With `poolsChannels` the window may also go over channels.
  func output(
    of input: Shape, _ scheme: PaddingScheme, explicit explicitPaddings: [Int] = [],
    _ format: DataFormat, poolsChannels: Bool
  ) throws(GraphError) -> Shape {
    try checkExplicitPaddings(explicitPaddings, scheme, format)
    let (row, channel) = (format.heightIndex, format.channelIndex)
    let height = try sliding(row, scheme, explicitPaddings).output(
      input: input[row], size: size[row])
    let width = try sliding(row + 1, scheme, explicitPaddings).output(
      input: input[row + 1], size: size[row + 1])
    let channels =
      poolsChannels
      ? try sliding(channel, scheme, explicitPaddings).output(
        input: input[channel], size: size[channel])
      : input[channel]
    return Shape(format.arranged(input[0], height, width, channels))
  }

  /// The geometry over pictures of the sizes `input` (batch, height, width, channels).
  func geometry(
    input: [Int], _ scheme: PaddingScheme, explicit explicitPaddings: [Int] = [],
    _ format: DataFormat
  ) throws(GraphError) -> nagare_pooling {
    guard size.count == 4 else {
      throw .invalidArgument("Sliding window ksize field must specify 4 dimensions")
    }
    guard strides.count == 4 else {
      throw .invalidArgument("Sliding window strides field must specify 4 dimensions")
    }
    guard size[0] == 1, strides[0] == 1 else {
      throw .unimplemented("Pooling is not yet supported on the batch dimension.")
    }
    guard size.allSatisfy({ $0 > 0 }) else {
      let sizes = size.map(String.init).joined(separator: ",")
      throw .invalidArgument(
        "Sliding window ksize must be positive. The specified or inferred ksize is: \(sizes)")
    }
    try checkExplicitPaddings(explicitPaddings, scheme, format)
    let row = format.heightIndex
    let (vertical, horizontal) = (
      sliding(row, scheme, explicitPaddings), sliding(row + 1, scheme, explicitPaddings)
    )
    for (what, padding, size) in [
      ("Top", vertical.before, size[row]), ("Bottom", vertical.after, size[row]),
      ("Left", horizontal.before, size[row + 1]), ("Right", horizontal.after, size[row + 1]),
    ] where padding >= size {
      throw .invalidArgument(
        "\(what) padding \(padding) needs to be smaller than the window size \(size)")
    }
    let (height, top) = try vertical.placed(input: input[1], size: size[row])
    let (width, left) = try horizontal.placed(input: input[2], size: size[row + 1])
    return nagare_pooling(
      batch: Int64(input[0]), input_height: Int64(input[1]), input_width: Int64(input[2]),
      channels: Int64(input[3]), output_height: Int64(height), output_width: Int64(width),
      window_height: Int64(size[row]), window_width: Int64(size[row + 1]),
      stride_height: Int64(vertical.stride), stride_width: Int64(horizontal.stride),
      padding_top: Int64(top), padding_left: Int64(left))
  }
}

extension nagare_pooling {
  /// Batch, height, width and channels of the input.
  var input: [Int] { [Int(batch), Int(input_height), Int(input_width), Int(channels)] }
  /// Batch, height, width and channels of the output.
  var output: [Int] { [Int(batch), Int(output_height), Int(output_width), Int(channels)] }
}

/// The pictures that a pooling op takes.
///
/// - Throws: `invalidArgument` in TensorFlow's words for another rank than 4.
func checkPooled(_ pictures: Tensor, _ format: DataFormat) throws(GraphError) {
  guard pictures.rank == 4 else {
    throw .invalidArgument(
      "tensor_in_shape must have 2 spatial dimensions. \(pictures.rank) "
        + "\(format == .nhwc ? 0 : 1)")
  }
}

/// Checks a tensor against the shape that the window makes.
func checkPooledShape(_ what: String, _ tensor: Tensor, _ expected: [Int]) throws(GraphError) {
  guard tensor.dimensions == expected else {
    throw .invalidArgument(
      "Expected \(what) shape to be \(Shape(expected)), but got \(tensor.shape)")
  }
}

/// A number that there are max pooling kernels for.
protocol MaxPoolElement: Scalar {
  static var maxPool: MaxPoolKernels<Self> { get }
}

/// The C functions of one element type; see NagarePooling.h.
struct MaxPoolKernels<T> {
  typealias Geometry = UnsafePointer<nagare_pooling>?
  typealias Source = UnsafePointer<T>?
  typealias Target = UnsafeMutablePointer<T>?

  let forward: (Geometry, Source, Target, Int64) -> Void
  let gradient: (Geometry, Source, Source, Bool, Target, Int64) -> Void
  let gradientGradient: (Geometry, Source, Source, Source, Target, Int64) -> Void
}

extension Float: MaxPoolElement {
  static var maxPool: MaxPoolKernels<Float> {
    MaxPoolKernels(
      forward: nagare_max_pool_f32, gradient: nagare_max_pool_gradient_f32,
      gradientGradient: nagare_max_pool_gradient_gradient_f32)
  }
}

extension Double: MaxPoolElement {
  static var maxPool: MaxPoolKernels<Double> {
    MaxPoolKernels(
      forward: nagare_max_pool_f64, gradient: nagare_max_pool_gradient_f64,
      gradientGradient: nagare_max_pool_gradient_gradient_f64)
  }
}

extension Int8: MaxPoolElement {
  static var maxPool: MaxPoolKernels<Int8> {
    MaxPoolKernels(
      forward: nagare_max_pool_i8, gradient: nagare_max_pool_gradient_i8,
      gradientGradient: nagare_max_pool_gradient_gradient_i8)
  }
}

extension Int16: MaxPoolElement {
  static var maxPool: MaxPoolKernels<Int16> {
    MaxPoolKernels(
      forward: nagare_max_pool_i16, gradient: nagare_max_pool_gradient_i16,
      gradientGradient: nagare_max_pool_gradient_gradient_i16)
  }
}

extension Int32: MaxPoolElement {
  static var maxPool: MaxPoolKernels<Int32> {
    MaxPoolKernels(
      forward: nagare_max_pool_i32, gradient: nagare_max_pool_gradient_i32,
      gradientGradient: nagare_max_pool_gradient_gradient_i32)
  }
}

extension Int64: MaxPoolElement {
  static var maxPool: MaxPoolKernels<Int64> {
    MaxPoolKernels(
      forward: nagare_max_pool_i64, gradient: nagare_max_pool_gradient_i64,
      gradientGradient: nagare_max_pool_gradient_gradient_i64)
  }
}

extension UInt8: MaxPoolElement {
  static var maxPool: MaxPoolKernels<UInt8> {
    MaxPoolKernels(
      forward: nagare_max_pool_u8, gradient: nagare_max_pool_gradient_u8,
      gradientGradient: nagare_max_pool_gradient_gradient_u8)
  }
}

extension UInt16: MaxPoolElement {
  static var maxPool: MaxPoolKernels<UInt16> {
    MaxPoolKernels(
      forward: nagare_max_pool_u16, gradient: nagare_max_pool_gradient_u16,
      gradientGradient: nagare_max_pool_gradient_gradient_u16)
  }
}

extension UInt32: MaxPoolElement {
  static var maxPool: MaxPoolKernels<UInt32> {
    MaxPoolKernels(
      forward: nagare_max_pool_u32, gradient: nagare_max_pool_gradient_u32,
      gradientGradient: nagare_max_pool_gradient_gradient_u32)
  }
}

extension UInt64: MaxPoolElement {
  static var maxPool: MaxPoolKernels<UInt64> {
    MaxPoolKernels(
      forward: nagare_max_pool_u64, gradient: nagare_max_pool_gradient_u64,
      gradientGradient: nagare_max_pool_gradient_gradient_u64)
  }
}

/// Calls `body` with the kernels' element type for `dataType`.
func withMaxPoolElement<R>(
  _ dataType: DataType, _ op: String,
  _ body: (any MaxPoolElement.Type) throws(GraphError) -> R
) throws(GraphError) -> R {
  switch dataType {
  case .float32: try body(Float.self)
  case .float64: try body(Double.self)
  case .int8: try body(Int8.self)
  case .int16: try body(Int16.self)
  case .int32: try body(Int32.self)
  case .int64: try body(Int64.self)
  case .uint8: try body(UInt8.self)
  case .uint16: try body(UInt16.self)
  case .uint32: try body(UInt32.self)
  case .uint64: try body(UInt64.self)
  default: throw .unsupported(op, dataType)
  }
}
