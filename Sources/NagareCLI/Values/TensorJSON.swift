import Nagare

extension JSON {
  /// Type, shape and values of a tensor: `{"dtype": "float32", "shape": [2], "value": [1.0, 2.5]}`.
  init(_ tensor: Tensor) {
    self = [
      "dtype": JSON(tensor.dataType.name), "shape": .array(tensor.dimensions.map { JSON($0) }),
      "value": Self.value(tensor),
    ]
  }

  /// The values alone, as nested lists; `[]` where there are none.
  private static func value(_ tensor: Tensor) -> JSON {
    var level = elements(tensor)
    for size in tensor.dimensions.dropFirst().reversed() {
      let count = size == 0 ? 0 : level.count / size
      level = (0..<count).map { .array(Array(level[($0 * size)..<(($0 + 1) * size)])) }
    }
    return tensor.dimensions.isEmpty ? level.first ?? .null : .array(level)
  }

  private static func elements(_ tensor: Tensor) -> [JSON] {
    func list<T: Scalar>(_: T.Type, _ make: (T) -> JSON) -> [JSON] {
      ((try? tensor.elements(T.self)) ?? []).map(make)
    }
    return switch tensor.dataType {
    case .float32: list(Float.self) { JSON($0) }
    case .float64: list(Double.self) { JSON($0) }
    case .float16: list(Half.self) { JSON($0.float) }
    case .bfloat16: list(BFloat16.self) { JSON($0.float) }
    case .int8: list(Int8.self) { JSON($0) }
    case .int16: list(Int16.self) { JSON($0) }
    case .int32: list(Int32.self) { JSON($0) }
    case .int64: list(Int64.self) { JSON($0) }
    case .uint8: list(UInt8.self) { JSON($0) }
    case .uint16: list(UInt16.self) { JSON($0) }
    case .uint32: list(UInt32.self) { JSON($0) }
    case .uint64: list(UInt64.self) { JSON($0) }
    case .bool: list(Bool.self) { .bool($0) }
    case .string: tensor.strings.map { .string($0) }
    default: [JSON](repeating: .null, count: tensor.count)
    }
  }
}
