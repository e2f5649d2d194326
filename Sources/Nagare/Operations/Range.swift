/// The numbers from a start up to a limit, which is not among them, by a step.
struct RangeOp: Op, NonDifferentiable {
  static let name = "Range"
  static let signature = Signature(
    inputs: ["start: Tidx", "limit: Tidx", "delta: Tidx"], outputs: ["output: Tidx"],
    types: [
      "Tidx": .of(
        .bfloat16, .float16, .float32, .float64, .int8, .int16, .int32, .int64, .uint16, .uint32,
        .uint64, default: .int32)
    ])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    for (name, input) in zip(Self.signature.inputs.map(\.name), inputs) {
      if let rank = input.shape.rank, rank != 0 {
        throw .invalidArgument("Shape must be rank 0 but is rank \(rank)\n\t for '\(name)'")
      }
    }
    guard let start = inputs[0].constant, let limit = inputs[1].constant,
      let delta = inputs[2].constant
    else { return [.vector(nil)] }
    return [.vector(try Self.count(start, limit, delta))]
  }

  private static func count(
    _ start: Tensor, _ limit: Tensor, _ delta: Tensor
  ) throws(GraphError) -> Int {
    guard start.count == 1, limit.count == 1, delta.count == 1,
      let from = start.doubles?[0], let to = limit.doubles?[0], let step = delta.doubles?[0]
    else { throw .invalidArgument("Range takes three numbers") }
    guard step != 0 else { throw .invalidArgument("Requires delta != 0: \(delta.text)") }
    if step > 0, from > to {
      throw .invalidArgument(
        "Requires start <= limit when delta > 0: \(start.text)/\(limit.text)")
    }
    if step < 0, from < to {
      throw .invalidArgument(
        "Requires start >= limit when delta < 0: \(start.text)/\(limit.text)")
    }
    if let a = start.integers?[0], let b = limit.integers?[0], let d = delta.integers?[0] {
      // Whole numbers are divided as such: a double does not hold every int64.
      let (distance, overflow) = b.subtractingReportingOverflow(a)
      guard !overflow, d != .min, distance != .min else {
        throw .invalidArgument("Range of more than 2**63 - 1 elements")
      }
      return (abs(distance) + abs(d) - 1) / abs(d)
    }
    let size = ((to - from) / step).rounded(.up).magnitude
    guard size < 0x1p62 else {
      throw .invalidArgument("Requires ((limit - start) / delta) <= \(Int64.max)")
    }
    return Int(size)
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let names = ["start", "limit", "delta"]
    for (name, input) in zip(names, inputs) where input.count != 1 || input.rank != 0 {
      throw .invalidArgument("\(name) must be a scalar, not shape \(input.shape)")
    }
    let count = try Self.count(inputs[0], inputs[1], inputs[2])
    let output = try context.allocate(inputs[0].dataType, [count])
    func fill<T: Number>(_: T.Type) {
      let step = inputs[2].pointer(T.self)[0]
      var value = inputs[0].pointer(T.self)[0]
      let result = output.mutablePointer(T.self)
      // Added up, as TensorFlow does, not multiplied: the rounding is the same.
      for index in 0..<count {
        result[index] = value
        value = T.add(value, step)
      }
    }
    switch output.dataType {
    case .float32: fill(Float.self)
    case .float64: fill(Double.self)
    case .int8: fill(Int8.self)
    case .int16: fill(Int16.self)
    case .int32: fill(Int32.self)
    case .int64: fill(Int64.self)
    case .uint16: fill(UInt16.self)
    case .uint32: fill(UInt32.self)
    case .uint64: fill(UInt64.self)
    default: throw .unsupported(Self.name, output.dataType)
    }
    return [output]
  }
}

extension Tensor {
  /// A single number as an error text shows it.
  fileprivate var text: String {
    if let integer = integers?.first { return "\(integer)" }
    return doubles?.first.map { $0 == $0.rounded() ? "\(Int64(clamping: $0))" : "\($0)" } ?? "?"
  }
}

extension FixedWidthInteger {
  /// The nearest number of this type: the closer bound when `value` is out of range, 0 for NaN.
  init(clamping value: Double) {
    if value.isNaN {
      self = 0
    } else if value >= Double(Self.max) {
      self = .max
    } else if value <= Double(Self.min) {
      self = .min
    } else {
      self = Self(value)
    }
  }
}

/// The numbers from `start` up to `limit`, which is not among them, by `delta`.
///
/// - Throws: `invalidArgument` when `delta` is zero or leads away from `limit`.
///
/// TensorFlow: `Range`, `tf.range`.
public func range(
  _ start: Output, _ limit: Output, _ delta: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try start.graph.output(
    RangeOp(), [start, limit, delta], name: name ?? "range", SourceLocation(file, line))
}

extension Graph {
  /// The numbers from `start` up to `limit`, which is not among them, by `delta`.
  ///
  /// TensorFlow: `Range`, `tf.range`.
  public func range(
    _ start: Tensor, _ limit: Tensor, delta: Tensor = 1, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Output {
    let location = SourceLocation(file, line)
    let name = uniqueName(name ?? "range")
    var operands: [Output] = []
    for (argument, value) in [("start", start), ("limit", limit), ("delta", delta)] {
      operands.append(
        try scope("\(name)/") { () throws(GraphError) -> Output in
          try constant(value, name: argument, location)
        })
    }
    return try insertReserved(RangeOp(), operands, name: name, location)
  }
}
