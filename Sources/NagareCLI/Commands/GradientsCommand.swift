import ArgumentParser
import Nagare

struct GradientsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradients",
    abstract: "Differentiate a graph symbolically.",
    discussion: """
      Adds the nodes that compute the derivatives to the graph. With --output writes the graph \
      with them and prints the names of the derivatives; otherwise runs them and prints their \
      values, or writes them to --output-dir as files named after --with-respect-to. A derivative \
      that is zero everywhere, because nothing depends on the tensor, is None.

      \(FeedValue.help)

      Examples:
        nagare gradients loss.pbtxt --of loss --with-respect-to w b --feed 'x=[[1,2]]'
        nagare gradients loss.pbtxt --of loss --with-respect-to w --output with-gradients.pb
      """)

  @Argument(help: ArgumentHelp(LoadedGraph.help, valueName: "graph"))
  var graph: String

  @Option(help: ArgumentHelp("The tensor to differentiate; several are summed.", valueName: "name"))
  var of: [String]

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("The tensors or variables to differentiate by.", valueName: "name"))
  var withRespectTo: [String]

  @Option(help: ArgumentHelp("A value for a tensor of the graph.", valueName: "name=value"))
  var feed: [String] = []

  @Option(
    help: ArgumentHelp(
      "A checkpoint that the variables take their values from.", valueName: "prefix"))
  var checkpoint: String?

  @Option(help: ArgumentHelp("A folder for the values, as .npy files.", valueName: "dir"))
  var outputDir: String?

  @Option(
    help: ArgumentHelp(
      "A file for the graph with the new nodes: .pb, .pbtxt or .meta.", valueName: "graph"))
  var output: String?

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var threads: ThreadOptions
  @OptionGroup var logging: LogOptions

  func validate() throws {
    if output != nil, outputDir != nil || checkpoint != nil || !feed.isEmpty {
      throw ValidationError(
        "--output writes the graph and runs nothing: it goes without --feed, --checkpoint and "
          + "--output-dir")
    }
  }

  func run() throws {
    let log = logging.log
    let loaded = try LoadedGraph(graph)
    if outputDir != nil { try Results.checkFileNames(withRespectTo) }
    let targets = try of.map { try loaded.output(named: $0) }
    let sources = try withRespectTo.map { try loaded.output(named: $0) }
    let feeds = try loaded.feeds(feed, log)
    let format = try output.map { try GraphFormat(path: $0) }
    let gradients = try during(.running) { () throws(GraphError) in
      try loaded.graph.gradients(of: targets, withRespectTo: sources)
    }
    for (name, gradient) in zip(withRespectTo, gradients) where gradient == nil {
      log.warning("\(of.joined(separator: " + ")) does not depend on \(name)")
    }
    if let output, let format {
      try format.write(loaded.metaGraph, to: output)
      let names = gradients.map { $0?.name }
      if json {
        let members = zip(withRespectTo, names).map { name, gradient in
          JSON.Member(name: name, value: gradient.map { JSON($0) } ?? .null)
        }
        try StandardOutput.line(JSON.object(members).description)
      } else {
        for (name, gradient) in zip(withRespectTo, names) {
          try StandardOutput.line("\(name)  \(gradient ?? "None")")
        }
      }
      return
    }
    let session = try loaded.session(threads: threads.threads, checkpoint: checkpoint, log)
    let values = try during(.running) { () throws(GraphError) in
      try session.run(gradients.compactMap(\.self), feeds: feeds)
    }
    var rest = values[...]
    let found = zip(withRespectTo, gradients).map { name, gradient in
      (name: name, value: gradient == nil ? nil : rest.popFirst())
    }
    try deliver(found)
  }

  private func deliver(_ found: [(name: String, value: Tensor?)]) throws {
    let present = found.compactMap { name, value in value.map { (name, $0) } }
    let results = Results(present.map(\.0), present.map(\.1))
    guard outputDir == nil, present.count < found.count else {
      try results.deliver(outputFolder: outputDir, asJSON: json)
      return
    }
    if json {
      let members = found.map { name, value in
        JSON.Member(name: name, value: value.map { JSON($0) } ?? .null)
      }
      try StandardOutput.line(JSON.object(members).description)
    } else {
      for (_, value) in found { try StandardOutput.line(value?.description ?? "None") }
    }
  }
}
