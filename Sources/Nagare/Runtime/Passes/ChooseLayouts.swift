/// A tensor as one with another layout takes it.
struct Rearranged: SingleOutputOp, WithoutGradient {
  enum Content {
    /// Its dimensions are brought into another order.
    case picture
    /// Its first dimension has a row for each dimension of a picture.
    case list
    /// It has one element a channel.
    case vector
  }

  /// Dimension `i` of the result is `order[i]` of the input, before whose own are ones if need be.
  var order: [Int] = []
  var content = Content.picture

  static let name = "_Transpose"
  static let signature = Signature(inputs: ["x: T"], outputs: ["y: T"], types: ["T": .any])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    let shape = inputs[0].shape
    if content == .vector { return [.vector(shape.elementCount)] }
    guard content == .picture, let dimensions = shape.dimensions else { return [shape] }
    let all = [Int?](repeating: 1, count: max(0, order.count - dimensions.count)) + dimensions
    guard all.count == order.count else {
      throw .internalError("\(shape) has not the \(order.count) dimensions expected")
    }
    return [Shape(order.map { all[$0] })]
  }

  func computeOutput(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    let x = inputs[0]
    if content == .vector { return try x.reshaped([x.count]) }
    if content == .list {
      guard x.rank > 0, x.dimensions[0] == order.count, let numbers = x.integers else {
        throw .internalError("\(x.shape) is no list of \(order.count) dimensions")
      }
      let width = x.count / order.count
      let rows = order.map { numbers[($0 * width)..<(($0 + 1) * width)] }
      return try Tensor(sizes: rows.flatMap(\.self), x.dataType).reshaped(x.dimensions)
    }
    guard let dimensions = try infer([TensorSpec(x.dataType, x.shape)])[0].known else { return x }
    let ones = [Int](repeating: 1, count: order.count - x.rank)
    let whole = ones.isEmpty ? x : try x.reshaped(ones + x.dimensions)
    if x.dataType.byteCount != nil, order == Form.channelsLast {
      return try whole.channelsLast(from: .nchw, context)
    }
    if x.dataType.byteCount != nil, order == Form.channelsFirst {
      return try whole.arranged(as: .nchw, context)
    }
    let steps = StridedCopy.steps(whole.dimensions)
    return try whole.part(dimensions, steps: order.map { steps[$0] }, context)
  }
}

/// A node of the graph that computes with channels last in a plan.
struct OriginalNode: Sendable {
  let node: Node
  /// What makes its inputs of those in the plan, by place.
  let rearranged: [Int: Rearranged]
  /// The input that holds an axis, and that axis.
  let axis: (place: Int, value: Tensor)?

  /// What the node says to its inputs as the graph has them in the place of `error`; `nil` where these are
  /// not inputs of the node in the plan.
  func refusal(_ error: GraphError, _ inputs: [Tensor]) -> GraphError? {
    guard inputs.count == node.inputs.count else { return nil }
    var inputs = inputs
    if let axis { inputs[axis.place] = axis.value }
    for (place, op) in rearranged {
      guard let input = try? op.computeOutput([inputs[place]], .folding) else { return nil }
      inputs[place] = input
    }
    do throws(GraphError) {
      if error.code != .resourceExhausted {
        _ = try node.op.compute(inputs, KernelContext(folding: node))
      }
      return Plan.located(error, node, inputs)
    } catch {
      return Plan.located(error, node, inputs)
    }
  }
}

extension PlanDraft {
  /// Has pictures with channels first computed with channels last wherever that takes fewer bytes to
  /// transpose, and leaves out transpositions that undo one another.
  mutating func chooseLayouts() {
    let mayGain = units.contains { $0.isOp(Transpose.self) || $0.node.channelsFirst }
    guard mayGain, trustsSpecs else { return }
    var layouts = Layouts(self)
    layouts.choose()
    if layouts.gains { layouts.rewrite(&self) }
  }
}

/// A value with its dimensions in an order.
private struct Form: Hashable {
  let value: Node.Edge
  /// Dimension `i` of the form is `order[i]` of the value; empty for the value as the graph has it.
  var order: [Int] = []
  var content = Rearranged.Content.picture

