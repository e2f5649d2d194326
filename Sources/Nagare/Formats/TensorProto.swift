import NagareMessages

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension DataType {
  /// - Throws: `unimplemented` for a type that the engine does not have.
  init(_ message: Tensorflow_DataType) throws(GraphError) {
    guard let type = Int32(exactly: message.rawValue).flatMap(DataType.init(rawValue:)) else {
      throw .unimplemented("Data type number \(message.rawValue) is not supported")
    }
    self = type
  }

  var message: Tensorflow_DataType { Tensorflow_DataType(rawValue: Int(rawValue)) ?? .dtInvalid }
}

extension Shape {
  /// - Throws: `invalidArgument` for a size below -1 or a rank over the maximum.
  init(_ message: Tensorflow_TensorShapeProto) throws(GraphError) {
    if message.unknownRank {
      guard message.dim.isEmpty else {
        throw .invalidArgument("An unknown shape must not have any dimensions set")
      }
      self = .unknown
      return
    }
    guard message.dim.count <= maximumRank else {
      throw .invalidArgument(
        "Shape has \(message.dim.count) dimensions, which is over the maximum of \(maximumRank)")
    }
    var dimensions: [Int?] = []
    for dimension in message.dim {
      guard dimension.size >= -1 else {
        let sizes = message.dim.map { String($0.size) }.joined(separator: ",")
        throw .invalidArgument(
          "Shape [\(sizes)] has dimensions with values below -1 (where -1 means unknown)")
      }
      dimensions.append(dimension.size < 0 ? nil : Int(dimension.size))
    }
    self.init(dimensions)
  }

  var message: Tensorflow_TensorShapeProto {
    var message = Tensorflow_TensorShapeProto()
    guard let dimensions else {
      message.unknownRank = true
      return message
    }
    message.dim = dimensions.map { size in
      .with { $0.size = Int64(size ?? -1) }
    }
    return message
  }
}

extension Tensor {
  /// The most bytes of a tensor that a message states without holding them, by repeating a value.
  private static let expansionLimit = 1 << 31

  /// - Throws: `invalidArgument` when elements and shape do not match, `unimplemented` for a type
  ///   that has no values in files.
  init(_ message: Tensorflow_TensorProto) throws(GraphError) {
    let dataType = try DataType(message.dtype)
    let shape = try Shape(message.tensorShape)
    guard let dimensions = shape.known else {
      throw .invalidArgument("Shape \(shape) of a tensor value is not fully defined")
    }
    let count = try checkedElementCount(dimensions)
    if dataType != .string, !message.tensorContent.isEmpty {
      self = try message.tensorContent.withUnsafeBytes { (bytes) -> Result<Tensor, GraphError> in
        Result { () throws(GraphError) in try Tensor(bytes: bytes, dataType, dimensions) }
      }.get()
      return
    }
    let (size, overflow) = count.multipliedReportingOverflow(by: dataType.byteCount ?? 16)
    guard !overflow, size <= Self.expansionLimit else {
      throw .resourceExhausted(
        "A \(dataType) value of shape \(shape) that its file does not hold element by element "
          + "is over the limit of \(Self.expansionLimit) bytes")
    }

    func expanded<Stored, T: Scalar>(
      _ values: [Stored], _ zero: T, _ convert: (Stored) -> T
    ) throws(GraphError) -> Tensor {
      try Self.checkCount(values.count, count, dataType, shape)
      var elements = values.map(convert)
      elements += [T](repeating: elements.last ?? zero, count: count - elements.count)
      return try Tensor(elements, dimensions: dimensions)
    }
    func expandedBytes<T>(_ values: [T], width: Int) throws(GraphError) -> Tensor {
      // An element is `width` entries: the parts of a complex number.
      try Self.checkCount(values.count / width, count, dataType, shape)
      guard values.count % width == 0 else {
        throw .invalidArgument("A complex value lacks its imaginary part")
      }
      let bytes = values.withUnsafeBytes { Array($0) }
      let step = dataType.byteCount ?? 1
      var content = bytes
      let last = bytes.isEmpty ? [UInt8](repeating: 0, count: step) : Array(bytes.suffix(step))
      content.reserveCapacity(count * step)
      while content.count < count * step { content += last }
      return try Tensor(raw: content, dataType, dimensions)
    }

    switch dataType {
    case .float32: self = try expanded(message.floatVal, 0) { $0 }
    case .float64: self = try expanded(message.doubleVal, 0) { $0 }
    case .int8: self = try expanded(message.intVal, 0) { Int8(truncatingIfNeeded: $0) }
    case .int16: self = try expanded(message.intVal, 0) { Int16(truncatingIfNeeded: $0) }
    case .int32: self = try expanded(message.intVal, 0) { $0 }
    case .int64: self = try expanded(message.int64Val, 0) { $0 }
    case .uint8: self = try expanded(message.intVal, 0) { UInt8(truncatingIfNeeded: $0) }
    case .uint16: self = try expanded(message.intVal, 0) { UInt16(truncatingIfNeeded: $0) }
    case .uint32: self = try expanded(message.uint32Val, 0) { $0 }
    case .uint64: self = try expanded(message.uint64Val, 0) { $0 }
    case .bool: self = try expanded(message.boolVal, false) { $0 }
    case .float16:
      self = try expanded(message.halfVal, Half(bits: 0)) {
        Half(bits: UInt16(truncatingIfNeeded: $0))
      }
    case .bfloat16:
      self = try expanded(message.halfVal, BFloat16(bits: 0)) {
        BFloat16(bits: UInt16(truncatingIfNeeded: $0))
      }
    case .string:
      try Self.checkCount(message.stringVal.count, count, dataType, shape)
      var strings = message.stringVal.map { [UInt8]($0) }
      strings += [[UInt8]](repeating: strings.last ?? [], count: count - strings.count)
      self = try Tensor(strings: strings, dimensions: dimensions)
    case .complex64: self = try expandedBytes(message.scomplexVal, width: 2)
    case .complex128: self = try expandedBytes(message.dcomplexVal, width: 2)
    case .qint8, .quint8:
      self = try expandedBytes(message.intVal.map { UInt8(truncatingIfNeeded: $0) }, width: 1)
    case .qint16, .quint16:
      self = try expandedBytes(message.intVal.map { UInt16(truncatingIfNeeded: $0) }, width: 1)
    case .qint32: self = try expandedBytes(message.intVal, width: 1)
    case .resource, .variant:
      throw .unimplemented("A value of type \(dataType) cannot be read from a file")
    }
  }

