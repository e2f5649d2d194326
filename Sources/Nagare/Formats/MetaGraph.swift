import NagareMessages
import SwiftProtobuf

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A graph with what TensorFlow's `MetaGraphDef` says beside it: how to save it, what goes in and
/// comes out. The graph's collections are in the graph.
public struct MetaGraph: Sendable {
  /// The nodes that save and restore a graph's variables: TensorFlow's `SaverDef`.
  public struct Saver: Sendable, Equatable {
    /// The tensor that is fed the checkpoint's prefix: `save/Const:0`.
    public var filenameTensor: String
    /// The tensor that is fetched to save: `save/control_dependency:0`.
    public var saveTensor: String
    /// The node that restores: `save/restore_all`.
    public var restoreNode: String
    /// How many checkpoints are kept; 0 for all.
    public var maximumToKeep: Int

    public init(
      filenameTensor: String, saveTensor: String, restoreNode: String, maximumToKeep: Int = 5
    ) {
      self.filenameTensor = filenameTensor
      self.saveTensor = saveTensor
      self.restoreNode = restoreNode
      self.maximumToKeep = maximumToKeep
    }
  }

  /// One way to use a graph: TensorFlow's `SignatureDef`.
  public struct SignatureDefinition: Sendable, Equatable {
    /// A tensor of the graph under a name of the signature.
    public struct Binding: Sendable, Equatable {
      /// The tensor's name in the graph, `x:0`; empty for one of several parts.
      public var tensor: String
      public var dataType: DataType?
      public var shape: Shape

      init(tensor: String, dataType: DataType?, shape: Shape) {
        (self.tensor, self.dataType, self.shape) = (tensor, dataType, shape)
      }

      /// A tensor of the graph.
      public init(_ output: Output) {
        self.init(tensor: output.name, dataType: output.dataType, shape: output.shape)
      }
    }

    public var inputs: [String: Binding]
    public var outputs: [String: Binding]
    /// What it does: `tensorflow/serving/predict`.
    public var method: String

    public init(inputs: [String: Binding], outputs: [String: Binding], method: String) {
      (self.inputs, self.outputs, self.method) = (inputs, outputs, method)
    }
  }

  public var graph: Graph
  /// All of the message but the graph and its collections, parts without a meaning here among them.
  private var rest: Tensorflow_MetaGraphDef

  /// A meta graph of `graph`.
  public init(_ graph: Graph, saver: Saver? = nil) {
    self.graph = graph
    rest = Tensorflow_MetaGraphDef()
    rest.metaInfoDef.strippedDefaultAttrs = false
    self.saver = saver
  }

  public var saver: Saver? {
    get {
      guard rest.hasSaverDef else { return nil }
      let message = rest.saverDef
      return Saver(
        filenameTensor: message.filenameTensorName, saveTensor: message.saveTensorName,
        restoreNode: message.restoreOpName, maximumToKeep: Int(message.maxToKeep))
    }
    set {
      guard let newValue else {
        rest.clearSaverDef()
        return
      }
      rest.saverDef.filenameTensorName = newValue.filenameTensor
      rest.saverDef.saveTensorName = newValue.saveTensor
      rest.saverDef.restoreOpName = newValue.restoreNode
      rest.saverDef.maxToKeep = Int32(clamping: newValue.maximumToKeep)
      rest.saverDef.keepCheckpointEveryNHours = 10_000
      rest.saverDef.version = .v2
    }
  }

  /// The ways to use the graph, by name.
  public var signatures: [String: SignatureDefinition] {
    get {
      rest.signatureDef.mapValues { message in
        SignatureDefinition(
          inputs: message.inputs.mapValues(Self.binding),
          outputs: message.outputs.mapValues(Self.binding), method: message.methodName)
      }
    }
    set {
      rest.signatureDef = newValue.mapValues { signature in
        .with {
          $0.inputs = signature.inputs.mapValues(Self.message)
          $0.outputs = signature.outputs.mapValues(Self.message)
          $0.methodName = signature.method
        }
      }
    }
  }

  /// The tags by which a SavedModel tells its graphs apart.
  public var tags: [String] {
    get { rest.metaInfoDef.tags }
    set { rest.metaInfoDef.tags = newValue }
  }

  /// The version of TensorFlow that wrote it, if it says.
  public var tensorFlowVersion: String { rest.metaInfoDef.tensorflowVersion }

  private static func binding(_ message: Tensorflow_TensorInfo) -> SignatureDefinition.Binding {
    SignatureDefinition.Binding(
      tensor: message.name, dataType: try? DataType(message.dtype),
      shape: (try? Shape(message.tensorShape)) ?? .unknown)
  }

  private static func message(_ binding: SignatureDefinition.Binding) -> Tensorflow_TensorInfo {
    .with {
      $0.name = binding.tensor
      $0.dtype = binding.dataType?.message ?? .dtInvalid
      $0.tensorShape = binding.shape.message
    }
  }
}

// MARK: - Reading

extension MetaGraph {
  /// Reads a graph file: a GraphDef, a MetaGraphDef or a SavedModel of one graph, in binary or text
  /// form, told apart by content.
  ///
  /// - Throws: what the system refuses, `dataLoss` for a file that is none of these, and what
  ///   TensorFlow says of a graph that is wrong in itself.
  public init(contentsOf path: String) throws(GraphError) {
    let bytes = try FileSystem.read(path)
    do {
      try self.init(serialized: bytes)
    } catch {
      throw error.prefixed(path)
    }
  }

