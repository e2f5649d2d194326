/// An op whose every element combines those up to it along a dimension.
protocol Cumulative: Op {
  /// Whether an element itself is left out.
  var exclusive: Bool { get set }
  /// Whether the last element comes first.
  var reverse: Bool { get set }
  static func initial<T: Number>() -> T
  static func combine<T: Number>(_ x: T, _ y: T) -> T
}

extension Cumulative {
  static var attributes: [Attribute<Self>] {
    [.attribute("exclusive", \.exclusive), .attribute("reverse", \.reverse)]
  }

  static var signature: Signature {
    Signature(
      inputs: ["x: T", "axis: Tidx"], outputs: ["out: T"],
      types: ["T": .number, "Tidx": .index])
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [inputs[0].shape] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let (x, axisInput) = (inputs[0], inputs[1])
    guard axisInput.rank == 0, let given = axisInput.integers?.first else {
      throw .invalidArgument("ScanOp: axis must be a scalar, not \(axisInput.shape)")
    }
    guard given >= -x.rank, given < x.rank else {
      throw .invalidArgument(
        "ScanOp: Expected scan axis in the range [\(-x.rank), \(x.rank)), but got \(given)")
    }
    let axis = given < 0 ? given + x.rank : given
    let widened = try widening([x], context) { (inputs) throws(GraphError) in
      try compute([inputs[0], axisInput], context)
    }
    if let widened { return widened }
    let result =
      switch x.dataType {
      case .float32: try scan(x, axis, Float.self, context)
      case .float64: try scan(x, axis, Double.self, context)
      case .int32: try scan(x, axis, Int32.self, context)
      case .int64: try scan(x, axis, Int64.self, context)
      case .uint64: try scan(x, axis, UInt64.self, context)
      default: throw GraphError.unsupported(Self.name, x.dataType)
      }
    return [result]
  }

  private func scan<T: Number>(
    _ input: Tensor, _ axis: Int, _: T.Type, _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    let result = try context.allocate(T.dataType, input.dimensions)
    guard result.count > 0 else { return result }
    let count = input.dimensions[axis]
    let inner = try checkedElementCount(Array(input.dimensions[(axis + 1)...]))
    let (x, y) = (input.pointer(T.self), result.mutablePointer(T.self))
    let step = reverse ? -inner : inner
    let isExclusive = exclusive
    let first = reverse ? (count - 1) * inner : 0
    let grain = context.grain(cost: count * inner)
    context.threads.ranges(result.count / (count * inner), grain: grain) { range in
      for outer in range {
        let start = outer * count * inner + first
        for index in 0..<inner {
          y[start + index] = isExclusive ? Self.initial() : x[start + index]
        }
        for position in 1..<max(1, count) {
          let row = start + position * step
          let before = row - step
          let taken = isExclusive ? before : row
          for index in 0..<inner {
            y[row + index] = Self.combine(y[before + index], x[taken + index])
          }
        }
      }
    }
    return result
  }
}

/// Sums of the elements up to each.
struct Cumsum: Cumulative {
  var exclusive = false
  var reverse = false

  static let name = "Cumsum"

  @inline(__always) static func initial<T: Number>() -> T { 0 }
  @inline(__always) static func combine<T: Number>(_ x: T, _ y: T) -> T { T.add(x, y) }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let op = Cumsum(exclusive: exclusive, reverse: !reverse)
    return [try binary(op, node.gradient, node.inputs[1]), nil]
  }
}

/// Products of the elements up to each.
struct Cumprod: Cumulative {
  var exclusive = false
  var reverse = false

  static let name = "Cumprod"

  @inline(__always) static func initial<T: Number>() -> T { 1 }
  @inline(__always) static func combine<T: Number>(_ x: T, _ y: T) -> T { T.multiply(x, y) }

  /// As TensorFlow's, not correct where an element is zero.
  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let (x, axis) = (node.inputs[0], node.inputs[1])
    let product = try binary(self, x, axis)
    let sums = try binary(
      Cumsum(exclusive: exclusive, reverse: !reverse), product * node.gradient, axis)
    return [try divideNoNaN(sums, x), nil]
  }
}

/// The sum of the elements up to each along `axis`; without it if `exclusive`, from the last element on
/// if `reverse`.
///
/// TensorFlow: `Cumsum`, `tf.cumsum`.
public func cumulativeSum(
  _ x: Output, axis: Int = 0, exclusive: Bool = false, reverse: Bool = false,
  name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try scan(
    Cumsum(exclusive: exclusive, reverse: reverse), x, axis, name, SourceLocation(file, line))
}

/// The product of the elements up to each along `axis`; without it if `exclusive`, from the last element
/// on if `reverse`.
///
/// TensorFlow: `Cumprod`, `tf.cumprod`.
public func cumulativeProduct(
  _ x: Output, axis: Int = 0, exclusive: Bool = false, reverse: Bool = false,
  name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try scan(
    Cumprod(exclusive: exclusive, reverse: reverse), x, axis, name, SourceLocation(file, line))
}

private func scan(
  _ op: any Op, _ x: Output, _ axis: Int, _ name: String?, _ location: SourceLocation
) throws(GraphError) -> Output {
  let type = Swift.type(of: op).name
  return try x.graph.output(op, named: name ?? type, location) { () throws(GraphError) in
    [x, try x.graph.constant(size: axis, name: "axis", location)]
  }
}