  private static func checkCount(
    _ given: Int, _ count: Int, _ dataType: DataType, _ shape: Shape
  ) throws(GraphError) {
    guard given <= count else {
      throw .invalidArgument(
        "\(given) values were given for a \(dataType) tensor of shape \(shape), "
          + "which has \(count) elements")
    }
  }

  /// A tensor from the bytes of its elements.
  init(raw bytes: [UInt8], _ dataType: DataType, _ dimensions: [Int]) throws(GraphError) {
    self = try bytes.withUnsafeBufferPointer { (buffer) throws(GraphError) in
      try Tensor(bytes: UnsafeRawBufferPointer(buffer), dataType, dimensions)
    }
  }

  /// The message that holds the tensor: a short or uniform one as a list that people can read, others
  /// as bytes.
  ///
  /// - Throws: `unimplemented` for a reference to a resource.
  func message() throws(GraphError) -> Tensorflow_TensorProto {
    var message = Tensorflow_TensorProto()
    message.dtype = dataType.message
    message.tensorShape = shape.message

    // A uniform list is stored as its first element.
    func listed<T: Scalar, Stored>(_: T.Type, _ convert: (T) -> Stored) -> [Stored]? {
      let elements = buffer(T.self)
      // Text cannot tell one NaN from another.
      if elements.prefix(16).contains(where: { $0 != $0 }) { return nil }
      guard let first = elements.first else { return [] }
      let isUniform = withUnsafeBytes { bytes in
        let width = MemoryLayout<T>.size
        return bytes.dropFirst(width).elementsEqual(bytes.dropLast(width))
      }
      if isUniform { return [convert(first)] }
      return elements.count <= 16 ? elements.map(convert) : nil
    }

    let isListed: Bool
    switch dataType {
    case .string:
      message.stringVal = strings.map { Data($0) }
      return message
    case .resource, .variant:
      throw .unimplemented("A value of type \(dataType) cannot be written to a file")
    case .float32: isListed = assign(listed(Float.self) { $0 }, &message.floatVal)
    case .float64: isListed = assign(listed(Double.self) { $0 }, &message.doubleVal)
    case .int8: isListed = assign(listed(Int8.self) { Int32($0) }, &message.intVal)
    case .int16: isListed = assign(listed(Int16.self) { Int32($0) }, &message.intVal)
    case .int32: isListed = assign(listed(Int32.self) { $0 }, &message.intVal)
    case .int64: isListed = assign(listed(Int64.self) { $0 }, &message.int64Val)
    case .uint8: isListed = assign(listed(UInt8.self) { Int32($0) }, &message.intVal)
    case .uint16: isListed = assign(listed(UInt16.self) { Int32($0) }, &message.intVal)
    case .uint32: isListed = assign(listed(UInt32.self) { $0 }, &message.uint32Val)
    case .uint64: isListed = assign(listed(UInt64.self) { $0 }, &message.uint64Val)
    case .bool: isListed = assign(listed(Bool.self) { $0 }, &message.boolVal)
    case .float16: isListed = assign(listed(Half.self) { Int32($0.bits) }, &message.halfVal)
    case .bfloat16:
      isListed = assign(listed(BFloat16.self) { Int32($0.bits) }, &message.halfVal)
    default: isListed = false
    }
    if !isListed { message.tensorContent = withUnsafeBytes { Data($0) } }
    return message
  }

  private func assign<T>(_ values: [T]?, _ field: inout [T]) -> Bool {
    guard let values else { return false }
    field = values
    return true
  }
}
