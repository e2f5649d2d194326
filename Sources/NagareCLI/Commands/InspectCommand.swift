import ArgumentParser
import Nagare

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Say what is in a graph file.",
    discussion: """
      Inputs are the placeholders; outputs are the tensors that nothing in the graph takes; targets \
      are nodes without outputs on which nothing waits. Parameters are the values of the variables, \
      and of the floating-point constants of a frozen graph.

      --plan says how the engine runs a part of the graph: what is computed in which order, which nodes \
      were skipped, folded, merged and fused, and which buffer each value has. With --feed the part is \
      run once, for sizes that are not known before.

      Examples:
        nagare inspect model.pb
        nagare inspect train.meta --plan --feed images=random:8,256,256,1
      """)

  @OptionGroup var work: WorkOptions

  @Flag(help: "Say how a part of the graph is run; the other options choose it.")
  var plan = false

  @Flag(help: "Print JSON, with every variable and the names of all nodes of missing op types.")
  var json = false

  @OptionGroup var logging: LogOptions

  func validate() throws {
    guard plan || work.isDefault else {
      throw ValidationError(
        "--plan goes with the options that choose a part of the graph, and they with it")
    }
  }

  func run() throws {
    let loaded = try LoadedGraph(work.graph)
    if plan {
      let runs = !work.feed.isEmpty
      let prepared = try work.prepare(loaded, initializes: runs, logging.log)
      let trace = RunTrace()
      if runs {
        try during(.running) { () throws(GraphError) in
          _ = try prepared.callable.run(prepared.values, trace: trace)
        }
      }
      let report = PlanReport(plan: prepared.callable.describePlan(trace))
      try StandardOutput.line(json ? report.json.indented : report.text)
      return
    }
    let contents = GraphContents(loaded)
    try StandardOutput.line(
      json
        ? contents.json(work.graph).indented
        : contents.text(work.graph, isComplete: logging.verbose))
  }
}

/// What `nagare inspect` tells of a graph.
private struct GraphContents {
  private let metaGraph: MetaGraph
  private let nodeCount: Int
  private var inputs: [Output] = []
  private var outputs: [Output] = []
  private var targets: [String] = []
  private var operations: [String: Int] = [:]
  private var missing: [String: [String]] = [:]
  private var variables: [(name: String, dataType: DataType, shape: Shape)] = []
  private var constantCount = 0

  init(_ loaded: LoadedGraph) {
    metaGraph = loaded.metaGraph
    let graph = loaded.graph
    let nodes = graph.nodes
    nodeCount = nodes.count
    var taken: Set<Output> = []
    var awaited: Set<Int> = []
    for node in nodes {
      taken.formUnion(graph.inputs(of: node))
      awaited.formUnion(node.controlInputs)
    }
    for node in nodes {
      operations[node.type, default: 0] += 1
      if !node.isImplemented { missing[node.type, default: []].append(node.name) }
      let all = graph.outputs(of: node)
      switch node.type {
      case "Placeholder", "PlaceholderWithDefault", "PlaceholderV2": inputs += all
      case "VariableV2", "Variable", "VarHandleOp":
        guard case .type(let dataType)? = node.attributes["dtype"] else { break }
        var shape = Shape.unknown
        if case .shape(let known)? = node.attributes["shape"] { shape = known }
        variables.append((node.name, dataType, shape))
        continue
      case "Const":
        if let output = all.first, output.dataType.isFloatingPoint {
          constantCount += output.shape.elementCount ?? 0
        }
      default: break
      }
      let isTaken = all.contains { taken.contains($0) }
      if all.isEmpty {
        if !awaited.contains(node.id) { targets.append(node.name) }
      } else if !isTaken, !awaited.contains(node.id) {
        outputs += all
      }
    }
  }

  private var parameterCount: Int {
    variables.reduce(0) { $0 + ($1.shape.elementCount ?? 0) }
  }

  private var parameterBytes: Int {
    variables.reduce(0) { $0 + ($1.shape.elementCount ?? 0) * ($1.dataType.byteCount ?? 0) }
  }

  private var sortedOperations: [(name: String, count: Int)] {
    operations.map { (name: $0.key, count: $0.value) }
      .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
  }

  // MARK: - Text

