/// What the ops that parse `tf.train.Example` messages have in common: which features are wanted.
struct ExampleParsing {
  /// A feature of a known number of values, or of rows of them.
  struct Dense {
    var key: [UInt8]
    var dataType: DataType
    var shape: Shape
    /// What a missing feature has; empty when it must not be missing.
    var fallback: Tensor

    /// Whether the first dimension is as long as the values make it.
    var isVariable: Bool { shape.rank != 0 && shape[0] == nil }
    /// The values of one row, or of all when the shape is fixed.
    var stride: Int
  }

  struct Sparse {
    var key: [UInt8]
    var dataType: DataType
  }

  var dense: [Dense]
  var sparse: [Sparse]

  /// - Throws: `invalidArgument` for fallbacks that do not fit their shapes.
  init(
    denseKeys: [[UInt8]], denseTypes: [DataType], denseShapes: [Shape],
    fallbacks: ArraySlice<Tensor>,
    sparseKeys: [[UInt8]], sparseTypes: [DataType]
  ) throws(GraphError) {
    dense = []
    for (index, fallback) in fallbacks.enumerated() {
      let shape = denseShapes[index]
      let sizes = shape.dimensions ?? []
      let isVariable = !sizes.isEmpty && sizes[0] == nil
      if isVariable {
        guard fallback.count == 1 else {
          throw .invalidArgument(
            "dense_shape[\(index)] is a variable length shape: \(shape), therefore "
              + "def_value[\(index)] must contain a single element (the padding element).  But its "
              + "shape is: \(fallback.shape)")
        }
      } else if fallback.count > 0 {
        guard shape.isCompatible(with: fallback.shape) else {
          throw .invalidArgument(
            "def_value[\(index)].shape() == \(fallback.shape) is not compatible with "
              + "dense_shapes_[\(index)] == \(shape)")
        }
      }
      dense.append(
        Dense(
          key: denseKeys[index], dataType: denseTypes[index], shape: shape, fallback: fallback,
          stride: try checkedElementCount(sizes.dropFirst(isVariable ? 1 : 0).compactMap { $0 })))
    }
    sparse = zip(sparseKeys, sparseTypes).map { Sparse(key: $0, dataType: $1) }
  }

  /// What one message has of the wanted features, `nil` where it lacks one.
  struct Found {
    var dense: [ExampleReader.Values?]
    var sparse: [ExampleReader.Values?]
  }

  /// How the errors of one op are worded.
  struct Wording {
    /// Before `Key: …`.
    var prefix = ""
    /// After it, for a message of a batch.
    var position = ""
    var isBatch = false

    func malformed(_ feature: [UInt8], _ reason: String) -> GraphError {
      let detail = isBatch ? "." : ": \(reason)"
      return error(feature, "Can't parse serialized Example\(detail)", gap: "  ")
    }

    func error(_ feature: [UInt8], _ text: String, gap: String = "  ") -> GraphError {
      .invalidArgument("\(prefix)Key: \(Self.text(feature))\(position).\(gap)\(text)")
    }

    static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
  }

