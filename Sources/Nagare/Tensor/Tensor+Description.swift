#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Tensor: CustomStringConvertible {
  /// The value as `print` shows what TensorFlow's `session.run` gives: the text of a NumPy 2 array
  /// or scalar with NumPy's default options (eight digits, 75 columns, `...` over 1000 elements).
  public var description: String {
    if dimensions.isEmpty { return ScalarText.text(of: self) }
    if count == 0 { return "[]" }
    return ArrayText(self).text
  }
}

// MARK: - Arrays

/// NumPy's layout of an array.
private struct ArrayText {
  private static let threshold = 1000
  private static let edgeItems = 3
  private static let lineWidth = 75

  private let dimensions: [Int]
  /// The distance between neighbours along each dimension.
  private let strides: [Int]
  private let isSummarized: Bool
  private let element: (Int) -> String

  init(_ tensor: Tensor) {
    dimensions = tensor.dimensions
    var strides: [Int] = []
    var step = 1
    for size in dimensions.reversed() {
      strides.append(step)
      step *= size
    }
    self.strides = strides.reversed()
    isSummarized = tensor.count > Self.threshold
    var shown = [0]
    for (size, stride) in zip(dimensions, self.strides) {
      let indices = Self.shownIndices(size, isSummarized: isSummarized)
      shown = shown.flatMap { base in indices.map { base + $0 * stride } }
    }
    element = ElementText.formatter(tensor, shown: shown)
  }

  /// The indices of one dimension that are printed.
  private static func shownIndices(_ size: Int, isSummarized: Bool) -> [Int] {
    guard isSummarized, size > 2 * edgeItems else { return Array(0..<size) }
    return Array(0..<edgeItems) + Array((size - edgeItems)..<size)
  }

  var text: String { text(axis: 0, offset: 0, indent: " ", width: Self.lineWidth) }

  private func text(axis: Int, offset: Int, indent: String, width: Int) -> String {
    let size = dimensions[axis]
    let indices = Self.shownIndices(size, isSummarized: isSummarized)
    let hasGap = indices.count < size
    if axis == dimensions.count - 1 {
      var words = indices.map { element(offset + $0 * strides[axis]) }
      if hasGap { words.insert("...", at: Self.edgeItems) }
      return "[" + Self.wrapped(words, indent: indent, width: width - 1) + "]"
    }
    var parts = indices.map {
      text(
        axis: axis + 1, offset: offset + $0 * strides[axis], indent: indent + " ",
        width: width - 1)
    }
    if hasGap { parts.insert("...", at: Self.edgeItems) }
    let newlines = String(repeating: "\n", count: dimensions.count - axis - 1)
    return "[" + parts.joined(separator: newlines + indent) + "]"
  }

  /// Words on lines of at most `width` columns, the first of which begins behind `indent`.
  private static func wrapped(_ words: [String], indent: String, width: Int) -> String {
    var lines = ""
    var line = indent
    var length = indent.utf8.count
    for (index, word) in words.enumerated() {
      if index > 0 {
        line += " "
        length += 1
      }
      let wordLength = word.utf8.count
      if length + wordLength > width, length > indent.utf8.count {
        while line.utf8.last == UInt8(ascii: " ") { line.removeLast() }
        lines += line + "\n"
        line = indent
        length = indent.utf8.count
      }
      line += word
      length += wordLength
    }
    return String((lines + line).dropFirst(indent.count))
  }
}

// MARK: - Elements of an array

/// The text of each element of an array, padded to a common width.
private enum ElementText {
  /// - Parameter shown: The positions of the elements that are printed, which decide the width.
  static func formatter(_ tensor: Tensor, shown: [Int]) -> (Int) -> String {
    switch tensor.dataType {
    case .bool:
      let flags = tensor.buffer(Bool.self)
      return { flags[$0] ? " True" : "False" }
    case .int8, .qint8: return integers(tensor, Int8.self, shown)
    case .int16, .qint16: return integers(tensor, Int16.self, shown)
    case .int32, .qint32: return integers(tensor, Int32.self, shown)
    case .int64: return integers(tensor, Int64.self, shown)
    case .uint8, .quint8: return integers(tensor, UInt8.self, shown)
    case .uint16, .quint16: return integers(tensor, UInt16.self, shown)
    case .uint32: return integers(tensor, UInt32.self, shown)
    case .uint64: return integers(tensor, UInt64.self, shown)
    case .float32: return floats(tensor, Float.self, shown)
    case .float64: return floats(tensor, Double.self, shown)
    case .float16: return floats(tensor, Half.self, shown)
    case .bfloat16, .complex64, .complex128, .string, .resource, .variant:
      return { ScalarText.text(of: tensor, at: $0) }
    }
  }

