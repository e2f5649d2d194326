import CNagareKernels

/// Which dimensions a reduction goes over.
struct ReductionAxes {
  /// For each dimension, whether it is reduced.
  let isReduced: [Bool]

  /// - Throws: `invalidArgument` in TensorFlow's words for an axis out of range or named twice.
  init(_ axes: [Int], rank: Int) throws(GraphError) {
    var flags = [Bool](repeating: false, count: rank)
    for axis in axes {
      guard axis >= -rank, axis < rank else {
        throw .invalidArgument(
          "Invalid reduction dimension (\(axis) for input with \(rank) dimension(s)")
      }
      let position = axis < 0 ? axis + rank : axis
      guard !flags[position] else {
        throw .invalidArgument(
          "Invalid reduction arguments: Axes contains duplicate dimension: \(position)")
      }
      flags[position] = true
    }
    isReduced = flags
  }

  /// The shape of the result.
  func result(of dimensions: [Int?], keepDimensions: Bool) -> [Int?] {
    var result: [Int?] = []
    for (size, reduced) in zip(dimensions, isReduced) {
      if !reduced { result.append(size) } else if keepDimensions { result.append(1) }
    }
    return result
  }
}

/// An op that reduces its first input over the axes that its second holds.
protocol Reduction: Op {
  var keepDimensions: Bool { get set }
}

extension Reduction {
  static var attributes: [Attribute<Self>] { [.attribute("keep_dims", \.keepDimensions)] }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try inputs[1].shape.withRank(atMost: 1)
    guard let dimensions = inputs[0].shape.dimensions else { return [.unknown] }
    guard let axes = inputs[1].integers else {
      return [keepDimensions ? .unknown(rank: dimensions.count) : .unknown]
    }
    let rank = dimensions.count
    for axis in axes where axis < -rank || axis >= rank {
      throw .invalidArgument(
        "Invalid reduction dimension \(axis) for input with \(rank) dimensions.")
    }
    // An axis named twice is the kernel's to refuse.
    let distinct = Set(axes.map { $0 < 0 ? $0 + rank : $0 })
    let reduction = try ReductionAxes(Array(distinct), rank: rank)
    return [Shape(reduction.result(of: dimensions, keepDimensions: keepDimensions))]
  }

  /// The axes and the shape of the result of this call.
  func arguments(_ inputs: [Tensor]) throws(GraphError) -> (axes: ReductionAxes, result: [Int]) {
    guard let axes = inputs[1].integers else {
      throw .invalidArgument("Expected int32 or int64 axes, got \(inputs[1].dataType)")
    }
    let reduction = try ReductionAxes(axes, rank: inputs[0].rank)
    let result = reduction.result(of: inputs[0].dimensions, keepDimensions: keepDimensions)
    return (reduction, result.compactMap { $0 })
  }

  /// A node of this reduction; over all dimensions when `axes` is `nil`.
  func reduced(
    _ input: Output, _ axes: [Int]?, _ name: String, _ location: SourceLocation
  ) throws(GraphError) -> Output {
    let graph = input.graph
    guard let axes else {
      let all = try allAxes(of: input, location)
      return try graph.output(self, [input, all], name: name, location)
    }
    return try graph.output(self, named: name, location) { () throws(GraphError) in
      [input, try graph.constant(sizes: axes, name: "reduction_indices", location)]
    }
  }
}

/// All dimensions of `input` as an operand, computed in the run where the rank is not known.
private func allAxes(
  of input: Output, _ location: SourceLocation?
) throws(GraphError) -> Output {
  let graph = input.graph
  if let rank = input.shape.rank {
    return try graph.constant(
      try Tensor(sizes: Array(0..<rank), .int32), name: "Const", location)
  }
  let count = try rank(of: input)
  return try graph.output(RangeOp(), named: "range", location) { () throws(GraphError) in
    [
      try graph.constant(size: 0, name: "start", location), count,
      try graph.constant(size: 1, name: "delta", location),
    ]
  }
}