  func parse(_ message: [UInt8], _ wording: Wording) throws(GraphError) -> Found {
    var features: [(isDense: Bool, index: Int, feature: ExampleReader.Feature)] = []
    return try message.withUnsafeBufferPointer { (bytes) throws(GraphError) -> Found in
      let isWellFormed = ExampleReader.forEachFeature(in: bytes) { key, feature in
        if let index = sparse.firstIndex(where: { $0.key.elementsEqual(key) }) {
          features.append((false, index, feature))
        } else if let index = dense.firstIndex(where: { $0.key.elementsEqual(key) }) {
          features.append((true, index, feature))
        }
      }
      guard isWellFormed else {
        throw .invalidArgument(
          "Could not parse example input, value: '\(Self.excerpt(message))'")
      }
      var found = Found(
        dense: .init(repeating: nil, count: dense.count),
        sparse: .init(repeating: nil, count: sparse.count))
      // Of several entries for a key the last one counts.
      var seen: Set<Int> = []
      for (isDense, index, feature) in features.reversed()
      where seen.insert(isDense ? index : ~index).inserted {
        guard let dataType = try feature.dataType() else { continue }
        let key = isDense ? dense[index].key : sparse[index].key
        let expected = isDense ? dense[index].dataType : sparse[index].dataType
        guard dataType == expected else {
          let types = (dataType.signatureName, expected.signatureName)
          throw wording.error(
            key,
            isDense
              ? "Data types don't match. Data type: \(types.0) but expected type: \(types.1)"
              : "Data types don't match. Expected type: \(types.1), Actual type: \(types.0)")
        }
        let list = Self.listName(dataType)
        guard let values = feature.values() else {
          throw wording.malformed(
            key,
            dataType == .string && (!isDense || dense[index].isVariable)
              ? "Could not get num elements in bytes_list." : "Parsing \(list)_list failed.")
        }
        if isDense {
          try check(values, dense[index], wording)
          found.dense[index] = values
        } else {
          found.sparse[index] = values
        }
      }
      return found
    }
  }

  /// Whether there are as many values as the shape asks for.
  private func check(
    _ values: ExampleReader.Values, _ feature: Dense, _ wording: Wording
  ) throws(GraphError) {
    let list = Self.listName(feature.dataType)
    let count = values.count
    if feature.isVariable {
      guard feature.stride > 0 ? count % feature.stride == 0 : count == 0 else {
        throw wording.isBatch
          ? wording.error(
            feature.key,
            "Number of \(list) values is not a multiple of stride length. Saw \(count) values but "
              + "output shape is: \(feature.shape)")
          : .invalidArgument(
            "Error while parsing feature with key \(Wording.text(feature.key)): number of "
              + "elements should be divisible by \(feature.stride), found \(count) instead")
      }
      return
    }
    guard count == feature.stride else {
      if wording.isBatch {
        throw wording.error(
          feature.key,
          "Number of \(list) values != expected.  Values size: \(count) but output shape: "
            + "\(feature.shape)")
      }
      throw wording.malformed(
        feature.key,
        feature.dataType == .string && count > feature.stride
          ? "Parsing bytes_list failed." : "Some \(list)_list slice was not parsed.")
    }
  }

  /// The refusal of a message without a feature that has no fallback.
  static func missing(_ feature: Dense, _ prefix: String) -> GraphError {
    .invalidArgument(
      "\(prefix)Feature: \(Wording.text(feature.key)) (data type: "
        + "\(feature.dataType.signatureName)) is required but could not be found.")
  }

  /// `int64`, `float` or `bytes`, as the lists are called.
  private static func listName(_ dataType: DataType) -> String {
    dataType == .string ? "bytes" : dataType.signatureName
  }

  /// A message as an error shows it: what can be read of its beginning.
  private static func excerpt(_ message: [UInt8]) -> String {
    String(decoding: message.prefix(128).map { 0x20..<0x7F ~= $0 ? $0 : 0x20 }, as: UTF8.self)
  }

  /// The shapes of the outputs, in the order of the ops: sparse indices, values and shapes, dense
  /// values. `batch` is the leading dimension of what is parsed, empty for a single message.
  static func shapes(
    sparseCount: Int, denseShapes: [Shape], batch: [Int?]
  ) throws(GraphError) -> [Shape] {
    for (index, shape) in denseShapes.enumerated() {
      guard let sizes = shape.dimensions, sizes.dropFirst().allSatisfy({ $0 != nil }) else {
        throw .invalidArgument(
          "dense_shapes[\(index)] has unknown rank or unknown inner dimensions: "
            + (shape.dimensions == nil ? "<unknown>" : "\(shape)"))
      }
    }
    let rank = batch.count + 1
    return [Shape](repeating: [nil, rank], count: sparseCount)
      + [Shape](repeating: [nil], count: sparseCount)
      + [Shape](repeating: [rank], count: sparseCount)
      + denseShapes.map { Shape(batch).appending($0) }
  }

