/// A JSON value. Numbers are kept as they are written, so that none loses digits; strings are bytes.
indirect enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(String)
  case string([UInt8])
  case array([JSON])
  case object([Member])

  /// A member of an object; objects keep the order in which they are written.
  struct Member: Sendable, Equatable {
    var name: String
    var value: JSON
  }
}

// MARK: - Making

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByNilLiteral
{
  init(stringLiteral value: String) { self.init(value) }
  init(integerLiteral value: Int) { self.init(value) }
  init(booleanLiteral value: Bool) { self = .bool(value) }
  init(arrayLiteral elements: JSON...) { self = .array(elements) }
  init(nilLiteral: ()) { self = .null }
  init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(elements.map { Member(name: $0, value: $1) })
  }

  init(_ text: String) { self = .string(Array(text.utf8)) }
  init(_ number: some BinaryInteger) { self = .number(String(number)) }

  /// JSON has no word for what is not finite; it becomes the string `NaN`, `Infinity`, `-Infinity`.
  init<T: BinaryFloatingPoint & LosslessStringConvertible>(_ number: T) {
    if number.isFinite {
      self = .number(number.description)
    } else {
      self.init(number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity")
    }
  }
}

// MARK: - Writing

extension JSON: CustomStringConvertible {
  /// On one line. A string that is not UTF-8 becomes `{"b64": …}`, as in TensorFlow's own JSON.
  var description: String {
    var text = ""
    write(to: &text, indent: nil)
    return text
  }

  /// With a line for each member of an object, and for each array of objects.
  var indented: String {
    var text = ""
    write(to: &text, indent: "")
    return text
  }

