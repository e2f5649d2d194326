import Nagare

extension Tensor {
  /// The value of a literal, in the type that is needed: no number loses a fraction or its size.
  ///
  /// - Parameter place: What the value is for, as errors call it.
  init(_ literal: JSON, as dataType: DataType, for place: String) throws(ToolError) {
    var dimensions: [Int] = []
    var probe = literal
    while case .array(let elements) = probe {
      dimensions.append(elements.count)
      guard let first = elements.first else { break }
      probe = first
    }
    var leaves: [JSON] = []
    try Self.flatten(literal, dimensions[...], place, into: &leaves)
    func numbers<T: Scalar>(_ convert: (String) -> T?) throws(ToolError) -> Tensor {
      var values: [T] = []
      values.reserveCapacity(leaves.count)
      for leaf in leaves {
        guard case .number(let text) = leaf else {
          throw Self.misfit(leaf.description, dataType, place)
        }
        guard let value = convert(text) else { throw Self.misfit(text, dataType, place) }
        values.append(value)
      }
      return try Self.made(values, dimensions)
    }
    switch dataType {
    case .float32: self = try numbers { Self.float($0) as Float? }
    case .float64: self = try numbers { Self.float($0) as Double? }
    case .float16:
      self = try numbers { text in
        (Self.float(text) as Float?).flatMap { number in
          let half = Half(number)
          return half.float.isFinite || !number.isFinite ? half : nil
        }
      }
    case .bfloat16: self = try numbers { (Self.float($0) as Float?).map { BFloat16($0) } }
    case .int8: self = try numbers { Self.integer($0) as Int8? }
    case .int16: self = try numbers { Self.integer($0) as Int16? }
    case .int32: self = try numbers { Self.integer($0) as Int32? }
    case .int64: self = try numbers { Self.integer($0) as Int64? }
    case .uint8: self = try numbers { Self.integer($0) as UInt8? }
    case .uint16: self = try numbers { Self.integer($0) as UInt16? }
    case .uint32: self = try numbers { Self.integer($0) as UInt32? }
    case .uint64: self = try numbers { Self.integer($0) as UInt64? }
    case .bool:
      var flags: [Bool] = []
      for leaf in leaves {
        switch leaf {
        case .bool(let flag): flags.append(flag)
        case .number("0"): flags.append(false)
        case .number("1"): flags.append(true)
        default: throw Self.misfit(leaf.description, dataType, place)
        }
      }
      self = try Self.made(flags, dimensions)
    case .string:
      var strings: [[UInt8]] = []
      for leaf in leaves {
        guard case .string(let bytes) = leaf else {
          throw Self.misfit(leaf.description, dataType, place)
        }
        strings.append(bytes)
      }
      do {
        try self.init(strings: strings, dimensions: dimensions)
      } catch { throw ToolError(.usage, "\(place): \(error.message)") }
    default:
      throw ToolError(.usage, "\(place) has the type \(dataType), which no literal has")
    }
  }

  private static func made<T: Scalar>(
    _ values: [T], _ dimensions: [Int]
  ) throws(ToolError) -> Tensor {
    do {
      return try Tensor(values, dimensions: dimensions)
    } catch { throw ToolError(error, while: .running) }
  }

  private static func flatten(
    _ literal: JSON, _ dimensions: ArraySlice<Int>, _ place: String, into leaves: inout [JSON]
  ) throws(ToolError) {
    switch (literal, dimensions.first) {
    case (.array(let elements), let size?) where elements.count == size:
      for element in elements {
        try flatten(element, dimensions.dropFirst(), place, into: &leaves)
      }
    case (.array, _), (_, _?):
      throw ToolError(
        .usage, "\(place): the lists of a value must have one length at each depth")
    case (.object, nil), (.null, nil):
      throw ToolError(.usage, "\(place): \(literal) is not the value of a tensor")
    default: leaves.append(literal)
    }
  }

  /// The number nearest to `text`; `nil` when it is too large for the type.
  private static func float<T: BinaryFloatingPoint & LosslessStringConvertible>(_ text: String)
    -> T?
  {
    let lower = text.lowercased()
    let isFinite = !lower.contains("n")
    // Swift's own parser does not take `5.`.
    let padded = isFinite ? lower.split(separator: "e", omittingEmptySubsequences: false) : []
    let mantissa = padded.first.map { $0.hasSuffix(".") ? $0 + "0" : String($0) } ?? lower
    let whole = padded.count > 1 ? mantissa + "e" + padded[1] : mantissa
    guard let value = T(whole), value.isFinite || !isFinite else { return nil }
    return value
  }

  /// The integer that `text` states exactly.
  private static func integer<T: FixedWidthInteger>(_ text: String) -> T? {
    if let value = T(text) { return value }
    guard let value = float(text) as Double? else { return nil }
    return T(exactly: value)
  }

  /// Says why a value is refused.
  static func misfit(_ value: String, _ dataType: DataType, _ place: String) -> ToolError {
    let shown = value.utf8.count > 40 ? value.prefix(40) + "…" : value[...]
    return ToolError(
      .usage, "\(place) has the type \(dataType), which cannot hold \(shown) as it is")
  }
}
