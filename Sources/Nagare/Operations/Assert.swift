import Foundation

/// Refuses the run unless a condition holds.
struct Assert: Op, NonDifferentiable {
  /// How many elements of each tensor the refusal shows.
  var summarize = 3

  static let name = "Assert"
  static let signature = Signature(
    inputs: ["condition: bool", "data: T"], types: ["T": .anyList], minimumCounts: ["T": 1])
  static let attributes: [Attribute<Self>] = [.attribute("summarize", \.summarize)]
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    _ = try inputs[0].shape.withRank(0)
    return []
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[0].rank == 0 else {
      throw .invalidArgument("In[0] should be a scalar: \(inputs[0].shape)")
    }
    guard inputs[0].buffer(Bool.self)[0] else {
      let data = inputs.dropFirst().map { "[\($0.summary(summarize))]" }
      throw .invalidArgument("assertion failed: \(data.joined(separator: " "))")
    }
    return []
  }
}

extension Tensor {
  /// The first elements as TensorFlow's assertions show them: `1 2 3...`, `[1 2][3]...`.
  func summary(_ limit: Int) -> String {
    let limit = limit < 0 ? count : min(limit, count)
    var text = ""
    for index in 0..<limit {
      let isRowStart = rank > 0 && index % max(1, dimensions[rank - 1]) == 0
      if index > 0, !isRowStart { text += " " }
      // Brackets close and open for each dimension but the last that goes on.
      var size = 1
      for dimension in dimensions.reversed().dropLast() {
        size *= dimension
        guard index % size == 0 else { break }
        if index > 0 { text += "]" }
      }
      size = 1
      for dimension in dimensions.reversed().dropLast() {
        size *= dimension
        guard index % size == 0 else { break }
        text += "["
      }
      text += elementText(index)
    }
    if limit < count, rank > 1, limit % max(1, dimensions[rank - 1]) != 0 { text += "..." }
    if limit > 0 { text += String(repeating: "]", count: max(0, rank - 1)) }
    return limit < count ? text + "..." : text
  }

  private func elementText(_ index: Int) -> String {
    switch dataType {
    case .string: return String(decoding: strings[index], as: UTF8.self)
    case .bool: return buffer(Bool.self)[index] ? "1" : "0"
    case .float32:
      let value = buffer(Float.self)[index]
      let short = String(format: "%.6g", Double(value))
      return Float(short) == value || value.isNaN ? short : String(format: "%.9g", Double(value))
    case .float64:
      let value = buffer(Double.self)[index]
      let short = String(format: "%.15g", value)
      return Double(short) == value || value.isNaN ? short : String(format: "%.17g", value)
    case .uint64: return "\(buffer(UInt64.self)[index])"
    case .int64: return "\(buffer(Int64.self)[index])"
    case .int32: return "\(buffer(Int32.self)[index])"
    case .int16: return "\(buffer(Int16.self)[index])"
    case .int8: return "\(buffer(Int8.self)[index])"
    case .uint8: return "\(buffer(UInt8.self)[index])"
    case .uint16: return "\(buffer(UInt16.self)[index])"
    case .uint32: return "\(buffer(UInt32.self)[index])"
    case .float16: return String(format: "%.4g", Double(buffer(Half.self)[index].float))
    case .bfloat16: return String(format: "%.3g", Double(buffer(BFloat16.self)[index].float))
    default: return "?"
    }
  }
}

extension Graph {
  /// A node that refuses the run, with the first elements of each tensor of `data`, unless `condition`
  /// holds. Other nodes run after it when it is among their control dependencies.
  ///
  /// - Parameters:
  ///   - condition: A `bool` scalar.
  ///   - summarize: How many elements of each tensor the refusal shows.
  ///
  /// TensorFlow: `Assert`, `tf.Assert`.
  public func assert(
    _ condition: Output, _ data: [Output], summarize: Int = 3, name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Node {
    try add(
      Assert(summarize: summarize), [condition] + data, name: name, SourceLocation(file, line))
  }
}
