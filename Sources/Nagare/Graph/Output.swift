/// A tensor of a graph that has no value until a session runs: output `index` of a node.
public struct Output: Sendable {
  /// The graph that it belongs to.
  public let graph: Graph
  /// The node that computes it.
  public let node: Node
  /// Which of the node's outputs it is.
  public let index: Int

  /// The type of its elements.
  public var dataType: DataType { spec.dataType }
  /// What is known of its shape.
  public var shape: Shape { spec.shape }
  /// `node:index`, as TensorFlow names a tensor.
  public var name: String { "\(node.name):\(index)" }
  /// All that is known of it.
  public var spec: TensorSpec { node.outputs[index] }

  var edge: Node.Edge { Node.Edge(node: node.id, index: index) }
}

extension Output: Hashable {
  public static func == (left: Output, right: Output) -> Bool {
    left.node === right.node && left.index == right.index
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(node))
    hasher.combine(index)
  }
}

extension Output: CustomStringConvertible {
  /// As TensorFlow prints it: `Tensor("Add:0", shape=(), dtype=int32)`.
  public var description: String {
    let shape = shape.dimensions == nil ? "" : ", shape=\(shape.tupleDescription)"
    return "Tensor(\"\(name)\"\(shape), dtype=\(dataType)\(spec.isReference ? "_ref" : ""))"
  }
}
