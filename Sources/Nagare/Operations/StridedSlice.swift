/// A box of a tensor taken with steps, as Python's `x[begin:end:stride, …]`. In each mask, bit `i` says
/// something of the `i`-th entry.
struct StridedSlice: StridedSlicing {
  /// Entries whose begin is the end that the stride starts from.
  var beginMask = 0
  /// Entries whose end is the end that the stride leads to.
  var endMask = 0
  /// The entry, if any, that stands for all dimensions that the others leave.
  var ellipsisMask = 0
  /// Entries that stand for a new dimension of size 1.
  var newAxisMask = 0
  /// Entries that pick one element and take their dimension away.
  var shrinkAxisMask = 0

  static let name = "StridedSlice"
  static let signature = Signature(
    inputs: ["input: T", "begin: Index", "end: Index", "strides: Index"], outputs: ["output: T"],
    types: ["T": .any, "Index": .of(.int16, .int32, .int64)])
  static let attributes = stridedSliceAttributes

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    var entries = Shape.unknown
    for spec in inputs[1...] { entries = try entries.merging(spec.shape.withRank(1)) }
    guard let dimensions = inputs[0].shape.dimensions, entries[0] != nil,
      let strides = inputs[3].constant?.indexValues
    else { return [.unknown] }
    let box = try StridedBox(
      dimensions, begin: inputs[1].constant?.indexValues, end: inputs[2].constant?.indexValues,
      strides: strides, self)
    return [Shape(box.result)]
  }

  func inferValue(_ inputs: [TensorSpec]) -> Shape? {
    guard inputs[0].shape.rank == 1, let elements = inputs[0].shapeValue?.dimensions,
      let begin = inputs[1].constant?.indexValues, let end = inputs[2].constant?.indexValues,
      let strides = inputs[3].constant?.indexValues, newAxisMask == 0,
      let box = try? StridedBox(
        [elements.count], begin: begin, end: end, strides: strides, self),
      let place = box.dimensions.first, let size = place.size
    else { return nil }
    return Shape((0..<size).map { elements[place.begin + $0 * place.stride] })
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let input = inputs[0]
    let box = try StridedBox(input.dimensions, inputs[1], inputs[2], inputs[3], self)
    let (sizes, steps, start) = box.layout(of: input.dimensions)
    let result = box.result.compactMap { $0 }
    if sizes == input.dimensions, steps == StridedCopy.steps(sizes), start == 0 {
      return [try input.reshaped(result)]
    }
    return [try input.part(sizes, steps: steps, start: start, context).reshaped(result)]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let graph = node.graph
    let begin = node.inputs[1]
    let whole = try shape(of: node.inputs[0], outputType: begin.dataType)
    let gradient = try graph.output(
      StridedSliceGrad(self),
      [whole, begin, node.inputs[2], node.inputs[3], node.gradient])
    return [gradient, nil, nil, nil]
  }
}

/// The gradient of a strided slice: zeros of the shape of its input with the gradient at its places.
struct StridedSliceGrad: StridedSlicing {
  var beginMask = 0
  var endMask = 0
  var ellipsisMask = 0
  var newAxisMask = 0
  var shrinkAxisMask = 0

  static let name = "StridedSliceGrad"
  static let signature = Signature(
    inputs: ["shape: Index", "begin: Index", "end: Index", "strides: Index", "dy: T"],
    outputs: ["output: T"], types: ["T": .any, "Index": .of(.int32, .int64)])
  static let attributes = stridedSliceAttributes

  init() {}

