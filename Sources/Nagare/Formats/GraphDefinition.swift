import NagareMessages
import SwiftProtobuf

extension Graph {
  /// The graph as TensorFlow's `GraphDef`, in binary form.
  ///
  /// - Throws: `resourceExhausted` for a graph over 2 GiB, `unimplemented` for a constant that is no
  ///   value.
  public func serialized() throws(GraphError) -> [UInt8] { try message().binary() }

  /// The graph as TensorFlow's `GraphDef`, in text form.
  ///
  /// - Throws: `unimplemented` for a constant that is no value.
  public func textFormat() throws(GraphError) -> String { try message().textFormatString() }

  func message() throws(GraphError) -> Tensorflow_GraphDef {
    var message = Tensorflow_GraphDef()
    let nodes = nodes
    for node in nodes {
      do {
        message.node.append(try Self.message(node, nodes))
      } catch {
        throw error.at(node: "{{node \(node.name)}}", location: node.location)
      }
    }
    let metadata = metadata
    message.versions.producer = Int32(clamping: metadata.producer)
    message.versions.minConsumer = Int32(clamping: metadata.minimumConsumer)
    message.versions.badConsumers = metadata.badConsumers
    let library = functions.message
    if !library.function.isEmpty { message.library = library }
    return message
  }

  static func message(_ node: Node, _ nodes: [Node]) throws(GraphError)
    -> Tensorflow_NodeDef
  {
    var message = Tensorflow_NodeDef()
    message.name = node.name
    message.op = node.type
    message.input = node.inputs.map { edge in
      let name = nodes[edge.node].name
      return edge.index == 0 ? name : "\(name):\(edge.index)"
    }
    message.input += node.controlInputs.map { "^\(nodes[$0].name)" }
    message.device = node.device
    for (name, value) in node.attributes { message.attr[name] = try value.message() }
    return message
  }
}

extension Graph {
  /// The graph of a TensorFlow `GraphDef`, in binary or text form, told apart by content. Names,
  /// devices, attributes, versions and functions stay as they are. Op types that the engine does not
  /// have are loaded too: such a graph can be looked at, and run where it does not need them.
  ///
  /// - Throws: `dataLoss` for bytes that are no GraphDef; for a graph that is wrong in itself what
  ///   TensorFlow says of it, with the node.
  public convenience init(definition bytes: [UInt8]) throws(GraphError) {
    self.init()
    try importDefinition(bytes)
  }

  /// Adds the nodes of a TensorFlow `GraphDef` to this graph.
  ///
  /// - Parameters:
  ///   - bytes: the message in binary or text form.
  ///   - prefix: put before every name, with a `/` between; names stay as they are when empty.
  /// - Returns: the nodes in the order of the file.
  /// - Throws: as `init(definition:)`, and `invalidArgument` for a name that the graph has already.
  @discardableResult
  public func importDefinition(
    _ bytes: [UInt8], prefix: String = ""
  ) throws(GraphError) -> [Node] {
    let message = try GraphFile(bytes).graph
    return try GraphImporter(message, into: self, prefix: prefix).run()
  }
}

/// What a graph file holds, told by its content.
enum GraphFile {
  case graph(Tensorflow_GraphDef)
  case metaGraph(Tensorflow_MetaGraphDef)

  var graph: Tensorflow_GraphDef {
    switch self {
    case .graph(let graph): graph
    case .metaGraph(let metaGraph): metaGraph.graphDef
    }
  }

  /// - Throws: `dataLoss` for bytes that are none of these messages.
  init(_ bytes: [UInt8]) throws(GraphError) {
    guard let first = bytes.first(where: { !$0.isSpace }) else {
      throw .dataLoss("not a graph: there is nothing in it")
    }
    // The tag of a graph's first node is a line feed, and its length may be a letter: what tells a
    // binary message is the control characters that field numbers and lengths are.
    let isLetter = first < 0x80 && Character(Unicode.Scalar(first)).isLetter
    let isText =
      (first == UInt8(ascii: "#") || isLetter)
      && !bytes.prefix(1 << 16).contains { $0 < 0x20 && !$0.isSpace }
    self = isText ? try Self(text: bytes) : try Self(binary: bytes)
  }

  private init(text bytes: [UInt8]) throws(GraphError) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .dataLoss("not a valid GraphDef in text format: it is not UTF-8")
    }
    switch Self.firstField(text) {
    case "meta_info_def", "graph_def", "saver_def", "collection_def", "signature_def",
      "asset_file_def":
      self = .metaGraph(try Tensorflow_MetaGraphDef(text: text, "MetaGraphDef"))
    case "saved_model_schema_version", "meta_graphs":
      self = try Self(Tensorflow_SavedModel(text: text, "SavedModel"))
    default:
      self = .graph(try Tensorflow_GraphDef(text: text, "GraphDef"))
    }
  }

  /// The name of the first field of a message in text form.
  private static func firstField(_ text: String) -> Substring {
    var rest = text[...]
    while let first = rest.first {
      if first == "#" {
        rest = rest.drop { !$0.isNewline }
      } else if first.isWhitespace {
        rest = rest.drop { $0.isWhitespace }
      } else {
        break
      }
    }
    return rest.prefix { $0.isLetter || $0 == "_" }
  }

  private init(binary bytes: [UInt8]) throws(GraphError) {
    // Each message decodes some files of the other kinds as well, into nodes without names.
    var refusal = GraphError.dataLoss("not a graph: its nodes have no names")
    do {
      let graph = try Tensorflow_GraphDef(binary: bytes, "GraphDef")
      if graph.unknownFields.data.isEmpty, Self.isPlausible(graph), !graph.node.isEmpty {
        self = .graph(graph)
        return
      }
    } catch { refusal = error }
    if let metaGraph = try? Tensorflow_MetaGraphDef(binary: bytes, "MetaGraphDef"),
      metaGraph.hasGraphDef, Self.isPlausible(metaGraph.graphDef)
    {
      self = .metaGraph(metaGraph)
      return
    }
    if let saved = try? Tensorflow_SavedModel(binary: bytes, "SavedModel"),
      !saved.metaGraphs.isEmpty
    {
      self = try Self(saved)
      return
    }
    if let graph = try? Tensorflow_GraphDef(binary: bytes, "GraphDef"),
      graph.unknownFields.data.isEmpty, graph.node.isEmpty, graph.library.function.isEmpty
    {
      self = .graph(graph)
      return
    }
    throw refusal
  }

  private static func isPlausible(_ graph: Tensorflow_GraphDef) -> Bool {
    graph.node.allSatisfy { !$0.name.isEmpty && !$0.op.isEmpty }
  }

  private init(_ saved: Tensorflow_SavedModel) throws(GraphError) {
    guard let metaGraph = saved.metaGraphs.first, saved.metaGraphs.count == 1 else {
      throw .unimplemented(
        "a SavedModel of \(saved.metaGraphs.count) graphs, of which one would have to be chosen")
    }
    self = .metaGraph(metaGraph)
  }
}

extension UInt8 {
  /// Whether this is white space in ASCII.
  fileprivate var isSpace: Bool { self == 0x20 || (0x09...0x0d).contains(self) }
}
