import Nagare

extension Tensor {
  /// The same values in another type; a fraction, a size or a kind that it cannot hold is refused.
  ///
  /// - Parameter place: What the value is for, as errors call it.
  func converted(to dataType: DataType, for place: String) throws(ToolError) -> Tensor {
    guard dataType != self.dataType else { return self }
    do {
      switch self.dataType {
      case .int8: return try convert(integers: elements(Int8.self), dataType, place)
      case .int16: return try convert(integers: elements(Int16.self), dataType, place)
      case .int32: return try convert(integers: elements(Int32.self), dataType, place)
      case .int64: return try convert(integers: elements(Int64.self), dataType, place)
      case .uint8: return try convert(integers: elements(UInt8.self), dataType, place)
      case .uint16: return try convert(integers: elements(UInt16.self), dataType, place)
      case .uint32: return try convert(integers: elements(UInt32.self), dataType, place)
      case .uint64: return try convert(integers: elements(UInt64.self), dataType, place)
      case .float16, .bfloat16, .float32, .float64:
        return try convert(floats: doubles ?? [], dataType, place)
      default: break
      }
    } catch let error as ToolError {
      throw error
    } catch {
      throw ToolError(.runFailed, "\(place): \(error)")
    }
    throw ToolError(
      .usage, "\(place) has the type \(dataType), got values of type \(self.dataType)")
  }

  private func convert<S: FixedWidthInteger>(
    integers: [S], _ dataType: DataType, _ place: String
  ) throws -> Tensor {
    func whole<D: FixedWidthInteger & Scalar>(_: D.Type) throws -> Tensor {
      try mapped(integers, dataType, place) { D(exactly: $0) }
    }
    switch dataType {
    case .int8: return try whole(Int8.self)
    case .int16: return try whole(Int16.self)
    case .int32: return try whole(Int32.self)
    case .int64: return try whole(Int64.self)
    case .uint8: return try whole(UInt8.self)
    case .uint16: return try whole(UInt16.self)
    case .uint32: return try whole(UInt32.self)
    case .uint64: return try whole(UInt64.self)
    case .float32: return try mapped(integers, dataType, place) { Float($0) }
    case .float64: return try mapped(integers, dataType, place) { Double($0) }
    case .float16: return try mapped(integers, dataType, place) { Self.half(Float($0)) }
    case .bfloat16: return try mapped(integers, dataType, place) { BFloat16(Float($0)) }
    case .bool:
      return try mapped(integers, dataType, place) { $0 == 0 ? false : $0 == 1 ? true : nil }
    default:
      throw ToolError(
        .usage, "\(place) has the type \(dataType), got values of type \(self.dataType)")
    }
  }

  private func convert(
    floats: [Double], _ dataType: DataType, _ place: String
  ) throws -> Tensor {
    func whole<D: FixedWidthInteger & Scalar>(_: D.Type) throws -> Tensor {
      try mapped(floats, dataType, place) { D(exactly: $0) }
    }
    switch dataType {
    case .int8: return try whole(Int8.self)
    case .int16: return try whole(Int16.self)
    case .int32: return try whole(Int32.self)
    case .int64: return try whole(Int64.self)
    case .uint8: return try whole(UInt8.self)
    case .uint16: return try whole(UInt16.self)
    case .uint32: return try whole(UInt32.self)
    case .uint64: return try whole(UInt64.self)
    case .float64: return try mapped(floats, dataType, place) { $0 }
    case .float32: return try mapped(floats, dataType, place) { Self.float($0) }
    case .float16:
      return try mapped(floats, dataType, place) { Self.float($0).flatMap { Self.half($0) } }
    case .bfloat16: return try mapped(floats, dataType, place) { Self.float($0).map(BFloat16.init) }
    default:
      throw ToolError(
        .usage, "\(place) has the type \(dataType), got values of type \(self.dataType)")
    }
  }

  private static func float(_ value: Double) -> Float? {
    let result = Float(value)
    return result.isFinite || !value.isFinite ? result : nil
  }

  private static func half(_ value: Float) -> Half? {
    let result = Half(value)
    return result.float.isFinite || !value.isFinite ? result : nil
  }

  private func mapped<S: CustomStringConvertible, D: Scalar>(
    _ values: [S], _ dataType: DataType, _ place: String, _ convert: (S) -> D?
  ) throws -> Tensor {
    var result: [D] = []
    result.reserveCapacity(values.count)
    for value in values {
      guard let converted = convert(value) else {
        throw Self.misfit(value.description, dataType, place)
      }
      result.append(converted)
    }
    return try Tensor(result, dimensions: dimensions)
  }
}
