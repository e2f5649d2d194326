import Foundation
import Synchronization

/// The same tensor; a run that computes it prints others to the standard error stream.
struct Print: Op {
  var message = ""
  /// How often it prints; always when negative.
  var firstN = -1
  /// How many elements of each tensor it prints.
  var summarize = 3

  static let name = "Print"
  static let signature = Signature(
    inputs: ["input: T", "data: U"], outputs: ["output: T"],
    types: ["T": .any, "U": .anyList])
  static let attributes: [Attribute<Self>] = [
    .attribute("message", \.message), .attribute("first_n", \.firstN),
    .attribute("summarize", \.summarize),
  ]
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [inputs[0].shape] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let times = try context.resources.resource("\(Self.name)/\(context.nodeName)") { PrintCount() }
    if firstN < 0 || times.next() < firstN {
      let data = inputs.dropFirst().map { "[\($0.summary(summarize))]" }
      FileHandle.standardError.write(Data("\(message)\(data.joined())\n".utf8))
    }
    return [inputs[0]]
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try node.gradient] + [Output?](repeating: nil, count: node.inputs.count - 1)
  }
}

/// How often a node has printed in a session.
private final class PrintCount: Resource {
  private let count = Mutex(0)

  func next() -> Int {
    count.withLock { count in
      defer { count += 1 }
      return count
    }
  }
}

/// `input`; a run that computes it prints `message` and the first elements of `data` to the standard
/// error stream.
///
/// - Parameters:
///   - firstN: How often it prints; always when negative.
///   - summarize: How many elements of each tensor it prints.
///
/// TensorFlow: `Print`, `tf.Print`.
public func printing(
  _ input: Output, _ data: [Output], message: String = "", firstN: Int = -1, summarize: Int = 3,
  name: String? = nil, file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try input.graph.output(
    Print(message: message, firstN: firstN, summarize: summarize), [input] + data, name: name,
    SourceLocation(file, line))
}