  func text(_ file: String, isComplete: Bool) -> String {
    let metadata = metaGraph.graph.metadata
    var lines = [
      "\(file): \(nodeCount) nodes of \(operations.count) op types, "
        + "producer version \(metadata.producer), minimum consumer \(metadata.minimumConsumer)"
    ]
    func section(_ title: String, _ items: [[String]]) {
      guard !items.isEmpty else { return }
      let limit = isComplete ? Int.max : 40
      lines += ["", title] + Table.lines(Array(items.prefix(limit)), indent: "  ")
      if items.count > limit {
        lines.append("  … and \(items.count - limit) more (--verbose lists them)")
      }
    }
    func row(_ output: Output) -> [String] {
      [output.name, output.dataType.name, output.shape.tupleDescription]
    }
    section("Inputs", inputs.map(row))
    section("Outputs", outputs.map(row))
    section("Targets", targets.map { [$0] })
    for (name, signature) in metaGraph.signatures.sorted(by: { $0.key < $1.key }) {
      let bindings =
        signature.inputs.sorted { $0.key < $1.key }.map { ["in", $0.key, $0.value.tensor] }
        + signature.outputs.sorted { $0.key < $1.key }.map { ["out", $0.key, $0.value.tensor] }
      section("Signature \(name)", bindings)
    }
    if !variables.isEmpty {
      lines += [
        "",
        "Parameters: \(parameterCount) values in \(variables.count) variables, "
          + "\(parameterBytes) bytes",
      ]
      if isComplete {
        lines += Table.lines(
          variables.map { [$0.name, $0.dataType.name, $0.shape.tupleDescription] }, indent: "  ")
      }
    }
    if constantCount > 0 {
      lines += ["", "Constants: \(constantCount) floating-point values"]
    }
    section("Ops", sortedOperations.map { [String($0.count), $0.name] })
    section(
      "Missing ops, which the engine cannot run",
      missing.sorted { $0.key < $1.key }.map { type, names in
        [String(names.count), type, names.count > 1 ? "\(names[0]), …" : names[0]]
      })
    return lines.joined(separator: "\n")
  }

  // MARK: - JSON

  func json(_ file: String) -> JSON {
    func describe(_ output: Output) -> JSON {
      [
        "name": JSON(output.name), "dtype": JSON(output.dataType.name),
        "shape": JSON(output.shape),
      ]
    }
    func bindings(_ list: [String: MetaGraph.SignatureDefinition.Binding]) -> JSON {
      .object(
        list.sorted { $0.key < $1.key }.map { name, binding in
          JSON.Member(
            name: name,
            value: [
              "tensor": JSON(binding.tensor),
              "dtype": binding.dataType.map { JSON($0.name) } ?? .null,
              "shape": JSON(binding.shape),
            ])
        })
    }
    let metadata = metaGraph.graph.metadata
    let collections = metaGraph.graph.collections.sorted { $0.key < $1.key }
    return [
      "file": JSON(file), "nodes": JSON(nodeCount), "producer": JSON(metadata.producer),
      "min_consumer": JSON(metadata.minimumConsumer), "inputs": .array(inputs.map(describe)),
      "outputs": .array(outputs.map(describe)), "targets": .array(targets.map { JSON($0) }),
      "signatures": .object(
        metaGraph.signatures.sorted { $0.key < $1.key }.map { name, signature in
          JSON.Member(
            name: name,
            value: [
              "inputs": bindings(signature.inputs), "outputs": bindings(signature.outputs),
              "method": JSON(signature.method),
            ])
        }),
      "collections": .object(
        collections.map { JSON.Member(name: $0.key, value: JSON($0.value.count)) }),
      "parameters": [
        "variables": JSON(variables.count), "values": JSON(parameterCount),
        "bytes": JSON(parameterBytes), "constant_values": JSON(constantCount),
      ],
      "variables": .array(
        variables.map {
          [
            "name": JSON($0.name), "dtype": JSON($0.dataType.name), "shape": JSON($0.shape),
          ]
        }),
      "ops": .object(
        sortedOperations.map { JSON.Member(name: $0.name, value: JSON($0.count)) }),
      "missing_ops": .object(
        missing.sorted { $0.key < $1.key }.map { type, names in
          JSON.Member(name: type, value: .array(names.map { JSON($0) }))
        }),
    ]
  }
}

extension JSON {
  /// A list with `null` for an unknown dimension; `null` for an unknown rank.
  init(_ shape: Shape) {
    self = shape.dimensions.map { .array($0.map { $0.map { JSON($0) } ?? .null }) } ?? .null
  }
}

/// Rows of text in columns.
enum Table {
  /// Each row on a line, its cells padded to the width of their column.
  static func lines(_ rows: [[String]], indent: String = "") -> [String] {
    var widths: [Int] = []
    for row in rows {
      for (column, cell) in row.enumerated() {
        if column == widths.count { widths.append(0) }
        widths[column] = max(widths[column], cell.count)
      }
    }
    return rows.map { row in
      var line = indent
      for (column, cell) in row.enumerated() {
        let isNumber = cell.utf8.first.map { (0x30...0x39).contains($0) } ?? false
        let fill = String(repeating: " ", count: widths[column] - cell.count)
        let isLast = column == row.count - 1
        line += isNumber && column == 0 ? fill + cell : isLast ? cell : cell + fill
        if !isLast { line += "  " }
      }
      return line
    }
  }
}
