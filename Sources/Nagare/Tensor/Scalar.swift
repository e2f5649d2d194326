/// A Swift type that is the element of a tensor.
public protocol Scalar: Sendable, Hashable, BitwiseCopyable {
  /// The tensor type whose elements are stored as `Self`.
  static var dataType: DataType { get }
}

extension Float: Scalar { public static var dataType: DataType { .float32 } }
extension Double: Scalar { public static var dataType: DataType { .float64 } }
extension Int8: Scalar { public static var dataType: DataType { .int8 } }
extension Int16: Scalar { public static var dataType: DataType { .int16 } }
extension Int32: Scalar { public static var dataType: DataType { .int32 } }
extension Int64: Scalar { public static var dataType: DataType { .int64 } }
extension UInt8: Scalar { public static var dataType: DataType { .uint8 } }
extension UInt16: Scalar { public static var dataType: DataType { .uint16 } }
extension UInt32: Scalar { public static var dataType: DataType { .uint32 } }
extension UInt64: Scalar { public static var dataType: DataType { .uint64 } }
extension Bool: Scalar { public static var dataType: DataType { .bool } }

/// The bits of an IEEE 754 half-precision number. Cast, stored and loaded, not computed with.
public struct Half: Scalar {
  public static var dataType: DataType { .float16 }
  public var bits: UInt16

  public init(bits: UInt16) { self.bits = bits }

  /// The nearest half to `value`, ties to even.
  public init(_ value: Float) {
    let source = value.bitPattern
    let sign = UInt16(truncatingIfNeeded: source >> 16) & 0x8000
    let magnitude = source & 0x7fff_ffff
    if magnitude > 0x7f80_0000 {
      bits = sign | 0x7e00
    } else if magnitude >= 0x4780_0000 {
      bits = sign | 0x7c00
    } else if magnitude < 0x3880_0000 {
      // Subnormal: adding 0.5 lets the hardware round the significand to the last bit kept.
      let shifted = Float(bitPattern: magnitude) + 0.5
      bits = sign | UInt16(truncatingIfNeeded: shifted.bitPattern &- 0x3f00_0000)
    } else {
      let odd = (magnitude >> 13) & 1
      let rounded = magnitude &- 0x3800_0000 &+ 0xfff &+ odd
      bits = sign | UInt16(truncatingIfNeeded: rounded >> 13)
    }
  }

  /// The exact value.
  public var float: Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1f
    let significand = UInt32(bits & 0x3ff)
    if exponent == 0x1f { return Float(bitPattern: sign | 0x7f80_0000 | significand << 13) }
    if exponent == 0 {
      let value = Float(significand) * 0x1p-24
      return sign == 0 ? value : -value
    }
    return Float(bitPattern: sign | (exponent &+ 112) << 23 | significand << 13)
  }
}

/// The bits of a `bfloat16`: the upper half of a float32. Cast, stored and loaded, not computed with.
public struct BFloat16: Scalar {
  public static var dataType: DataType { .bfloat16 }
  public var bits: UInt16

  public init(bits: UInt16) { self.bits = bits }

  /// The nearest bfloat16 to `value`, ties to even.
  public init(_ value: Float) {
    guard !value.isNaN else {
      bits = value.sign == .minus ? 0xffc0 : 0x7fc0
      return
    }
    let source = value.bitPattern
    let rounded = source &+ 0x7fff &+ ((source >> 16) & 1)
    bits = UInt16(truncatingIfNeeded: rounded >> 16)
  }

  /// The exact value.
  public var float: Float { Float(bitPattern: UInt32(bits) << 16) }
}