  private static func integers<T: Scalar & BinaryInteger>(
    _ tensor: Tensor, _: T.Type, _ shown: [Int]
  ) -> (Int) -> String {
    let values = tensor.raw(T.self)
    let width = shown.reduce(0) { max($0, String(values[$1]).utf8.count) }
    return { leftPadded(String(values[$0]), width) }
  }

  private static func floats<T: DecimalPrintable>(
    _ tensor: Tensor, _: T.Type, _ shown: [Int]
  ) -> (Int) -> String {
    let values = tensor.buffer(T.self)
    let layout = FloatLayout(shown.map { values[$0] })
    return { layout.text(values[$0]) }
  }
}

private func leftPadded(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.utf8.count)) + text
}

/// How NumPy prints the floating-point numbers of one array: positional, or scientific when they
/// differ much in size, with the decimal points below one another.
private struct FloatLayout<T: DecimalPrintable> {
  private static var precision: Int { 8 }

  private var isScientific = false
  private var left = 0
  private var right = 0
  private var exponentWidth = 0

  init(_ values: [T]) {
    let finite = values.filter { $0.double.isFinite }
    let sizes = finite.map(\.double.magnitude).filter { $0 > 0 }
    if let largest = sizes.max(), let smallest = sizes.min() {
      isScientific =
        largest >= T.scientificCutoff || smallest < T.rounded(0.0001)
        || T.rounded(largest / smallest) > 1000
    }
    for value in finite {
      let decimal = rounded(value)
      if isScientific {
        left = max(left, value.double.sign == .minus ? 2 : 1)
        right = max(right, max(0, decimal.digits.count - 1))
        exponentWidth = max(
          exponentWidth, Decimal.exponentText(decimal.exponent).utf8.count - 2)
      } else {
        let (whole, fraction) = decimal.positional
        left = max(left, whole.count + (value.double.sign == .minus ? 1 : 0))
        right = max(right, fraction.count)
      }
    }
    if finite.count < values.count {
      let hasNegativeInfinity = values.contains { $0.double == -.infinity }
      let room = (isScientific ? exponentWidth + 2 + right : right) + 1
      left = max(left, 3 - room, (hasNegativeInfinity ? 4 : 3) - room)
    }
  }

  private func rounded(_ value: T) -> Decimal {
    let decimal = value.shortestDecimal
    return isScientific
      ? decimal.rounded(significant: Self.precision + 1, value.double)
      : decimal.rounded(fraction: Self.precision, value.double)
  }

  func text(_ value: T) -> String {
    let number = value.double
    let fill = isScientific ? exponentWidth + 2 + right : right
    guard number.isFinite else { return leftPadded(nonFiniteText(number), left + fill + 1) }
    let sign = number.sign == .minus ? "-" : ""
    var decimal = rounded(value)
    if isScientific {
      // A number that fewer digits would tell from its neighbours still gets its exact ones.
      if decimal.digits.count <= right { decimal = Decimal(number, significant: right + 1) }
      let digits = decimal.digits.isEmpty ? "0" : decimal.digits
      let fraction = digits.dropFirst()
      let zeros = String(repeating: "0", count: right - fraction.count)
      return leftPadded(sign + digits.prefix(1), left) + "." + fraction + zeros
        + Decimal.exponentText(decimal.exponent, width: exponentWidth)
    }
    let (whole, fraction) = decimal.positional
    return leftPadded(sign + whole, left) + "." + fraction
      + String(repeating: " ", count: right - fraction.count)
  }
}

private func nonFiniteText(_ number: Double) -> String {
  number.isNaN ? "nan" : number < 0 ? "-inf" : "inf"
}

// MARK: - Scalars

