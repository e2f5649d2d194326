import Synchronization

/// A dataflow graph: nodes are added to it, never changed or taken out. Sessions run parts of it.
///
/// Nodes may be added while sessions run. Building is meant for one thread at a time: scopes and
/// control dependencies hold for whatever is added while they are open.
public final class Graph: Sendable {
  private struct State {
    var nodes: [Node] = []
    var idByName: [String: Int] = [:]
    var usedNames: [String: Int] = [:]
    var scope = ""
    var controlFrames: [ControlFrame] = []
    var device = ""
    var lastLocation: String?
    var collections: [String: [CollectionItem]] = [:]
    var seed: Int64?
    /// Random ops that took their own seed from the graph's.
    var unseededOps: Int64 = 0
    var metadata = Metadata()
    /// The graph that the function whose body this is is being defined in.
    var outer: Graph?
    var captures: [Capture] = []
  }

  /// A tensor of another graph and the argument that stands for it.
  struct Capture: Sendable {
    let outer: Output
    let inner: Output
  }

  private struct ControlFrame {
    var nodes: [Int]
    /// Nodes made within the frame: what takes their output already runs after `nodes`.
    var members: Set<Int> = []
  }

  /// What a graph file says beside its nodes.
  public struct Metadata: Sendable {
    /// `versions.producer`: which TensorFlow wrote the file.
    public var producer = 1395
    /// `versions.min_consumer`.
    public var minimumConsumer = 0
    /// `versions.bad_consumers`: versions of readers that must not load the graph.
    public var badConsumers: [Int32] = []
  }

  private let state = Mutex(State())
  private let ownFunctions: FunctionLibrary?
  private let sharedFunctions: SharedFunctions?
  /// The functions whose bodies this graph stands in, its own the last.
  let functionChain: [String]

  // The library holds the bodies of its functions, so these must not hold the library.
  private final class SharedFunctions: @unchecked Sendable {
    weak var library: FunctionLibrary?
    init(_ library: FunctionLibrary) { self.library = library }
  }

  /// An empty graph.
  public init() {
    ownFunctions = FunctionLibrary()
    sharedFunctions = nil
    functionChain = []
  }

  /// The body of a function.
  init(library: FunctionLibrary, functionChain: [String]) {
    ownFunctions = nil
    sharedFunctions = SharedFunctions(library)
    self.functionChain = functionChain
  }

  /// The body of a function that is about to be defined in `outer`.
  convenience init(bodyOf outer: Graph, name: String) {
    self.init(library: outer.functions, functionChain: outer.functionChain + [name])
    let (seed, unseeded) = outer.state.withLock { ($0.seed, $0.unseededOps) }
    state.withLock { state in
      state.outer = outer
      state.seed = seed
      state.unseededOps = unseeded
    }
  }

  /// The functions of the graph, which it shares with their bodies.
  public var functions: FunctionLibrary {
    ownFunctions ?? sharedFunctions?.library ?? FunctionLibrary()
  }

  // MARK: - Captures

  /// The argument of the function whose body this graph is that stands for `output`, a tensor of the
  /// graph in which the function is being defined. A tensor of this graph stands for itself.
  ///
  /// - Throws: `invalidArgument` for a tensor of another graph.
  public func capture(_ output: Output) throws(GraphError) -> Output { try own(output) }

  /// `output` if it is of this graph, or the argument that stands for it.
  func own(_ output: Output) throws(GraphError) -> Output {
    if output.graph === self { return output }
    let (outer, known) = state.withLock { state in
      (state.outer, state.captures.first { $0.outer == output })
    }
    if let known { return known.inner }
    guard let outer else {
      throw .invalidArgument("Tensor \(output) must be from the same graph as the new node")
    }
    let source = try outer.own(output)
    if source != output { return try own(source) }
    var spec = TensorSpec(source.dataType, source.shape)
    spec.handled = source.spec.handled
    let inner = try argument(spec, name: FunctionBody.argumentName(source.node.name))
    state.withLock { $0.captures.append(Capture(outer: source, inner: inner)) }
    return inner
  }