  static let channelsLast = DataFormat.nchw.nhwc([0, 1, 2, 3])
  static let channelsFirst = DataFormat.nchw.arranged(0, 1, 2, 3)

  /// This form with its dimensions in another order.
  func transposed(_ permutation: [Int], _ content: Rearranged.Content = .picture) -> Form {
    let order = permutation.map { self.order.isEmpty ? $0 : self.order[$0] }
    let isPlain = order == Array(order.indices)
    return Form(
      value: value, order: isPlain ? [] : order, content: isPlain ? .picture : content)
  }

  /// The order of this form's dimensions in another of the value.
  func order(of other: Form) -> [Int] {
    let all = Array(0..<max(order.count, other.order.count))
    let (from, to) = (order.isEmpty ? all : order, other.order.isEmpty ? all : other.order)
    return to.compactMap { from.firstIndex(of: $0) }
  }
}

/// What of a node has the layout of its pictures.
private struct Ports {
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
  static let formatted: [String: Ports] = {
    let one = Ports(pictures: [0], isFree: false)
    let input = Ports(pictures: [2], lists: [0], isFree: false)
    let filter = Ports(pictures: [0, 2], output: .other, isFree: false)
    let pair = Ports(pictures: [0, 1], isFree: false)
    let pooled = Ports(pictures: [0, 1, 2], isFree: false)
    return [
      "Conv2D": one, "Conv2DBackpropInput": input, "Conv2DBackpropFilter": filter,
      "DepthwiseConv2dNative": one, "DepthwiseConv2dNativeBackpropInput": input,
      "DepthwiseConv2dNativeBackpropFilter": filter, "MaxPool": one, "MaxPoolGrad": pooled,
      "MaxPoolGradGrad": pooled, "AvgPool": one,
      "AvgPoolGrad": Ports(pictures: [1], lists: [0], isFree: false), "FusedBatchNorm": one,
      "FusedBatchNormV2": one, "FusedBatchNormV3": one, "FusedBatchNormGrad": pair,
      "FusedBatchNormGradV2": pair, "FusedBatchNormGradV3": pair, "BiasAdd": Ports(pictures: [0]),
      "BiasAddGrad": Ports(pictures: [0], output: .other, isFree: false),
    ]
  }()

  /// Of ops that take tensors of any rank.
  static let general: [String: Ports] = [
    "Pad": Ports(pictures: [0], lists: [1]), "PadV2": Ports(pictures: [0], lists: [1]),
    "MirrorPad": Ports(pictures: [0], lists: [1]), "Tile": Ports(pictures: [0], lists: [1]),
    "BroadcastTo": Ports(pictures: [0], lists: [1]),
    "Slice": Ports(pictures: [0], lists: [1, 2]), "Shape": Ports(pictures: [0], output: .list),
    "Identity": Ports(pictures: [0]), "StopGradient": Ports(pictures: [0]),
    "ZerosLike": Ports(pictures: [0]), "OnesLike": Ports(pictures: [0]),
  ]
}

/// Which units of a plan compute with channels last what the graph has with channels first.
private struct Layouts {
  private let draft: PlanDraft
  private let units: [PlanUnit]
  /// By position.
  private var ports: [Ports?]
  private var isMoved: [Bool]
  private var known: [Node.Edge: Tensor]
  /// What transpositions give.
  private var forms: [Node.Edge: Form] = [:]
  private var transpositions: [Form: Node] = [:]
  private var transposedBytes = 0
  private var producer: [Node.Edge: Int] = [:]
  private var readers: [Node.Edge: [(position: Int, input: Int)]] = [:]
  private var fetched: [Node.Edge: Set<Form>] = [:]

