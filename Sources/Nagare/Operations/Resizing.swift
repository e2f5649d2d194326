/// What the ops that resize pictures have in common: where a pixel of the result lies in the input.
struct Resizing {
  /// Whether the corner pixels' centres of input and result coincide.
  var alignCorners = false
  /// Whether a pixel's position is its centre, not its upper left corner.
  var halfPixelCenters = false

  /// The shape of a picture batch resized to `size`.
  func shape(_ images: TensorSpec, _ size: TensorSpec) throws(GraphError) -> Shape {
    let input = try images.shape.withRank(4)
    let length = try size.shape.withRank(1)
    try checkDimension(length[0], is: 2)
    guard let target = size.shapeValue, target.rank == 2 else {
      return [input[0], nil, nil, input[3]]
    }
    return [input[0], target[0], target[1], input[3]]
  }

  func checkSettings() throws(GraphError) {
    guard !halfPixelCenters || !alignCorners else {
      throw .invalidArgument("If half_pixel_centers is True, align_corners must be False.")
    }
  }

  /// The height and width that `size` asks for, both positive, after all of TensorFlow's checks.
  func target(
    _ images: Tensor, _ size: Tensor
  ) throws(GraphError) -> (height: Int, width: Int) {
    try checkSettings()
    guard images.rank == 4 else {
      throw .invalidArgument("input must be 4-dimensional\(images.shape)")
    }
    guard images.dimensions[3] > 0 else {
      throw .invalidArgument("image must have at least one channel")
    }
    guard images.dimensions[1] > 0, images.dimensions[2] > 0 else {
      throw .invalidArgument("input image must be of non-zero size")
    }
    guard max(images.dimensions[1], images.dimensions[2]) < Int(Int32.max) else {
      throw .invalidArgument("input sizes must be between 0 and max int32")
    }
    let (height, width) = try Self.pair(size)
    guard height > 0, width > 0 else {
      throw .invalidArgument("output dimensions must be positive")
    }
    return (height, width)
  }

  /// The two elements of `size`.
  static func pair(_ size: Tensor) throws(GraphError) -> (Int, Int) {
    guard size.rank == 1 else {
      throw .invalidArgument("shape_t must be 1-dimensional\(size.shape)")
    }
    guard size.count == 2 else {
      throw .invalidArgument("shape_t must have two elements\(size.shape)")
    }
    let sizes = size.buffer(Int32.self)
    return (Int(sizes[0]), Int(sizes[1]))
  }

  /// Input pixels for one pixel of the result. Both sizes are positive.
  func scale(from input: Int, to output: Int) -> Float {
    alignCorners && output > 1
      ? Float(input - 1) / Float(output - 1) : Float(input) / Float(output)
  }

  /// For each pixel of a row or column of the result: the two input pixels between which it lies, and
  /// how far it is from the first.
  ///
  /// The tables are tensors, because a feed decides how long they are.
  struct Interpolation {
    let lower: Tensor
    let upper: Tensor
    let fraction: Tensor

    /// Both sizes are positive and fit `int32`.
    init(_ resizing: Resizing, from input: Int, to output: Int) throws(GraphError) {
      lower = try Tensor(uninitialized: .int32, [output])
      upper = try Tensor(uninitialized: .int32, [output])
      fraction = try Tensor(uninitialized: .float32, [output])
      let (lower, upper) = (lower.mutablePointer(Int32.self), upper.mutablePointer(Int32.self))
      let fraction = fraction.mutablePointer(Float.self)
      let scale = resizing.scale(from: input, to: output)
      for index in 0..<output {
        let position =
          resizing.halfPixelCenters
          ? (Float(index) + 0.5) * scale - 0.5 : Float(index) * scale
        let floor = position.rounded(.down)
        // Rounding may put the last positions of a very large picture past its end.
        lower[index] = Int32(min(max(0, Int(floor)), input - 1))
        upper[index] = Int32(min(max(0, Int(position.rounded(.up))), input - 1))
        fraction[index] = position - floor
      }
    }
  }

  /// The input pixel nearest to each of `output` pixels in a row or column of `input` pixels.
  func nearest(from input: Int, to output: Int) throws(GraphError) -> Tensor {
    let pixels = try Tensor(uninitialized: .int32, [output])
    let pointer = pixels.mutablePointer(Int32.self)
    let scale = scale(from: input, to: output)
    for index in 0..<output {
      let position = halfPixelCenters ? (Float(index) + 0.5) * scale : Float(index) * scale
      let rounded = position.rounded(alignCorners ? .toNearestOrAwayFromZero : .down)
      pointer[index] = Int32(min(max(0, Int(rounded)), input - 1))
    }
    return pixels
  }
}
