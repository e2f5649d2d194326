extension PlanDraft {
  /// Makes one unit of a convolution or a product of matrices and what follows it of a vector added to every
  /// pixel or row, an addition of a tensor of the same shape as far as is known, and Relu or Relu6.
  mutating func fuseEpilogue() {
    let products = units.compactMap { unit in
      unit.fusedProduct.flatMap { isPure(unit) ? (unit, $0) : nil }
    }
    guard !products.isEmpty else { return }
    let uses = PlanUses(self)
    var fused: [Int: PlanUnit] = [:]
    var absorbed: [Int: Int] = [:]
    for (unit, plain) in products {
      var product = plain
      product.fusion.product = product.fusion.product ?? unit.node
      var inputs = unit.inputs
      var nodes = [unit.node]
      /// The unit that takes the last node's output alone, not yet taken by another product.
      func next() -> PlanUnit? {
        guard let last = nodes.last, let reader = uses.soleReader(of: last),
          reader.node.controlInputs.isEmpty, isPure(reader), fused[reader.node.id] == nil,
          absorbed[reader.node.id] == nil
        else { return nil }
        return reader
      }
      if let reader = next(), product.fusion.constants == nil,
        let bias = addedBias(reader, to: nodes[nodes.count - 1])
      {
        product.fusion.bias = reader.node
        inputs.append(bias)
        nodes.append(reader.node)
      }
      if let reader = next(), let op = reader.op as? any SingleOutputOp, op is Add || op is AddV2,
        let (place, addend) = addend(reader, of: nodes[nodes.count - 1])
      {
        product.fusion.addition = (reader.node, op, place)
        inputs.append(addend)
        nodes.append(reader.node)
      }
      if let reader = next(), reader.op is Relu || reader.op is Relu6 {
        product.fusion.activation = reader.op is Relu ? .relu : .relu6
        nodes.append(reader.node)
      }
      guard nodes.count > 1, let last = nodes.popLast() else { continue }
      for node in nodes { absorbed[node.id] = last.id }
      fused[last.id] = PlanUnit(product, for: last, inputs: inputs)
    }
    fuse(.fuseEpilogue, fused, absorbed: absorbed)
  }

  /// The vector that `reader` adds to every pixel or row of `node`'s output.
  private func addedBias(_ reader: PlanUnit, to node: Node) -> Node.Edge? {
    let shape = node.outputs[0].shape
    guard let rank = shape.rank, rank == 2 || rank == 4, let channels = shape[rank - 1]
    else { return nil }
    let place: Int
    switch reader.op {
    case let op as BiasAdd where op.dataFormat == .nhwc: place = 0
    // A vector that a feed has changed may broadcast.
    case is Add where trustsSpecs, is AddV2 where trustsSpecs:
      place = reader.inputs[0].node == node.id ? 0 : 1
    default: return nil
    }
    guard reader.inputs[place].node == node.id,
      spec(of: reader.inputs[1 - place]).shape.known == [channels]
    else { return nil }
    return reader.inputs[1 - place]
  }

  /// The tensor, like `node`'s output as far as is known, that `reader` adds to it, and the place of
  /// `node`'s output in the sum.
  private func addend(_ reader: PlanUnit, of node: Node) -> (place: Int, Node.Edge)? {
    let place = reader.inputs[0].node == node.id ? 0 : 1
    let other = reader.inputs[1 - place]
    let (shape, otherShape) = (node.outputs[0].shape, spec(of: other).shape)
    guard let rank = shape.rank, rank == 2 || rank == 4, otherShape.rank == rank,
      spec(of: other).dataType == .float32
    else { return nil }
    // Sizes that are not known are compared in the run.
    return (0..<rank).allSatisfy { shape[$0] == otherShape[$0] } ? (place, other) : nil
  }
}
