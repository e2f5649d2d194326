/// NumPy's files: one array (.npy), or several with names (.npz).
///
/// Byte strings are stored with a fixed width, as NumPy does (`|S5`); `bfloat16`, which NumPy itself
/// does not have, as two bytes without a meaning (`<V2`).
public enum NumPy {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  // MARK: - Reading

  /// The array of an .npy file.
  ///
  /// - Throws: what the system refuses; `dataLoss` for a damaged file; `unimplemented` for elements
  ///   that no tensor has, Python objects and dates among them.
  public static func read(_ path: String) throws(GraphError) -> Tensor {
    let bytes = try FileSystem.read(path)
    do {
      return try decode(bytes[...])
    } catch {
      throw error.prefixed(path)
    }
  }

  /// The arrays of an .npz file with their names, in the order of the file.
  ///
  /// - Throws: as `read`.
  public static func readArchive(
    _ path: String
  ) throws(GraphError) -> [(name: String, value: Tensor)] {
    let bytes = try FileSystem.read(path)
    let files: [(name: String, bytes: [UInt8])]
    do {
      files = try ZipArchive.read(bytes)
    } catch {
      throw error.prefixed(path)
    }
    var arrays: [(name: String, value: Tensor)] = []
    for file in files {
      let name = file.name.hasSuffix(".npy") ? String(file.name.dropLast(4)) : file.name
      do {
        arrays.append((name, try decode(file.bytes[...])))
      } catch {
        throw error.prefixed("\(path): '\(name)'")
      }
    }
    return arrays
  }

  static func decode(_ bytes: ArraySlice<UInt8>) throws(GraphError) -> Tensor {
    var reader = ByteReader(bytes)
    guard let start = reader.take(6), Array(start) == magic else {
      throw .dataLoss("not a NumPy file")
    }
    guard let major = reader.byte(), reader.byte() != nil, (1...3).contains(major),
      let length = major == 1
        ? reader.integer(UInt16.self).map(Int.init) : reader.integer(UInt32.self).map(Int.init),
      let text = reader.take(length)
    else { throw .dataLoss("the header of the NumPy file is damaged") }
    let header = try NumPyHeader(String(decoding: text, as: UTF8.self))
    let count = try checkedElementCount(header.dimensions)
    let (size, overflow) = count.multipliedReportingOverflow(by: header.width)
    guard !overflow, size == reader.remaining, let data = reader.take(size) else {
      throw .dataLoss(
        "\(reader.remaining) bytes of data for \(header.descriptor) of shape "
          + "\(Shape(header.dimensions).tupleDescription)")
    }
    var content = Array(data)
    if header.isBigEndian { reverse(&content, width: header.unit) }
    if header.isFortranOrder, header.dimensions.count > 1 {
      content = rowMajor(content, width: header.width, header.dimensions)
    }
    switch header.kind {
    case .number(let dataType): return try Tensor(raw: content, dataType, header.dimensions)
    case .bytes, .text:
      // An empty element has no bytes to tell how many there are; a tensor's slots cost memory.
      guard header.width > 0 || count <= 1 << 24 else {
        throw .resourceExhausted("\(count) empty strings")
      }
      var strings: [[UInt8]] = []
      strings.reserveCapacity(count)
      for index in 0..<count {
        let element = content[(index * header.width)..<((index + 1) * header.width)]
        strings.append(header.kind == .text ? try utf8(element) : trimmed(element))
      }
      return try Tensor(strings: strings, dimensions: header.dimensions)
    }
  }

