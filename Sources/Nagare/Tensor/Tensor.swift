/// A value: elements of one type in row-major order. Immutable once made, cheap to copy.
public struct Tensor: Sendable {
  /// The type of the elements.
  public let dataType: DataType
  /// The size of each dimension; `[]` for a single value.
  public let dimensions: [Int]
  /// The number of elements, the product of `dimensions`.
  public let count: Int
  var storage: TensorStorage

  /// Uninitialized elements, for a kernel to fill.
  ///
  /// - Throws: `invalidArgument` for a bad shape, `resourceExhausted` when it does not fit.
  init(uninitialized dataType: DataType, _ dimensions: [Int]) throws(GraphError) {
    let count = try checkedElementCount(dimensions)
    if dataType == .string {
      // An empty string still takes its array slot.
      guard count <= Memory.limit / 16 else {
        throw .resourceExhausted("A tensor of \(count) strings does not fit")
      }
      storage = TensorStorage(strings: [[UInt8]](repeating: [], count: count))
    } else {
      guard let size = dataType.byteCount else {
        throw .invalidArgument("A tensor of type \(dataType) has no elements to allocate")
      }
      let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow else {
        throw .resourceExhausted("A tensor of shape \(Shape(dimensions)) does not fit in memory")
      }
      storage = try TensorStorage(byteCount: bytes)
    }
    self.dataType = dataType
    self.dimensions = dimensions
    self.count = count
  }

  /// The same elements in another shape, sharing memory.
  ///
  /// - Throws: `invalidArgument` when the number of elements differs.
  public func reshaped(_ dimensions: [Int]) throws(GraphError) -> Tensor {
    let count = try checkedElementCount(dimensions)
    guard count == self.count else {
      throw .invalidArgument(
        "Input to reshape is a tensor with \(self.count) values, but the requested shape has \(count)"
      )
    }
    return Tensor(dataType, dimensions, count, storage)
  }

  init(_ dataType: DataType, _ dimensions: [Int], _ count: Int, _ storage: TensorStorage) {
    self.dataType = dataType
    self.dimensions = dimensions
    self.count = count
    self.storage = storage
  }

  /// A scalar that refers to a resource of the session.
  init(resource: any Resource) {
    self.init(.resource, [], 1, TensorStorage(resource: resource))
  }

  /// The number of dimensions.
  public var rank: Int { dimensions.count }

  /// The shape, fully known.
  public var shape: Shape { Shape(dimensions) }
}

// MARK: - Making tensors

extension Tensor {
  /// A tensor of `elements` in row-major order; a vector unless `dimensions` says otherwise.
  ///
  /// - Throws: `invalidArgument` when the number of elements does not match the shape.
  public init<T: Scalar>(_ elements: [T], dimensions: [Int]? = nil) throws(GraphError) {
    let dimensions = dimensions ?? [elements.count]
    try self.init(uninitialized: T.dataType, dimensions)
    guard elements.count == count else {
      throw .invalidArgument(
        "\(elements.count) elements were given for shape \(Shape(dimensions)), which has \(count)")
    }
    elements.withUnsafeBytes { source in
      if let address = source.baseAddress {
        storage.base.copyMemory(from: address, byteCount: source.count)
      }
    }
  }

  /// A tensor of byte strings.
  ///
  /// - Throws: `invalidArgument` when the number of elements does not match the shape.
  public init(strings: [[UInt8]], dimensions: [Int]? = nil) throws(GraphError) {
    let dimensions = dimensions ?? [strings.count]
    let count = try checkedElementCount(dimensions)
    guard strings.count == count else {
      throw .invalidArgument(
        "\(strings.count) strings were given for shape \(Shape(dimensions)), which has \(count)")
    }
    self.init(.string, dimensions, count, TensorStorage(strings: strings))
  }

  /// A single value.
  public init<T: Scalar>(scalar value: T) throws(GraphError) {
    try self.init([value], dimensions: [])
  }

  /// A single byte string.
  public init(scalar value: [UInt8]) throws(GraphError) {
    try self.init(strings: [value], dimensions: [])
  }

  /// A tensor filled with the zero of its type (`false`, the empty string).
  public init(zeros dataType: DataType, _ dimensions: [Int]) throws(GraphError) {
    try self.init(uninitialized: dataType, dimensions)
    storage.base.initializeMemory(as: UInt8.self, repeating: 0, count: storage.byteCount)
  }

  /// A tensor from the bytes of its elements, little-endian and in row-major order.
  ///
  /// - Throws: `invalidArgument` when the number of bytes does not match shape and type.
  public init(
    bytes: UnsafeRawBufferPointer, _ dataType: DataType, _ dimensions: [Int]
  ) throws(GraphError) {
    let (expected, overflow) = try checkedElementCount(dimensions)
      .multipliedReportingOverflow(by: dataType.byteCount ?? 0)
    guard dataType.byteCount != nil, !overflow, expected == bytes.count else {
      throw .invalidArgument(
        "\(bytes.count) bytes were given for a \(dataType) tensor of shape \(Shape(dimensions))")
    }
    try self.init(uninitialized: dataType, dimensions)
    if let address = bytes.baseAddress, expected > 0 {
      storage.base.copyMemory(from: address, byteCount: expected)
    }
    if dataType == .bool {
      // Any other byte in a Bool is undefined behaviour in Swift.
      let flags = storage.base.assumingMemoryBound(to: UInt8.self)
      for index in 0..<expected { flags[index] = flags[index] == 0 ? 0 : 1 }
    }
  }
}

