/// What of a node has the layout of its pictures.
struct LayoutPorts {
  /// Inputs that are pictures, or broadcast with such.
  var pictures: [Int]
  /// Inputs with one element a channel, broadcast with pictures.
  var vectors: [Int] = []
  /// Inputs with a row a dimension of the pictures.
  var lists: [Int] = []
  /// The input that holds an axis.
  var axis: Int?
  /// Whether the first output is a picture, each a list, or none either.
  var output = Output.picture
  /// Whether the kernel computes in the layout that it is given, and not in channels last alone.
  var isFree = true

  enum Output { case picture, list, other }

  /// Of ops with the attribute `data_format`.
  static let formatted: [String: LayoutPorts] = {
    let one = LayoutPorts(pictures: [0], isFree: false)
    let input = LayoutPorts(pictures: [2], lists: [0], isFree: false)
    let filter = LayoutPorts(pictures: [0, 2], output: .other, isFree: false)
    let pair = LayoutPorts(pictures: [0, 1], isFree: false)
    let pooled = LayoutPorts(pictures: [0, 1, 2], isFree: false)
    return [
      "Conv2D": one, "Conv2DBackpropInput": input, "Conv2DBackpropFilter": filter,
      "DepthwiseConv2dNative": one, "DepthwiseConv2dNativeBackpropInput": input,
      "DepthwiseConv2dNativeBackpropFilter": filter, "MaxPool": one, "MaxPoolGrad": pooled,
      "MaxPoolGradGrad": pooled, "AvgPool": one,
      "AvgPoolGrad": LayoutPorts(pictures: [1], lists: [0], isFree: false), "FusedBatchNorm": one,
      "FusedBatchNormV2": one, "FusedBatchNormV3": one, "FusedBatchNormGrad": pair,
      "FusedBatchNormGradV2": pair, "FusedBatchNormGradV3": pair,
      "BiasAdd": LayoutPorts(pictures: [0]),
      "BiasAddGrad": LayoutPorts(pictures: [0], output: .other, isFree: false),
    ]
  }()

  /// Of ops that take tensors of any rank.
  static let general: [String: LayoutPorts] = {
    let one = LayoutPorts(pictures: [0])
    let sized = LayoutPorts(pictures: [0], lists: [1])
    return [
      "Pad": sized, "PadV2": sized, "MirrorPad": sized, "Tile": sized, "BroadcastTo": sized,
      "Slice": LayoutPorts(pictures: [0], lists: [1, 2]),
      "Shape": LayoutPorts(pictures: [0], output: .list), "Identity": one, "StopGradient": one,
      "ZerosLike": one, "OnesLike": one,
    ]
  }()
}

extension PlanDraft {
  /// What of a pure unit has the layout of its pictures, where that is certain.
  func layoutPorts(of unit: PlanUnit, _ constants: [Node.Edge: Tensor]) -> LayoutPorts? {
    let node = unit.node
    guard type(of: unit.op) == type(of: node.op), isPure(unit) else { return nil }
    let shapes = unit.inputs.map { spec(of: $0).shape }
    var ports: LayoutPorts
    if node.channelsFirst {
      guard let known = LayoutPorts.formatted[node.type], node.channelsLast != nil
      else { return nil }
      ports = known
    } else if let known = LayoutPorts.general[node.type] {
      ports = known
    } else if unit.isOp(ShapeN.self) {
      ports = LayoutPorts(pictures: Array(shapes.indices), output: .list)
    } else if unit.isOp(ConcatV2.self) || unit.isOp(Concat.self) {
      let axis = unit.isOp(Concat.self) ? 0 : shapes.count - 1
      guard let place = constants[unit.inputs[axis]]?.integers, place.count == 1,
        (-4..<4).contains(place[0])
      else { return nil }
      ports = LayoutPorts(pictures: shapes.indices.filter { $0 != axis }, axis: axis)
    } else {
      return elementwisePorts(of: unit, shapes)
    }
    let lists = ports.lists.allSatisfy { shapes[$0].rank ?? 0 > 0 && shapes[$0][0] == 4 }
    return lists && ports.pictures.allSatisfy { shapes[$0].rank == 4 } ? ports : nil
  }

  private func elementwisePorts(of unit: PlanUnit, _ shapes: [Shape]) -> LayoutPorts? {
    let broadcasts = unit.op is any ElementwiseBinary
    let isElementwise =
      broadcasts || unit.op is any ElementwiseUnary || unit.op is any FusibleOp
      || [AddN.name, LeakyReluGrad.name, ClipByValue.name, SelectV2.name].contains(unit.node.type)
    guard isElementwise, unit.node.outputs.count == 1,
      unit.node.outputs[0].shape.rank == 4
    else { return nil }
    var ports = LayoutPorts(pictures: [])
    for (index, shape) in shapes.enumerated() where shape.rank != 0 {
      guard let rank = shape.rank, broadcasts ? rank <= 4 : rank == 4 else { return nil }
      let isRepeated = broadcasts && shapes.contains { $0.rank == 4 && $0 != shape }
      if isRepeated, let count = shape.elementCount, count > 1, shape[-3] == count {
        ports.vectors.append(index)
      } else {
        ports.pictures.append(index)
      }
    }
    guard ports.pictures.contains(where: { shapes[$0].rank == 4 }) else { return nil }
    // Rows of few channels take long to go through one by one.
    let output = unit.node.outputs[0].shape
    let channels = output[1] ?? 0
    let isPlain = ports.pictures.allSatisfy { shapes[$0].isCompatible(with: output) }
    return ports.vectors.isEmpty && isPlain || channels >= 8 ? ports : nil
  }
}

extension Node {
  /// Whether its pictures have channels first.
  var channelsFirst: Bool { attributes["data_format"] == .string(Array("NCHW".utf8)) }

  /// The op and the attributes with channels last; `nil` where there is no such.
  var channelsLast: (any Op, [String: AttributeValue])? {
    guard channelsFirst else { return nil }
    var attributes = attributes
    attributes["data_format"] = .string(Array("NHWC".utf8))
    for name in ["strides", "dilations", "ksize"] {
      guard case .ints(let list) = attributes[name] else { continue }
      guard list.count == 4 else { return nil }
      attributes[name] = .ints(DataFormat.nchw.nhwc(list))
    }
    if case .ints(let list) = attributes["explicit_paddings"], !list.isEmpty {
      guard list.count == 8 else { return nil }
      let pairs = (0..<4).map { list[(2 * $0)...(2 * $0 + 1)] }
      attributes["explicit_paddings"] = .ints(DataFormat.nchw.nhwc(pairs).flatMap(\.self))
    }
    guard let op = try? Registry.definition(type)?.decode(attributes) else { return nil }
    return (op, attributes)
  }
}