/// The shape of what a reduction of `input` over `axes` gives with the reduced dimensions kept.
private func keptShape(of input: Output, over axes: Output) throws(GraphError) -> Output {
  let graph = input.graph
  if let size = input.shape.known, let reduced = axes.spec.integers {
    let kept = try ReductionAxes(reduced, rank: size.count).result(of: size, keepDimensions: true)
    return try graph.constant(try Tensor(sizes: kept.compactMap { $0 }, .int32), name: "Shape")
  }
  // The shape of the input with ones at the axes: written into it at those places.
  let size = try shape(of: input)
  let dimensions = try rank(of: input)
  let all = try range(graph.constant(0), dimensions, graph.constant(1))
  let reduced = try axes.spec.shape.rank == 0 ? reshape(axes, [1]) : axes
  let wrapped = try floorMod(cast(reduced, to: .int32) + dimensions, dimensions)
  return try dynamicStitch([all, wrapped], [size, try onesLike(wrapped)])
}

/// A tensor in the shape of a reduction's result, with the reduced dimensions back as ones.
func unreduced(
  _ reduced: Output, _ input: Output, over axes: Output, keepDimensions: Bool
) throws(GraphError) -> Output {
  if keepDimensions { return reduced }
  return try reshape(reduced, try keptShape(of: input, over: axes))
}

/// The gradient of a reduction spread over the dimensions that it reduced.
func spread(
  _ gradient: Output, over axes: Output, like input: Output, keepDimensions: Bool
) throws(GraphError) -> Output {
  let kept = try unreduced(gradient, input, over: axes, keepDimensions: keepDimensions)
  guard let size = input.shape.known else { return try broadcast(kept, to: shape(of: input)) }
  let target = try input.graph.constant(try Tensor(sizes: size, .int32), name: "Shape")
  return try broadcast(kept, to: target)
}

/// A reduction of numbers by one associative operation.
protocol NumberReduction: Reduction {
  /// The result over no elements.
  static func initial<T: FloatNumber>() -> T
  static func initial<T: IntegerNumber>() -> T
  static func combine<T: FloatNumber>(_ x: T, _ y: T) -> T
  static func combine<T: IntegerNumber>(_ x: T, _ y: T) -> T
  /// Loops over `float32` elements that are faster than those of `combine`, with the same results.
  static var loops: ReductionLoops? { get }
}

extension NumberReduction {
  static var loops: ReductionLoops? { nil }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    // Widened, an empty reduction would give the neutral element of the wider type.
    if inputs[0].count > 0 {
      let widened = try widening(inputs, context) { (inputs) throws(GraphError) in
        try compute(inputs, context)
      }
      if let widened { return widened }
    }
    let (axes, size) = try arguments(inputs)
    let loops =
      switch inputs[0].dataType {
      case .float32: Self.loops ?? Self.floats(Float.self)
      case .float64: Self.floats(Double.self)
      case .int32: Self.integers(Int32.self)
      case .int64: Self.integers(Int64.self)
      case .uint64: Self.integers(UInt64.self)
      case .int8: ReductionLoops(empty: Self.initial() as Int8)
      case .int16: ReductionLoops(empty: Self.initial() as Int16)
      case .uint8: ReductionLoops(empty: Self.initial() as UInt8)
      case .uint16: ReductionLoops(empty: Self.initial() as UInt16)
      case .uint32: ReductionLoops(empty: Self.initial() as UInt32)
      default: throw GraphError.unsupported(Self.name, inputs[0].dataType)
      }
    return [try reduce(inputs[0], over: axes, to: size, context, loops)]
  }

  @inline(__always)
  private static func floats<T: FloatNumber>(_: T.Type) -> ReductionLoops {
    ReductionLoops(initial: initial()) { (x: T, y: T) in combine(x, y) }
  }

  @inline(__always)
  private static func integers<T: IntegerNumber>(_: T.Type) -> ReductionLoops {
    ReductionLoops(initial: initial()) { (x: T, y: T) in combine(x, y) }
  }
}

