import ArgumentParser
import Nagare

struct OpsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ops",
    abstract: "List the op types of the engine, their types, and whether they have a gradient.")

  @Argument(help: ArgumentHelp("Only op types whose name contains this.", valueName: "text"))
  var filter: String?

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var logging: LogOptions

  func run() throws {
    let all = OpDescription.all.filter { op in
      filter.map { op.name.lowercased().contains($0.lowercased()) } ?? true
    }
    if json {
      try StandardOutput.line(JSON.array(all.map(Self.json)).indented)
      return
    }
    for op in all {
      let marks = [op.hasGradient ? "gradient" : nil, op.isStateful ? "stateful" : nil]
      let suffix = marks.compactMap(\.self).joined(separator: ", ")
      let inputs = op.inputs.map(\.description).joined(separator: ", ")
      let outputs = op.outputs.map(\.description).joined(separator: ", ")
      try StandardOutput.line(
        "\(op.name)(\(inputs)) -> (\(outputs))" + (suffix.isEmpty ? "" : "  [\(suffix)]"))
      for (name, types) in op.types.sorted(by: { $0.key < $1.key }) {
        try StandardOutput.line("    \(name): \(Self.names(types.allowed))")
      }
    }
  }

  private static func names(_ types: [DataType]) -> String {
    types.count == DataType.allCases.count
      ? "any type" : types.map(\.name).joined(separator: ", ")
  }

  private static func json(_ op: OpDescription) -> JSON {
    func arguments(_ list: [Signature.Argument]) -> JSON {
      .array(
        list.map { argument in
          ["name": JSON(argument.name), "type": JSON(argument.typeDescription)]
        })
    }
    return [
      "name": JSON(op.name), "inputs": arguments(op.inputs), "outputs": arguments(op.outputs),
      "types": .object(
        op.types.sorted { $0.key < $1.key }.map { name, types in
          JSON.Member(name: name, value: .array(types.allowed.map { JSON($0.name) }))
        }),
      "attributes": .object(
        op.attributes.map { JSON.Member(name: $0.name, value: JSON($0.kind)) }),
      "stateful": .bool(op.isStateful), "gradient": .bool(op.hasGradient),
    ]
  }
}