  init(_ draft: PlanDraft) {
    self.draft = draft
    units = draft.units
    known = draft.constants
    ports = [Ports?](repeating: nil, count: units.count)
    isMoved = [Bool](repeating: false, count: units.count)
    for (position, unit) in units.enumerated() {
      if let permutation = permutation(unit) {
        let form = form(unit.inputs[0]).transposed(permutation)
        forms[unit.outputs[0]] = form
        if transpositions[form] == nil { transpositions[form] = unit.node }
        transposedBytes += bytes(form.value)
        continue
      }
      ports[position] = ports(of: unit)
      isMoved[position] = ports[position]?.isFree == false
      for edge in unit.outputs { producer[edge] = position }
      for (input, edge) in unit.inputs.enumerated() {
        readers[form(edge).value, default: []].append((position, input))
      }
    }
    for edge in draft.fetched { fetched[form(edge).value, default: []].insert(form(edge)) }
  }

  /// The form that a tensor of the graph is.
  private func form(_ edge: Node.Edge) -> Form { forms[edge] ?? Form(value: edge) }

  /// What the unit does if it transposes a tensor in an order that is known.
  private func permutation(_ unit: PlanUnit) -> [Int]? {
    guard unit.isOp(Transpose.self), draft.isPure(unit),
      let rank = draft.spec(of: unit.inputs[0]).shape.rank,
      let order = known[unit.inputs[1]]?.integers?.map({ $0 < 0 ? $0 + rank : $0 }),
      order.sorted() == Array(0..<rank)
    else { return nil }
    return order
  }

  private func ports(of unit: PlanUnit) -> Ports? {
    let node = unit.node
    guard type(of: unit.op) == type(of: node.op), draft.isPure(unit) else { return nil }
    let shapes = unit.inputs.map { draft.spec(of: $0).shape }
    var ports: Ports
    if node.channelsFirst {
      guard let known = Ports.formatted[node.type], node.channelsLast != nil else { return nil }
      ports = known
    } else if let known = Ports.general[node.type] {
      ports = known
    } else if unit.isOp(ShapeN.self) {
      ports = Ports(pictures: Array(shapes.indices), output: .list)
    } else if unit.isOp(ConcatV2.self) || unit.isOp(Concat.self) {
      let axis = unit.isOp(Concat.self) ? 0 : shapes.count - 1
      guard let place = known[unit.inputs[axis]]?.integers, place.count == 1,
        (-4..<4).contains(place[0])
      else { return nil }
      ports = Ports(pictures: shapes.indices.filter { $0 != axis }, axis: axis)
    } else {
      return elementwisePorts(of: unit, shapes)
    }
    let lists = ports.lists.allSatisfy { shapes[$0].rank ?? 0 > 0 && shapes[$0][0] == 4 }
    return lists && ports.pictures.allSatisfy { shapes[$0].rank == 4 } ? ports : nil
  }

