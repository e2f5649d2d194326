/// A tensor that is part of the graph.
struct Const: Op, NonDifferentiable {
  /// The tensor.
  var value = Tensor(.float32, [], 0, TensorStorage(strings: []))
  var dataType = DataType.float32

  static let name = "Const"
  static let signature = Signature(outputs: ["output: dtype"], types: ["dtype": .any])
  static let attributes: [Attribute<Self>] = [
    .required("value", \.value), .required("dtype", \.dataType),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    guard value.dataType == dataType else {
      throw .invalidArgument(
        "Type mismatch between value (\(value.dataType.signatureName)) and dtype "
          + "(\(dataType.signatureName))")
    }
    value.storage.packing.withLock { $0.isConstant = true }
    return [value.shape]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [value]
  }
}

extension Graph {
  /// A tensor that is part of the graph. Literals follow TensorFlow's conversion of Python values:
  /// `2` is an `int32`, `2.5` and `[1, 2.5]` are `float32`.
  ///
  /// - Parameters:
  ///   - value: The tensor; its literals may be nested lists.
  ///   - dataType: The type to convert a literal to; numbers only.
  /// - Throws: `invalidArgument` when a number does not fit `dataType`.
  ///
  /// TensorFlow: `Const`, `tf.constant`.
  public func constant(
    _ value: Tensor, dataType: DataType? = nil, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Output {
    let tensor = try dataType.map { (type) throws(GraphError) in try value.converted(to: type) }
    return try constant(tensor ?? value, name: name, SourceLocation(file, line))
  }

  func constant(
    _ value: Tensor, name: String? = nil, _ location: SourceLocation? = nil
  ) throws(GraphError) -> Output {
    try output(Const(value: value, dataType: value.dataType), name: name, location)
  }
}

extension Tensor {
  /// The same numbers as another type.
  ///
  /// - Throws: `invalidArgument` when one cannot be represented: a fraction as an integer, a number out
  ///   of range.
  public func converted(to type: DataType) throws(GraphError) -> Tensor {
    guard type != dataType else { return self }
    guard let numbers = storage.literal ?? doubles, dataType != .int64,
      dataType != .uint64 || type.isFloatingPoint
    else { throw .invalidArgument("Expected \(type), got a tensor of type '\(dataType)'") }
    func exactly<T: Scalar & BinaryInteger>(_: T.Type) throws(GraphError) -> Tensor {
      var converted: [T] = []
      converted.reserveCapacity(numbers.count)
      for number in numbers {
        guard let value = T(exactly: number), !dataType.isFloatingPoint else {
          throw .invalidArgument("Expected \(type), got \(number) of type '\(dataType)' instead.")
        }
        converted.append(value)
      }
      return try Tensor(converted, dimensions: dimensions)
    }
    switch type {
    case .float32: return try Tensor(numbers.map { Float($0) }, dimensions: dimensions)
    case .float64: return try Tensor(numbers, dimensions: dimensions)
    case .float16: return try Tensor(numbers.map { Half(Float($0)) }, dimensions: dimensions)
    case .bfloat16: return try Tensor(numbers.map { BFloat16(Float($0)) }, dimensions: dimensions)
    case .int8: return try exactly(Int8.self)
    case .int16: return try exactly(Int16.self)
    case .int32: return try exactly(Int32.self)
    case .int64: return try exactly(Int64.self)
    case .uint8: return try exactly(UInt8.self)
    case .uint16: return try exactly(UInt16.self)
    case .uint32: return try exactly(UInt32.self)
    case .uint64: return try exactly(UInt64.self)
    default: throw .invalidArgument("Expected \(type), got a tensor of type '\(dataType)'")
    }
  }
}