/// The loops of an associative operation on one element type. What goes around them is compiled once
/// for all types.
struct ReductionLoops {
  let dataType: DataType
  /// Bytes of an element.
  let stride: Int
  /// Writes the neutral element a number of times.
  let clear: (UnsafeMutableRawPointer, Int) -> Void
  /// Writes what a number of elements in a row come to.
  private(set) var fold: (UnsafeRawPointer, Int, UnsafeMutableRawPointer) -> Void
  /// Combines each of a number of elements with one of another row, in place.
  private(set) var combine: (UnsafeMutableRawPointer, UnsafeRawPointer, Int) -> Void

  /// - Parameter initial: The neutral element of `combine`.
  @inline(__always)
  init<T: Scalar>(initial: T, _ combine: @escaping (T, T) -> T) {
    dataType = T.dataType
    stride = MemoryLayout<T>.stride
    clear = { $0.assumingMemoryBound(to: T.self).update(repeating: initial, count: $1) }
    fold = { row, count, result in
      result.assumingMemoryBound(to: T.self)[0] = foldRow(
        row.assumingMemoryBound(to: T.self), count, initial, combine)
    }
    self.combine = { target, row, count in
      let (y, x) = (target.assumingMemoryBound(to: T.self), row.assumingMemoryBound(to: T.self))
      for index in 0..<count { y[index] = combine(y[index], x[index]) }
    }
  }

  /// Sums of `float32` elements.
  static var floatSum: ReductionLoops {
    var loops = ReductionLoops(initial: 0) { (x: Float, y) in x + y }
    loops.fold = { row, count, result in
      let sum = nagare_sum_f32(Int64(count), row.assumingMemoryBound(to: Float.self))
      result.storeBytes(of: sum, as: Float.self)
    }
    loops.combine = { target, row, count in
      let sums = target.assumingMemoryBound(to: Float.self)
      nagare_add_f32(
        Int64(count), sums, 1, row.assumingMemoryBound(to: Float.self), 1, sums)
    }
    return loops
  }

  /// For tensors without elements alone.
  init<T: Scalar>(empty initial: T) {
    self.init(initial: initial) { x, _ in x }
  }
}

/// `input` folded over `axes`. Partial results are formed over fixed blocks and joined in a fixed order,
/// so that the result is the same for any number of threads.
func reduce(
  _ input: Tensor, over axes: ReductionAxes, to dimensions: [Int], _ context: KernelContext,
  _ loops: ReductionLoops
) throws(GraphError) -> Tensor {
  // Neighbouring dimensions that are all reduced, or all kept, are as one.
  var sizes: [Int] = []
  var reduced: [Bool] = []
  for (size, flag) in zip(input.dimensions, axes.isReduced) where size != 1 {
    if reduced.last == flag {
      sizes[sizes.count - 1] *= size
    } else {
      sizes.append(size)
      reduced.append(flag)
    }
  }
  guard input.count > 0 else {
    let result = try context.allocate(loops.dataType, dimensions)
    loops.clear(result.mutableBytes, result.count)
    return result
  }
  var current = input
  while let last = reduced.lastIndex(of: true) {
    var outer = 1
    for size in sizes[..<last] { outer *= size }
    var inner = 1
    for size in sizes[(last + 1)...] { inner *= size }
    let next = try context.allocate(loops.dataType, [outer, inner])
    try reduceMiddle(current, next, outer, sizes[last], inner, context, loops)
    current = next
    sizes.remove(at: last)
    reduced.remove(at: last)
  }
  return try current.reshaped(dimensions)
}