  /// What `own` made arguments for.
  var captures: [Capture] { state.withLock { $0.captures } }

  /// Ends the definition of the function whose body this is.
  func closeBody(in outer: Graph) {
    let unseeded = state.withLock { state in
      state.outer = nil
      state.captures = []
      return state.unseededOps
    }
    outer.state.withLock { $0.unseededOps = unseeded }
  }

  // MARK: - Looking

  /// All nodes in the order in which they were added, which is topological.
  public var nodes: [Node] { state.withLock { $0.nodes } }

  /// The number of nodes.
  public var nodeCount: Int { state.withLock { $0.nodes.count } }

  /// The node with this id. The id must come from this graph.
  func node(_ id: Int) -> Node { state.withLock { $0.nodes[id] } }

  /// The node with exactly this name, or `nil`.
  public func node(named name: String) -> Node? {
    state.withLock { state in state.idByName[name].map { state.nodes[$0] } }
  }

  /// The tensor that `name` means: `node` for its first output, `node:1` for another.
  ///
  /// - Throws: `notFound` or `invalidArgument` in TensorFlow's words.
  public func output(named name: String) throws(GraphError) -> Output {
    let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let nodeName = parts.first, !nodeName.isEmpty, !nodeName.hasPrefix("^") else {
      throw .invalidArgument(
        "The name '\(name)' looks like an (invalid) Operation name, not a Tensor. "
          + "Tensor names must be of the form \"<op_name>:<output_index>\".")
    }
    var index = 0
    if parts.count == 2 {
      guard let number = Int(parts[1]), number >= 0 else {
        throw .invalidArgument(
          "The name '\(name)' is not a valid Tensor name. "
            + "Tensor names must be of the form \"<op_name>:<output_index>\".")
      }
      index = number
    }
    guard let node = node(named: String(nodeName)) else {
      throw .notFound(
        "The name '\(nodeName):\(index)' refers to a Tensor which does not exist. The operation, "
          + "'\(nodeName)', does not exist in the graph.")
    }
    guard index < node.outputs.count else {
      throw .notFound(
        "The name '\(name)' refers to a Tensor which does not exist. The operation, '\(nodeName)', "
          + "exists but only has \(node.outputs.count) outputs.")
    }
    return Output(graph: self, node: node, index: index)
  }

  /// Output `index` of `node`, which must have it.
  func output(_ node: Node, _ index: Int = 0) -> Output {
    Output(graph: self, node: node, index: index)
  }

  /// The tensors that `node` takes.
  public func inputs(of node: Node) -> [Output] {
    state.withLock { state in
      node.inputs.map { Output(graph: self, node: state.nodes[$0.node], index: $0.index) }
    }
  }

  /// All outputs of `node`.
  public func outputs(of node: Node) -> [Output] {
    node.outputs.indices.map { Output(graph: self, node: node, index: $0) }
  }

  // MARK: - Settings

  /// The graph-level seed, as `tf.set_random_seed` sets it: an op's own seed is then the number of
  /// ops before it that had none either. `nil` leaves ops without a seed of their own random.
  public var randomSeed: Int64? {
    get { state.withLock { $0.seed } }
    set { state.withLock { $0.seed = newValue } }
  }

  /// The versions that a graph file states.
  public var metadata: Metadata {
    get { state.withLock { $0.metadata } }
    set { state.withLock { $0.metadata = newValue } }
  }

