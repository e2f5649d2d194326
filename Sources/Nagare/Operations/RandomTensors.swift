extension Graph {
  /// Random numbers uniform in `lower..<upper`; for an integer type both must be whole.
  ///
  /// - Parameters:
  ///   - dimensions: The shape.
  ///   - seed: Of this op; see `randomSeed`.
  /// - Throws: `invalidArgument` for a bound that `dataType` cannot hold.
  ///
  /// TensorFlow: `RandomUniform`, `RandomUniformInt`, `tf.random_uniform`.
  public func randomUniform(
    _ dimensions: [Int], from lower: Double = 0, to upper: Double = 1,
    dataType: DataType = .float32, seed: Int64? = nil, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Output {
    try randomUniform(
      { (location) throws(GraphError) in
        try constant(sizes: dimensions, name: "shape", location)
      },
      lower, upper, dataType, seed, name, SourceLocation(file, line))
  }

  /// Random numbers uniform in `lower..<upper`, in the shape that a vector of `int32` or `int64` holds.
  ///
  /// TensorFlow: `RandomUniform`, `RandomUniformInt`, `tf.random_uniform`.
  public func randomUniform(
    shape: Output, from lower: Double = 0, to upper: Double = 1, dataType: DataType = .float32,
    seed: Int64? = nil, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Output {
    try randomUniform(
      { _ in shape }, lower, upper, dataType, seed, name, SourceLocation(file, line))
  }

  private typealias ShapeMaker = (SourceLocation) throws(GraphError) -> Output

  private func randomUniform(
    _ shape: ShapeMaker, _ lower: Double, _ upper: Double, _ dataType: DataType, _ seed: Int64?,
    _ name: String?, _ location: SourceLocation
  ) throws(GraphError) -> Output {
    let seeds = seeds(seed)
    if dataType == .int32 || dataType == .int64 {
      guard let least = Int64(exactly: lower), let limit = Int64(exactly: upper) else {
        throw .invalidArgument("The bounds of whole numbers must be whole: \(lower), \(upper)")
      }
      let op = RandomUniformInt(seed: Int(seeds.0), seed2: Int(seeds.1))
      return try output(op, named: name ?? "random_uniform", location) {
        () throws(GraphError) -> [Output] in
        [
          try shape(location),
          try constant(Tensor(whole: least, dataType), name: "min", location),
          try constant(Tensor(whole: limit, dataType), name: "max", location),
        ]
      }
    }
    let op = RandomUniform(dataType, seeds: seeds)
    if lower == 0, upper == 1 {
      let name = uniqueName(name ?? "random_uniform")
      return try scope("\(name)/") { () throws(GraphError) -> Output in
        try output(op, [shape(location)], name: RandomUniform.name, location)
      }
    }
    return try output(AddV2(), named: name ?? "random_uniform", location) {
      () throws(GraphError) -> [Output] in
      let size = try shape(location)
      let low = try constant(Tensor(real: lower, dataType), name: "min", location)
      let high = try constant(Tensor(real: upper, dataType), name: "max", location)
      let numbers = try output(op, [size], name: RandomUniform.name, location)
      return [try numbers * (high - low), low]
    }
  }

  /// Random numbers of a normal distribution.
  ///
  /// - Parameters:
  ///   - dimensions: The shape.
  ///   - seed: Of this op; see `randomSeed`.
  ///
  /// TensorFlow: `RandomStandardNormal`, `tf.random_normal`.
  public func randomNormal(
    _ dimensions: [Int], mean: Double = 0, standardDeviation: Double = 1,
    dataType: DataType = .float32, seed: Int64? = nil, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Output {
    try normal(
      RandomStandardNormal(dataType, seeds: seeds(seed)), dimensions, mean, standardDeviation,
      name ?? "random_normal", SourceLocation(file, line))
  }

  /// Random numbers of a normal distribution that are less than two standard deviations from its mean.
  ///
  /// TensorFlow: `TruncatedNormal`, `tf.truncated_normal`.
  public func truncatedNormal(
    _ dimensions: [Int], mean: Double = 0, standardDeviation: Double = 1,
    dataType: DataType = .float32, seed: Int64? = nil, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Output {
    try normal(
      TruncatedNormal(dataType, seeds: seeds(seed)), dimensions, mean, standardDeviation,
      name ?? "truncated_normal", SourceLocation(file, line))
  }

  private func normal(
    _ op: some RandomOp, _ dimensions: [Int], _ mean: Double, _ deviation: Double, _ name: String,
    _ location: SourceLocation
  ) throws(GraphError) -> Output {
    try output(AddV2(), named: name, location) { () throws(GraphError) -> [Output] in
      let size = try constant(sizes: dimensions, name: "shape", location)
      let center = try constant(Tensor(real: mean, op.dataType), name: "mean", location)
      let width = try constant(Tensor(real: deviation, op.dataType), name: "stddev", location)
      let numbers = try output(op, [size], name: Swift.type(of: op).name, location)
      return [try numbers * width, center]
    }
  }
}

extension Tensor {
  /// A scalar of a floating-point type.
  init(real value: Double, _ dataType: DataType) throws(GraphError) {
    self = try Tensor(scalar: value).converted(to: dataType)
  }

  /// A scalar of `int32` or `int64`.
  fileprivate init(whole value: Int64, _ dataType: DataType) throws(GraphError) {
    guard dataType == .int32 else {
      self = try Tensor(scalar: value)
      return
    }
    guard let narrow = Int32(exactly: value) else {
      throw .invalidArgument("Expected int32, got \(value), which is out of range")
    }
    self = try Tensor(scalar: narrow)
  }
}

// MARK: - Initial values of weights

extension Graph {
  /// Uniform numbers whose variance keeps that of signal and gradient alike: within ±√(6 / (fan-in +
  /// fan-out)).
  ///
  /// Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
  /// 2010. TensorFlow: `tf.glorot_uniform_initializer`.
  public func glorotUniform(
    _ dimensions: [Int], dataType: DataType = .float32, seed: Int64? = nil, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Output {
    let fans = Fans(dimensions)
    let limit = (3 / max(1, (fans.input + fans.output) / 2)).squareRoot()
    return try randomUniform(
      dimensions, from: -limit, to: limit, dataType: dataType, seed: seed, name: name, file: file,
      line: line)
  }

  /// Normal numbers, cut off, whose variance keeps that of signal and gradient alike: 2 / (fan-in +
  /// fan-out).
  ///
  /// Glorot and Bengio, 2010. TensorFlow: `tf.glorot_normal_initializer`.
  public func glorotNormal(
    _ dimensions: [Int], dataType: DataType = .float32, seed: Int64? = nil, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Output {
    let fans = Fans(dimensions)
    return try scaledNormal(
      dimensions, 1 / max(1, (fans.input + fans.output) / 2), dataType, seed, name, file, line)
  }

  /// Normal numbers, cut off, whose variance suits layers of rectifiers: 2 / fan-in.
  ///
  /// He et al., "Delving deep into rectifiers", 2015. TensorFlow: `tf.initializers.he_normal`.
  public func heNormal(
    _ dimensions: [Int], dataType: DataType = .float32, seed: Int64? = nil, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Output {
    try scaledNormal(
      dimensions, 2 / max(1, Fans(dimensions).input), dataType, seed, name, file, line)
  }

  /// Uniform numbers whose variance suits layers of rectifiers: within ±√(6 / fan-in).
  ///
  /// He et al., 2015. TensorFlow: `tf.initializers.he_uniform`.
  public func heUniform(
    _ dimensions: [Int], dataType: DataType = .float32, seed: Int64? = nil, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Output {
    let limit = (6 / max(1, Fans(dimensions).input)).squareRoot()
    return try randomUniform(
      dimensions, from: -limit, to: limit, dataType: dataType, seed: seed, name: name, file: file,
      line: line)
  }

  private func scaledNormal(
    _ dimensions: [Int], _ variance: Double, _ dataType: DataType, _ seed: Int64?,
    _ name: String?, _ file: StaticString, _ line: UInt
  ) throws(GraphError) -> Output {
    // The standard deviation of the distribution cut off at two of its own.
    let cut = 0.879_625_661_034_239_78
    return try truncatedNormal(
      dimensions, standardDeviation: variance.squareRoot() / cut, dataType: dataType, seed: seed,
      name: name, file: file, line: line)
  }
}

/// How many numbers an output of a layer is made of, and how many an input goes into.
private struct Fans {
  var input = 1.0
  var output = 1.0

  init(_ dimensions: [Int]) {
    switch dimensions.count {
    case 0: break
    case 1:
      input = Double(dimensions[0])
      output = input
    default:
      // A filter: its window, input channels, output channels.
      var window = 1.0
      for size in dimensions.dropLast(2) { window *= Double(size) }
      input = window * Double(dimensions[dimensions.count - 2])
      output = window * Double(dimensions[dimensions.count - 1])
    }
  }
}
