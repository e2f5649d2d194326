import SwiftProtobuf

/// How deep messages may stand in messages, so that no file can exhaust the stack.
private let depthLimit = 100

extension SwiftProtobuf.Message {
  /// Decodes the binary form.
  ///
  /// - Throws: `dataLoss` that names `kind`, what the bytes were taken for.
  init(binary bytes: [UInt8], _ kind: String) throws(GraphError) {
    var options = BinaryDecodingOptions()
    options.messageDepthLimit = depthLimit
    do {
      try self.init(serializedBytes: bytes, options: options)
    } catch let error as BinaryDecodingError {
      throw .dataLoss("not a valid \(kind): \(Self.reason(error))")
    } catch {
      throw .dataLoss("not a valid \(kind)")
    }
  }

  private static func reason(_ error: BinaryDecodingError) -> String {
    switch error {
    case .truncated: "it ends in the middle of a field"
    case .trailingGarbage: "something follows its end"
    case .invalidUTF8: "a name in it is not UTF-8"
    case .messageDepthLimit: "it is nested more than \(depthLimit) levels deep"
    default: "its fields are damaged"
    }
  }

  /// The binary form, the same bytes for equal messages.
  ///
  /// - Throws: `resourceExhausted` for more than the 2 GiB that a message may have.
  func binary() throws(GraphError) -> [UInt8] {
    var options = BinaryEncodingOptions()
    options.useDeterministicOrdering = true
    do {
      return try serializedBytes(options: options)
    } catch {
      throw .resourceExhausted(
        "\(Self.protoMessageName) is over the 2 GiB that a message may have")
    }
  }

  /// Decodes the text form.
  ///
  /// - Throws: `dataLoss` that names `kind`, what the text was taken for.
  init(text: String, _ kind: String) throws(GraphError) {
    var options = TextFormatDecodingOptions()
    options.messageDepthLimit = depthLimit
    let text = completingMaps(text)
    do {
      try self.init(textFormatString: text, options: options)
    } catch let error as TextFormatDecodingError {
      let entry = textEntries(text).first { entry in
        (try? Self(textFormatString: String(text[entry]), options: options)) == nil
      }
      var place = ""
      if let entry, error != .messageDepthLimit {
        let line = text[..<entry.lowerBound].utf8.count { $0 == UInt8(ascii: "\n") } + 1
        place = " (in the field that begins at line \(line))"
      }
      throw .dataLoss("not a valid \(kind) in text format: \(Self.reason(error))\(place)")
    } catch {
      throw .dataLoss("not a valid \(kind) in text format")
    }
  }

  private static func reason(_ error: TextFormatDecodingError) -> String {
    switch error {
    case .malformedText: "a name, a brace or a value is missing or misplaced"
    case .malformedNumber: "a number is malformed or out of range"
    case .trailingGarbage: "something follows its end"
    case .truncated: "it ends in the middle of a field"
    case .invalidUTF8: "a name in it is not UTF-8"
    case .schemaMismatch: "a value is of the wrong kind"
    case .unknownField: "it has a field that the message does not have"
    case .unrecognizedEnumValue: "it has an unknown enumeration value"
    case .conflictingOneOf: "it gives two values where one may be"
    case .messageDepthLimit: "it is nested more than \(depthLimit) levels deep"
    default: "its fields are damaged"
    }
  }
}

/// The text of a graph with the zeros that protobuf's own printer leaves out of the entries of maps
/// from numbers, which the decoder insists on.
private func completingMaps(_ text: String) -> String {
  let bytes = Array(text.utf8)
  let (key, value) = (Array("key:".utf8), Array("value".utf8))
  let names = ["arg_attr", "resource_arg_unique_id"].map { Array($0.utf8) }
  func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
  func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  func after(_ place: Int, _ skips: (UInt8) -> Bool) -> Int {
    bytes[place...].firstIndex { !skips($0) } ?? bytes.count
  }
  func holds(_ word: [UInt8], at place: Int) -> Bool { bytes[place...].starts(with: word) }
  let (open, close) = ([UInt8(ascii: "{")], [UInt8(ascii: "}")])

  var result: [UInt8] = []
  var copied = 0
  func insert(_ words: String, at place: Int) {
    result += bytes[copied..<place] + Array(words.utf8)
    copied = place
  }
  var index = 0
  while index < bytes.count {
    defer { index += 1 }
    guard bytes[index] == names[0][0] || bytes[index] == names[1][0],
      let name = names.first(where: { holds($0, at: index) })
    else { continue }
    let brace = after(index + name.count, isSpace)
    guard holds(open, at: brace) else { continue }
    let first = after(brace + 1, isSpace)
    let isInteger = name == names[1]
    if holds(close, at: first) {
      insert(isInteger ? " key: 0 value: 0" : " key: 0", at: brace + 1)
    } else if holds(value, at: first) {
      insert(" key: 0", at: brace + 1)
    } else if isInteger, holds(key, at: first) {
      let end = after(after(first + key.count, isSpace), isDigit)
      if holds(close, at: after(end, isSpace)) { insert(" value: 0", at: end) }
    }
  }
  return copied == 0 ? text : String(decoding: result + bytes[copied...], as: UTF8.self)
}

/// The fields of a message in text form, each with the ones without braces before it.
private func textEntries(_ text: String) -> [Range<String.Index>] {
  var entries: [Range<String.Index>] = []
  var start: String.Index?
  var depth = 0
  var quote: UInt8?
  var isEscaped = false
  var isComment = false
  let bytes = text.utf8
  for index in bytes.indices {
    let byte = bytes[index]
    if isComment {
      isComment = byte != UInt8(ascii: "\n")
      continue
    }
    if let open = quote {
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == open {
        quote = nil
      }
      continue
    }
    switch byte {
    case UInt8(ascii: "#"): isComment = true
    case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): break
    case UInt8(ascii: "{"), UInt8(ascii: "<"):
      start = start ?? index
      depth += 1
    case UInt8(ascii: "}"), UInt8(ascii: ">"):
      depth -= 1
      guard depth <= 0 else { continue }
      entries.append((start ?? index)..<bytes.index(after: index))
      start = nil
      depth = 0
    default:
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { quote = byte }
      start = start ?? index
    }
  }
  if let start { entries.append(start..<text.endIndex) }
  return entries
}