  init(_ slice: some StridedSlicing) { copyMasks(of: slice) }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try inputs[0].requestedShape()]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[0].rank == 1, let dimensions = inputs[0].integers else {
      throw .invalidArgument("shape must be 1-D, got shape.shape = \(inputs[0].shape)")
    }
    _ = try checkedElementCount(dimensions)
    let gradient = inputs[4]
    let box = try StridedBox(dimensions, inputs[1], inputs[2], inputs[3], self)
    let result = box.result.compactMap { $0 }
    guard gradient.dimensions == result else {
      throw .invalidArgument(
        "shape of dy was \(gradient.shape) instead of \(Shape(result))")
    }
    let output = try Tensor(zeros: gradient.dataType, dimensions)
    let (sizes, steps, start) = box.layout(of: dimensions)
    try StridedCopy(sizes, from: StridedCopy.steps(sizes), to: steps, targetStart: start)
      .run(gradient, output, context)
    return [output]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    var slice = StridedSlice()
    slice.copyMasks(of: self)
    let picked = try node.graph.output(
      slice, [node.gradient, node.inputs[1], node.inputs[2], node.inputs[3]])
    return [nil, nil, nil, nil, picked]
  }
}

/// What `StridedSlice` and its gradient have in common.
protocol StridedSlicing: Op {
  var beginMask: Int { get set }
  var endMask: Int { get set }
  var ellipsisMask: Int { get set }
  var newAxisMask: Int { get set }
  var shrinkAxisMask: Int { get set }
}

extension StridedSlicing {
  static var stridedSliceAttributes: [Attribute<Self>] {
    [
      .attribute("begin_mask", \.beginMask), .attribute("end_mask", \.endMask),
      .attribute("ellipsis_mask", \.ellipsisMask), .attribute("new_axis_mask", \.newAxisMask),
      .attribute("shrink_axis_mask", \.shrinkAxisMask),
    ]
  }

  mutating func copyMasks(of other: some StridedSlicing) {
    beginMask = other.beginMask
    endMask = other.endMask
    ellipsisMask = other.ellipsisMask
    newAxisMask = other.newAxisMask
    shrinkAxisMask = other.shrinkAxisMask
  }
}

extension Tensor {
  /// The elements of an `int16`, `int32` or `int64` tensor.
  fileprivate var indexValues: [Int]? {
    dataType == .int16 ? buffer(Int16.self).map { Int($0) } : integers
  }
}

/// What a strided slice takes of each dimension of a tensor.
private struct StridedBox {
  struct Dimension {
    var begin = 0
    var stride = 1
    /// The number of elements, where it is known.
    var size: Int?
  }

  /// One entry a dimension of the tensor.
  private(set) var dimensions: [Dimension] = []
  /// The shape of the result.
  private(set) var result: [Int?] = []

  init(
    _ dimensions: [Int], _ begin: Tensor, _ end: Tensor, _ strides: Tensor,
    _ masks: some StridedSlicing
  ) throws(GraphError) {
    guard let first = begin.indexValues, let last = end.indexValues,
      let steps = strides.indexValues, begin.rank == 1, end.rank == 1, strides.rank == 1,
      first.count == last.count, first.count == steps.count, first.count < 32
    else {
      throw .invalidArgument(
        "Expected begin, end, and strides to be 1D equal size tensors, but got shapes "
          + "\(begin.shape), \(end.shape), and \(strides.shape) instead.")
    }
    try self.init(dimensions, begin: first, end: last, strides: steps, masks)
  }

