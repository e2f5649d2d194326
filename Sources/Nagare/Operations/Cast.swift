import CNagareKernels

/// The elements as another type.
struct Cast: ElementwiseUnary {
  var target = DataType.float32
  /// Whether digits that a narrower floating-point type has no place for are cut off, not rounded.
  var truncates = false

  static let name = "Cast"
  static let signature = Signature(
    inputs: ["x: SrcT"], outputs: ["y: DstT"], types: ["SrcT": .any, "DstT": .any])
  static let attributes: [Attribute<Self>] = [
    .required("DstT", \.target), .attribute("Truncate", \.truncates),
  ]

  func inferValue(_ inputs: [TensorSpec]) -> Shape? {
    target == .int32 || target == .int64 ? inputs[0].shapeValue : nil
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let x = inputs[0]
    if x.dataType == target { return [x] }
    if x.dataType == .uint8, target == .float32 {
      let result = try context.allocate(.float32, x.dimensions)
      let (source, floats) = (x.pointer(UInt8.self), result.mutablePointer(Float.self))
      context.threads.ranges(result.count, grain: context.grain()) { range in
        nagare_cast_u8_f32(
          Int64(range.count), source + range.lowerBound, floats + range.lowerBound)
      }
      return [result]
    }
    let result: Tensor? =
      switch x.dataType {
      case .float32: try castFloat(x, context) { (x: Float) in x }
      case .float64: try castFloat(x, context) { (x: Double) in x }
      case .float16: try castFloat(x, context) { (x: Half) in x.float }
      case .bfloat16: try castFloat(x, context) { (x: BFloat16) in x.float }
      case .int8: try castInteger(x, Int8.self, context)
      case .int16: try castInteger(x, Int16.self, context)
      case .int32: try castInteger(x, Int32.self, context)
      case .int64: try castInteger(x, Int64.self, context)
      // A bool is a byte that is 0 or 1.
      case .uint8, .bool: try castInteger(x, UInt8.self, context)
      case .uint16: try castInteger(x, UInt16.self, context)
      case .uint32: try castInteger(x, UInt32.self, context)
      case .uint64: try castInteger(x, UInt64.self, context)
      default: nil
      }
    guard let result else {
      throw .unimplemented(
        "Cast \(x.dataType.signatureName) to \(target.signatureName) is not supported")
    }
    return [result]
  }

  private func castInteger<T: IntegerNumber>(
    _ x: Tensor, _: T.Type, _ context: KernelContext
  ) throws(GraphError) -> Tensor? {
    switch target {
    case .float32: try convert(x, context) { (x: T) in Float(x) }
    case .float64: try convert(x, context) { (x: T) in Double(x) }
    case .float16: try convert(x, context) { (x: T) in Half(Float(x)) }
    case .bfloat16: try convert(x, context) { (x: T) in BFloat16(Float(x)) }
    case .int8: try convert(x, context) { (x: T) in Int8(truncatingIfNeeded: x) }
    case .int16: try convert(x, context) { (x: T) in Int16(truncatingIfNeeded: x) }
    case .int32: try convert(x, context) { (x: T) in Int32(truncatingIfNeeded: x) }
    case .int64: try convert(x, context) { (x: T) in Int64(truncatingIfNeeded: x) }
    case .uint8: try convert(x, context) { (x: T) in UInt8(truncatingIfNeeded: x) }
    case .uint16: try convert(x, context) { (x: T) in UInt16(truncatingIfNeeded: x) }
    case .uint32: try convert(x, context) { (x: T) in UInt32(truncatingIfNeeded: x) }
    case .uint64: try convert(x, context) { (x: T) in UInt64(truncatingIfNeeded: x) }
    case .bool: try convert(x, context) { (x: T) in x != 0 }
    default: nil
    }
  }