  /// The pair of seeds that TensorFlow gives an op (`tf.get_seed`); both zero mean a random seed.
  func seeds(_ opSeed: Int64?) -> (Int64, Int64) {
    let limit: Int64 = 0x7fff_ffff
    func wrapped(_ seed: Int64) -> Int64 {
      let rest = seed % limit
      return rest < 0 ? rest + limit : rest
    }
    return state.withLock { state in
      switch (state.seed, opSeed) {
      case (nil, nil): return (0, 0)
      case (nil, let opSeed?): return (87_654_321, wrapped(opSeed))
      case (let graphSeed?, let opSeed):
        if opSeed == nil { state.unseededOps += 1 }
        let pair = (wrapped(graphSeed), wrapped(opSeed ?? state.unseededOps - 1))
        return pair == (0, 0) ? (0, limit) : pair
      }
    }
  }

  // MARK: - Names, scopes, control dependencies

  /// Puts `name/` before the names of all nodes that `body` adds. The scope is made unique, as
  /// TensorFlow does; a name that ends in `/` is entered again as it is.
  public func scope<R>(
    _ name: String, _ body: () throws(GraphError) -> R
  ) throws(GraphError) -> R {
    guard name.utf8.allSatisfy(Self.isNameByte) else {
      throw .invalidArgument("'\(name)' is not a valid scope name")
    }
    let previous = state.withLock { state in
      let previous = state.scope
      if name.isEmpty {
        state.scope = ""
      } else if name.hasSuffix("/") {
        state.scope = String(name.dropLast())
      } else {
        state.scope = Self.uniqueName(name, &state)
      }
      return previous
    }
    defer { state.withLock { $0.scope = previous } }
    return try body()
  }

  /// The scope that is open, without a `/` at its end.
  public var currentScope: String { state.withLock { $0.scope } }

  /// Makes all nodes that `body` adds run after `nodes`.
  public func withControlDependencies<R>(
    _ nodes: [Node], _ body: () throws(GraphError) -> R
  ) throws(GraphError) -> R {
    state.withLock { $0.controlFrames.append(ControlFrame(nodes: nodes.map(\.id))) }
    defer { state.withLock { _ = $0.controlFrames.popLast() } }
    return try body()
  }

  /// A name that no node of the graph has, without regard to case, in the open scope.
  func uniqueName(_ name: String) -> String { state.withLock { Self.uniqueName(name, &$0) } }