  /// The tensor of values that were found or filled in.
  static func tensor(
    _ values: [ExampleReader.Values], _ dataType: DataType, _ dimensions: [Int]
  ) throws(GraphError) -> Tensor {
    switch dataType {
    case .float32:
      var floats: [Float] = []
      for case .floats(let list) in values { floats += list }
      return try Tensor(floats, dimensions: dimensions)
    case .int64:
      var integers: [Int64] = []
      for case .integers(let list) in values { integers += list }
      return try Tensor(integers, dimensions: dimensions)
    default:
      var strings: [[UInt8]] = []
      for case .strings(let list) in values { strings += list }
      return try Tensor(strings: strings, dimensions: dimensions)
    }
  }
}

extension Tensor {
  /// The elements as the values of a feature; `nil` for types that features do not have.
  var featureValues: ExampleReader.Values? {
    switch dataType {
    case .float32: .floats(Array(buffer(Float.self)))
    case .int64: .integers(Array(buffer(Int64.self)))
    case .string: .strings(strings)
    default: nil
    }
  }
}

/// The wanted features of one serialized `tf.train.Example`.
struct ParseSingleExample: WithoutGradient {
  var sparseCount = 0
  var sparseKeys: [String] = []
  var denseKeys: [String] = []
  var sparseTypes: [DataType] = []
  /// The first dimension of a dense feature may be unknown.
  var denseShapes: [Shape] = []

  static let name = "ParseSingleExample"
  static let signature = Signature(
    inputs: ["serialized: string", "dense_defaults: Tdense"],
    outputs: [
      "sparse_indices: num_sparse * int64", "sparse_values: sparse_types",
      "sparse_shapes: num_sparse * int64", "dense_values: Tdense",
    ],
    types: ["Tdense": featureTypes, "sparse_types": featureTypes])
  static let attributes: [Attribute<Self>] = [
    .required("num_sparse", \.sparseCount), .required("sparse_keys", \.sparseKeys),
    .required("dense_keys", \.denseKeys), .required("sparse_types", \.sparseTypes),
    .required("dense_shapes", \.denseShapes),
  ]

  static let featureTypes = Signature.TypeParameter([.float32, .int64, .string], list: true)

  private func checkCounts(_ denseCount: Int) throws(GraphError) {
    guard sparseCount == sparseKeys.count, sparseCount == sparseTypes.count else {
      throw .invalidArgument(
        "num_sparse (\(sparseCount)) must match the size of sparse_keys (\(sparseKeys.count)) and "
          + "sparse_types (\(sparseTypes.count))")
    }
    guard denseKeys.count == denseCount else {
      throw .invalidArgument("len(dense_keys) != len(dense_types)")
    }
    guard denseShapes.count == denseCount else {
      throw .invalidArgument("len(dense_keys) != len(dense_shapes)")
    }
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try checkCounts(inputs.count - 1)
    _ = try inputs[0].shape.withRank(0)
    return try ExampleParsing.shapes(
      sparseCount: sparseCount, denseShapes: denseShapes, batch: [])
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try checkCounts(inputs.count - 1)
    guard inputs[0].rank == 0, let message = inputs[0].strings.first else {
      throw .invalidArgument(
        "Expected serialized to be a scalar, got shape: \(inputs[0].shape)")
    }
    let parsing = try ExampleParsing(
      denseKeys: denseKeys.map { Array($0.utf8) }, denseTypes: inputs.dropFirst().map(\.dataType),
      denseShapes: denseShapes, fallbacks: inputs.dropFirst(),
      sparseKeys: sparseKeys.map { Array($0.utf8) }, sparseTypes: sparseTypes)
    let found = try parsing.parse(message, .init())
    var indices: [Tensor] = []
    var values: [Tensor] = []
    var shapes: [Tensor] = []
    for (feature, list) in zip(parsing.sparse, found.sparse) {
      let count = list?.count ?? 0
      indices.append(try Tensor((0..<count).map { Int64($0) }, dimensions: [count, 1]))
      values.append(
        try ExampleParsing.tensor(list.map { [$0] } ?? [], feature.dataType, [count]))
      shapes.append(try Tensor([Int64(count)]))
    }
    var dense: [Tensor] = []
    for (feature, list) in zip(parsing.dense, found.dense) {
      var sizes = (feature.shape.dimensions ?? []).map { $0 ?? 0 }
      if feature.isVariable, feature.stride > 0 { sizes[0] = (list?.count ?? 0) / feature.stride }
      if let list {
        dense.append(try ExampleParsing.tensor([list], feature.dataType, sizes))
      } else if feature.isVariable {
        dense.append(try ExampleParsing.tensor([], feature.dataType, sizes))
      } else if feature.fallback.count > 0 {
        dense.append(feature.fallback)
      } else {
        throw ExampleParsing.missing(feature, "")
      }
    }
    return indices + values + shapes + dense
  }
}

