/// How a tensor goes on beyond its edge.
public enum MirrorMode: String, AttributeChoice, Sendable {
  /// The element at the edge is not repeated: `c b | a b c | b a`.
  case reflect = "REFLECT"
  /// The element at the edge is repeated: `b a | a b c | c b`.
  case symmetric = "SYMMETRIC"
}

/// A tensor that is mirrored at its edges.
struct MirrorPad: Op {
  var mode = MirrorMode.reflect

  static let name = "MirrorPad"
  static let signature = Pad.signature
  static let attributes: [Attribute<Self>] = [.required("mode", \.mode)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try inferPadding(inputs[0].shape, inputs[1])]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let input = inputs[0]
    let paddings = try Paddings(inputs[1], for: input)
    guard input.count > 0 else {
      try Mirror.check(paddings.before, paddings.result, inner: input.dimensions, mode)
      return [try context.allocate(input.dataType, paddings.result)]
    }
    let mirror = try Mirror(
      before: paddings.before, padded: paddings.result, inner: input.dimensions, mode)
    var result = input
    // A dimension at a time: what is mirrored later takes what was mirrored before with it.
    for axis in input.dimensions.indices where mirror.places[axis].count != input.dimensions[axis] {
      var dimensions = result.dimensions
      dimensions[axis] = mirror.places[axis].count
      let next = try context.allocate(input.dataType, dimensions)
      let (from, to) = (StridedCopy.steps(result.dimensions), StridedCopy.steps(dimensions))
      var slice = dimensions
      slice[axis] = 1
      for (position, place) in mirror.places[axis].enumerated() {
        try StridedCopy(
          slice, from: from, to: to, sourceStart: place * from[axis],
          targetStart: position * to[axis]
        ).run(result, next, context)
      }
      result = next
    }
    return [result]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [
      try node.graph.output(MirrorPadGrad(mode: mode), [node.gradient, node.inputs[1]]), nil,
    ]
  }
}

/// The gradient of `MirrorPad`: what was mirrored is added to what it was mirrored from.
struct MirrorPadGrad: Op {
  var mode = MirrorMode.reflect

  static let name = "MirrorPadGrad"
  static let signature = Pad.signature
  static let attributes: [Attribute<Self>] = [.required("mode", \.mode)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let table = try inputs[1].shape.withRank(2)
    try checkDimension(table[1], is: 2)
    var input = inputs[0].shape
    if let rows = table[0] { input = try input.withRank(rows) }
    guard let values = inputs[1].integers else {
      return [input.rank.map { .unknown(rank: $0) } ?? .unknown]
    }
    var dimensions: [Int?] = []
    for axis in 0..<(values.count / 2) {
      let (before, after) = (values[2 * axis], values[2 * axis + 1])
      guard before >= 0, after >= 0 else {
        throw .invalidArgument("Paddings must be non-negative")
      }
      let total = before.addingClamped(after)
      guard let size = input[axis] else {
        dimensions.append(nil)
        continue
      }
      guard size >= total else {
        throw .invalidArgument(
          "Negative dimension size caused by subtracting \(total) from \(size)")
      }
      dimensions.append(size - total)
    }
    return [Shape(dimensions)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let gradient = inputs[0]
    let paddings = try Paddings(inputs[1], for: gradient)
    var inner: [Int] = []
    for (axis, size) in gradient.dimensions.enumerated() {
      let added = paddings.result[axis] - size
      guard added <= size else {
        throw .invalidArgument(
          "Total paddings must be no greater than the input tensor size: \(gradient.shape)")
      }
      inner.append(size - added)
    }
    guard gradient.count > 0 else { return [try Tensor(zeros: gradient.dataType, inner)] }
    let mirror = try Mirror(
      before: paddings.before, padded: gradient.dimensions, inner: inner, mode)
    switch gradient.dataType {
    case .float32: return [try fold(Float.self, gradient, inner, mirror)]
    case .float64: return [try fold(Double.self, gradient, inner, mirror)]
    case .int8: return [try fold(Int8.self, gradient, inner, mirror)]
    case .int16: return [try fold(Int16.self, gradient, inner, mirror)]
    case .int32: return [try fold(Int32.self, gradient, inner, mirror)]
    case .int64: return [try fold(Int64.self, gradient, inner, mirror)]
    case .uint8: return [try fold(UInt8.self, gradient, inner, mirror)]
    case .uint16: return [try fold(UInt16.self, gradient, inner, mirror)]
    case .uint32: return [try fold(UInt32.self, gradient, inner, mirror)]
    case .uint64: return [try fold(UInt64.self, gradient, inner, mirror)]
    default: throw .unsupported(Self.name, gradient.dataType)
    }
  }

  private func fold<T: Number>(
    _: T.Type, _ gradient: Tensor, _ inner: [Int], _ mirror: Mirror
  ) throws(GraphError) -> Tensor {
    let result = try Tensor(zeros: T.dataType, inner)
    let steps = StridedCopy.steps(inner)
    let padded = StridedCopy.steps(gradient.dimensions)
    let (x, y) = (gradient.pointer(T.self), result.mutablePointer(T.self))
    for index in 0..<gradient.count {
      var target = 0
      for axis in inner.indices {
        target +=
          mirror.places[axis][index / padded[axis] % gradient.dimensions[axis]]
          * steps[axis]
      }
      y[target] = T.add(y[target], x[index])
    }
    return result
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try node.graph.output(MirrorPad(mode: mode), [node.gradient, node.inputs[1]]), nil]
  }
}

/// For each dimension of a mirrored tensor, the place in the original that each position shows.
private struct Mirror {
  var places: [[Int]] = []

  init(before: [Int], padded: [Int], inner: [Int], _ mode: MirrorMode) throws(GraphError) {
    try Self.check(before, padded, inner: inner, mode)
    let skipped = mode == .reflect ? 1 : 0
    for (axis, size) in inner.enumerated() {
      places.append(
        (0..<padded[axis]).map { position in
          let place = position - before[axis]
          if place < 0 { return -place - 1 + skipped }
          return place < size ? place : 2 * size - 1 - skipped - place
        })
    }
  }

  /// Refuses to mirror more than there is.
  static func check(
    _ before: [Int], _ padded: [Int], inner: [Int], _ mode: MirrorMode
  ) throws(GraphError) {
    for (axis, size) in inner.enumerated() {
      let (first, last) = (before[axis], padded[axis] - size - before[axis])
      guard first != 0 || last != 0, max(first, last) > (mode == .reflect ? size - 1 : size) else {
        continue
      }
      throw .invalidArgument(
        mode == .reflect
          ? "paddings must be less than the dimension size: \(first), \(last) not less than \(size)"
          : "paddings must be no greater than the dimension size: \(first), \(last) greater than "
            + "\(size)")
    }
  }
}

/// `input` mirrored at its edges: `paddings` has the numbers of elements before and after each
/// dimension.
///
/// - Throws: `invalidArgument` when more is asked for than there is to mirror.
///
/// TensorFlow: `MirrorPad`, `tf.pad` with a mode.
public func mirrorPad(
  _ input: Output, _ paddings: [(before: Int, after: Int)], mode: MirrorMode,
  name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let location = SourceLocation(file, line)
  let graph = input.graph
  return try graph.output(MirrorPad(mode: mode), named: name ?? "MirrorPad", location) {
    () throws(GraphError) -> [Output] in
    let table = try Tensor(sizes: paddings.flatMap { [$0.before, $0.after] }, .int32)
      .reshaped([paddings.count, 2])
    return [input, try graph.constant(table, name: "paddings", location)]
  }
}