  private static func uniqueName(_ name: String, _ state: inout State) -> String {
    var name = state.scope.isEmpty ? name : "\(state.scope)/\(name)"
    let base = name.lowercased()
    var suffix = state.usedNames[base] ?? 0
    state.usedNames[base] = suffix + 1
    if suffix > 0 {
      var key = base
      while state.usedNames[key] != nil {
        key = "\(base)_\(suffix)"
        suffix += 1
      }
      state.usedNames[key] = 1
      name = "\(name)_\(suffix - 1)"
    }
    return name
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
      UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: ">"):
      return true
    default: return false
    }
  }

  private static func isValidName(_ name: String) -> Bool {
    guard let first = name.utf8.first, name.utf8.allSatisfy(isNameByte) else { return false }
    return !"_-/\\>".utf8.contains(first)
  }

  // MARK: - Adding nodes

  /// Adds a node. Its name is made unique in the open scope; the op's name serves when none is given.
  ///
  /// - Throws: what the signature or the shape rule refuses, in TensorFlow's words.
  @discardableResult
  func add(
    _ op: any Op, _ inputs: [Output] = [], name: String? = nil,
    attributes: [String: AttributeValue] = [:], _ location: SourceLocation? = nil
  ) throws(GraphError) -> Node {
    let type = Swift.type(of: op)
    let definition = Registry.definition(type.name) ?? OpDefinition(type)
    let given = op.encodedAttributes().merging(attributes) { _, new in new }
    return try insert(
      op, definition, inputs, name: .unique(name ?? type.name), attributes: given,
      location: location)
  }

  /// Adds a node and gives its first output.
  func output(
    _ op: any Op, _ inputs: [Output] = [], name: String? = nil,
    attributes: [String: AttributeValue] = [:], _ location: SourceLocation? = nil
  ) throws(GraphError) -> Output {
    output(try add(op, inputs, name: name, attributes: attributes, location))
  }

  /// Adds a node of any registered op type from its attributes as a graph file has them. Types and
  /// counts that follow from the inputs may be left out.
  ///
  /// - Parameters:
  ///   - type: TensorFlow's name of the op type.
  ///   - inputs: The tensors that it takes, lists one after the other.
  ///   - attributes: Values for attributes; TensorFlow's defaults hold for the rest.
  ///   - name: Made unique; the op type's name when `nil`.
  /// - Throws: `notFound` for an op type that the engine does not have, and what the signature or the
  ///   shape rule refuses.
  @discardableResult
  public func addNode(
    _ type: String, _ inputs: [Output] = [], attributes: [String: AttributeValue] = [:],
    controlInputs: [Node] = [], name: String? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(GraphError) -> Node {
    guard let definition = Registry.definition(type) else {
      throw .notFound("Op type not registered '\(type)'")
    }
    return try insert(
      try definition.decode(attributes), definition, inputs, controlInputs: controlInputs,
      name: .unique(name ?? type), attributes: attributes, location: SourceLocation(file, line))
  }

  /// Adds a node whose unique name was reserved with `uniqueName(_:)`, so that constants made for it
  /// can stand below that name, as `Reshape_1/shape` does.
  func insertReserved(
    _ op: any Op, _ inputs: [Output], name: String, _ location: SourceLocation? = nil
  ) throws(GraphError) -> Output {
    let type = Swift.type(of: op)
    let definition = Registry.definition(type.name) ?? OpDefinition(type)
    return output(
      try insert(
        op, definition, inputs, name: .reserved(name), attributes: op.encodedAttributes(),
        location: location))
  }

  /// A constant vector of sizes: `int32`, or `int64` where one does not fit. `name` is complete.
  func shapeConstant(
    _ sizes: [Int], name: String, _ location: SourceLocation? = nil
  ) throws(GraphError) -> Output {
    let small = sizes.compactMap { Int32(exactly: $0) }
    let value =
      small.count == sizes.count ? try Tensor(small) : try Tensor(sizes.map { Int64($0) })
    return try constant(value, exactly: name, location)
  }

  /// A constant whose name is complete: below a reserved name, or as a graph file says.
  func constant(
    _ value: Tensor, exactly name: String, _ location: SourceLocation? = nil
  ) throws(GraphError) -> Output {
    output(
      try insert(
        Const(value: value, dataType: value.dataType), OpDefinition(Const.self), [],
        name: .exact(name),
        attributes: ["value": .tensor(value), "dtype": .type(value.dataType)],
        location: location))
  }

  enum NameRequest {
    /// To be made unique in the open scope.
    case unique(String)
    /// Exactly this, as a graph file says.
    case exact(String)
    /// What `uniqueName(_:)` gave.
    case reserved(String)
  }

  /// Adds a node whose op type the engine does not have, with what the graph file says of it.
  func insertUnknown(
    type: String, _ inputs: [Node.Edge], controlInputs: [Int], name: String,
    attributes: [String: AttributeValue], outputs: [TensorSpec], device: String
  ) throws(GraphError) -> Node {
    let name = try reserve(.exact(name))
    return append { id, _ in
      Node(
        id: id, name: name, type: type, op: UnknownOp(type: type), attributes: attributes,
        inputs: inputs, controlInputs: controlInputs, outputs: outputs, device: device,
        location: nil, takesReference: [Bool](repeating: true, count: inputs.count))
    }
  }

  /// The one way into the graph: checks types against the signature, reserves the name, infers
  /// shapes, and evaluates what is constant.
  func insert(
    _ op: any Op, _ definition: OpDefinition, _ inputs: [Output], controlInputs: [Node] = [],
    name request: NameRequest, attributes given: [String: AttributeValue], device: String? = nil,
    location: SourceLocation? = nil
  ) throws(GraphError) -> Node {
    var inputs = inputs
    for (index, input) in inputs.enumerated() where input.graph !== self {
      inputs[index] = try own(input)
    }
    let place: String? = state.withLock { state in
      guard let location else { return state.lastLocation.map { "an operator after \($0)" } }
      state.lastLocation = location.description
      return location.description
    }
    let reserved = try reserve(request)
    var specs = inputs.map(\.spec)
    func describe(_ error: GraphError) -> GraphError {
      let names = definition.signature.inputs.map(\.name)
      let arguments = specs.enumerated().map { index, spec in
        names.count == specs.count
          ? "\(names[index]): \(spec.typeDescription)" : spec.typeDescription
      }
      return error.at(
        node: "{{node \(reserved)}} = \(definition.name)(\(arguments.joined(separator: ", ")))",
        location: place)
    }
    let binding: Binding
    do {
      binding = try Binding(definition, inputs: specs, given: given)
    } catch { throw describe(error) }

    let probes = specs.map { _ in TensorSpec.Probe() }
    for index in specs.indices { specs[index].probe = probes[index] }
    let shapes: [Shape]
    do {
      shapes = try op.infer(specs, outputs: binding.outputs.count, in: self)
    } catch {
      var refused = error
      refused.message += Self.inputDescription(reserved, definition.name, specs, probes)
      throw describe(refused)
    }
    guard shapes.count == binding.outputs.count else {
      throw describe(
        .internalError(
          "\(definition.name) inferred \(shapes.count) outputs of \(binding.outputs.count)"))
    }
    for index in specs.indices { specs[index].probe = nil }
    var outputs = zip(binding.outputs, shapes).map { output, shape in
      TensorSpec(output.dataType, shape, isReference: output.isReference)
    }
    if !outputs.isEmpty {
      if definition.isFoldable, let values = Self.fold(op, specs, outputs) {
        outputs = zip(outputs, values).map { spec, value in
          TensorSpec(spec.dataType, value.shape, constant: value)
        }
      } else if let value = op.inferValue(specs) {
        outputs[0] = Self.spec(outputs[0].dataType, outputs[0].shape, holding: value)
      }
    }
    if let handled = op.handled {
      for index in outputs.indices { outputs[index].handled = handled }
    } else if let components = op.components {
      outputs[0].components = components
    } else if Swift.type(of: op) == Identity.self {
      outputs[0].handled = specs[0].handled
      outputs[0].components = specs[0].components
    }
    let (taken, described) = (inputs, outputs)
    return append { id, state in
      Node(
        id: id, name: reserved, type: definition.name, op: op, attributes: binding.attributes,
        inputs: taken.map(\.edge),
        controlInputs: Self.controlInputs(taken, controlInputs, state.controlFrames),
        outputs: described, device: device ?? state.device, location: place,
        takesReference: binding.takesReference)
    }
  }

  /// A tensor whose elements, read as a shape, are `value`: a constant when all of them are known.
  private static func spec(
    _ dataType: DataType, _ shape: Shape, holding value: Shape
  ) -> TensorSpec {
    guard let sizes = value.known, let dimensions = shape.known,
      dataType == .int32 || dataType == .int64,
      let constant = try? Tensor(sizes: sizes, dataType).reshaped(dimensions)
    else { return TensorSpec(dataType, shape, shapeValue: value) }
    return TensorSpec(dataType, shape, constant: constant)
  }

  private func reserve(_ request: NameRequest) throws(GraphError) -> String {
    let (name, isFree) = state.withLock { state in
      switch request {
      case .unique(let name): return (Self.uniqueName(name, &state), true)
      case .exact(let name):
        let isFree = state.idByName[name] == nil
        if isFree { state.usedNames[name.lowercased(), default: 0] += 1 }
        return (name, isFree)
      case .reserved(let name): return (name, true)
      }
    }
    guard isFree else { throw .invalidArgument("Node '\(name)' is not unique") }
    guard Self.isValidName(name) else {
      throw .invalidArgument("'\(name)' is not a valid node name")
    }
    return name
  }

  private func append(_ make: (Int, inout State) -> Node) -> Node {
    state.withLock { state in
      let node = make(state.nodes.count, &state)
      state.nodes.append(node)
      state.idByName[node.name] = node.id
      for index in state.controlFrames.indices {
        state.controlFrames[index].members.insert(node.id)
      }
      return node
    }
  }

  private static func controlInputs(
    _ inputs: [Output], _ given: [Node], _ frames: [ControlFrame]
  ) -> [Int] {
    if given.isEmpty, frames.isEmpty { return [] }
    var ids = given.map(\.id)
    for frame in frames
    where !inputs.contains(where: { frame.members.contains($0.node.id) }) {
      ids += frame.nodes
    }
    var seen: Set<Int> = []
    return ids.filter { seen.insert($0).inserted }
  }

  /// The tail of a shape rule's refusal, as TensorFlow writes it.
  private static func inputDescription(
    _ name: String, _ type: String, _ specs: [TensorSpec], _ probes: [TensorSpec.Probe]
  ) -> String {
    let shapes = specs.map(\.shape.description).joined(separator: ", ")
    var text = " for '\(name)' (op: '\(type)') with input shapes: \(shapes)"
    var values: [String] = []
    var partial: [String] = []
    for (index, (spec, probe)) in zip(specs, probes).enumerated() {
      var quiet = spec
      quiet.probe = nil
      if probe.askedForValue, let value = quiet.valueDescription {
        values.append("input[\(index)] = \(value)")
      }
      if probe.askedForShapeValue, let value = quiet.shapeValue {
        partial.append("input[\(index)] = \(value)")
      }
    }
    if !values.isEmpty {
      text += " and with computed input tensors: " + values.joined(separator: ", ")
    }
    if !partial.isEmpty {
      text += " and with input tensors computed as partial shapes: "
      text += partial.joined(separator: ", ")
    }
    return text + "."
  }

  /// The outputs of a node whose inputs are all constants, when they are small enough to be worth it.
  private static func fold(
    _ op: any Op, _ inputs: [TensorSpec], _ outputs: [TensorSpec]
  ) -> [Tensor]? {
    guard Swift.type(of: op) != UnknownOp.self, inputs.allSatisfy(\.hasConstant) else { return nil }
    guard inputs.isEmpty || outputs.allSatisfy({ ($0.shape.elementCount ?? .max) <= 4096 }) else {
      return nil
    }
    let values = inputs.compactMap(\.constant)
    guard values.allSatisfy({ $0.count <= 4096 }) else { return nil }
    return try? op.compute(values, .folding)
  }
}

// MARK: - Collections

/// A member of a graph's collection.
public enum CollectionItem: Sendable {
  /// A tensor (`name:0`) or a node (`name`).
  case name(String)
  /// A variable.
  case variable(Variable)
  /// A serialized message.
  case bytes([UInt8])
  case int(Int64)
  case float(Float)
}

extension Graph {
  /// Named lists by which programs find what they need in a graph: `trainable_variables`, `train_op`.
  public var collections: [String: [CollectionItem]] { state.withLock { $0.collections } }

  /// Adds an item to the end of a collection.
  public func addToCollection(_ name: String, _ item: CollectionItem) {
    state.withLock { $0.collections[name, default: []].append(item) }
  }

  /// The members of a collection that are variables.
  public func variables(in collection: String = "variables") -> [Variable] {
    (collections[collection] ?? []).compactMap { item in
      guard case .variable(let variable) = item else { return nil }
      return variable
    }
  }
}

/// A place in the user's source.
struct SourceLocation: Sendable, CustomStringConvertible {
  let file: StaticString
  let line: UInt

  init(_ file: StaticString, _ line: UInt) {
    self.file = file
    self.line = line
  }

  var description: String { "\(file):\(line)" }
}