/// `y[o, i] = fold of x[o, r, i] over r`.
private func reduceMiddle(
  _ input: Tensor, _ result: Tensor, _ outer: Int, _ count: Int, _ inner: Int,
  _ context: KernelContext, _ loops: ReductionLoops
) throws(GraphError) {
  let (x, y, stride) = (input.bytes, result.mutableBytes, loops.stride)
  if inner == 1 {
    let block = 8192
    let blocks = (count - 1) / block + 1
    let partial = try context.allocate(loops.dataType, [outer, blocks])
    let p = partial.mutableBytes
    context.threads.ranges(outer * blocks, grain: max(1, block / count)) { range in
      for index in range {
        let start = (index % blocks) * block
        let row = x + ((index / blocks) * count + start) * stride
        loops.fold(row, min(block, count - start), p + index * stride)
      }
    }
    for o in 0..<outer {
      foldPairs(p + o * blocks * stride, blocks, loops)
      (y + o * stride).copyMemory(from: p + o * blocks * stride, byteCount: stride)
    }
    return
  }
  // Rows are added to an accumulator as wide as a row.
  let block = inner >= 4096 ? count : max(8, 16_384 / inner)
  let blocks = (count - 1) / block + 1
  let width = min(inner, 4096)
  let columns = (inner - 1) / width + 1
  let partial = blocks == 1 ? nil : try context.allocate(loops.dataType, [outer, blocks, inner])
  let p = partial?.mutableBytes ?? y
  let tasks = outer * blocks * columns
  context.threads.ranges(tasks, grain: max(1, 16_384 / (min(block, count) * width))) { range in
    for index in range {
      let column = (index % columns) * width
      let b = index / columns % blocks
      let o = index / columns / blocks
      let n = min(width, inner - column)
      let accumulator = p + ((o * blocks + b) * inner + column) * stride
      let rows = x + ((o * count + b * block) * inner + column) * stride
      loops.clear(accumulator, n)
      for r in 0..<min(block, count - b * block) {
        loops.combine(accumulator, rows + r * inner * stride, n)
      }
    }
  }
  guard blocks > 1 else { return }
  for o in 0..<outer {
    let (row, first) = (y + o * inner * stride, p + o * blocks * inner * stride)
    row.copyMemory(from: first, byteCount: inner * stride)
    for b in 1..<blocks { loops.combine(row, first + b * inner * stride, inner) }
  }
}

/// A fold of neighbours, then of neighbouring pairs, and so on: the rounding error grows with the
/// logarithm of the count. Overwrites `x`, of which the first element becomes the result.
private func foldPairs(_ x: UnsafeMutableRawPointer, _ count: Int, _ loops: ReductionLoops) {
  let stride = loops.stride
  var remaining = count
  while remaining > 1 {
    for index in 0..<(remaining / 2) {
      let pair = x + 2 * index * stride
      loops.combine(pair, pair + stride, 1)
      if index > 0 { (x + index * stride).copyMemory(from: pair, byteCount: stride) }
    }
    if remaining % 2 == 1 {
      (x + remaining / 2 * stride).copyMemory(
        from: x + (remaining - 1) * stride, byteCount: stride)
    }
    remaining = (remaining + 1) / 2
  }
}

/// A fold with eight accumulators, which the compiler keeps in a vector register.
@inline(__always)
func foldRow<T>(
  _ x: UnsafePointer<T>, _ count: Int, _ initial: T, _ combine: (T, T) -> T
) -> T {
  var (a, b, c, d) = (initial, initial, initial, initial)
  var (e, f, g, h) = (initial, initial, initial, initial)
  var index = 0
  while index + 8 <= count {
    a = combine(a, x[index])
    b = combine(b, x[index + 1])
    c = combine(c, x[index + 2])
    d = combine(d, x[index + 3])
    e = combine(e, x[index + 4])
    f = combine(f, x[index + 5])
    g = combine(g, x[index + 6])
    h = combine(h, x[index + 7])
    index += 8
  }
  while index < count {
    a = combine(a, x[index])
    index += 1
  }
  let left = combine(combine(a, b), combine(c, d))
  return combine(left, combine(combine(e, f), combine(g, h)))
}
