/// A convolution, what is done with its results, and max pooling in one kernel: of each 2×2 results only
/// the largest leaves it.
struct PooledConvolution: WithoutGradient {
  var convolution = FusedConv2D()
  var pooling = Pooling.plain(MaxPool())

  enum Pooling {
    case plain(MaxPool)
    case winners(MaxPoolWinners)
  }

  static let name = "_FusedConv2DMaxPool"
  static let signature = Signature(
    inputs: ["inputs: T"], outputs: ["output: T", "winners: uint8"],
    types: ["T": .of(.float32)])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.unknown, .unknown] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let (operands, epilogue) = convolution.operands(inputs)
    let winners: MaxPoolWinners? = if case .winners(let op) = pooling { op } else { nil }
    // Windows of odd pictures end within a tile, and few channels have another kernel.
    do throws(GraphError) {
      if let results = try convolution.plain.convolveAndPool(
        operands, context, epilogue, keepsWinners: winners != nil, size: winners?.size)
      {
        return results
      }
    } catch {
      throw convolution.fusion.located(error, operands)
    }
    let whole = [try convolution.computeOutput(inputs, context)]
    return switch pooling {
    case .plain(let pooling): try pooling.compute(whole, context)
    case .winners(let pooling): try pooling.compute(whole, context)
    }
  }
}

extension PooledConvolution: MultiplyAddOp {
  func multiplyAdds(_ inputs: [[Int]], _ outputs: [[Int]]) -> Double {
    4 * convolution.multiplyAdds(inputs, outputs)
  }
}

extension PlanDraft {
  /// Makes one unit of a convolution and the max pooling of 2×2 pixels that alone takes its results.
  mutating func fusePooling() {
    let convolutions = units.filter { $0.isOp(FusedConv2D.self) && isPure($0) }
    guard !convolutions.isEmpty else { return }
    let uses = PlanUses(self)
    var fused: [Int: PlanUnit] = [:]
    var absorbed: [Int: Int] = [:]
    for unit in convolutions {
      guard let convolution = unit.op as? FusedConv2D, convolution.fusion.addition == nil,
        let reader = uses.soleReader(of: unit.node), isPure(reader),
        reader.node.controlInputs.isEmpty
      else { continue }
      let pooling: PooledConvolution.Pooling
      switch reader.op {
      case let op as MaxPool where op.halves:
        pooling = .plain(op)
      case let op as MaxPoolWinners
      where op.pooling.halves && op.relu == (convolution.fusion.activation != .none):
        pooling = .winners(op)
      default: continue
      }
      fused[reader.node.id] = PlanUnit(
        PooledConvolution(convolution: convolution, pooling: pooling), for: reader.node,
        inputs: unit.inputs, outputCount: reader.outputs.count)
      absorbed[unit.node.id] = reader.node.id
    }
    fuse(.fusePooling, fused, absorbed: absorbed)
  }
}

extension MaxPool {
  /// Whether windows are 2×2 pixels and do not overlap.
  fileprivate var halves: Bool {
    dataFormat == .nhwc && padding != .explicit && window.size == [1, 2, 2, 1]
      && window.strides == window.size
  }
}
