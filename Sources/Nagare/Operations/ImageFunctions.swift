// Functions of pictures that TensorFlow composes of other ops (`tf.image`): the same ones here, so
// that a graph looks as it does there.

/// Pictures with their values in the range of another type: `uint8` from 0 to 255, `float32` from 0
/// to 1, and so on.
///
/// - Parameters:
///   - image: Of any shape; integers, `float32` or `float64`.
///   - dataType: The type of the result.
///   - saturate: Whether values out of range are clipped, not wrapped.
/// - Throws: `invalidArgument` for types that are not numbers.
///
/// TensorFlow: `tf.image.convert_image_dtype`.
public func convertImage(
  _ image: Output, to dataType: DataType, saturate: Bool = false, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  guard dataType != image.dataType else { return try identity(image, name: name) }
  return try image.graph.scope(name ?? "convert_image") { () throws(GraphError) -> Output in
    let source = try imageRange(image.dataType)
    let target = try imageRange(dataType)
    switch (image.dataType.isInteger, dataType.isInteger) {
    case (false, false): return try cast(image, to: dataType, file: file, line: line)
    case (true, false):
      // Dividing by the largest value is slower than to multiply, and rounds otherwise.
      let scale = try image.graph.constant(
        try Tensor(scalar: 1 / source.largest).converted(to: dataType), name: "y")
      return try multiply(
        try cast(image, to: dataType), scale, name: "Mul", file: file, line: line)
    case (false, true):
      // Half a step above the largest value, so that 1 does not need to be exact to become it.
      let scale = try image.graph.constant(
        try Tensor(scalar: target.largest + 0.5).converted(to: image.dataType), name: "Mul/y")
      let scaled = try multiply(image, scale, name: "Mul", file: file, line: line)
      return try cast(saturate ? try clip(scaled, to: dataType) : scaled, to: dataType)
    case (true, true):
      if source.largest > target.largest {
        let steps = try image.graph.constant(
          try scalar((source.largest + 1) / (target.largest + 1), image.dataType),
          name: "floordiv/y")
        let divided = try floorDivide(image, steps, file: file, line: line)
        return try cast(saturate ? try clip(divided, to: dataType) : divided, to: dataType)
      }
      let clipped =
        saturate && source.smallest < target.smallest ? try clip(image, to: dataType) : image
      let wide = try cast(clipped, to: dataType)
      let steps = try image.graph.constant(
        try scalar((target.largest + 1) / (source.largest + 1), dataType), name: "y")
      return try multiply(wide, steps, name: "Mul", file: file, line: line)
    }
  }
}

/// The smallest and largest value of a type in which pictures are kept; 0 and 1 for floating point.
private func imageRange(
  _ dataType: DataType
) throws(GraphError) -> (smallest: Double, largest: Double) {
  switch dataType {
  case .float16, .bfloat16, .float32, .float64: (0, 1)
  case .int8: (-128, 127)
  case .uint8: (0, 255)
  case .int16: (-32768, 32767)
  case .uint16: (0, 65535)
  case .int32: (-2_147_483_648, 2_147_483_647)
  case .uint32: (0, 4_294_967_295)
  default: throw .invalidArgument("Pictures of type \(dataType) cannot be converted")
  }
}

/// A whole number as a constant of an integer type.
private func scalar(_ value: Double, _ dataType: DataType) throws(GraphError) -> Tensor {
  try Tensor(scalar: Int32(clamping: Int64(value))).converted(to: dataType)
}

/// `x` with values beyond the range of `dataType` moved to its ends.
private func clip(_ x: Output, to dataType: DataType) throws(GraphError) -> Output {
  let (source, target) = (try imageRange(x.dataType), try imageRange(dataType))
  var (low, high) = (target.smallest, target.largest)
  if x.dataType.isInteger {
    low = max(low, source.smallest)
    high = min(high, source.largest)
  } else if x.dataType == .float32, Double(Float(high)) > high {
    // The nearest number that can be converted back.
    high = Double(Float(high).nextDown)
  }
  if x.dataType.isInteger {
    return try clipByValue(
      x, minimum: try scalar(low, x.dataType), maximum: try scalar(high, x.dataType))
  }
  return try clipByValue(
    x, minimum: try Tensor(scalar: low).converted(to: x.dataType),
    maximum: try Tensor(scalar: high).converted(to: x.dataType))
}

/// `function` of the picture as `float32` from 0 to 1, and the result in the picture's own type.
private func adjusted(
  _ image: Output, _ name: String,
  _ function: (Output) throws(GraphError) -> Output
) throws(GraphError) -> Output {
  try image.graph.scope(name) { () throws(GraphError) -> Output in
    let isFloat = image.dataType == .float32
    let result = try function(isFloat ? image : try convertImage(image, to: .float32))
    return try convertImage(
      result, to: image.dataType, saturate: true, name: isFloat ? "Identity" : nil)
  }
}