  /// `begin` and `end` are `nil` where they are not known yet.
  init(
    _ sizes: [Int?], begin: [Int]?, end: [Int]?, strides: [Int], _ masks: some StridedSlicing
  ) throws(GraphError) {
    let count = strides.count
    guard count < 32, begin?.count ?? count == count, end?.count ?? count == count else {
      throw .invalidArgument(
        "Expected begin, end, and strides to be 1D equal size tensors, but got shapes "
          + "[\(begin?.count ?? count)], [\(end?.count ?? count)], and [\(count)] instead.")
    }
    func isSet(_ mask: Int, _ entry: Int) -> Bool { mask >> entry & 1 == 1 }
    let ellipses = (0..<count).filter { isSet(masks.ellipsisMask, $0) }
    guard ellipses.count <= 1 else {
      throw .invalidArgument("Multiple ellipses in slice spec not allowed")
    }
    // What is not mentioned is taken whole: without an ellipsis, one stands at the end.
    let ellipsis = ellipses.first ?? count
    let rank = sizes.count
    let named = (0..<count).count { $0 != ellipsis && !isSet(masks.newAxisMask, $0) }

    for entry in 0...count {
      if entry == ellipsis {
        // Dimensions named after the ellipsis are those at the end.
        let following = (entry + 1..<max(entry + 1, count))
          .count { !isSet(masks.newAxisMask, $0) }
        while dimensions.count < rank - following {
          let size = sizes[dimensions.count]
          dimensions.append(Dimension(size: size))
          result.append(size)
        }
      } else if entry == count {
        continue
      } else if isSet(masks.newAxisMask, entry) {
        result.append(1)
      } else {
        let axis = dimensions.count
        guard axis < rank else {
          throw .invalidArgument(
            rank == 0
              ? "Attempting to slice scalar input."
              : "Index out of range using input dim \(axis); input has only \(rank) dims")
        }
        let dimension = try Self.dimension(
          axis, sizes[axis], begin: begin?[entry], end: end?[entry], stride: strides[entry],
          isBeginMasked: isSet(masks.beginMask, entry), isEndMasked: isSet(masks.endMask, entry),
          shrinks: isSet(masks.shrinkAxisMask, entry))
        dimensions.append(dimension)
        if !isSet(masks.shrinkAxisMask, entry) { result.append(dimension.size) }
      }
    }
    guard dimensions.count == rank else {
      throw .invalidArgument(
        "Index out of range using input dim \(rank); input has only \(rank) dims "
          + "(\(named) are named)")
    }
  }

  private static func dimension(
    _ axis: Int, _ size: Int?, begin: Int?, end: Int?, stride: Int, isBeginMasked: Bool,
    isEndMasked: Bool, shrinks: Bool
  ) throws(GraphError) -> Dimension {
    guard stride != 0 else { throw .invalidArgument("strides[\(axis)] must be non-zero") }
    guard let size else { return Dimension(stride: stride, size: shrinks ? 1 : nil) }
    guard !shrinks || stride > 0 else {
      throw .invalidArgument("only stride 1 allowed on non-range indexing.")
    }
    if shrinks {
      guard let begin, end != nil else { return Dimension(size: 1) }
      let place = begin < 0 ? begin + size : begin
      guard place >= 0, place < size else {
        throw .invalidArgument("slice index \(place) of dimension \(axis) out of bounds.")
      }
      return Dimension(begin: place, size: 1)
    }
    // Backwards, the places run from the last element to the one before the first.
    let lowest = stride > 0 ? 0 : -1
    let highest = stride > 0 ? size : size - 1
    func clamped(_ place: Int) -> Int {
      min(max(place < 0 ? place + size : place, lowest), highest)
    }
    let first: Int
    let limit: Int
    switch (begin, end) {
    case (let begin?, let end?):
      first = isBeginMasked ? (stride > 0 ? lowest : highest) : clamped(begin)
      limit = isEndMasked ? (stride > 0 ? highest : lowest) : clamped(end)
    default:
      guard isBeginMasked, isEndMasked else { return Dimension(stride: stride) }
      first = stride > 0 ? lowest : highest
      limit = stride > 0 ? highest : lowest
    }
    let length = limit - first
    guard length != 0, (length < 0) == (stride < 0) else { return Dimension(size: 0) }
    let count = length / stride + (length % stride == 0 ? 0 : 1)
    // A single element is not followed by another: its stride, which may be huge, does not matter.
    return Dimension(begin: first, stride: count > 1 ? stride : 1, size: count)
  }

  /// The box in a tensor of these sizes: what is taken of each dimension, the steps, and where it begins.
  func layout(of sizes: [Int]) -> (sizes: [Int], steps: [Int], start: Int) {
    let whole = StridedCopy.steps(sizes)
    var start = 0
    var steps: [Int] = []
    let counts = dimensions.map { $0.size ?? 0 }
    let isEmpty = counts.contains(0)
    for (dimension, step) in zip(dimensions, whole) {
      start += isEmpty ? 0 : dimension.begin * step
      steps.append(dimension.stride &* step)
    }
    return (counts, steps, start)
  }
}
