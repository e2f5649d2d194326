import ArgumentParser
import Nagare

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Write a graph in another form.",
    discussion: """
      The ending of OUT decides: .pb is a binary GraphDef, .pbtxt a GraphDef as text, .meta a binary \
      MetaGraphDef, .meta.pbtxt a MetaGraphDef as text. A GraphDef has no room for the collections, \
      signatures and saver of a MetaGraphDef.
      """)

  @Argument(help: ArgumentHelp(LoadedGraph.help, valueName: "in"))
  var input: String

  @Argument(help: ArgumentHelp("The file to write.", valueName: "out"))
  var output: String

  @OptionGroup var logging: LogOptions

  func run() throws {
    let format = try GraphFormat(path: output)
    let loaded = try LoadedGraph(input)
    let meta = loaded.metaGraph
    if case .graph = format,
      meta.saver != nil || !meta.signatures.isEmpty
        || !loaded.graph.collections.isEmpty
    {
      logging.log.warning("\(output) has no collections, signatures and saver; .meta would")
    }
    try format.write(meta, to: output)
    logging.log.info("\(output): \(loaded.graph.nodeCount) nodes")
  }
}