  private func write(to text: inout String, indent: String?) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .number(let number): text += number
    case .string(let bytes):
      guard let string = String(validating: bytes, as: UTF8.self) else {
        text += "{\"b64\": \"\(Self.base64(bytes))\"}"
        return
      }
      Self.write(string, to: &text)
    case .array(let elements):
      var inner = indent.map { $0 + "  " }
      if !elements.contains(where: { if case .object = $0 { true } else { false } }) { inner = nil }
      Self.write(elements, "[", "]", to: &text, indent, inner) { element, text in
        element.write(to: &text, indent: inner)
      }
    case .object(let members):
      let inner = indent.map { $0 + "  " }
      Self.write(members, "{", "}", to: &text, indent, inner) { member, text in
        Self.write(member.name, to: &text)
        text += ": "
        member.value.write(to: &text, indent: inner)
      }
    }
  }

  private static func write<T>(
    _ items: [T], _ open: String, _ close: String, to text: inout String, _ outer: String?,
    _ inner: String?, _ body: (T, inout String) -> Void
  ) {
    text += open
    for (index, item) in items.enumerated() {
      if index > 0 { text += inner == nil ? ", " : "," }
      if let inner { text += "\n" + inner }
      body(item, &text)
    }
    if inner != nil, !items.isEmpty { text += "\n" + (outer ?? "") }
    text += close
  }

  private static func write(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{0}"..<"\u{20}", "\u{7f}", "\u{2028}", "\u{2029}":
        let hex = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }

  private static func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var result: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for digit in 0..<4 {
        result.append(
          digit <= group.count ? alphabet[bits >> (18 - 6 * digit) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}

// MARK: - Reading

extension JSON {
  /// What a text is read as.
  enum Grammar {
    /// JSON and nothing else.
    case strict
    /// A value on the command line: JSON, and how Python and NumPy write the same things: `True`,
    /// `nan`, `1.`, `'text'`, `b'\xff'`, `(1, 2)`, `[1 2]`.
    case literal
  }

  /// What is wrong with a text, and at which byte of it.
  struct SyntaxError: Error {
    var message: String
    var position: Int
  }

  /// Lists and objects within one another, at most: a tensor has no more dimensions.
  private static let depthLimit = 256

  init(parsing text: [UInt8], as grammar: Grammar = .strict) throws(SyntaxError) {
    var parser = Parser(text: text, grammar: grammar)
    self = try parser.document()
  }

  private struct Parser {
    let text: [UInt8]
    let grammar: Grammar
    var position = 0
    var depth = 0

    func fail(_ message: String) -> SyntaxError {
      SyntaxError(message: message, position: position)
    }

    var next: UInt8? { position < text.count ? text[position] : nil }

    func found() -> String {
      guard let next else { return "the end" }
      return next < 0x80 && next > 0x20 ? "'\(Character(Unicode.Scalar(next)))'" : "byte \(next)"
    }

    mutating func skipSpace() {
      while let next, next == 0x20 || (9...13).contains(next) { position += 1 }
    }

    mutating func take(_ byte: UInt8) -> Bool {
      guard next == byte else { return false }
      position += 1
      return true
    }

    mutating func document() throws(SyntaxError) -> JSON {
      skipSpace()
      let result = try value()
      skipSpace()
      guard next == nil else { throw fail("\(found()) after the end of the value") }
      return result
    }

    mutating func value() throws(SyntaxError) -> JSON {
      guard let next else { throw fail("a value is missing") }
      switch next {
      case UInt8(ascii: "["): return try list(closing: UInt8(ascii: "]"))
      case UInt8(ascii: "(") where grammar == .literal:
        return try list(closing: UInt8(ascii: ")"))
      case UInt8(ascii: "{"): return try object()
      case UInt8(ascii: "\""): return .string(try string())
      case UInt8(ascii: "'") where grammar == .literal: return .string(try string())
      default: break
      }
      if grammar == .literal, next == UInt8(ascii: "b"), position + 1 < text.count,
        [UInt8(ascii: "'"), UInt8(ascii: "\"")].contains(text[position + 1])
      {
        position += 1
        return .string(try string())
      }
      return try word()
    }

    /// A number or one of a few words.
    mutating func word() throws(SyntaxError) -> JSON {
      let start = position
      while let next, isWordByte(next) { position += 1 }
      let word = String(decoding: text[start..<position], as: UTF8.self)
      switch word {
      case "true": return .bool(true)
      case "false": return .bool(false)
      case "null": return .null
      case "True" where grammar == .literal: return .bool(true)
      case "False" where grammar == .literal: return .bool(false)
      default: break
      }
      if Self.isNumber(word, grammar) { return .number(word) }
      position = start
      throw fail(word.isEmpty ? "\(found()) is not expected" : "'\(word)' is not a value")
    }

    func isWordByte(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "+"),
        UInt8(ascii: "-"), UInt8(ascii: "_"):
        true
      default: false
      }
    }

    static func isNumber(_ word: String, _ grammar: Grammar) -> Bool {
      var rest = Substring(word)
      if rest.first == "-" || (grammar == .literal && rest.first == "+") { rest.removeFirst() }
      if grammar == .literal, ["nan", "inf", "infinity"].contains(rest.lowercased()) {
        return true
      }
      let whole = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(whole.count)
      var fraction = Substring()
      if rest.first == "." {
        fraction = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(1 + fraction.count)
        if grammar == .strict, fraction.isEmpty { return false }
      }
      if whole.isEmpty, fraction.isEmpty || grammar == .strict { return false }
      if grammar == .strict, whole.count > 1, whole.first == "0" { return false }
      if rest.first == "e" || rest.first == "E" {
        rest.removeFirst()
        if rest.first == "-" || rest.first == "+" { rest.removeFirst() }
        guard !rest.isEmpty, rest.allSatisfy({ $0.isASCII && $0.isNumber }) else { return false }
        return true
      }
      return rest.isEmpty
    }

    mutating func list(closing: UInt8) throws(SyntaxError) -> JSON {
      try enter()
      defer { depth -= 1 }
      var elements: [JSON] = []
      skipSpace()
      while !take(closing) {
        if !elements.isEmpty {
          let isSeparated = take(UInt8(ascii: ","))
          skipSpace()
          if grammar == .literal, take(closing) { break }
          guard isSeparated || grammar == .literal else {
            throw fail("\(found()) in place of ',' or ']'")
          }
        }
        guard next != nil else { throw fail("'\(Character(Unicode.Scalar(closing)))' is missing") }
        elements.append(try value())
        // Without this, `1-2` would be two numbers.
        if let next, isWordByte(next) { throw fail("\(found()) is not expected") }
        skipSpace()
      }
      return .array(elements)
    }

    mutating func object() throws(SyntaxError) -> JSON {
      try enter()
      defer { depth -= 1 }
      var members: [JSON.Member] = []
      skipSpace()
      while !take(UInt8(ascii: "}")) {
        if !members.isEmpty {
          guard take(UInt8(ascii: ",")) else { throw fail("\(found()) in place of ',' or '}'") }
          skipSpace()
        }
        guard next == UInt8(ascii: "\"") else { throw fail("\(found()) in place of a name") }
        let start = position
        guard let name = String(validating: try string(), as: UTF8.self) else {
          throw SyntaxError(message: "a name is not UTF-8", position: start)
        }
        guard !members.contains(where: { $0.name == name }) else {
          throw SyntaxError(message: "'\(name)' is there twice", position: start)
        }
        skipSpace()
        guard take(UInt8(ascii: ":")) else { throw fail("\(found()) in place of ':'") }
        skipSpace()
        members.append(JSON.Member(name: name, value: try value()))
        skipSpace()
      }
      return .object(members)
    }

    mutating func enter() throws(SyntaxError) {
      position += 1
      depth += 1
      guard depth <= JSON.depthLimit else {
        throw fail("more than \(JSON.depthLimit) lists within one another")
      }
    }

    mutating func string() throws(SyntaxError) -> [UInt8] {
      let quote = text[position]
      position += 1
      var bytes: [UInt8] = []
      while let byte = next {
        if byte == quote {
          position += 1
          return bytes
        }
        guard byte == UInt8(ascii: "\\") else {
          if grammar == .strict, byte < 0x20 { throw fail("a string is not closed on its line") }
          bytes.append(byte)
          position += 1
          continue
        }
        position += 1
        try escape(into: &bytes)
      }
      throw fail("\(Character(Unicode.Scalar(quote))) is missing at the end of a string")
    }

    mutating func escape(into bytes: inout [UInt8]) throws(SyntaxError) {
      guard let kind = next else { throw fail("a string ends in '\\'") }
      position += 1
      switch kind {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(kind)
      case UInt8(ascii: "'") where grammar == .literal: bytes.append(kind)
      case UInt8(ascii: "n"): bytes.append(10)
      case UInt8(ascii: "t"): bytes.append(9)
      case UInt8(ascii: "r"): bytes.append(13)
      case UInt8(ascii: "b"): bytes.append(8)
      case UInt8(ascii: "f"): bytes.append(12)
      case UInt8(ascii: "x") where grammar == .literal:
        bytes.append(UInt8(truncatingIfNeeded: try hex(2)))
      case UInt8(ascii: "u"):
        var code = try hex(4)
        if (0xD800..<0xDC00).contains(code), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
          let low = try hex(4)
          guard (0xDC00..<0xE000).contains(low) else {
            throw fail("half of a character is missing")
          }
          code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else {
          throw fail("half of a character is missing")
        }
        bytes += Array(String(Character(scalar)).utf8)
      default: throw fail("'\\\(Character(Unicode.Scalar(kind)))' has no meaning")
      }
    }

    mutating func hex(_ count: Int) throws(SyntaxError) -> UInt32 {
      guard text.count - position >= count,
        let code = UInt32(
          String(decoding: text[position..<(position + count)], as: UTF8.self), radix: 16)
      else { throw fail("\(count) hexadecimal digits are missing") }
      position += count
      return code
    }
  }
}