/// One element, as Python prints a NumPy scalar.
private enum ScalarText {
  static func text(of tensor: Tensor, at index: Int = 0) -> String {
    switch tensor.dataType {
    case .bool: tensor.buffer(Bool.self)[index] ? "True" : "False"
    case .int8, .qint8: String(tensor.raw(Int8.self)[index])
    case .int16, .qint16: String(tensor.raw(Int16.self)[index])
    case .int32, .qint32: String(tensor.raw(Int32.self)[index])
    case .int64: String(tensor.raw(Int64.self)[index])
    case .uint8, .quint8: String(tensor.raw(UInt8.self)[index])
    case .uint16, .quint16: String(tensor.raw(UInt16.self)[index])
    case .uint32: String(tensor.raw(UInt32.self)[index])
    case .uint64: String(tensor.raw(UInt64.self)[index])
    case .float32: text(tensor.buffer(Float.self)[index])
    case .float64: text(tensor.buffer(Double.self)[index])
    case .float16: text(tensor.buffer(Half.self)[index])
    // ml_dtypes prints a bfloat16 with C's %g.
    case .bfloat16: text(tensor.buffer(BFloat16.self)[index])
    case .complex64:
      complex(tensor.raw(Float.self)[2 * index], tensor.raw(Float.self)[2 * index + 1])
    case .complex128:
      complex(tensor.raw(Double.self)[2 * index], tensor.raw(Double.self)[2 * index + 1])
    case .string: bytesLiteral(tensor.strings[index])
    case .resource, .variant: "<\(tensor.dataType)>"
    }
  }

  private static func text(_ value: some DecimalPrintable) -> String {
    let number = value.double
    guard number.isFinite else { return nonFiniteText(number) }
    let sign = number.sign == .minus ? "-" : ""
    let decimal = value.shortestDecimal
    let size = number.magnitude
    if size == 0 || (size >= 0.0001 && size < type(of: value).scalarCutoff) {
      let (whole, fraction) = decimal.positional
      return sign + whole + "." + (fraction.isEmpty ? "0" : fraction)
    }
    let fraction = decimal.digits.dropFirst()
    return sign + decimal.digits.prefix(1) + (fraction.isEmpty ? "" : "." + fraction)
      + Decimal.exponentText(decimal.exponent)
  }

  private static func text(_ value: BFloat16) -> String {
    let number = Double(value.float)
    return number.isFinite ? formatted("%.6g", 0, number) : nonFiniteText(number)
  }

  private static func complex(_ real: some DecimalPrintable, _ imaginary: some DecimalPrintable)
    -> String
  {
    func part(_ value: some DecimalPrintable) -> String {
      let text = text(value)
      return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
    let second = part(imaginary)
    return "(\(part(real))\(second.hasPrefix("-") ? "" : "+")\(second)j)"
  }

  /// `b'…'`, as Python writes bytes.
  private static func bytesLiteral(_ bytes: [UInt8]) -> String {
    let single = UInt8(ascii: "'")
    let quote = bytes.contains(single) && !bytes.contains(UInt8(ascii: "\"")) ? "\"" : "'"
    var text = "b" + quote
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\\"): text += "\\\\"
      case single where quote == "'": text += "\\'"
      case UInt8(ascii: "\t"): text += "\\t"
      case UInt8(ascii: "\n"): text += "\\n"
      case UInt8(ascii: "\r"): text += "\\r"
      case 0x20..<0x7f: text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let hex = String(byte, radix: 16)
        text += "\\x" + (hex.utf8.count < 2 ? "0" : "") + hex
      }
    }
    return text + quote
  }
}

extension Tensor {
  /// The elements as another type of the same size: quantized numbers as integers, complex ones as
  /// pairs.
  fileprivate func raw<T: Scalar>(_: T.Type) -> UnsafeBufferPointer<T> {
    UnsafeBufferPointer(
      start: UnsafePointer(storage.base.assumingMemoryBound(to: T.self)),
      count: storage.byteCount / MemoryLayout<T>.size)
  }
}

// MARK: - Decimal digits

/// A floating-point type that NumPy prints with the fewest digits that tell a number from its
/// neighbours.
private protocol DecimalPrintable: Scalar {
  var double: Double { get }
  var shortestDecimal: Decimal { get }
  /// From here on an array is printed in scientific notation.
  static var scientificCutoff: Double { get }
  /// From here on a scalar is printed in scientific notation.
  static var scalarCutoff: Double { get }
  /// The nearest number of the type.
  static func rounded(_ value: Double) -> Double
}

