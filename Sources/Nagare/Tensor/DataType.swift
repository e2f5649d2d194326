/// The type of a tensor's elements, with the numbers of TensorFlow's `DataType` enumeration.
///
/// Types that no kernel of the engine computes with (`complex64` and the quantized types) are here
/// so that a graph or a checkpoint that names them can still be loaded and inspected.
public enum DataType: Int32, Sendable, Hashable, CaseIterable {
  case float32 = 1
  case float64 = 2
  case int32 = 3
  case uint8 = 4
  case int16 = 5
  case int8 = 6
  case string = 7
  case complex64 = 8
  case int64 = 9
  case bool = 10
  case qint8 = 11
  case quint8 = 12
  case qint32 = 13
  case bfloat16 = 14
  case qint16 = 15
  case quint16 = 16
  case uint16 = 17
  case complex128 = 18
  case float16 = 19
  case resource = 20
  case variant = 21
  case uint32 = 22
  case uint64 = 23

  /// TensorFlow's name in Python: `float32`, `int64`, `string`.
  public var name: String {
    switch self {
    case .float32: "float32"
    case .float64: "float64"
    case .int32: "int32"
    case .uint8: "uint8"
    case .int16: "int16"
    case .int8: "int8"
    case .string: "string"
    case .complex64: "complex64"
    case .int64: "int64"
    case .bool: "bool"
    case .qint8: "qint8"
    case .quint8: "quint8"
    case .qint32: "qint32"
    case .bfloat16: "bfloat16"
    case .qint16: "qint16"
    case .quint16: "quint16"
    case .uint16: "uint16"
    case .complex128: "complex128"
    case .float16: "float16"
    case .resource: "resource"
    case .variant: "variant"
    case .uint32: "uint32"
    case .uint64: "uint64"
    }
  }

  /// TensorFlow's name in signatures and error texts: `float`, `double`, `half`, else `name`.
  public var signatureName: String {
    switch self {
    case .float32: "float"
    case .float64: "double"
    case .float16: "half"
    default: name
    }
  }

  /// The name in a text-format graph file: `DT_FLOAT`, `DT_INT64`.
  public var protoName: String { "DT_\(signatureName.uppercased())" }

  /// The type with this Python, signature or text-format name.
  public init?(named name: String) {
    let match = Self.allCases.first {
      $0.name == name || $0.signatureName == name || $0.protoName == name
    }
    guard let match else { return nil }
    self = match
  }

  /// Bytes of one element in memory and in files; `nil` for types without a fixed size.
  public var byteCount: Int? {
    switch self {
    case .uint8, .int8, .bool, .qint8, .quint8: 1
    case .int16, .uint16, .float16, .bfloat16, .qint16, .quint16: 2
    case .float32, .int32, .uint32, .qint32: 4
    case .float64, .int64, .uint64, .complex64: 8
    case .complex128: 16
    case .string, .resource, .variant: nil
    }
  }

  /// `true` for `float16`, `bfloat16`, `float32` and `float64`.
  public var isFloatingPoint: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .float64: true
    default: false
    }
  }

  /// `true` for signed and unsigned integers.
  public var isInteger: Bool {
    switch self {
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: true
    default: false
    }
  }
}

extension DataType: CustomStringConvertible {
  public var description: String { name }
}