  /// NumPy pads with zeros and drops them again.
  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var rest = bytes
    while rest.last == 0 { rest.removeLast() }
    return Array(rest)
  }

  /// NumPy stores text as four bytes a character.
  private static func utf8(_ bytes: ArraySlice<UInt8>) throws(GraphError) -> [UInt8] {
    var text = String.UnicodeScalarView()
    var reader = ByteReader(bytes)
    while let code = reader.integer(UInt32.self) {
      guard let scalar = Unicode.Scalar(code) else {
        throw .dataLoss("\(code) is not a character")
      }
      text.append(scalar)
    }
    while text.last == "\0" { text.removeLast() }
    return Array(String(text).utf8)
  }

  private static func reverse(_ bytes: inout [UInt8], width: Int) {
    guard width > 1 else { return }
    for start in stride(from: 0, to: bytes.count - width + 1, by: width) {
      for offset in 0..<(width / 2) {
        bytes.swapAt(start + offset, start + width - 1 - offset)
      }
    }
  }

  /// Elements that are stored with the first index moving fastest, reordered.
  private static func rowMajor(_ bytes: [UInt8], width: Int, _ dimensions: [Int]) -> [UInt8] {
    guard width > 0, !bytes.isEmpty else { return bytes }
    var strides: [Int] = []
    var step = width
    for size in dimensions {
      strides.append(step)
      step *= size
    }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var position = [Int](repeating: 0, count: dimensions.count)
    var offset = 0
    while result.count < bytes.count {
      result += bytes[offset..<(offset + width)]
      var dimension = dimensions.count - 1
      while dimension >= 0 {
        position[dimension] += 1
        offset += strides[dimension]
        if position[dimension] < dimensions[dimension] { break }
        offset -= strides[dimension] * dimensions[dimension]
        position[dimension] = 0
        dimension -= 1
      }
    }
    return result
  }

  // MARK: - Writing

  /// Writes a tensor as an .npy file, in row-major order.
  ///
  /// - Throws: what the system refuses; `invalidArgument` for a string that ends in a zero byte, which
  ///   NumPy cannot tell from padding; `unimplemented` for a resource.
  public static func write(_ tensor: Tensor, to path: String) throws(GraphError) {
    try DurableFile.write(try encode(tensor), to: path)
  }

  /// Writes tensors with names as an .npz file, not compressed.
  ///
  /// - Throws: as `write`, and `resourceExhausted` for more than 4 GiB.
  public static func writeArchive(
    _ arrays: [(name: String, value: Tensor)], to path: String
  ) throws(GraphError) {
    var files: [(name: String, bytes: [UInt8])] = []
    for (name, value) in arrays { files.append(("\(name).npy", try encode(value))) }
    try DurableFile.write(try ZipArchive.make(files), to: path)
  }

  static func encode(_ tensor: Tensor) throws(GraphError) -> [UInt8] {
    let descriptor: String
    var content: [UInt8] = []
    if tensor.dataType == .string {
      let width = max(1, tensor.strings.map(\.count).max() ?? 1)
      let (size, overflow) = width.multipliedReportingOverflow(by: tensor.count)
      guard !overflow, size <= FileSystem.readLimit else {
        throw .resourceExhausted("\(tensor.count) strings of \(width) bytes each are too many")
      }
      descriptor = "|S\(width)"
      content.reserveCapacity(size)
      for string in tensor.strings {
        guard string.last != 0 else {
          throw .invalidArgument(
            "A string that ends in a zero byte cannot be stored in a NumPy file")
        }
        content += string
        content += [UInt8](repeating: 0, count: width - string.count)
      }
    } else {
      guard let known = NumPyHeader.descriptor(of: tensor.dataType) else {
        throw .unimplemented("A NumPy file cannot hold elements of type \(tensor.dataType)")
      }
      descriptor = known
      content = tensor.withUnsafeBytes { Array($0) }
    }
    let shape = Shape(tensor.dimensions).tupleDescription
    var header = "{'descr': '\(descriptor)', 'fortran_order': False, 'shape': \(shape), }"
    // The data begins at a multiple of 64 bytes. A shape of 254 dimensions still fits version 1.
    header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
    var bytes = magic + [1, 0]
    bytes.append(littleEndian: UInt16(clamping: header.utf8.count))
    return bytes + Array(header.utf8) + content
  }
}

/// The Python dictionary at the beginning of an .npy file.
private struct NumPyHeader {
  enum Kind: Equatable {
    case number(DataType)
    /// Bytes, padded with zeros.
    case bytes
    /// Characters of four bytes each, padded with zeros.
    case text
  }