  private func castFloat<S: Scalar, T: FloatNumber>(
    _ x: Tensor, _ context: KernelContext, _ value: (S) -> T
  ) throws(GraphError) -> Tensor? {
    // The digits of the significand that the target keeps.
    let kept: Int? =
      switch target {
      case .float32: 23
      case .float16: 10
      case .bfloat16: 7
      default: nil
      }
    if truncates, let kept, kept < T.significandBitCount {
      return switch target {
      case .float32: try convert(x, context) { (x: S) in Float(value(x).truncated(to: kept)) }
      case .float16:
        try convert(x, context) { (x: S) in Half(Float(value(x).truncated(to: kept))) }
      default:
        try convert(x, context) { (x: S) in BFloat16(Float(value(x).truncated(to: kept))) }
      }
    }
    return switch target {
    case .float32: try convert(x, context) { (x: S) in Float(value(x)) }
    case .float64: try convert(x, context) { (x: S) in Double(value(x)) }
    case .float16: try convert(x, context) { (x: S) in Half(Float(value(x))) }
    case .bfloat16: try convert(x, context) { (x: S) in BFloat16(Float(value(x))) }
    case .int8: try convert(x, context) { (x: S) in Int8(casting: Double(value(x))) }
    case .int16: try convert(x, context) { (x: S) in Int16(casting: Double(value(x))) }
    case .int32: try convert(x, context) { (x: S) in Int32(casting: Double(value(x))) }
    case .int64: try convert(x, context) { (x: S) in Int64(casting: Double(value(x))) }
    case .uint8: try convert(x, context) { (x: S) in UInt8(casting: Double(value(x))) }
    case .uint16: try convert(x, context) { (x: S) in UInt16(casting: Double(value(x))) }
    case .uint32: try convert(x, context) { (x: S) in UInt32(casting: Double(value(x))) }
    case .uint64: try convert(x, context) { (x: S) in UInt64(casting: Double(value(x))) }
    case .bool: try convert(x, context) { (x: S) in value(x) != 0 }
    default: nil
    }
  }

  @inline(__always)
  private func convert<S: Scalar, R: Scalar>(
    _ input: Tensor, _ context: KernelContext, _ function: (S) -> R
  ) throws(GraphError) -> Tensor {
    let result = try context.allocate(R.dataType, input.dimensions)
    let x = UnsafePointer(input.storage.base.assumingMemoryBound(to: S.self))
    let y = result.mutablePointer(R.self)
    context.threads.ranges(result.count, grain: context.grain()) { range in
      for index in range { y[index] = function(x[index]) }
    }
    return result
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let source = node.inputs[0].dataType
    guard source.isFloatingPoint, target.isFloatingPoint else { return [nil] }
    return [try cast(node.gradient, to: source)]
  }
}

extension FixedWidthInteger {
  /// The number without its fraction. What does not fit gives what a C++ program compiled for x86
  /// gives, as in TensorFlow: the least 32-bit number (for 64 bits and `uint32`, 64-bit number), cut
  /// to the width of this type.
  @inline(__always)
  init(casting value: Double) {
    if Self.bitWidth < 32 || Self.self == Int32.self {
      let word: Int32 = value >= -0x1p31 && value < 0x1p31 ? Int32(value) : .min
      self = Self(truncatingIfNeeded: word)
    } else {
      let word = Self.wide(value)
      if Self.self == UInt64.self, word < 0 {
        self = Self(truncatingIfNeeded: word | Self.wide(value - 0x1p63))
      } else {
        self = Self(truncatingIfNeeded: word)
      }
    }
  }

  @inline(__always)
  private static func wide(_ value: Double) -> Int64 {
    value >= -0x1p63 && value < 0x1p63 ? Int64(value) : .min
  }
}

extension BinaryFloatingPoint {
  /// The number with only the first `digits` binary digits of its fraction.
  fileprivate func truncated(to digits: Int) -> Self {
    guard isFinite, !isZero else { return self }
    let unit = Self(sign: .plus, exponent: exponent - Self.Exponent(digits), significand: 1)
    return unit.isZero ? self : (self / unit).rounded(.towardZero) * unit
  }
}

/// The elements as `type`. Numbers become the nearest floating-point number; as integers they lose
/// their fraction, and what does not fit is undefined; as `bool` they tell whether they are not zero.
///
/// - Throws: in a run, `unimplemented` for strings.
///
/// TensorFlow: `Cast`, `tf.cast`.
public func cast(
  _ x: Output, to type: DataType, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  guard x.dataType != type else { return x }
  return try x.graph.output(Cast(target: type), [x], name: name, SourceLocation(file, line))
}
