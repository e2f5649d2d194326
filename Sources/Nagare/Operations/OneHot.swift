/// A vector for each index that is "on" at that place and "off" elsewhere.
struct OneHot: Op, NonDifferentiable {
  /// Where the new dimension stands; last when -1.
  var axis = -1

  static let name = "OneHot"
  static let signature = Signature(
    inputs: ["indices: TI", "depth: int32", "on_value: T", "off_value: T"],
    outputs: ["output: T"],
    types: ["T": .any, "TI": .of(.uint8, .int8, .int32, .int64, default: .int64)])
  static let attributes: [Attribute<Self>] = [.attribute("axis", \.axis)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    guard axis >= -1 else { throw .invalidArgument("axis must be >= -1") }
    let depth = try inputs[1].knownScalar()
    if let depth, depth < 0 {
      throw .invalidArgument(
        "Dimension size, given by scalar input 1, must be non-negative but is \(depth)")
    }
    guard let dimensions = inputs[0].shape.dimensions else { return [.unknown] }
    let rank = dimensions.count + 1
    let place = axis < 0 ? rank - 1 : axis % rank
    return [Shape(Array(dimensions[..<place]) + [depth] + Array(dimensions[place...]))]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let indices = inputs[0]
    let rank = indices.rank + 1
    guard axis == -1 || (axis >= 0 && axis < rank) else {
      throw .invalidArgument(
        "Expected axis to be -1 or between [0, \(rank)).  But received: \(axis)")
    }
    for (name, input) in zip(["depth", "on_value", "off_value"], inputs[1...])
    where input.rank != 0 {
      throw .invalidArgument("\(name) must be a scalar, but got: \(input.shape)")
    }
    let depth = Int(inputs[1].buffer(Int32.self)[0])
    guard depth >= 0 else {
      throw .invalidArgument("depth must be non-negative, got: \(depth)")
    }
    let place = axis < 0 ? rank - 1 : axis
    var dimensions = indices.dimensions
    dimensions.insert(depth, at: place)
    let result = try context.allocate(inputs[2].dataType, dimensions)
    try StridedCopy([result.count], from: [0], to: [1]).run(inputs[3], result, context)
    guard result.count > 0 else { return [result] }
    let places: [Int] =
      switch indices.dataType {
      case .uint8: indices.buffer(UInt8.self).map { Int($0) }
      case .int8: indices.buffer(Int8.self).map { Int($0) }
      default: indices.integers ?? []
      }
    let inner = indices.dimensions[place...].reduce(1, *)
    let positions = places.indices.compactMap { index -> Int? in
      guard places[index] >= 0, places[index] < depth else { return nil }
      return (index / inner * depth + places[index]) * inner + index % inner
    }
    if result.dataType == .string {
      for position in positions { result.storage.strings[position] = inputs[2].strings[0] }
    } else if let size = result.dataType.byteCount {
      for position in positions {
        (result.storage.base + position * size).copyMemory(
          from: inputs[2].storage.base, byteCount: size)
      }
    } else {
      throw .unsupported(Self.name, result.dataType)
    }
    return [result]
  }
}

/// For each index a vector of `depth` elements: `onValue` at the index, `offValue` elsewhere, also for an
/// index out of range.
///
/// - Parameters:
///   - indices: `uint8`, `int8`, `int32` or `int64`.
///   - axis: Where the new dimension stands; last when -1.
///   - dataType: The type of the result.
///
/// TensorFlow: `OneHot`, `tf.one_hot`.
public func oneHot(
  _ indices: Output, depth: Int, onValue: Tensor = 1, offValue: Tensor = 0, axis: Int = -1,
  dataType: DataType = .float32, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  let graph = indices.graph
  return try graph.output(OneHot(axis: axis), named: name ?? "one_hot", location) {
    () throws(GraphError) -> [Output] in
    let on = try graph.constant(onValue.converted(to: dataType), name: "on_value", location)
    let off = try graph.constant(offValue.converted(to: dataType), name: "off_value", location)
    return [indices, try graph.constant(size: depth, name: "depth", location), on, off]
  }
}
