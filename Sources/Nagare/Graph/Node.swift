/// A node of a graph: an operation with a name and inputs. It never changes once it is in the graph.
public final class Node: Sendable {
  /// The position in the graph, in the order in which nodes were added.
  public let id: Int
  /// Unique in the graph without regard to case.
  public let name: String
  /// TensorFlow's name of the op type.
  public let type: String
  /// The operation with its attributes.
  public let op: any Op
  /// All attributes as a graph file has them, types and counts included.
  public let attributes: [String: AttributeValue]
  /// The tensors that it takes.
  public let inputs: [Edge]
  /// The ids of the nodes that run before it without giving it anything.
  public let controlInputs: [Int]
  /// What is known of each output.
  public let outputs: [TensorSpec]
  /// TensorFlow's device string; kept, and without effect.
  public let device: String
  /// Where in the user's source it was made: `Module/File.swift:LINE`.
  public let location: String?
  /// Whether each input is handed the variable itself, not its value.
  let takesReference: [Bool]
  /// In a plan, what it is in the graph, where it computes in another layout.
  let original: OriginalNode?

  /// Output `index` of the node with this id.
  public struct Edge: Sendable, Hashable {
    public var node: Int
    public var index: Int
  }

  init(
    id: Int, name: String, type: String, op: any Op, attributes: [String: AttributeValue],
    inputs: [Edge], controlInputs: [Int], outputs: [TensorSpec], device: String,
    location: String?, takesReference: [Bool]
  ) {
    self.id = id
    self.name = name
    self.type = type
    self.op = op
    self.attributes = attributes
    self.inputs = inputs
    self.controlInputs = controlInputs
    self.outputs = outputs
    self.device = device
    self.location = location
    self.takesReference = takesReference
    original = nil
  }

  /// The same node with other properties, for a plan.
  init(
    _ node: Node, id: Int? = nil, name: String? = nil, type: String? = nil, op: any Op,
    attributes: [String: AttributeValue] = [:], outputs: [TensorSpec],
    original: OriginalNode? = nil
  ) {
    self.id = id ?? node.id
    self.name = name ?? node.name
    self.type = type ?? node.type
    self.op = op
    self.attributes = attributes
    inputs = id == nil ? node.inputs : []
    controlInputs = id == nil ? node.controlInputs : []
    self.outputs = outputs
    device = node.device
    location = node.location
    takesReference = id == nil ? node.takesReference : []
    self.original = original
  }
}