  private func elementwisePorts(of unit: PlanUnit, _ shapes: [Shape]) -> Ports? {
    let broadcasts = unit.op is any ElementwiseBinary
    let isElementwise =
      broadcasts || unit.op is any ElementwiseUnary || unit.op is any FusibleOp
      || [AddN.name, LeakyReluGrad.name, ClipByValue.name, SelectV2.name].contains(unit.node.type)
    guard isElementwise, unit.node.outputs.count == 1,
      unit.node.outputs[0].shape.rank == 4
    else { return nil }
    var ports = Ports(pictures: [])
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

  // MARK: - Choosing

  /// The form of its input that a unit takes.
  private func demand(_ position: Int, _ input: Int) -> Form {
    let form = form(units[position].inputs[input])
    guard isMoved[position], let ports = ports[position] else { return form }
    if ports.pictures.contains(input) { return form.transposed(Form.channelsLast) }
    if ports.lists.contains(input) { return form.transposed(Form.channelsLast, .list) }
    // Elements in a row are so in any order of the dimensions.
    return ports.vectors.contains(input)
      ? Form(value: form.value, order: Form.channelsLast, content: .vector) : form
  }

  /// The form in which a value is computed.
  private func home(_ value: Node.Edge) -> Form {
    let plain = Form(value: value)
    guard let position = producer[value], isMoved[position] else { return plain }
    switch ports[position]?.output {
    case .list: return plain.transposed(Form.channelsLast, .list)
    case .picture where value.index == 0: return plain.transposed(Form.channelsLast)
    default: return plain
    }
  }

  /// As many bytes as are known; sizes that are not count as one.
  private func bytes(_ value: Node.Edge) -> Int {
    let spec = draft.spec(of: value)
    var total = spec.dataType.byteCount ?? 8
    for size in spec.shape.dimensions ?? [] {
      total = total.multipliedReportingOverflow(by: max(1, size ?? 1)).partialValue
    }
    return total
  }

  /// The bytes that are transposed for the readers of a value.
  private func cost(_ value: Node.Edge) -> Int {
    guard known[value] == nil else { return 0 }
    var needed = fetched[value] ?? []
    for (position, input) in readers[value] ?? [] { needed.insert(demand(position, input)) }
    needed.remove(home(value))
    return needed.count * bytes(value)
  }

  /// Moves units that compute in either layout, those that give one another pictures together, where
  /// that leaves fewer bytes to transpose.
  mutating func choose() {
    var regions = regions()
    var isSettled = false
    while !isSettled {
      isSettled = true
      for index in regions.indices.reversed() {
        let region = regions[index]
        var values: Set<Node.Edge> = []
        for position in region {
          values.formUnion(units[position].outputs)
          for edge in units[position].inputs { values.insert(form(edge).value) }
        }
        let before = values.reduce(0) { $0 + cost($1) }
        for position in region { isMoved[position] = true }
        let after = values.reduce(0) { $0 + cost($1) }
        // Of two that are equal, that in which it follows without a transposition may fuse.
        if after < before || after == before && after > 0 && follows(region) {
          regions.remove(at: index)
          isSettled = false
        } else {
          for position in region { isMoved[position] = false }
        }
      }
    }
  }

  /// Whether a region takes a picture as a unit before it computes it.
  private func follows(_ region: [Int]) -> Bool {
    for position in region {
      for input in ports[position]?.pictures ?? [] {
        let form = demand(position, input)
        guard let other = producer[form.value], known[form.value] == nil else { continue }
        if form == home(form.value), !region.contains(other) { return true }
      }
    }
    return false
  }

  /// Units that compute in either layout, in groups that pictures pass between as they are.
  private func regions() -> [[Int]] {
    var group = Array(units.indices)
    func root(_ position: Int) -> Int {
      var position = position
      while group[position] != position { position = group[position] }
      return position
    }
    let free = units.indices.filter { ports[$0]?.isFree == true }
    for position in free {
      for input in ports[position]?.pictures ?? [] {
        let form = form(units[position].inputs[input])
        guard form.order.isEmpty, let other = producer[form.value], ports[other]?.isFree == true,
          ports[other]?.output == .picture
        else { continue }
        let (first, second) = (root(other), root(position))
        group[max(first, second)] = min(first, second)
        group[position] = min(first, second)
      }
    }
    return Dictionary(grouping: free, by: root).sorted { $0.key < $1.key }.map(\.value)
  }

  /// Whether anything is to be done.
  var gains: Bool {
    guard !isMoved.contains(true) else { return true }
    let values = Set(readers.keys).union(fetched.keys)
    return values.reduce(0) { $0 + cost($1) } < transposedBytes
  }

  // MARK: - Rewriting

  func rewrite(_ draft: inout PlanDraft) {
    var made: [Form: Node.Edge] = [:]
    draft.units = []
    for (position, unit) in units.enumerated() where forms[unit.outputs.first ?? Self.none] == nil {
      var unit = unit
      for index in unit.inputs.indices {
        unit.inputs[index] = edge(of: demand(position, index), &made, &draft)
      }
      if isMoved[position] { unit = moved(unit, position, &draft) }
      draft.units.append(unit)
    }
    draft.fetched = draft.fetched.map { edge(of: form($0), &made, &draft) }
    for unit in units {
      guard let form = forms[unit.outputs.first ?? Self.none] else { continue }
      guard made[form] != unit.outputs[0] else { continue }
      draft.note(.chooseLayouts, unit.node, into: draft.nodes[form.value.node])
    }
  }

  private static let none = Node.Edge(node: -1, index: 0)

  /// A unit with its pictures in channels last.
  private func moved(_ unit: PlanUnit, _ position: Int, _ draft: inout PlanDraft) -> PlanUnit {
    var inputs = unit.inputs
    let node = unit.node
    var rearranged: [Int: Rearranged] = [:]
    for place in (ports[position]?.pictures ?? []) + (ports[position]?.vectors ?? []) {
      rearranged[place] = Rearranged(order: Form.channelsFirst)
    }
    for place in ports[position]?.lists ?? [] {
      rearranged[place] = Rearranged(order: Form.channelsFirst, content: .list)
    }
    var original = OriginalNode(node: node, rearranged: rearranged, axis: nil)
    if let axis = ports[position]?.axis, let tensor = known[inputs[axis]],
      let place = tensor.integers?.first,
      let last = Form.channelsLast.firstIndex(of: place < 0 ? place + 4 : place),
      let value = try? Tensor(sizes: [last], tensor.dataType).reshaped([])
    {
      inputs[axis] = draft.add(constant: value, "\(node.name)/axis", like: node)
      original = OriginalNode(node: node, rearranged: rearranged, axis: (axis, tensor))
    }
    var outputs = node.outputs
    switch ports[position]?.output {
    case .picture:
      let dimensions = outputs[0].shape.dimensions
      outputs[0] = TensorSpec(
        outputs[0].dataType, Shape(unknownOr: dimensions.map(DataFormat.nchw.nhwc)))
    case .list: outputs = outputs.map { TensorSpec($0.dataType, .vector(4)) }
    default: break
    }
    let (op, attributes) = node.channelsLast ?? (node.op, node.attributes)
    let copy = Node(node, op: op, attributes: attributes, outputs: outputs, original: original)
    draft.replace(copy)
    draft.note(.chooseLayouts, node)
    return PlanUnit(op, for: copy, inputs: inputs)
  }

  /// The tensor that is a form, from that in which the value is computed if need be.
  private func edge(
    of form: Form, _ made: inout [Form: Node.Edge], _ draft: inout PlanDraft
  ) -> Node.Edge {
    let home = home(form.value)
    if form == home { return form.value }
    if let edge = made[form] { return edge }
    let content = form.content == .picture ? home.content : form.content
    let op = Rearranged(order: home.order(of: form), content: content)
    let spec = draft.spec(of: form.value)
    let producer = draft.nodes[form.value.node]
    let name = "\(producer.name)/\(form.order.isEmpty ? "channels_first" : "channels_last")"
    let edge: Node.Edge
    if let value = known[form.value], let result = try? op.computeOutput([value], .folding) {
      edge = draft.add(constant: result, name, like: producer)
    } else {
      let shape = (try? op.infer([spec]))?.first ?? .unknown
      var node = Node(
        producer, id: draft.nodes.count, name: name, type: Transpose.name, op: op,
        outputs: [TensorSpec(spec.dataType, shape)])
      if let transposition = transpositions[form] {
        node = transposition
      } else {
        draft.replace(node)
      }
      draft.units.append(PlanUnit(op, for: node, inputs: [form.value]))
      edge = Node.Edge(node: node.id, index: 0)
    }
    made[form] = edge
    return edge
  }
}

extension PlanDraft {
  /// Adds a constant that the graph has not.
  fileprivate mutating func add(
    constant value: Tensor, _ name: String, like node: Node
  ) -> Node.Edge {
    let spec = TensorSpec(value.dataType, value.shape, constant: value)
    let op = Folded(values: [value])
    let node = Node(node, id: nodes.count, name: name, type: Const.name, op: op, outputs: [spec])
    replace(node)
    units.append(PlanUnit(op, for: node))
    return Node.Edge(node: node.id, index: 0)
  }
}

extension Node {
  /// Whether its pictures have channels first.
  fileprivate var channelsFirst: Bool { attributes["data_format"] == .string(Array("NCHW".utf8)) }

  /// The op and the attributes with channels last; `nil` where there is no such.
  fileprivate var channelsLast: (any Op, [String: AttributeValue])? {
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