  /// Decodes the same messages.
  ///
  /// - Throws: as `init(contentsOf:)`.
  public init(serialized bytes: [UInt8]) throws(GraphError) {
    graph = Graph()
    switch try GraphFile(bytes) {
    case .graph(let message):
      rest = Tensorflow_MetaGraphDef()
      _ = try GraphImporter(message, into: graph).run()
    case .metaGraph(let message):
      _ = try GraphImporter(
        message.graphDef, into: graph, producerOps: message.metaInfoDef.strippedOpList
      ).run()
      rest = message
      rest.clearGraphDef()
      rest.collectionDef = [:]
      for (name, collection) in message.collectionDef {
        readCollection(name, collection, into: &rest)
      }
    }
  }

  private func readCollection(
    _ name: String, _ collection: Tensorflow_CollectionDef, into rest: inout Tensorflow_MetaGraphDef
  ) {
    switch collection.kind {
    case .nodeList(let list):
      for item in list.value { graph.addToCollection(name, .name(item)) }
    case .bytesList(let list):
      for item in list.value { graph.addToCollection(name, Self.item(item, of: graph, name)) }
    case .int64List(let list):
      for item in list.value { graph.addToCollection(name, .int(item)) }
    case .floatList(let list):
      for item in list.value { graph.addToCollection(name, .float(item)) }
    case .anyList, nil: rest.collectionDef[name] = collection
    }
  }

  /// The collections that hold variables.
  private static let variableCollections: Set<String> = [
    "variables", "trainable_variables", "local_variables", "model_variables",
    "moving_average_variables", "metric_variables", "global_step",
  ]

  private static func item(_ data: Data, of graph: Graph, _ collection: String) -> CollectionItem {
    let bytes = [UInt8](data)
    guard variableCollections.contains(collection),
      let message = try? Tensorflow_VariableDef(binary: bytes, "VariableDef"),
      // A part of a partitioned variable is more than a variable.
      !message.hasSaveSliceInfoDef, message.unknownFields.data.isEmpty,
      let handle = try? graph.output(named: message.variableName),
      let value = try? graph.output(named: message.snapshotName),
      let initializer = graph.node(named: message.initializerName),
      let initial = (try? graph.output(named: message.initialValueName))
        ?? graph.inputs(of: initializer).dropFirst().first
    else { return .bytes(bytes) }
    return .variable(
      Variable(
        handle: handle, value: value, initializer: initializer, initialValue: initial,
        isTrainable: message.trainable || collection == "trainable_variables"))
  }
}

// MARK: - Writing

extension MetaGraph {
  /// The message in binary form.
  ///
  /// - Throws: `resourceExhausted` for a graph over 2 GiB, `unimplemented` for a constant that is no
  ///   value.
  public func serialized() throws(GraphError) -> [UInt8] { try message().binary() }

  /// The message in text form.
  ///
  /// - Throws: as `serialized`.
  public func textFormat() throws(GraphError) -> String { try message().textFormatString() }

  /// Writes the message, in text form when the name ends in `txt`.
  ///
  /// - Throws: as `serialized`, and what the system refuses.
  public func write(to path: String) throws(GraphError) {
    let bytes = path.hasSuffix("txt") ? Array(try textFormat().utf8) : try serialized()
    try DurableFile.write(bytes, to: path)
  }

  func message() throws(GraphError) -> Tensorflow_MetaGraphDef {
    var message = rest
    message.graphDef = try graph.message()
    for (name, items) in graph.collections {
      message.collectionDef[name] = try Self.message(items, name)
    }
    return message
  }

  private static func message(
    _ items: [CollectionItem], _ name: String
  ) throws(GraphError) -> Tensorflow_CollectionDef {
    var message = Tensorflow_CollectionDef()
    for item in items {
      switch item {
      case .name(let name): message.nodeList.value.append(name)
      case .int(let value): message.int64List.value.append(value)
      case .float(let value): message.floatList.value.append(value)
      case .bytes(let bytes): message.bytesList.value.append(Data(bytes))
      case .variable(let variable):
        message.bytesList.value.append(Data(try variable.message.binary()))
      }
    }
    let count =
      message.nodeList.value.count + message.int64List.value.count
      + message.floatList.value.count + message.bytesList.value.count
    guard count == items.count else {
      throw .invalidArgument("The collection '\(name)' has items of several kinds")
    }
    return message
  }
}

extension Variable {
  fileprivate var message: Tensorflow_VariableDef {
    .with {
      $0.variableName = handle.name
      $0.initializerName = initializer.name
      $0.snapshotName = value.name
      $0.initialValueName = initialValue.name
      $0.isResource = isResource
      $0.trainable = isTrainable
    }
  }
}

extension Graph {
  /// Reads a graph file: a GraphDef, a MetaGraphDef or a SavedModel of one graph, in binary or text
  /// form, told apart by content.
  ///
  /// - Throws: as `MetaGraph.init(contentsOf:)`.
  public convenience init(contentsOf path: String) throws(GraphError) {
    let bytes = try FileSystem.read(path)
    do {
      try self.init(definition: bytes)
    } catch {
      throw error.prefixed(path)
    }
  }

  /// Writes the graph as a GraphDef, in text form when the name ends in `txt`.
  ///
  /// - Throws: as `serialized`, and what the system refuses.
  public func write(to path: String) throws(GraphError) {
    let bytes = path.hasSuffix("txt") ? Array(try textFormat().utf8) : try serialized()
    try DurableFile.write(bytes, to: path)
  }
}