/// The wanted features of a batch of serialized `tf.train.Example` messages.
struct ParseExample: WithoutGradient {
  var sparseCount = 0
  var denseCount = 0
  var sparseTypes: [DataType] = []
  /// The first dimension of a dense feature may be unknown.
  var denseShapes: [Shape] = []

  static let name = "ParseExample"
  static let signature = Signature(
    inputs: [
      "serialized: string", "names: string", "sparse_keys: Nsparse * string",
      "dense_keys: Ndense * string", "dense_defaults: Tdense",
    ],
    outputs: [
      "sparse_indices: Nsparse * int64", "sparse_values: sparse_types",
      "sparse_shapes: Nsparse * int64", "dense_values: Tdense",
    ],
    types: [
      "Tdense": ParseSingleExample.featureTypes, "sparse_types": ParseSingleExample.featureTypes,
    ])
  static let attributes: [Attribute<Self>] = [
    .required("Nsparse", \.sparseCount), .required("Ndense", \.denseCount),
    .required("sparse_types", \.sparseTypes), .required("dense_shapes", \.denseShapes),
  ]

  private func checkCounts(_ inputCount: Int) throws(GraphError) {
    guard sparseCount == sparseTypes.count else {
      throw .invalidArgument("len(sparse_keys) != len(sparse_types)")
    }
    guard inputCount == 2 + sparseCount + 2 * denseCount else {
      throw .invalidArgument("len(dense_keys) != len(dense_types)")
    }
    guard denseShapes.count == denseCount else {
      throw .invalidArgument("len(dense_keys) != len(dense_shapes)")
    }
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try checkCounts(inputs.count)
    let batch = try inputs[0].shape.withRank(1)
    _ = try inputs[1].shape.withRank(1)
    return try ExampleParsing.shapes(
      sparseCount: sparseCount, denseShapes: denseShapes, batch: [batch[0]])
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try checkCounts(inputs.count)
    guard inputs[0].rank == 1 else {
      throw .invalidArgument(
        "Expected serialized to be a vector, got shape: \(inputs[0].shape)")
    }
    guard inputs[1].count == 0 || inputs[1].dimensions == inputs[0].dimensions else {
      throw .invalidArgument(
        "Expected names have the same shape as serialized: name.shape=\(inputs[1].shape), "
          + "serialized.shape=\(inputs[0].shape)")
    }
    var keys: [[UInt8]] = []
    for (index, input) in inputs[2..<2 + sparseCount + denseCount].enumerated() {
      let isSparse = index < sparseCount
      guard input.rank == 0, let key = input.strings.first else {
        throw .invalidArgument(
          "Expected \(isSparse ? "sparse" : "dense")_keys["
            + "\(isSparse ? index : index - sparseCount)] to be a scalar, "
            + "got shape: \(input.shape)")
      }
      keys.append(key)
    }
    let fallbacks = inputs[(2 + sparseCount + denseCount)...]
    let parsing = try ExampleParsing(
      denseKeys: Array(keys[sparseCount...]), denseTypes: fallbacks.map(\.dataType),
      denseShapes: denseShapes, fallbacks: fallbacks, sparseKeys: Array(keys[..<sparseCount]),
      sparseTypes: sparseTypes)
    var found: [ExampleParsing.Found] = []
    let names = inputs[1].strings.map { ExampleParsing.Wording.text($0) }
    for (index, message) in inputs[0].strings.enumerated() {
      let name = names.isEmpty ? "<unknown>" : names[index]
      let wording = ExampleParsing.Wording(
        prefix: "Name: \(name), ", position: ", Index: \(index)", isBatch: true)
      let example = try parsing.parse(message, wording)
      for (feature, list) in zip(parsing.dense, example.dense)
      where list == nil && !feature.isVariable && feature.fallback.count == 0 {
        throw ExampleParsing.missing(feature, "Name: \(name), ")
      }
      found.append(example)
    }
    var indices: [Tensor] = []
    var values: [Tensor] = []
    var shapes: [Tensor] = []
    for (position, feature) in parsing.sparse.enumerated() {
      let lists = found.map { $0.sparse[position] }
      var pairs: [Int64] = []
      for (row, list) in lists.enumerated() {
        for column in 0..<(list?.count ?? 0) { pairs += [Int64(row), Int64(column)] }
      }
      let count = pairs.count / 2
      indices.append(try Tensor(pairs, dimensions: [count, 2]))
      values.append(
        try ExampleParsing.tensor(lists.compactMap { $0 }, feature.dataType, [count]))
      let longest = lists.map { $0?.count ?? 0 }.max() ?? 0
      shapes.append(try Tensor([Int64(lists.count), Int64(longest)]))
    }
    var dense: [Tensor] = []
    for (position, feature) in parsing.dense.enumerated() {
      dense.append(try Self.batch(feature, found.map { $0.dense[position] }))
    }
    return indices + values + shapes + dense
  }