  var kind: Kind
  /// Bytes of an element.
  var width: Int
  /// Bytes that change places between byte orders: half of a complex number, else an element.
  var unit: Int
  var isBigEndian: Bool
  var isFortranOrder: Bool
  var dimensions: [Int]
  var descriptor: String

  private static let descriptors: [DataType: String] = [
    .float16: "<f2", .float32: "<f4", .float64: "<f8", .int8: "|i1", .int16: "<i2", .int32: "<i4",
    .int64: "<i8", .uint8: "|u1", .uint16: "<u2", .uint32: "<u4", .uint64: "<u8", .bool: "|b1",
    .complex64: "<c8", .complex128: "<c16", .bfloat16: "<V2", .qint8: "|i1", .quint8: "|u1",
    .qint16: "<i2", .quint16: "<u2", .qint32: "<i4",
  ]

  static func descriptor(of type: DataType) -> String? { descriptors[type] }

  init(_ text: String) throws(GraphError) {
    let damaged = GraphError.dataLoss("the header of the NumPy file is damaged")
    guard let descriptor = Self.entry("'descr'", in: text, { Self.enclosed($0, "'", "'") }) else {
      throw text.contains("'descr'")
        ? .unimplemented("arrays of records are not supported") : damaged
    }
    self.descriptor = String(descriptor)
    let order = Self.entry("'fortran_order'", in: text) { value in
      value.hasPrefix("True") ? true : value.hasPrefix("False") ? false : nil
    }
    let shape = Self.entry("'shape'", in: text) { value in
      Self.enclosed(value, "(", ")").flatMap { sizes in
        sizes.allSatisfy { "0123456789, L".contains($0) } ? sizes : nil
      }
    }
    guard let order, let shape else { throw damaged }
    isFortranOrder = order
    dimensions = []
    for part in shape.split(separator: ",") {
      let digits = part.filter { $0 != " " && $0 != "L" }
      if digits.isEmpty { continue }
      guard let size = Int(digits) else { throw damaged }
      dimensions.append(size)
    }
    let mark = descriptor.first ?? "?"
    isBigEndian = mark == ">"
    let rest = descriptor.drop { "<>|=".contains($0) }
    if rest.hasPrefix("S") || rest.hasPrefix("U") {
      guard let count = Int(rest.dropFirst()), count >= 0, count < 1 << 28 else { throw damaged }
      kind = rest.hasPrefix("S") ? .bytes : .text
      unit = kind == .text ? 4 : 1
      width = count * unit
      if kind == .bytes { isBigEndian = false }
      return
    }
    let types: [Substring: DataType] = [
      "f2": .float16, "f4": .float32, "f8": .float64, "i1": .int8, "i2": .int16, "i4": .int32,
      "i8": .int64, "u1": .uint8, "u2": .uint16, "u4": .uint32, "u8": .uint64, "b1": .bool,
      "c8": .complex64, "c16": .complex128, "V2": .bfloat16,
    ]
    guard let type = types[rest], let size = type.byteCount else {
      throw .unimplemented("elements of type '\(descriptor)' are not supported")
    }
    kind = .number(type)
    width = size
    unit = type == .complex64 || type == .complex128 ? size / 2 : size
  }

  /// What `read` makes of the value of a key in a Python dictionary, at the first place where it makes
  /// something of it. Regular expressions would take longer to set up than a graph of 100 nodes to read.
  private static func entry<T>(
    _ key: String, in text: String, _ read: (Substring) -> T?
  ) -> T? {
    var rest = text[...]
    while let quote = rest.firstIndex(of: "'") {
      rest = rest[quote...]
      if rest.hasPrefix(key) {
        let colon = rest.dropFirst(key.count).drop(while: \.isWhitespace)
        let value = colon.dropFirst().drop(while: \.isWhitespace)
        if colon.first == ":", let found = read(value) { return found }
      }
      rest = rest.dropFirst()
    }
    return nil
  }

  /// What stands between `open`, at the beginning, and the next `close`.
  private static func enclosed(
    _ text: Substring, _ open: Character, _ close: Character
  ) -> Substring? {
    guard text.first == open else { return nil }
    let inner = text.dropFirst()
    return inner.firstIndex(of: close).map { inner[..<$0] }
  }
}
