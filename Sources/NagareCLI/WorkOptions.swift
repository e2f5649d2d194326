import ArgumentParser
import Foundation
import Logging
import Nagare

/// The part of a graph that a command runs over and over, and what it is fed.
struct WorkOptions: ParsableArguments {
  @Argument(help: ArgumentHelp(LoadedGraph.help, valueName: "graph"))
  var graph: String

  @Option(
    help: ArgumentHelp(
      "A value for a tensor: as for 'nagare run', or 'random' for seeded random numbers of the "
        + "tensor's type and shape, 'random:8,256,256,1' where the shape is not known.",
      valueName: "name=value"))
  var feed: [String] = []

  @Option(help: ArgumentHelp("A tensor to compute.", valueName: "name"))
  var fetch: [String] = []

  @Option(
    help: ArgumentHelp(
      "A node to run for what it does; without --fetch the collection train_op by default.",
      valueName: "name"))
  var target: [String] = []

  @Option(
    help: ArgumentHelp(
      "A node to run once, after variables have their values: what starts an iterator.",
      valueName: "name"))
  var initialize: [String] = []

  @Option(
    help: ArgumentHelp(
      "A checkpoint that the variables take their values from; they are initialised otherwise.",
      valueName: "prefix"))
  var checkpoint: String?

  @Option(
    help: ArgumentHelp(
      "An optimization to leave out: \(PlanPass.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "pass"))
  var without: [PlanPass] = []

  @OptionGroup var threads: ThreadOptions

  /// Whether the graph alone is given.
  var isDefault: Bool {
    feed.isEmpty && fetch.isEmpty && target.isEmpty && checkpoint == nil && initialize.isEmpty
      && without.isEmpty && threads.threads == nil
  }

  /// What is ready to run.
  struct Work {
    let callable: Callable
    let values: [Tensor]
    let threads: Int
  }

  /// Loads the graph, gives its variables their values and compiles the run.
  func prepare(_ log: Logger) throws -> Work {
    try prepare(try LoadedGraph(graph), log)
  }

  /// The same of a graph that has been loaded.
  ///
  /// - Parameter initializes: Whether variables get values; without, the run is only to be looked at.
  func prepare(
    _ loaded: LoadedGraph, initializes: Bool = true, _ log: Logger
  ) throws -> Work {
    var names = target
    if fetch.isEmpty, target.isEmpty {
      for case .name(let name) in loaded.graph.collections["train_op"] ?? [] { names.append(name) }
      guard !names.isEmpty else {
        throw ToolError(
          .usage, "there is nothing to run, and the graph has no train_op",
          hint: "give --fetch or --target; 'nagare inspect \(graph)' lists what there is")
      }
    }
    var feeds: [Output: Tensor] = [:]
    for argument in feed {
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      let (output, value) =
        parts.count == 2 && parts[1].prefix(6) == "random"
        ? try random(parts[1].dropFirst(6), for: loaded.output(named: parts[0]))
        : try loaded.feed(argument, log)
      guard feeds.updateValue(value, forKey: output) == nil else {
        throw ToolError(.usage, "'\(output.name)' is fed twice")
      }
    }
    let ordered = feeds.sorted { $0.key.name < $1.key.name }
    let fetches = try fetch.map { try loaded.output(named: $0) }
    let targets = try names.map { try loaded.node(named: $0) }
    let first = try initialize.map { try loaded.node(named: $0) }
    let session = try loaded.session(
      threads: threads.threads, passes: PlanPass.allCases.filter { !without.contains($0) },
      checkpoint: checkpoint, log)
    let callable = try during(.running) { () throws(GraphError) in
      if checkpoint == nil, initializes {
        let initializers = loaded.graph.variables().map(\.initializer)
        if !initializers.isEmpty { _ = try session.run([], targets: initializers) }
      }
      if initializes, !first.isEmpty { _ = try session.run([], targets: first) }
      return try session.callable(
        feeds: ordered.map(\.key), fetches: fetches, targets: targets)
    }
    return Work(
      callable: callable, values: ordered.map(\.value),
      threads: threads.threads ?? Machine.current.processors)
  }

  /// Seeded numbers for `output`: uniform in 0..<1, or 0 and 1 for whole numbers.
  private func random(
    _ suffix: Substring, for output: Output
  ) throws -> (Output, Tensor) {
    var dimensions = output.shape.dimensions?.map { $0 ?? 1 }
    if suffix.first == ":" {
      let sizes = suffix.dropFirst().split(separator: ",", omittingEmptySubsequences: false)
        .map { Int($0) }
      dimensions = sizes.contains { $0.map { $0 < 0 } ?? true } ? nil : sizes.compactMap(\.self)
    }
    guard let dimensions, suffix.isEmpty || suffix.first == ":" else {
      throw ToolError(
        .usage, "\(output.name) has the shape \(output.shape), which says too little",
        hint: "give the sizes: '\(output.node.name)=random:1,224,224,3'")
    }
    let value = try during(.running) { () throws(GraphError) in
      let graph = Graph()
      let numbers = try graph.randomUniform(dimensions, seed: 1)
      return try Session(graph).run(
        cast(output.dataType.isFloatingPoint ? numbers : round(numbers), to: output.dataType))
    }
    return (output, value)
  }
}

extension PlanPass: ExpressibleByArgument {}

/// Durations of several runs, in seconds.
struct Timings {
  private let sorted: [Double]

  /// - Precondition: there is at least one.
  init(_ seconds: [Double]) { sorted = seconds.sorted() }

  var minimum: Double { sorted[0] }
  var median: Double { quantile(0.5) }

  /// The least duration that at least this share of the runs did not exceed.
  func quantile(_ share: Double) -> Double {
    sorted[Swift.min(sorted.count - 1, Int((Double(sorted.count) * share).rounded(.up)) - 1)]
  }
}

extension Duration {
  var seconds: Double { self / .seconds(1) }
}

/// Seconds with three digits that count: `1.23 ms`.
func readableTime(_ seconds: Double) -> String {
  for (unit, scale) in [("s", 1.0), ("ms", 1e3), ("µs", 1e6)] where seconds * scale >= 1 {
    return significant(seconds * scale) + " " + unit
  }
  return significant(seconds * 1e9) + " ns"
}

/// A number with three digits that count.
func significant(_ value: Double) -> String {
  String(format: value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value)
}
