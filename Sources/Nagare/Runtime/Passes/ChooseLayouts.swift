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

  /// This form with its dimensions in another order.
  func transposed(_ permutation: [Int], _ content: Rearranged.Content = .picture) -> Form {
    // Ones stand before the dimensions of what has fewer than the permutation.
    let ones = permutation.count - order.count
    let from = order.isEmpty ? [] : Array(0..<ones) + order.map { $0 + ones }
    let order = from.isEmpty ? permutation : permutation.map { from[$0] }
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

/// Which units of a plan compute with channels last what the graph has with channels first.
private struct Layouts {
  private let draft: PlanDraft
  private let units: [PlanUnit]
  /// By position.
  private var ports: [LayoutPorts?]
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
    ports = [LayoutPorts?](repeating: nil, count: units.count)
    isMoved = [Bool](repeating: false, count: units.count)
    for (position, unit) in units.enumerated() {
      if let permutation = permutation(unit) {
        let form = form(unit.inputs[0]).transposed(permutation)
        forms[unit.outputs[0]] = form
        if transpositions[form] == nil { transpositions[form] = unit.node }
        transposedBytes += bytes(form.value)
        continue
      }
      ports[position] = draft.layoutPorts(of: unit, known)
      let lists = ports[position]?.lists ?? []
      if lists.contains(where: { forms[unit.inputs[$0]] != nil }) { ports[position] = nil }
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

  // MARK: - Choosing

  /// The form of its input that a unit takes.
  private func demand(_ position: Int, _ input: Int) -> Form {
    let form = form(units[position].inputs[input])
    guard isMoved[position], let ports = ports[position] else { return form }
    if ports.pictures.contains(input) { return form.transposed(Rearranged.channelsLast) }
    if ports.lists.contains(input) { return form.transposed(Rearranged.channelsLast, .list) }
    // Elements in a row are so in any order of the dimensions.
    return ports.vectors.contains(input)
      ? Form(value: form.value, order: Rearranged.channelsLast, content: .vector) : form
  }

  /// The form in which a value is computed.
  private func home(_ value: Node.Edge) -> Form {
    let plain = Form(value: value)
    guard let position = producer[value], isMoved[position] else { return plain }
    switch ports[position]?.output {
    case .list: return plain.transposed(Rearranged.channelsLast, .list)
    case .picture where value.index == 0: return plain.transposed(Rearranged.channelsLast)
    default: return plain
    }
  }

  /// As many bytes as are known; sizes that are not count as one.
  private func bytes(_ value: Node.Edge) -> Int {
    let spec = draft.spec(of: value)
    var total = spec.dataType.byteCount ?? 8
    for size in spec.shape.dimensions ?? [] {
      let (product, overflow) = total.multipliedReportingOverflow(by: max(1, size ?? 1))
      total = overflow ? 1 << 40 : min(product, 1 << 40)
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
    // Of a graph that is made to take long, the rest stays as it is.
    var looks = 1 << 24
    while !isSettled {
      isSettled = true
      for index in regions.indices.reversed() {
        let region = regions[index]
        var values: Set<Node.Edge> = []
        for position in region {
          values.formUnion(units[position].outputs)
          for edge in units[position].inputs { values.insert(form(edge).value) }
        }
        looks -= values.reduce(1) { $0 + (readers[$1]?.count ?? 0) }
        guard looks > 0 else { return }
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
    let inside = Set(region)
    for position in region {
      for input in ports[position]?.pictures ?? [] {
        let form = demand(position, input)
        guard let other = producer[form.value], known[form.value] == nil else { continue }
        if form == home(form.value), !inside.contains(other) { return true }
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
      rearranged[place] = Rearranged(order: Rearranged.channelsFirst)
    }
    for place in ports[position]?.lists ?? [] {
      rearranged[place] = Rearranged(order: Rearranged.channelsFirst, content: .list)
    }
    var ranks: [Int: Int] = [:]
    for place in rearranged.keys where place < node.inputs.count {
      ranks[place] = draft.spec(of: node.inputs[place]).shape.rank
    }
    var original = OriginalNode(node: node, rearranged: rearranged, ranks: ranks, axis: nil)
    if let axis = ports[position]?.axis, let tensor = known[inputs[axis]],
      let place = tensor.integers?.first,
      let last = Rearranged.channelsLast.firstIndex(of: place < 0 ? place + 4 : place),
      let value = try? Tensor(sizes: [last], tensor.dataType).reshaped([])
    {
      inputs[axis] = draft.add(constant: value, "\(node.name)/axis", like: node)
      original = OriginalNode(
        node: node, rearranged: rearranged, ranks: ranks, axis: (axis, tensor))
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
    var home = home(form.value)
    if form == home { return form.value }
    if let edge = made[form] { return edge }
    var input = form.value
    if home.content == .list, form.content == .picture, !form.order.isEmpty {
      // A list that is taken as a row of numbers as well.
      home = Form(value: form.value)
      input = edge(of: home, &made, &draft)
    }
    let content = form.content == .picture ? home.content : form.content
    let op = Rearranged(order: home.order(of: form), content: content)
    let spec = draft.spec(of: input)
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
      draft.units.append(PlanUnit(op, for: node, inputs: [input]))
      edge = Node.Edge(node: node.id, index: 0)
    }
    made[form] = edge
    return edge
  }
}
