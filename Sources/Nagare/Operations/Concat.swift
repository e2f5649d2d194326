/// Tensors one after the other along an axis.
struct ConcatV2: Op {
  static let name = "ConcatV2"
  static let signature = Signature(
    inputs: ["values: N * T", "axis: Tidx"], outputs: ["output: T"],
    types: ["T": .any, "Tidx": .index], minimumCounts: ["N": 2])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    guard let axis = inputs.last else { return [] }
    return [try Concatenation.infer(Array(inputs.dropLast()), axis)]
  }

  func inferValue(_ inputs: [TensorSpec]) -> Shape? {
    var joined: [Int?] = []
    for input in inputs.dropLast() {
      guard input.shape.rank == 1, let part = input.shapeValue?.dimensions else { return nil }
      joined += part
    }
    return Shape(joined)
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard let axis = inputs.last else { throw .invalidArgument("ConcatV2 has no inputs") }
    return [
      try Concatenation.compute(
        inputs, joinedInputs(of: inputs.count), axis, named: "axis", context)
    ]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let axis = node.inputs[node.inputs.count - 1]
    return try Concatenation.gradient(node, Array(node.inputs.dropLast()), axis) + [nil]
  }
}

/// `ConcatV2` with the axis first, TensorFlow's older form.
struct Concat: Op {
  static let name = "Concat"
  static let signature = Signature(
    inputs: ["concat_dim: int32", "values: N * T"], outputs: ["output: T"], types: ["T": .any],
    minimumCounts: ["N": 2])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try Concatenation.infer(Array(inputs.dropFirst()), inputs[0])]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [
      try Concatenation.compute(
        inputs, joinedInputs(of: inputs.count), inputs[0], named: "concat_dim", context)
    ]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [nil] + (try Concatenation.gradient(node, Array(node.inputs.dropFirst()), node.inputs[0]))
  }
}

extension ConcatV2: JoiningOp {
  func joinedInputs(of count: Int) -> Range<Int> { 0..<(count - 1) }

  func axis(_ constants: [Tensor?]) -> Int? { constants.last??.integers?.first }
}

extension Concat: JoiningOp {
  func joinedInputs(of count: Int) -> Range<Int> { 1..<count }

  func axis(_ constants: [Tensor?]) -> Int? { constants[0]?.integers?.first }
}

private enum Concatenation {
  static func infer(_ values: [TensorSpec], _ axis: TensorSpec) throws(GraphError) -> Shape {
    guard let axis = try axis.knownScalar() else {
      guard let rank = values.lazy.compactMap(\.shape.rank).first else { return .unknown }
      guard rank > 0 else {
        throw .invalidArgument("Can't concatenate scalars (use tf.stack instead)")
      }
      for value in values { _ = try value.shape.withRank(rank) }
      return .unknown(rank: rank)
    }
    let least = axis < 0 ? 0 - max(axis, -Int(Int32.max)) : axis.addingClamped(1)
    var (before, after) = (Shape.unknown, Shape.unknown)
    var total: Int? = 0
    for value in values.reversed() {
      let shape = try value.shape.withRank(atLeast: least)
      guard let rank = shape.rank else {
        total = nil
        continue
      }
      let place = axis < 0 ? axis + rank : axis
      before = try shape.part(..<place).merging(before)
      after = try shape.part((place + 1)...).merging(after)
      if let size = shape[place] {
        total = total.map { $0.addingClamped(size) }
      } else {
        total = nil
      }
    }
    return before.appending([total]).appending(after)
  }

  static func compute(
    _ inputs: [Tensor], _ joined: Range<Int>, _ axis: Tensor, named name: String,
    _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    let (dimensions, axis) = try dimensions(inputs[joined], axis, named: name)
    let type = inputs[joined.lowerBound].dataType
    let steps = StridedCopy.steps(dimensions)
    var starts: [Int] = []
    var start = 0
    for value in inputs[joined] {
      starts.append(start)
      start &+= value.dimensions[axis] &* steps[axis]
    }
    let size = type.byteCount ?? 0
    let isOutermost = StridedCopy.isOutermost(axis, dimensions)
    let result = try context.allocate(
      type, dimensions, joining: isOutermost ? joined : joined.lowerBound..<joined.lowerBound,
      at: isOutermost ? starts.map { $0 &* size } : [], of: inputs)
    for (start, value) in zip(starts, inputs[joined]) {
      if isOutermost, size > 0 {
        let place = result.storage.base + start &* size
        // It may have been made there.
        if value.storage.base == place { continue }
        // What is not worth a second thread needs no plan.
        if value.count <= context.grain() {
          place.copyMemory(from: value.storage.base, byteCount: value.storage.byteCount)
          continue
        }
      }
      try StridedCopy(
        value.dimensions, from: StridedCopy.steps(value.dimensions), to: steps, targetStart: start
      ).run(value, result, context)
    }
    return result
  }

  /// The sizes of the whole, and the axis counted from the first.
  private static func dimensions(
    _ values: ArraySlice<Tensor>, _ axis: Tensor, named name: String
  ) throws(GraphError) -> (all: [Int], axis: Int) {
    guard axis.rank == 0, let requested = axis.integers?.first else {
      throw .invalidArgument(
        "\(name) tensor should be a scalar integer, but got shape \(axis.shape)")
    }
    let first = values.first?.dimensions ?? []
    guard !first.isEmpty else {
      throw .invalidArgument("ConcatOp : Can't concatenate scalars (use tf.stack instead)")
    }
    let place = try wrappedAxis(
      requested, rank: first.count,
      "ConcatOp : Expected concatenating dimensions in the range "
        + "[\(-first.count), \(first.count)), but got \(requested)")
    var total = 0
    for (index, value) in values.enumerated() {
      func refusal(_ text: String) -> GraphError {
        .invalidArgument(
          "ConcatOp : \(text): shape[0] = \(Shape(first)) vs. shape[\(index)] = \(value.shape)")
      }
      guard value.rank == first.count else {
        throw refusal("Ranks of all input tensors should match")
      }
      for (axis, size) in value.dimensions.enumerated()
      where axis != place && size != first[axis] {
        throw refusal("Dimension \(axis) in both shapes must be equal")
      }
      total = total.addingClamped(value.dimensions[place])
    }
    var dimensions = first
    dimensions[place] = total
    return (dimensions, place)
  }

  static func gradient(
    _ node: Differentiation, _ values: [Output], _ axis: Output
  ) throws(GraphError) -> [Output?] {
    let gradient = try node.gradient
    // Offsets are counted along an int32 axis.
    let wrapped = try floorMod(cast(axis, to: .int32), rank(of: values[0]), name: "mod")
    let sizes = try shapes(of: values)
    let offsets = try concatOffsets(wrapped, sizes)
    var parts: [Output?] = []
    for (offset, size) in zip(offsets, sizes) {
      parts.append(try slice(gradient, begin: offset, size: size))
    }
    return parts
  }
}

/// `values` one after the other along `axis`; negative axes count from the last.
///
/// - Throws: `invalidArgument` when types, ranks or the other dimensions differ.
///
/// TensorFlow: `ConcatV2`, `tf.concat`.
public func concat(
  _ values: [Output], axis: Int, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  guard let graph = values.first?.graph else {
    throw .invalidArgument("concat takes at least one tensor")
  }
  guard values.count > 1 else { return try identity(values[0], name: name ?? "concat") }
  return try graph.output(ConcatV2(), named: name ?? "concat", location) {
    () throws(GraphError) -> [Output] in
    values + [try graph.constant(size: axis, name: "axis", location)]
  }
}
