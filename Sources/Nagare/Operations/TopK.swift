/// The `k` greatest entries along the last dimension, in descending order.
struct TopKV2: Op {
  /// Whether each row must be in descending order. It always is.
  var sorted = true
  var indexType = DataType.int32

  static let name = "TopKV2"
  static let signature = Signature(
    inputs: ["input: T", "k: Tk"], outputs: ["values: T", "indices: index_type"],
    types: [
      "T": .real, "Tk": .of(.int16, .int32, .int64, default: .int32),
      "index_type": .of(.int16, .int32, .int64, default: .int32),
    ])
  static let attributes: [Attribute<Self>] = [
    .attribute("sorted", \.sorted), .attribute("index_type", \.indexType),
  ]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    try inputs[0].shape.withRank(atLeast: 1)
    var count: Int?
    if let constant = inputs[1].constant {
      guard constant.rank == 0, let k = constant.integers?.first else {
        throw .invalidArgument("Input must be scalar but has rank \(constant.rank)")
      }
      guard k >= 0 else {
        throw .invalidArgument(
          "Dimension size, given by scalar input 1, must be non-negative but is \(k)")
      }
      count = k
    }
    guard var dimensions = inputs[0].shape.dimensions else { return [.unknown, .unknown] }
    if let count, let last = dimensions[dimensions.count - 1], last < count {
      throw .invalidArgument("input must have last dimension >= k = \(count) but is \(last)")
    }
    dimensions[dimensions.count - 1] = count
    return [Shape(dimensions), Shape(dimensions)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[1].rank == 0, let k = inputs[1].integers?.first else {
      throw .invalidArgument("k must be scalar, got shape \(inputs[1].shape)")
    }
    guard k >= 0 else { throw .invalidArgument("Need k >= 0, got \(k)") }
    guard let width = inputs[0].dimensions.last else {
      throw .invalidArgument("input must be >= 1-D, got shape []")
    }
    guard width >= k else {
      throw .invalidArgument("input must have at least k columns. Had \(width), needed \(k)")
    }
    let found =
      switch inputs[0].dataType {
      case .float32: try select(inputs[0], k, width, Float.self, context)
      case .float64: try select(inputs[0], k, width, Double.self, context)
      case .int8: try select(inputs[0], k, width, Int8.self, context)
      case .int16: try select(inputs[0], k, width, Int16.self, context)
      case .int32: try select(inputs[0], k, width, Int32.self, context)
      case .int64: try select(inputs[0], k, width, Int64.self, context)
      case .uint8: try select(inputs[0], k, width, UInt8.self, context)
      case .uint16: try select(inputs[0], k, width, UInt16.self, context)
      case .uint32: try select(inputs[0], k, width, UInt32.self, context)
      case .uint64: try select(inputs[0], k, width, UInt64.self, context)
      default: throw GraphError.unsupported(Self.name, inputs[0].dataType)
      }
    return [found.values] + (try Cast(target: indexType).compute([found.places], context))
  }

  private func select<T: Number>(
    _ input: Tensor, _ k: Int, _ width: Int, _: T.Type, _ context: KernelContext
  ) throws(GraphError) -> (values: Tensor, places: Tensor) {
    let dimensions = Array(input.dimensions.dropLast()) + [k]
    let values = try context.allocate(T.dataType, dimensions)
    let places = try context.allocate(.int64, dimensions)
    guard values.count > 0 else { return (values, places) }
    let x = input.pointer(T.self)
    let v = values.mutablePointer(T.self)
    let p = places.mutablePointer(Int64.self)
    let rows = values.count / k
    context.threads.ranges(rows, grain: context.grain(cost: 4 * width)) { range in
      for row in range {
        let elements = x + row * width
        for (rank, place) in Self.first(k, of: elements, width).enumerated() {
          v[row * k + rank] = elements[place]
          p[row * k + rank] = Int64(place)
        }
      }
    }
    return (values, places)
  }

