/// A resource that a resumed session must find as it was left: a queue, an iterator. Variables are
/// not among them; checkpoints keep those.
///
/// # Thread safety
/// `save` and `restore` are called while nothing runs in the session. `restore` may also be called
/// when the resource is made, before anything else has it, and must not use the session then.
protocol StatefulResource: Resource {
  /// Adds to `state` all that `restore` needs.
  func save(to state: inout StateWriter) throws(GraphError)

  /// Becomes what was saved.
  ///
  /// - Throws: `dataLoss` for a state that is not one of this resource.
  func restore(from state: inout StateReader) throws(GraphError)
}

/// Collects a state as bytes. What is added is read back in the same order.
struct StateWriter {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ value: Int) { bytes.append(littleEndian: Int64(value)) }

  mutating func append(_ value: UInt64) { bytes.append(littleEndian: value) }

  mutating func append(_ value: Bool) { append(value ? 1 : 0) }

  mutating func append(_ value: [UInt8]) {
    append(value.count)
    bytes += value
  }

  mutating func append(_ value: String) { append(Array(value.utf8)) }

  /// - Throws: `unimplemented` for a tensor that refers to a resource.
  mutating func append(_ value: Tensor) throws(GraphError) {
    guard value.dataType == .string || value.dataType.byteCount != nil else {
      throw .unimplemented("A tensor of type \(value.dataType) cannot be part of a saved state")
    }
    append(Int(value.dataType.rawValue))
    append(value.rank)
    for size in value.dimensions { append(size) }
    if value.dataType == .string {
      for string in value.strings { append(string) }
    } else {
      value.withUnsafeBytes { bytes += $0 }
    }
  }

  mutating func append(_ values: [Tensor]) throws(GraphError) {
    append(values.count)
    for value in values { try append(value) }
  }
}

/// Reads back what a `StateWriter` collected. Every method throws `dataLoss` where the state holds
/// something else.
struct StateReader {
  private var reader: ByteReader

  init(_ bytes: ArraySlice<UInt8>) { reader = ByteReader(bytes) }

  init(_ bytes: [UInt8]) { self.init(bytes[...]) }

  /// Whether everything has been read.
  var isAtEnd: Bool { reader.remaining == 0 }

  static var damaged: GraphError { .dataLoss("The saved state is damaged or of another graph") }

  mutating func integer() throws(GraphError) -> Int {
    guard let value = reader.integer(Int64.self) else { throw Self.damaged }
    return Int(value)
  }

  mutating func word() throws(GraphError) -> UInt64 {
    guard let value = reader.integer(UInt64.self) else { throw Self.damaged }
    return value
  }

  mutating func bool() throws(GraphError) -> Bool {
    switch try integer() {
    case 0: return false
    case 1: return true
    default: throw Self.damaged
    }
  }

  /// A number of things of which each takes a byte at least.
  mutating func count() throws(GraphError) -> Int {
    let count = try integer()
    guard count >= 0, count <= reader.remaining else { throw Self.damaged }
    return count
  }

  mutating func bytes() throws(GraphError) -> [UInt8] {
    guard let part = reader.take(try count()) else { throw Self.damaged }
    return Array(part)
  }

  mutating func string() throws(GraphError) -> String {
    String(decoding: try bytes(), as: UTF8.self)
  }

  mutating func tensor() throws(GraphError) -> Tensor {
    guard let dataType = DataType(rawValue: Int32(truncatingIfNeeded: try integer())) else {
      throw Self.damaged
    }
    var dimensions: [Int] = []
    for _ in 0..<(try count()) { dimensions.append(try integer()) }
    let elementCount = try checkedElementCount(dimensions)
    if dataType == .string {
      guard elementCount <= reader.remaining else { throw Self.damaged }
      var strings: [[UInt8]] = []
      for _ in 0..<elementCount { strings.append(try bytes()) }
      return try Tensor(strings: strings, dimensions: dimensions)
    }
    let (size, overflow) = elementCount.multipliedReportingOverflow(by: dataType.byteCount ?? 0)
    guard dataType.byteCount != nil, !overflow, let part = reader.take(size) else {
      throw Self.damaged
    }
    return try Tensor(raw: Array(part), dataType, dimensions)
  }

  mutating func tensors() throws(GraphError) -> [Tensor] {
    var values: [Tensor] = []
    for _ in 0..<(try count()) { values.append(try tensor()) }
    return values
  }
}

extension Session {
  /// All that the session holds besides the values of variables, as bytes: the random state of ops,
  /// positions and buffers of iterators, the contents of queues, and variables that no checkpoint
  /// keeps, those of the collection `local_variables`. With the variables from a checkpoint,
  /// a session that `restoreState` gives it goes on bit for bit as this one would.
  ///
  /// Nothing may run in the session meanwhile.
  ///
  /// - Throws: `unimplemented` for a buffer that holds something that has no bytes.
  public func saveState() throws(GraphError) -> [UInt8] {
    var state = StateWriter()
    try resources.save(to: &state)
    try saveLocalVariables(to: &state)
    let checksum = CRC32C.mask(CRC32C.checksum(state.bytes))
    var bytes = SessionState.magic
    bytes.append(littleEndian: checksum)
    return bytes + state.bytes
  }

  /// Takes on a state that `saveState` gave in a session of the same graph. Resources that are not
  /// there yet take it on when they are made, an iterator when it is given its dataset; so it does not
  /// matter whether initializers run before or after, but for those of local variables, which must run
  /// before.
  ///
  /// Nothing may run in the session meanwhile.
  ///
  /// - Throws: `dataLoss` for bytes that are no state or one of another graph.
  public func restoreState(_ bytes: [UInt8]) throws(GraphError) {
    var header = ByteReader(bytes)
    guard let magic = header.take(SessionState.magic.count), Array(magic) == SessionState.magic,
      let checksum = header.integer(UInt32.self), let content = header.take(header.remaining)
    else { throw .dataLoss("not a saved state of a session") }
    guard CRC32C.unmask(checksum) == CRC32C.checksum(Array(content)) else {
      throw .dataLoss("the saved state of the session is damaged: its checksum is wrong")
    }
    var state = StateReader(content)
    try resources.restore(from: &state)
    try restoreLocalVariables(from: &state)
    guard state.isAtEnd else { throw StateReader.damaged }
  }
}

extension Session {
  private func saveLocalVariables(to state: inout StateWriter) throws(GraphError) {
    let variables = try localVariables()
    state.append(variables.count)
    for (name, variable) in variables {
      state.append(name)
      let value = variable.current
      state.append(value != nil)
      if let value { try state.append(value) }
    }
  }

  private func restoreLocalVariables(from state: inout StateReader) throws(GraphError) {
    let variables = try localVariables()
    guard try state.count() == variables.count else { throw StateReader.damaged }
    for (name, variable) in variables {
      guard try state.string() == name else { throw StateReader.damaged }
      guard try state.bool() else { continue }
      let value = try state.tensor()
      guard variable.shape.isCompatible(with: value.shape) else { throw StateReader.damaged }
      variable.current = value
    }
  }

  /// The variables of the graph that are not among those that checkpoints keep.
  private func localVariables() throws(GraphError) -> [(String, VariableValue)] {
    let kept = Set(graph.variables().map(\.handle))
    var variables: [(String, VariableValue)] = []
    for local in graph.variables(in: "local_variables") where !kept.contains(local.handle) {
      guard let value = try value(of: local.handle.node) else { continue }
      variables.append((local.name, value))
    }
    return variables
  }
}

private enum SessionState {
  /// The first bytes of a state, with the version of its format.
  static let magic = Array("nagare state 1\n".utf8)
}
