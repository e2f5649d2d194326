/// How two shapes are read together, NumPy's way: dimensions are aligned at the end, and one of size 1
/// repeats.
struct Broadcast {
  /// The shape of the result.
  let dimensions: [Int]
  /// The length of the runs within which both operands advance by a constant step.
  private(set) var runLength = 1
  private(set) var leftStep = 0
  private(set) var rightStep = 0
  /// The merged dimensions of the result around a run, innermost first, with the step of each operand
  /// in them: 0 where it repeats.
  private var outer: [(size: Int, left: Int, right: Int)] = []

  /// - Throws: `invalidArgument` in TensorFlow's words when the shapes do not go together.
  init(_ left: [Int], _ right: [Int]) throws(GraphError) {
    // Equal shapes and single numbers are the most of a graph, and often small.
    if left == right || right.isEmpty {
      dimensions = left
      runLength = try checkedElementCount(left)
      leftStep = 1
      rightStep = right.isEmpty ? 0 : 1
      return
    }
    if left.isEmpty {
      dimensions = right
      runLength = try checkedElementCount(right)
      rightStep = 1
      return
    }
    let rank = max(left.count, right.count)
    let a = [Int](repeating: 1, count: rank - left.count) + left
    let b = [Int](repeating: 1, count: rank - right.count) + right
    var result: [Int] = []
    for (x, y) in zip(a, b) {
      guard x == y || x == 1 || y == 1 else {
        throw .invalidArgument("Incompatible shapes: \(Shape(left)) vs. \(Shape(right))")
      }
      result.append(x == 1 ? y : x)
    }
    dimensions = result
    // From the last dimension on, a dimension joins the one inside it when both operands walk
    // through the two as through one.
    var merged: [(size: Int, left: Int, right: Int)] = []
    var leftStep = 1
    var rightStep = 1
    for index in (0..<rank).reversed() where result[index] != 1 {
      let l = a[index] == 1 ? 0 : leftStep
      let r = b[index] == 1 ? 0 : rightStep
      if let (size, ls, rs) = merged.last, l == (ls == 0 ? 0 : ls * size),
        r == (rs == 0 ? 0 : rs * size)
      {
        merged[merged.count - 1].size = size * result[index]
      } else {
        merged.append((result[index], l, r))
      }
      leftStep *= a[index]
      rightStep *= b[index]
    }
    if let innermost = merged.first {
      (runLength, self.leftStep, self.rightStep) = innermost
      outer = Array(merged.dropFirst())
    }
  }

  /// The number of runs; 0 when the result is empty.
  var runCount: Int {
    var count = 1
    for dimension in outer { count *= dimension.size }
    return runLength == 0 ? 0 : count
  }

  /// Where run `index` begins in each operand. In the result it begins at `index * runLength`.
  func start(_ index: Int) -> (left: Int, right: Int) {
    if outer.count == 1 { return (index * outer[0].left, index * outer[0].right) }
    var rest = index
    var left = 0
    var right = 0
    for dimension in outer {
      let position = rest % dimension.size
      rest /= dimension.size
      left += position * dimension.left
      right += position * dimension.right
    }
    return (left, right)
  }
}

extension Shape {
  /// The shape of two operands read together, as far as it is known.
  ///
  /// - Throws: `invalidArgument` in TensorFlow's words when the shapes cannot go together.
  func broadcast(with other: Shape) throws(GraphError) -> Shape {
    guard let left = dimensions, let right = other.dimensions else { return .unknown }
    let rank = max(left.count, right.count)
    let a = [Int?](repeating: 1, count: rank - left.count) + left
    let b = [Int?](repeating: 1, count: rank - right.count) + right
    var result: [Int?] = []
    for (x, y) in zip(a, b) {
      switch (x, y) {
      case (1, _): result.append(y)
      case (_, 1): result.append(x)
      case (nil, let size), (let size, nil): result.append(size)
      case (let x?, let y?):
        guard x == y else {
          throw .invalidArgument("Dimensions must be equal, but are \(x) and \(y)")
        }
        result.append(x)
      }
    }
    return Shape(result)
  }
}

/// Calls `function` for every pair of elements that `broadcast` brings together.
@inline(__always)
func broadcastLoop<T: Scalar, R: Scalar>(
  _ broadcast: Broadcast, _ left: UnsafePointer<T>, _ right: UnsafePointer<T>,
  _ result: UnsafeMutablePointer<R>, _ context: KernelContext,
  _ function: (T, T) -> R
) {
  let (l, r) = (broadcast.leftStep, broadcast.rightStep)
  broadcastRuns(broadcast, context) { n, leftStart, rightStart, place in
    let (a, b, y) = (left + leftStart, right + rightStart, result + place)
    if l == 1, r == 1 {
      for i in 0..<n { y[i] = function(a[i], b[i]) }
    } else if r == 0 {
      let x = b[0]
      for i in 0..<n { y[i] = function(a[i], x) }
    } else {
      let x = a[0]
      for i in 0..<n { y[i] = function(x, b[i]) }
    }
  }
}

/// Calls `body` for parts of runs: with a part's length, where it begins in each operand, and where in
/// the result. Within a part an operand advances by one element or stays.
@inline(__always)
func broadcastRuns(
  _ broadcast: Broadcast, _ context: KernelContext, _ body: (Int, Int, Int, Int) -> Void
) {
  let length = broadcast.runLength
  let runs = broadcast.runCount
  let grain = context.grain()
  let (l, r) = (broadcast.leftStep, broadcast.rightStep)
  // Rows shorter than a task share one; a long row is divided.
  let parts = runs == 1 ? (length - 1) / grain + 1 : 1
  let rows = max(1, grain / max(1, length))
  context.threads.ranges(runs * parts, grain: runs == 1 ? 1 : rows) { range in
    for index in range {
      let start = broadcast.start(index / parts)
      let first = index % parts * grain
      let n = parts == 1 ? length : min(grain, length - first)
      body(n, start.left + first * l, start.right + first * r, index / parts * length + first)
    }
  }
}

/// Carries the gradient of a broadcast result back to one operand: summed over the dimensions in which
/// the operand was repeated.
///
/// - Parameters:
///   - operand: What was repeated.
///   - other: What it was broadcast with.
func unbroadcast(
  _ gradient: Output, to operand: Output, with other: Output
) throws(GraphError) -> Output {
  if let size = operand.shape.dimensions, let across = other.shape.dimensions,
    let axes = repeatedAxes(size, across)
  {
    guard !axes.isEmpty else { return gradient }
    let summed = try sum(gradient, axes: axes, keepDimensions: true)
    if let known = operand.shape.known, summed.shape.known == known { return summed }
    return try reshape(summed, like: operand)
  }
  let size = try shape(of: operand)
  let axes = try broadcastGradientArguments(size, try shape(of: other)).0
  return try reshape(try sum(gradient, axes: axes, keepDimensions: true), size)
}

/// The dimensions of a result in which an operand of shape `size` is repeated beside one of shape
/// `other`; `nil` where that depends on a size that is not known.
private func repeatedAxes(_ size: [Int?], _ other: [Int?]) -> [Int]? {
  let rank = max(size.count, other.count)
  var axes: [Int] = []
  for index in 0..<rank {
    let place = index - (rank - size.count)
    let opposite = index - (rank - other.count)
    if place < 0 {
      axes.append(index)
    } else if let known = size[place] {
      if known == 1, opposite >= 0, other[opposite] != 1 { axes.append(index) }
    } else if opposite >= 0, other[opposite] != 1 {
      return nil
    }
  }
  return axes
}