// MARK: - Reading tensors

extension Tensor {
  /// The elements in row-major order.
  ///
  /// - Throws: `invalidArgument` when the tensor is of another type.
  public func elements<T: Scalar>(_ type: T.Type = T.self) throws(GraphError) -> [T] {
    guard dataType == T.dataType else {
      throw .invalidArgument("Expected a \(T.dataType) tensor, got \(dataType)")
    }
    return Array(buffer(T.self))
  }

  /// The one element.
  ///
  /// - Throws: `invalidArgument` when the tensor is of another type or not a single value.
  public func scalar<T: Scalar>(_ type: T.Type = T.self) throws(GraphError) -> T {
    guard let value = try elements(T.self).first, count == 1 else {
      throw .invalidArgument("Expected one element, got shape \(shape)")
    }
    return value
  }

  /// The byte strings of a string tensor in row-major order; empty for another type.
  public var strings: [[UInt8]] { storage.strings }

  /// Calls `body` with the bytes of the elements; none for strings and resources.
  public func withUnsafeBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount))
  }

  /// The elements in place. Valid while the tensor is: a kernel's inputs are for the whole call.
  /// The caller has checked the type.
  func buffer<T: Scalar>(_: T.Type) -> UnsafeBufferPointer<T> {
    UnsafeBufferPointer(start: pointer(T.self), count: count)
  }

  /// The first element's address; see `buffer(_:)`.
  func pointer<T: Scalar>(_: T.Type) -> UnsafePointer<T> {
    assert(dataType == T.dataType)
    return UnsafePointer(storage.base.assumingMemoryBound(to: T.self))
  }

  /// The elements in place, to be written by the kernel that made the tensor, before it returns it.
  func mutableBuffer<T: Scalar>(_: T.Type) -> UnsafeMutableBufferPointer<T> {
    UnsafeMutableBufferPointer(start: mutablePointer(T.self), count: count)
  }

  /// The first element's address, to be written; see `mutableBuffer(_:)`.
  func mutablePointer<T: Scalar>(_: T.Type) -> UnsafeMutablePointer<T> {
    assert(dataType == T.dataType)
    return storage.base.assumingMemoryBound(to: T.self)
  }

  /// The first element's address, for a kernel that is one for several types.
  var bytes: UnsafeRawPointer { UnsafeRawPointer(storage.base) }

  /// The first element's address, to be written; see `mutableBuffer(_:)`.
  var mutableBytes: UnsafeMutableRawPointer { storage.base }

  /// The elements of an `int16`, `int32` or `int64` tensor (a shape, axes, indices), or `nil` for
  /// another type.
  var integers: [Int]? {
    switch dataType {
    case .int16: buffer(Int16.self).map { Int($0) }
    case .int32: buffer(Int32.self).map { Int($0) }
    case .int64: buffer(Int64.self).map { Int($0) }
    default: nil
    }
  }

  /// The elements as `Float`, from any numeric type and `bool`; `nil` for strings and resources.
  public var floats: [Float]? { doubles?.map { Float($0) } }

  /// The elements as `Double`, from any numeric type and `bool`; `nil` for strings and resources.
  public var doubles: [Double]? {
    switch dataType {
    case .float32: buffer(Float.self).map { Double($0) }
    case .float64: Array(buffer(Double.self))
    case .float16: buffer(Half.self).map { Double($0.float) }
    case .bfloat16: buffer(BFloat16.self).map { Double($0.float) }
    case .int8: buffer(Int8.self).map { Double($0) }
    case .int16: buffer(Int16.self).map { Double($0) }
    case .int32: buffer(Int32.self).map { Double($0) }
    case .int64: buffer(Int64.self).map { Double($0) }
    case .uint8: buffer(UInt8.self).map { Double($0) }
    case .uint16: buffer(UInt16.self).map { Double($0) }
    case .uint32: buffer(UInt32.self).map { Double($0) }
    case .uint64: buffer(UInt64.self).map { Double($0) }
    case .bool: buffer(Bool.self).map { $0 ? 1 : 0 }
    default: nil
    }
  }
}

/// Equal types, shapes and bits: `NaN` equals the same `NaN`, `0` does not equal `-0`.
extension Tensor: Hashable {
  public static func == (left: Tensor, right: Tensor) -> Bool {
    guard left.dataType == right.dataType, left.dimensions == right.dimensions else { return false }
    if left.storage === right.storage { return true }
    if left.storage.resource != nil || right.storage.resource != nil { return false }
    guard left.storage.strings == right.storage.strings else { return false }
    return left.withUnsafeBytes { mine in
      right.withUnsafeBytes { theirs in mine.elementsEqual(theirs) }
    }
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(dataType)
    hasher.combine(dimensions)
    withUnsafeBytes { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0.prefix(256))) }
  }
}