/// Pictures in gray: the weighted mean of red, green and blue (0.2989, 0.587, 0.114).
///
/// - Parameter images: `[…, 3]`, `float32` or integers.
/// - Returns: `[…, 1]` of the same type.
/// - Throws: `invalidArgument` for another number of channels.
///
/// TensorFlow: `tf.image.rgb_to_grayscale`.
public func rgbToGrayscale(
  _ images: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let graph = images.graph
  return try graph.scope(name ?? "rgb_to_grayscale") { () throws(GraphError) -> Output in
    let values = try convertImage(images, to: .float32, name: "convert_image")
    let weights = try graph.constant(
      try Tensor([0.2989, 0.5870, 0.1140] as [Float], dimensions: [3, 1]), name: "Tensordot/b")
    let pixels = try reshape(
      values, values.shape.known.map { [$0.dropLast().reduce(1, *), 3] } ?? [-1, 3],
      name: "Tensordot/Reshape", file: file, line: line)
    let gray = try matmul(pixels, weights, name: "Tensordot/MatMul", file: file, line: line)
    let shaped: Output
    if let sizes = values.shape.known {
      shaped = try reshape(gray, Array(sizes.dropLast()), name: "Tensordot")
    } else {
      shaped = try reshape(gray, try shape(of: values)[..<(-1)], name: "Tensordot")
    }
    return try convertImage(
      try expandDimensions(shaped, axis: -1), to: images.dataType, name: "Identity")
  }
}

/// Pictures with `delta` added to every value.
///
/// - Parameters:
///   - image: Of any shape; integers are taken as parts of their largest value.
///   - delta: A scalar `float32`; for integers a part of the largest value.
/// - Returns: A tensor of the type of `image`; integers are clipped.
///
/// TensorFlow: `tf.image.adjust_brightness`.
public func adjustBrightness(
  _ image: Output, delta: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try adjusted(image, name ?? "adjust_brightness") { (image) throws(GraphError) -> Output in
    try image.graph.output(AddV2(), [image, delta], SourceLocation(file, line))
  }
}

/// Pictures with each channel moved away from its mean, or towards it: `(x - mean) * factor + mean`.
///
/// - Parameters:
///   - images: `[…, height, width, channels]`, integers or `float32`.
///   - factor: A scalar `float32`.
/// - Returns: A tensor of the type of `images`; integers are clipped.
/// - Throws: `invalidArgument` for other shapes.
///
/// TensorFlow: `AdjustContrastv2`, `tf.image.adjust_contrast`.
public func adjustContrast(
  _ images: Output, factor: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try adjusted(images, name ?? "adjust_contrast") { (images) throws(GraphError) -> Output in
    try images.graph.output(AdjustContrast(), [images, factor], SourceLocation(file, line))
  }
}

/// Pictures made brighter or darker by the same random amount.
///
/// - Parameters:
///   - image: Of any shape; integers are taken as parts of their largest value.
///   - limit: The most that is added or subtracted; not negative.
///   - seed: The op's seed, as `Graph.randomSeed` says.
/// - Throws: `invalidArgument` for a negative limit.
///
/// TensorFlow: `tf.image.random_brightness`.
public func randomBrightness(
  _ image: Output, limit: Float, seed: Int64? = nil, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  guard limit >= 0 else { throw .invalidArgument("max_delta must be non-negative.") }
  let delta = try image.graph.randomUniform(
    [], from: Double(-limit), to: Double(limit), seed: seed)
  return try adjustBrightness(image, delta: delta, name: name, file: file, line: line)
}

/// Pictures with a random contrast, the same for all of a batch.
///
/// - Parameters:
///   - images: `[…, height, width, channels]`, integers or `float32`.
///   - lower: The least factor; not negative.
///   - upper: The factor stays below it; greater than `lower`.
///   - seed: The op's seed, as `Graph.randomSeed` says.
/// - Throws: `invalidArgument` for other limits and shapes.
///
/// TensorFlow: `tf.image.random_contrast`.
public func randomContrast(
  _ images: Output, lower: Float, upper: Float, seed: Int64? = nil, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  guard upper > lower else { throw .invalidArgument("upper must be > lower.") }
  guard lower >= 0 else { throw .invalidArgument("lower must be non-negative.") }
  let factor = try images.graph.randomUniform(
    [], from: Double(lower), to: Double(upper), seed: seed)
  return try adjustContrast(images, factor: factor, name: name, file: file, line: line)
}

/// Each picture with mean 0 and variance 1. The deviation counts as at least one over the root of
/// the number of values, so that a picture of one colour becomes zero.
///
/// - Parameter image: `[…, height, width, channels]` of numbers.
/// - Returns: A `float32` tensor of the same shape.
/// - Throws: `invalidArgument` for fewer than three dimensions, or empty ones.
///
/// TensorFlow: `tf.image.per_image_standardization`.
public func perImageStandardization(
  _ image: Output, name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  if let rank = image.shape.rank, rank < 3 {
    throw .invalidArgument(
      "'image' (shape \(image.shape.tupleDescription)) must be at least three-dimensional.")
  }
  if image.shape.dimensions?.suffix(3).contains(0) == true {
    throw .invalidArgument(
      "inner 3 dims of 'image.shape' must be > 0: \(image.shape.tupleDescription)")
  }
  return try image.graph.scope(
    name ?? "per_image_standardization"
  ) { () throws(GraphError) -> Output in
    let values = try cast(image, to: .float32, file: file, line: line)
    let count = try product(try shape(of: values)[(-3)...])
    let axes = [-1, -2, -3]
    let mean = try Nagare.mean(values, axes: axes, keepDimensions: true)
    let centered = try subtract(values, mean, file: file, line: line)
    let variance = try Nagare.mean(try square(centered), axes: axes, keepDimensions: true)
    let least = try rsqrt(try cast(count, to: .float32))
    return try divide(centered, try maximum(try sqrt(variance), least), file: file, line: line)
  }
}