  /// One row a message, missing and shorter ones filled with the fallback.
  private static func batch(
    _ feature: ExampleParsing.Dense, _ lists: [ExampleReader.Values?]
  ) throws(GraphError) -> Tensor {
    var sizes = (feature.shape.dimensions ?? []).map { $0 ?? 0 }
    if feature.isVariable, feature.stride > 0 {
      sizes[0] = (lists.map { $0?.count ?? 0 }.max() ?? 0) / feature.stride
    }
    // What fills the rows may be far more than what was parsed: the memory is asked for first.
    let result = try Tensor(uninitialized: feature.dataType, [lists.count] + sizes)
    let width = lists.isEmpty ? 0 : result.count / lists.count
    switch feature.dataType {
    case .float32:
      let target = result.mutableBuffer(Float.self)
      fill(width, lists, feature.fallback.featureValues, { target[$0] = $1 }) {
        if case .floats(let list) = $0 { list } else { [] }
      }
    case .int64:
      let target = result.mutableBuffer(Int64.self)
      fill(width, lists, feature.fallback.featureValues, { target[$0] = $1 }) {
        if case .integers(let list) = $0 { list } else { [] }
      }
    default:
      fill(width, lists, feature.fallback.featureValues, { result.storage.strings[$0] = $1 }) {
        if case .strings(let list) = $0 { list } else { [] }
      }
    }
    return result
  }

  /// Sets each element of the rows, from its list or else from the fallback: that has one element for
  /// all, or one for each place in a row.
  private static func fill<T>(
    _ width: Int, _ lists: [ExampleReader.Values?], _ fallback: ExampleReader.Values?,
    _ set: (Int, T) -> Void, _ elements: (ExampleReader.Values) -> [T]
  ) {
    let spare = fallback.map(elements) ?? []
    for (row, values) in lists.enumerated() {
      let given = values.map(elements) ?? []
      for (column, element) in given.prefix(width).enumerated() {
        set(row * width + column, element)
      }
      guard !spare.isEmpty else { continue }
      for column in min(given.count, width)..<width {
        set(row * width + column, spare.count == width ? spare[column] : spare[0])
      }
    }
  }
}

// MARK: - Building