  /// The places of the `k` greatest of `count` elements, the greatest first. Of equal elements the
  /// first comes first; NaN comes after all numbers.
  private static func first<T: Number>(
    _ k: Int, of x: UnsafePointer<T>, _ count: Int
  ) -> [Int] {
    func precedes(_ a: Int, _ b: Int) -> Bool {
      let (left, right) = (x[a], x[b])
      if left == right { return a < b }
      if left != left { return right != right && a < b }
      return right != right || left > right
    }
    if k == 1 {
      var best = 0
      for place in 1..<max(1, count) where precedes(place, best) { best = place }
      return [best]
    }
    // A heap of the best so far, the worst of them on top.
    var heap = Array(0..<k)
    func sink(_ start: Int) {
      var parent = start
      while true {
        var child = 2 * parent + 1
        guard child < k else { return }
        if child + 1 < k, precedes(heap[child], heap[child + 1]) { child += 1 }
        guard precedes(heap[parent], heap[child]) else { return }
        heap.swapAt(parent, child)
        parent = child
      }
    }
    for parent in (0..<(k / 2)).reversed() { sink(parent) }
    for place in k..<max(k, count) where precedes(place, heap[0]) {
      heap[0] = place
      sink(0)
    }
    return heap.sorted(by: precedes)
  }

  /// Each entry's gradient goes to the place that it was taken from.
  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    let graph = node.graph
    let x = node.inputs[0]
    guard let upstream = node.upstream[0] else { return [nil, nil] }
    let indices = try cast(node.outputs[1], to: .int32)
    let size = try shape(of: x)
    let end = try rank(of: x) - 1
    let (width, k) = (try gather(size, end), try gather(shape(of: indices), end))
    // The rows one after the other: where each begins, and the places within it.
    let rows = try reshape(indices, stack([graph.constant(-1), k]))
    let starts = try range(
      graph.constant(0), gather(shape(of: rows), graph.constant(0)) * width, width)
    let places = try reshape(rows + expandDimensions(starts, axis: -1), [-1, 1])
    let count = try reshape(product(size, axes: [0]), [1])
    let scattered = try scatterND(places, reshape(upstream, [-1]), shape: count)
    return [try reshape(scattered, like: x), nil]
  }
}

/// The `k` greatest entries along the last dimension in descending order, and their places. Of equal
/// entries the first comes first; NaN comes after all numbers.
///
/// - Throws: `invalidArgument` when the last dimension is smaller than `k`.
///
/// TensorFlow: `TopKV2`, `tf.nn.top_k`.
public func topK(
  _ input: Output, k: Int, sorted: Bool = true, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> (values: Output, indices: Output) {
  let location = SourceLocation(file, line)
  return try topK(input, sorted, name, location) { () throws(GraphError) in
    try input.graph.constant(size: k, name: "k", location)
  }
}

/// The `k` greatest entries along the last dimension in descending order, and their places, where
/// `k` (a scalar: int16, int32, int64) is known only in the run.
///
/// - Throws: `invalidArgument` when the last dimension is smaller than `k`; in the run if need be.
///
/// TensorFlow: `TopKV2`, `tf.nn.top_k`.
public func topK(
  _ input: Output, k: Output, sorted: Bool = true, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> (values: Output, indices: Output) {
  try topK(input, sorted, name, SourceLocation(file, line)) { () throws(GraphError) in k }
}

private func topK(
  _ input: Output, _ sorted: Bool, _ name: String?, _ location: SourceLocation,
  _ k: () throws(GraphError) -> Output
) throws(GraphError) -> (values: Output, indices: Output) {
  let node = try input.graph.add(TopKV2(sorted: sorted), named: name ?? "TopKV2", location) {
    () throws(GraphError) in
    [input, try k()]
  }
  return (input.graph.output(node), input.graph.output(node, 1))
}
