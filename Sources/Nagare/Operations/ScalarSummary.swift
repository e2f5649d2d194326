import NagareMessages

/// Numbers with their tags, as a summary for an event file.
struct ScalarSummary: NonDifferentiable {
  static let name = "ScalarSummary"
  static let signature = Signature(
    inputs: ["tags: string", "values: T"], outputs: ["summary: string"], types: ["T": .real])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let tags = inputs[0].strings
    guard inputs[0].dimensions == inputs[1].dimensions else {
      let tag = tags.count == 1 ? " (tag '\(String(decoding: tags[0], as: UTF8.self))')" : ""
      throw .invalidArgument(
        "tags and values are not the same shape: \(inputs[0].shape) != \(inputs[1].shape)\(tag)")
    }
    guard let values = inputs[1].doubles else {
      throw .unsupported(Self.name, inputs[1].dataType)
    }
    var summary = Tensorflow_Summary()
    for (tag, value) in zip(tags, values) {
      var entry = Tensorflow_Summary.Value()
      entry.tag = String(decoding: tag, as: UTF8.self)
      entry.simpleValue = Float(value)
      summary.value.append(entry)
    }
    return [try Tensor(summary: summary)]
  }
}

extension Tensor {
  /// A scalar string, the serialized summary.
  init(summary: Tensorflow_Summary) throws(GraphError) {
    let bytes: [UInt8]
    do {
      bytes = try summary.serializedBytes()
    } catch { throw .internalError("Could not serialize a summary: \(error)") }
    try self.init(scalar: bytes)
  }
}

/// A number as a summary, for an event file. The node's name is its tag.
///
/// - Parameters:
///   - name: The name in TensorBoard; made unique in the open scope, other characters become `_`.
///   - value: A scalar of any real type.
/// - Returns: A scalar string, a serialized `Summary`.
///
/// TensorFlow: `ScalarSummary`, `tf.summary.scalar`.
public func scalarSummary(
  _ name: String, _ value: Output, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try value.graph.summary(ScalarSummary(), name, tagInput: "tags", value, .init(file, line))
}

extension Graph {
  /// Adds a summary node and a constant with its own name as the tag.
  func summary(
    _ op: any Op, _ name: String, tagInput: String, _ value: Output, _ location: SourceLocation
  ) throws(GraphError) -> Output {
    let characters = name.map { character in
      character.isASCII
        && (character.isLetter || character.isNumber || "_.\\-/".contains(character))
        ? character : "_"
    }
    let unique = uniqueName(String(characters.drop { $0 == "/" || $0 == "\\" || $0 == "-" }))
    let tag = try constant(
      try Tensor(scalar: Array(unique.utf8)), exactly: "\(unique)/\(tagInput)", location)
    return try insertReserved(op, [tag, value], name: unique, location)
  }
}