/// A feature of a `tf.train.Example` to be parsed.
public enum ExampleFeature: Sendable {
  /// As many values as the shape has elements; `fallback` stands for a missing feature.
  /// TensorFlow: `FixedLenFeature`.
  case fixed(DataType, shape: [Int], fallback: Tensor? = nil)
  /// Any number of rows of this shape; none for a missing feature.
  /// TensorFlow: `FixedLenSequenceFeature` with `allow_missing`.
  case sequence(DataType, shape: [Int])
  /// Any number of values, as a sparse tensor. TensorFlow: `VarLenFeature`.
  case sparse(DataType)
}

/// A tensor most of whose elements are not there.
public struct SparseOutput: Sendable {
  /// `int64`, one row an element: where it stands.
  public var indices: Output
  /// The elements.
  public var values: Output
  /// `int64`: the shape of the whole.
  public var shape: Output
}

/// The features of a parsed example, by name.
public struct ParsedExample: Sendable {
  /// Features of known shape.
  public var dense: [String: Output] = [:]
  /// Features of any length.
  public var sparse: [String: SparseOutput] = [:]

  /// The dense feature `name`.
  ///
  /// - Throws: `notFound` when it was not asked for.
  public func callAsFunction(_ name: String) throws(GraphError) -> Output {
    guard let output = dense[name] else {
      throw .notFound("No dense feature '\(name)' was parsed")
    }
    return output
  }
}

/// The wanted features of one serialized `tf.train.Example`.
///
/// - Parameters:
///   - serialized: A scalar string.
///   - features: What to take out of it, `float32`, `int64` or `string`.
/// - Throws: `invalidArgument` for other types; when run also for a message that is malformed, lacks a
///   feature without a fallback, or has another type or number of values.
///
/// TensorFlow: `ParseSingleExample`, `tf.parse_single_example`.
public func parseSingleExample(
  _ serialized: Output, _ features: [String: ExampleFeature], name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> ParsedExample {
  let location = SourceLocation(file, line)
  let graph = serialized.graph
  return try graph.scope(name ?? "ParseSingleExample") { () throws(GraphError) -> ParsedExample in
    var op = ParseSingleExample()
    var fallbacks: [Output] = []
    let sorted = features.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    for (key, feature) in sorted {
      switch feature {
      case .sparse(let dataType):
        op.sparseKeys.append(key)
        op.sparseTypes.append(dataType)
      case .fixed(let dataType, let shape, let fallback):
        op.denseKeys.append(key)
        op.denseShapes.append(Shape(shape))
        if let fallback {
          let value = dataType == .string ? fallback : try fallback.converted(to: dataType)
          fallbacks.append(
            try graph.constant(
              try value.reshaped(shape), name: "key_\(key.filter(\.isNameCharacter))", location))
        } else {
          fallbacks.append(
            try graph.constant(try Tensor(zeros: dataType, [0]), name: "Const", location))
        }
      case .sequence(let dataType, let shape):
        op.denseKeys.append(key)
        op.denseShapes.append(Shape([nil] + shape.map(Optional.some)))
        fallbacks.append(
          try graph.constant(try Tensor(zeros: dataType, []), name: "Const", location))
      }
    }
    op.sparseCount = op.sparseKeys.count
    let node = try graph.add(
      op, [serialized] + fallbacks,
      attributes: ["Tdense": fallbacks.map(\.dataType).attributeValue],
      location)
    var parsed = ParsedExample()
    for (index, key) in op.sparseKeys.enumerated() {
      parsed.sparse[key] = SparseOutput(
        indices: graph.output(node, index), values: graph.output(node, op.sparseCount + index),
        shape: graph.output(node, 2 * op.sparseCount + index))
    }
    for (index, key) in op.denseKeys.enumerated() {
      parsed.dense[key] = graph.output(node, 3 * op.sparseCount + index)
    }
    return parsed
  }
}

extension Character {
  fileprivate var isNameCharacter: Bool { isASCII && (isLetter || isNumber) }
}
