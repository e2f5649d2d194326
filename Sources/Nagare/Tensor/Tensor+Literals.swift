/// Literals follow TensorFlow's conversion of Python values: whole numbers become `int32`, numbers
/// with a point `float32`, and nested lists must not be ragged.
///
/// - Precondition: the literal is rectangular, of one kind, and its whole numbers fit `int32`.
extension Tensor: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral
{
  public init(integerLiteral value: Int) {
    precondition(Int32(exactly: value) != nil, "\(value) does not fit int32; make an Int64 tensor")
    self = Tensor(literal: [Int32(truncatingIfNeeded: value)])
  }

  public init(floatLiteral value: Double) {
    self = Tensor(literal: [Float(value)])
    storage.literal = [value]
  }

  public init(booleanLiteral value: Bool) { self = Tensor(literal: [value]) }

  public init(stringLiteral value: String) {
    self.init(.string, [], 1, TensorStorage(strings: [Array(value.utf8)]))
  }

  public init(arrayLiteral elements: Tensor...) {
    do {
      self = try Tensor(stacking: elements)
    } catch {
      preconditionFailure("\(error)")
    }
  }

  private init<T: Scalar>(literal value: [T]) {
    do {
      self = try Tensor(value, dimensions: [])
    } catch {
      preconditionFailure("\(error)")
    }
  }

  /// Tensors of one shape and type as the rows of a new one. `int32` rows among `float32` ones are
  /// converted, an empty list is an empty `float32` vector, as in TensorFlow.
  ///
  /// - Throws: `invalidArgument` when shapes or types differ.
  public init(stacking rows: [Tensor]) throws(GraphError) {
    guard let first = rows.first else {
      try self.init(uninitialized: .float32, [0])
      return
    }
    // What the literal says, for a conversion to float64.
    let exact = rows.compactMap { $0.storage.literal ?? ($0.dataType == .int32 ? $0.doubles : nil) }
    let isLiteral = exact.count == rows.count
    var rows = rows
    if rows.contains(where: { $0.dataType == .float32 }) {
      for index in rows.indices where rows[index].dataType == .int32 {
        rows[index] = try Tensor(
          rows[index].buffer(Int32.self).map { Float($0) }, dimensions: rows[index].dimensions)
      }
    }
    let dataType = rows[0].dataType
    for row in rows where row.dataType != dataType || row.dimensions != first.dimensions {
      throw .invalidArgument(
        "The rows of a tensor must agree: expected \(dataType) of shape \(first.shape), "
          + "got \(row.dataType) of shape \(row.shape)")
    }
    let dimensions = [rows.count] + first.dimensions
    if dataType == .string {
      try self.init(strings: rows.flatMap(\.strings), dimensions: dimensions)
      return
    }
    try self.init(uninitialized: dataType, dimensions)
    for (index, row) in rows.enumerated() {
      row.withUnsafeBytes { source in
        if let address = source.baseAddress {
          (storage.base + index * source.count).copyMemory(
            from: address, byteCount: source.count)
        }
      }
    }
    if isLiteral, dataType == .float32 { storage.literal = Array(exact.joined()) }
  }
}