extension Float: DecimalPrintable {
  fileprivate var double: Double { Double(self) }
  fileprivate var shortestDecimal: Decimal { Decimal(parsing: magnitude.description) }
  fileprivate static var scientificCutoff: Double { 1e6 }
  fileprivate static var scalarCutoff: Double { 1e6 }
  fileprivate static func rounded(_ value: Double) -> Double { Double(Float(value)) }
}

extension Double: DecimalPrintable {
  fileprivate var double: Double { self }
  fileprivate var shortestDecimal: Decimal { Decimal(parsing: magnitude.description) }
  fileprivate static var scientificCutoff: Double { 1e8 }
  fileprivate static var scalarCutoff: Double { 1e16 }
  fileprivate static func rounded(_ value: Double) -> Double { value }
}

extension Half: DecimalPrintable {
  fileprivate var double: Double { Double(float) }
  fileprivate static var scientificCutoff: Double { 1e3 }
  fileprivate static var scalarCutoff: Double { 1e3 }
  fileprivate static func rounded(_ value: Double) -> Double { Double(Half(Float(value)).float) }

  fileprivate var shortestDecimal: Decimal {
    let magnitude = Double(float).magnitude
    for digits in 0..<5 {
      let text = formatted("%.*e", digits, magnitude)
      if let value = Float(text), Half(value).float == Float(magnitude) {
        return Decimal(parsing: text)
      }
    }
    return Decimal(parsing: formatted("%.*e", 5, magnitude))
  }
}

/// The digits of a number that is not negative: `0.DIGITS × 10^point`, without zeros at either end.
private struct Decimal {
  var digits: Substring
  var point: Int

  /// - Parameter text: `12.5`, `1e-05`, `0.0`.
  init(parsing text: String) {
    let parts = text.split(separator: "e", maxSplits: 1)
    let mantissa = (parts.first ?? "").split(
      separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let whole = mantissa.first ?? ""
    let fraction = mantissa.count > 1 ? mantissa[1] : ""
    var digits = Substring(whole + fraction)
    point = whole.utf8.count + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
    while digits.first == "0" {
      digits.removeFirst()
      point -= 1
    }
    while digits.last == "0" { digits.removeLast() }
    if digits.isEmpty { point = 1 }
    self.digits = digits
  }

  /// The exact value, rounded to `count` digits.
  init(_ value: Double, significant count: Int) {
    self.init(parsing: formatted("%.*e", count - 1, value.magnitude))
  }

  /// The power of ten of the first digit.
  var exponent: Int { point - 1 }

  /// At most `count` digits after the point, rounded from the exact `value`.
  func rounded(fraction count: Int, _ value: Double) -> Decimal {
    guard digits.count - point > count else { return self }
    return Decimal(parsing: formatted("%.*f", count, value.magnitude))
  }

  /// At most `count` digits, rounded from the exact `value`.
  func rounded(significant count: Int, _ value: Double) -> Decimal {
    digits.count > count ? Decimal(value, significant: count) : self
  }

  /// What stands before and after the point.
  var positional: (whole: String, fraction: String) {
    if digits.isEmpty { return ("0", "") }
    if point <= 0 { return ("0", String(repeating: "0", count: -point) + digits) }
    if digits.count <= point {
      return (digits + String(repeating: "0", count: point - digits.count), "")
    }
    return (String(digits.prefix(point)), String(digits.dropFirst(point)))
  }

  /// `e+08`, with at least `width` digits.
  static func exponentText(_ exponent: Int, width: Int = 2) -> String {
    let size = String(exponent.magnitude)
    return (exponent < 0 ? "e-" : "e+")
      + String(repeating: "0", count: max(0, width - size.utf8.count)) + size
  }
}

/// C's formatting of a double; `%.*e` and `%.*f` take the number of digits as well.
private func formatted(_ format: String, _ digits: Int, _ value: Double) -> String {
  let arguments: [any CVarArg] =
    format.contains("*") ? [Int32(truncatingIfNeeded: digits), value] : [value]
  // The longest is a double of 309 digits and a few more.
  var buffer = [CChar](repeating: 0, count: 400)
  let count = withVaList(arguments) { vsnprintf(&buffer, buffer.count, format, $0) }
  return String(
    decoding: buffer.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
