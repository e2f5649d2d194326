extension PlanDraft {
  /// Puts a batch normalization by constants into the filter of the convolution before it, which then has
  /// a bias: scale · (filter ∗ x − mean) / √(variance + ε) + offset.
  mutating func foldBatchNormalization() {
    guard units.contains(where: { $0.node.type.hasPrefix("FusedBatchNorm") }) else { return }
    let uses = PlanUses(self)
    let known = constants
    var fused: [Int: PlanUnit] = [:]
    var absorbed: [Int: Int] = [:]
    for unit in units {
      guard var convolution = unit.fusedProduct, isPure(unit), unit.inputs.count == 2,
        let filter = known[unit.inputs[1]],
        let reader = uses.soleReader(of: unit.node), reader.node.controlInputs.isEmpty,
        isPure(reader), let normalization = reader.op as? any FusedBatchNormOp,
        !normalization.normalization.isTraining, normalization.format == .nhwc,
        reader.inputs[0].node == unit.node.id,
        // The statistics are its other outputs.
        !uses.othersAreUsed(of: reader.node),
        let folded = normalization.folded(
          into: filter, isDepthwise: convolution is FusedDepthwiseConv2D,
          reader.inputs.dropFirst().map { known[$0] })
      else { continue }
      convolution.fusion.product = unit.node
      convolution.fusion.constants = folded
      absorbed[unit.node.id] = reader.node.id
      fused[reader.node.id] = PlanUnit(convolution, for: reader.node, inputs: [unit.inputs[0]])
    }
    fuse(.foldBatchNormalization, fused, absorbed: absorbed)
  }
}

extension FusedBatchNormOp {
  /// A filter and a bias that do with a convolution what normalizing does after it.
  ///
  /// - Parameter vectors: Scale, offset, mean and variance.
  fileprivate func folded(
    into filter: Tensor, isDepthwise: Bool, _ vectors: [Tensor?]
  ) -> (filter: Tensor, bias: Tensor)? {
    let vectors = vectors.compactMap { try? $0?.elements(Float.self) }
    guard vectors.count == 4, filter.rank == 4, var elements = try? filter.elements(Float.self)
    else { return nil }
    let (scale, offset, mean, variance) = (vectors[0], vectors[1], vectors[2], vectors[3])
    let channels = scale.count
    // The channels of a depthwise filter are those of its last two dimensions.
    let outputs = filter.dimensions.suffix(isDepthwise ? 2 : 1).reduce(1, *)
    guard channels > 0, channels == outputs, filter.count % channels == 0,
      vectors.allSatisfy({ $0.count == channels })
    else { return nil }
    var slope = [Float](repeating: 0, count: channels)
    var bias = slope
    for c in 0..<channels {
      slope[c] = scale[c] / (variance[c] + normalization.epsilon).squareRoot()
      bias[c] = offset[c] - mean[c] * slope[c]
    }
    for start in stride(from: 0, to: elements.count, by: channels) {
      for c in 0..<channels { elements[start + c] *= slope[c] }
    }
    guard let scaled = try? Tensor(elements).reshaped(filter.dimensions),
      let added = try? Tensor(bias)
    else { return nil }
    scaled.storage.packing.withLock { $0.isConstant = true }
    return (scaled, added)
  }
}
