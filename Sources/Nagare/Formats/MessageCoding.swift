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
    do {
      try self.init(textFormatString: text, options: options)
    } catch let error as TextFormatDecodingError {
      throw .dataLoss("not a valid \(kind) in text format: \(Self.reason(error))")
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
