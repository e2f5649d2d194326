/// What a plan computes at once: a node, or several that a pass has made one.
struct PlanUnit: Sendable {
  /// The node whose outputs these are, and which errors name.
  let node: Node
  /// What is computed: the node's own op, or the one that a pass has put in its place.
  let op: any Op
  var inputs: [Node.Edge]
  /// Whether each input is handed the variable itself, not its value.
  let takesReference: [Bool]
  /// How many outputs there are: fewer than the node's where nothing takes the others, or more.
  private let outputCount: Int

  init(_ node: Node) {
    self.node = node
    op = node.op
    inputs = node.inputs
    takesReference = node.takesReference
    outputCount = node.outputs.count
  }

  /// `op` in the place of `node`, on values alone; `outputCount` where it has outputs that the node has
  /// not.
  init(
    _ op: any Op, for node: Node, inputs: [Node.Edge] = [], outputCount: Int? = nil
  ) {
    self.node = node
    self.op = op
    self.inputs = inputs
    takesReference = [Bool](repeating: false, count: inputs.count)
    self.outputCount = op is any SingleOutputOp ? 1 : outputCount ?? node.outputs.count
  }

  /// The values of the outputs, where they are part of the graph or known from such.
  var constants: [Tensor]? {
    // Casts take longer to fail than types to compare.
    if isOp(Const.self) { return (op as? Const).map { [$0.value] } }
    if isOp(Folded.self) { return (op as? Folded)?.values }
    return nil
  }

  /// Whether what is computed is this op.
  func isOp(_ type: any Op.Type) -> Bool { Swift.type(of: op) == type }

  /// The outputs.
  var outputs: [Node.Edge] {
    (0..<outputCount).map { Node.Edge(node: node.id, index: $0) }
  }
}
