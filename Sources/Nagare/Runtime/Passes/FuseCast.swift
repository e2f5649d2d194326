/// Pictures of bytes, or one of them, as floats in another size.
struct ResizeBilinearOfBytes: WithoutGradient {
  var resize = ResizeBilinear()

  static let name = "_ResizeBilinearOfBytes"
  static let signature = Signature(
    inputs: ["images: uint8", "size: int32"], outputs: ["resized_images: float"])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.unknown] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[0].rank == 3 else { return try resize.compute(inputs, context) }
    let batch = try inputs[0].reshaped([1] + inputs[0].dimensions)
    return try resize.compute([batch, inputs[1]], context)
  }
}

extension PlanDraft {
  /// Makes one unit of a Cast of bytes to floats, an ExpandDims that makes a batch of the picture, if there
  /// is one, and the ResizeBilinear that takes it: its results on bytes are the same bits.
  mutating func fuseCast() {
    let casts = units.filter { $0.isOp(Cast.self) }
    guard !casts.isEmpty else { return }
    let uses = PlanUses(self)
    var fused: [Int: PlanUnit] = [:]
    var absorbed: [Int: Int] = [:]
    for unit in casts {
      guard let cast = unit.op as? Cast, cast.target == .float32,
        spec(of: unit.inputs[0]).dataType == .uint8,
        isPure(unit), var reader = uses.soleReader(of: unit.node),
        reader.node.controlInputs.isEmpty
      else { continue }
      var last = unit.node
      var rank = 4
      if reader.op is ExpandDims, reader.inputs[0].node == last.id,
        spec(of: reader.inputs[1]).integers == [0], let next = uses.soleReader(of: reader.node),
        next.node.controlInputs.isEmpty
      {
        (last, reader, rank) = (reader.node, next, 3)
      }
      guard let resize = reader.op as? ResizeBilinear, reader.inputs[0].node == last.id,
        spec(of: unit.inputs[0]).shape.rank == rank
      else { continue }
      let id = reader.node.id
      fused[id] = PlanUnit(
        ResizeBilinearOfBytes(resize: resize), for: reader.node,
        inputs: [unit.inputs[0], reader.inputs[1]])
      absorbed[unit.node.id] = id
      if last !== unit.node { absorbed[last.id] = id }
    }
    fuse(.fuseCast, fused, absorbed: absorbed)
  }
}
