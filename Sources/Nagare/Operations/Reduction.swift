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
    if let rank = inputs[1].shape.rank, rank > 1 {
      throw .invalidArgument("Shape must be at most rank 1 but is rank \(rank)")
    }
    guard let dimensions = inputs[0].shape.dimensions else { return [.unknown] }
    guard let axes = inputs[1].integers else {
      if keepDimensions { return [.unknown(rank: dimensions.count)] }
      return [.unknown]
    }
    for axis in axes where axis < -dimensions.count || axis >= dimensions.count {
      throw .invalidArgument(
        "Invalid reduction dimension \(axis) for input with \(dimensions.count) dimensions.")
    }
    let reduction = try ReductionAxes(axes, rank: dimensions.count)
    return [Shape(reduction.result(of: dimensions, keepDimensions: keepDimensions))]
  }

  /// The axes and the shape of the result of this call.
  func arguments(_ inputs: [Tensor]) throws(GraphError) -> (axes: ReductionAxes, result: [Int]) {
    guard let axes = inputs[1].integers, inputs[1].rank <= 1 else {
      throw .invalidArgument("Expected a scalar or vector of axes, got shape \(inputs[1].shape)")
    }
    let reduction = try ReductionAxes(axes, rank: inputs[0].rank)
    let result = reduction.result(of: inputs[0].dimensions, keepDimensions: keepDimensions)
    return (reduction, result.compactMap { $0 })
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
private func foldRow<T>(
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
