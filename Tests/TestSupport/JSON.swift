/// A value of a JSON file. Numbers stay text, so that each type reads them exactly.
enum JSON: Sendable {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case list([JSON])
  case object([String: JSON])

  /// - Throws: `Golden.Malformed` with the position of what is no JSON.
  init(_ bytes: [UInt8]) throws {
    var parser = Parser(bytes: bytes)
    self = try parser.value()
  }

  private struct Parser {
    let bytes: [UInt8]
    var position = 0

    mutating func value() throws -> JSON {
      switch try next() {
      case UInt8(ascii: "{"): return try object()
      case UInt8(ascii: "["): return try list()
      case UInt8(ascii: "\""): return .string(try string())
      case UInt8(ascii: "t"): return try word("true", .bool(true))
      case UInt8(ascii: "f"): return try word("false", .bool(false))
      case UInt8(ascii: "n"): return try word("null", .null)
      default: return number()
      }
    }

    /// The next byte that is no space, not taken.
    private mutating func next() throws -> UInt8 {
      while position < bytes.count, bytes[position] <= 32 { position += 1 }
      guard position < bytes.count else { throw malformed("an end") }
      return bytes[position]
    }

    private mutating func take(_ byte: Character) throws -> Bool {
      guard try next() == byte.asciiValue else { return false }
      position += 1
      return true
    }

    private func malformed(_ what: String) -> Golden.Malformed {
      Golden.Malformed("\(what) is at byte \(position) of a JSON file")
    }

    private mutating func word(_ text: String, _ value: JSON) throws -> JSON {
      guard bytes[position...].starts(with: text.utf8) else { throw malformed("No \(text)") }
      position += text.utf8.count
      return value
    }

    private mutating func number() -> JSON {
      let start = position
      while position < bytes.count, !Set(",]} \n".utf8).contains(bytes[position]) { position += 1 }
      return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func list() throws -> JSON {
      position += 1
      var items: [JSON] = []
      if try take("]") { return .list(items) }
      repeat { items.append(try value()) } while try take(",")
      guard try take("]") else { throw malformed("No ]") }
      return .list(items)
    }

    private mutating func object() throws -> JSON {
      position += 1
      var members: [String: JSON] = [:]
      if try take("}") { return .object(members) }
      repeat {
        _ = try next()
        let key = try string()
        guard try take(":") else { throw malformed("No :") }
        members[key] = try value()
      } while try take(",")
      guard try take("}") else { throw malformed("No }") }
      return .object(members)
    }

    /// The scripts write ASCII, so an escape is never half of a character.
    private mutating func string() throws -> String {
      position += 1
      var text: [UInt8] = []
      while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
        guard bytes[position] == UInt8(ascii: "\\"), position + 1 < bytes.count else {
          text.append(bytes[position])
          position += 1
          continue
        }
        switch bytes[position + 1] {
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"):
          guard position + 6 <= bytes.count,
            let code = UInt32(
              String(decoding: bytes[(position + 2)..<(position + 6)], as: UTF8.self), radix: 16),
            let scalar = Unicode.Scalar(code)
          else { throw malformed("No character") }
          text += Array(String(Character(scalar)).utf8)
          position += 4
        case let byte: text.append(byte)
        }
        position += 2
      }
      position += 1
      return String(decoding: text, as: UTF8.self)
    }
  }
}
