/// An op that finds the place of an extreme element along a dimension; of equal ones the first.
protocol ArgExtremum: Op {
  var outputType: DataType { get set }
  static func isBetter<T: Comparable>(_ x: T, than y: T) -> Bool
  /// What every element but NaN is at least as good as.
  static func worst<T: FloatNumber>() -> T
}

extension ArgExtremum {
  static var attributes: [Attribute<Self>] { [.attribute("output_type", \.outputType)] }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let given = try inputs[1].knownScalar()
    guard var dimensions = inputs[0].shape.dimensions else { return [.unknown] }
    let rank = dimensions.count
    // A single value has no dimension to reduce; the kernel refuses it.
    guard rank > 0 else { return [.scalar] }
    guard let axis = given else { return [.unknown(rank: rank - 1)] }
    guard axis >= -rank, axis < rank else {
      throw .invalidArgument(
        "Dimension (\(axis)) must be in the range [\(-rank), \(rank)), where \(rank) is the number "
          + "of dimensions in the input.")
    }
    dimensions.remove(at: axis < 0 ? axis + rank : axis)
    return [Shape(dimensions)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[1].rank == 0, let given = inputs[1].integers?.first else {
      throw .invalidArgument(
        "dim must be a scalar, but received tensor of shape: \(inputs[1].shape)")
    }
    let (x, rank) = (inputs[0], inputs[0].rank)
    guard given >= -rank, given < rank else {
      throw .invalidArgument(
        "Expected dimension in the range [\(-rank), \(rank)), but got \(given)")
    }
    let axis = given < 0 ? given + rank : given
    guard x.dimensions[axis] > 0 else {
      throw .invalidArgument("Reduction axis \(axis) is empty in shape \(x.shape)")
    }
    let places: Tensor =
      switch x.dataType {
      case .float32: try scan(x, axis, context, from: Self.worst() as Float)
      case .float64: try scan(x, axis, context, from: Self.worst() as Double)
      case .int8: try scan(x, axis, context, from: nil as Int8?)
      case .int16: try scan(x, axis, context, from: nil as Int16?)
      case .int32: try scan(x, axis, context, from: nil as Int32?)
      case .int64: try scan(x, axis, context, from: nil as Int64?)
      // A bool is a byte that is 0 or 1.
      case .uint8, .bool: try scan(x, axis, context, from: nil as UInt8?)
      case .uint16: try scan(x, axis, context, from: nil as UInt16?)
      case .uint32: try scan(x, axis, context, from: nil as UInt32?)
      case .uint64: try scan(x, axis, context, from: nil as UInt64?)
      default: throw GraphError.unsupported(Self.name, x.dataType)
      }
    return try Cast(target: outputType).compute([places], context)
  }

  /// The places as `int64`. NaN is never better than `start`, so that it loses against every number.
  private func scan<T: Scalar & Comparable>(
    _ input: Tensor, _ axis: Int, _ context: KernelContext, from start: T?
  ) throws(GraphError) -> Tensor {
    let count = input.dimensions[axis]
    var dimensions = input.dimensions
    dimensions.remove(at: axis)
    let result = try context.allocate(.int64, dimensions)
    guard result.count > 0 else { return result }
    let inner = try checkedElementCount(Array(input.dimensions[(axis + 1)...]))
    let x = UnsafePointer(input.storage.base.assumingMemoryBound(to: T.self))
    let y = result.mutablePointer(Int64.self)
    context.threads.ranges(result.count, grain: context.grain(cost: count)) { range in
      for index in range {
        let row = x + (index / inner) * count * inner + index % inner
        var best = start ?? row[0]
        var place = 0
        for position in 0..<count where Self.isBetter(row[position * inner], than: best) {
          best = row[position * inner]
          place = position
        }
        y[index] = Int64(place)
      }
    }
    return result
  }
}

/// The place of the greatest element along a dimension.
struct ArgMax: ArgExtremum, NonDifferentiable {
  var outputType = DataType.int64

  static let name = "ArgMax"
  static let signature = Signature(
    inputs: ["input: T", "dimension: Tidx"], outputs: ["output: output_type"],
    types: [
      "T": comparable, "Tidx": .of(.int16, .int32, .int64, default: .int32),
      "output_type": .of(.int16, .uint16, .int32, .int64, default: .int64),
    ])
  static let comparable = Signature.TypeParameter.of(
    .float32, .float64, .int32, .uint8, .int16, .int8, .int64, .bfloat16, .uint16, .float16,
    .uint32, .uint64, .qint8, .quint8, .qint32, .qint16, .quint16, .bool)

  @inline(__always) static func isBetter<T: Comparable>(_ x: T, than y: T) -> Bool { x > y }
  static func worst<T: FloatNumber>() -> T { -.infinity }
}

/// The place of the least element along a dimension.
struct ArgMin: ArgExtremum, NonDifferentiable {
  var outputType = DataType.int64

  static let name = "ArgMin"
  static let signature = Signature(
    inputs: ["input: T", "dimension: Tidx"], outputs: ["output: output_type"],
    types: [
      "T": ArgMax.comparable, "Tidx": .index,
      "output_type": .of(.int32, .int64, default: .int64),
    ])

  @inline(__always) static func isBetter<T: Comparable>(_ x: T, than y: T) -> Bool { x < y }
  static func worst<T: FloatNumber>() -> T { .infinity }
}

/// The place of the greatest element along `axis`, the first of equal ones. NaN counts as the least.
///
/// - Throws: `invalidArgument` for an axis out of range.
///
/// TensorFlow: `ArgMax`, `tf.argmax`.
public func argMax(
  _ input: Output, axis: Int, outputType: DataType = .int64, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try along(axis, ArgMax(outputType: outputType), input, name, SourceLocation(file, line))
}

/// The place of the least element along `axis`, the first of equal ones. NaN counts as the greatest.
///
/// - Throws: `invalidArgument` for an axis out of range.
///
/// TensorFlow: `ArgMin`, `tf.argmin`.
public func argMin(
  _ input: Output, axis: Int, outputType: DataType = .int64, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try along(axis, ArgMin(outputType: outputType), input, name, SourceLocation(file, line))
}

private func along(
  _ axis: Int, _ op: any Op, _ input: Output, _ name: String?, _ location: SourceLocation
) throws(GraphError) -> Output {
  let type = Swift.type(of: op).name
  return try input.graph.output(op, named: name ?? type, location) { () throws(GraphError) in
    [input, try input.graph.constant(size: axis, name: "dimension", location)]
  }
}
