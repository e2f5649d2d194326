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
}

extension NumberReduction {
  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let (axes, size) = try arguments(inputs)
    let x = inputs[0]
    func floats<T: FloatNumber>(_: T.Type) throws(GraphError) -> Tensor {
      try reduce(x, over: axes, to: size, context, initial: Self.initial()) { (a: T, b: T) in
        Self.combine(a, b)
      }
    }
    func integers<T: IntegerNumber>(_: T.Type) throws(GraphError) -> Tensor {
      try reduce(x, over: axes, to: size, context, initial: Self.initial()) { (a: T, b: T) in
        Self.combine(a, b)
      }
    }
    let result =
      switch x.dataType {
      case .float32: try floats(Float.self)
      case .float64: try floats(Double.self)
      case .int8: try integers(Int8.self)
      case .int16: try integers(Int16.self)
      case .int32: try integers(Int32.self)
      case .int64: try integers(Int64.self)
      case .uint8: try integers(UInt8.self)
      case .uint16: try integers(UInt16.self)
      case .uint32: try integers(UInt32.self)
      case .uint64: try integers(UInt64.self)
      default: throw GraphError.unsupported(Self.name, x.dataType)
      }
    return [result]
  }
}

/// `input` folded with `combine` over `axes`, an associative operation with `initial` as its neutral
/// element. Partial results are formed over fixed blocks and joined in a fixed order, so that the
/// result is the same for any number of threads.
@inline(__always)
func reduce<T: Scalar>(
  _ input: Tensor, over axes: ReductionAxes, to dimensions: [Int], _ context: KernelContext,
  initial: T, _ combine: (T, T) -> T
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
    let result = try context.allocate(T.dataType, dimensions)
    result.mutableBuffer(T.self).update(repeating: initial)
    return result
  }
  var current = input
  while let last = reduced.lastIndex(of: true) {
    var outer = 1
    for size in sizes[..<last] { outer *= size }
    var inner = 1
    for size in sizes[(last + 1)...] { inner *= size }
    let next = try context.allocate(T.dataType, [outer, inner])
    try reduceMiddle(
      current.pointer(T.self), next.mutablePointer(T.self), outer, sizes[last], inner, context,
      initial, combine)
    current = next
    sizes.remove(at: last)
    reduced.remove(at: last)
  }
  return try current.reshaped(dimensions)
}

/// `y[o, i] = fold of x[o, r, i] over r`.
@inline(__always)
private func reduceMiddle<T: Scalar>(
  _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ outer: Int, _ count: Int, _ inner: Int,
  _ context: KernelContext, _ initial: T, _ combine: (T, T) -> T
) throws(GraphError) {
  if inner == 1 {
    let block = 8192
    let blocks = (count - 1) / block + 1
    let partial = try context.allocate(T.dataType, [outer, blocks])
    let p = partial.mutablePointer(T.self)
    context.threads.ranges(outer * blocks, grain: max(1, block / count)) { range in
      for index in range {
        let start = (index % blocks) * block
        let row = x + (index / blocks) * count + start
        p[index] = foldRow(row, min(block, count - start), initial, combine)
      }
    }
    for o in 0..<outer { y[o] = foldPairs(p + o * blocks, blocks, combine) }
    return
  }
  // Rows are added to an accumulator as wide as a row.
  let block = inner >= 4096 ? count : max(8, 16_384 / inner)
  let blocks = (count - 1) / block + 1
  let width = min(inner, 4096)
  let columns = (inner - 1) / width + 1
  let partial = blocks == 1 ? nil : try context.allocate(T.dataType, [outer, blocks, inner])
  let p = partial?.mutablePointer(T.self) ?? y
  let tasks = outer * blocks * columns
  context.threads.ranges(tasks, grain: max(1, 16_384 / (min(block, count) * width))) { range in
    for index in range {
      let column = (index % columns) * width
      let b = index / columns % blocks
      let o = index / columns / blocks
      let n = min(width, inner - column)
      let accumulator = p + (o * blocks + b) * inner + column
      let rows = x + (o * count + b * block) * inner + column
      for i in 0..<n { accumulator[i] = combine(initial, rows[i]) }
      for r in 1..<max(1, min(block, count - b * block)) {
        let row = rows + r * inner
        for i in 0..<n { accumulator[i] = combine(accumulator[i], row[i]) }
      }
    }
  }
  guard blocks > 1 else { return }
  for o in 0..<outer {
    let first = p + o * blocks * inner
    for i in 0..<inner { y[o * inner + i] = first[i] }
    for b in 1..<blocks {
      let row = first + b * inner
      for i in 0..<inner { y[o * inner + i] = combine(y[o * inner + i], row[i]) }
    }
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

/// A fold of neighbours, then of neighbouring pairs, and so on: the rounding error grows with the
/// logarithm of the count. Overwrites `x`.
@inline(__always)
private func foldPairs<T>(
  _ x: UnsafeMutablePointer<T>, _ count: Int, _ combine: (T, T) -> T
) -> T {
  var remaining = count
  while remaining > 1 {
    for index in 0..<(remaining / 2) { x[index] = combine(x[2 * index], x[2 * index + 1]) }
    if remaining % 2 == 1 { x[remaining / 2] = x[remaining - 1] }
    remaining = (remaining + 1) / 2
  }
  return x[0]
}
