/// A tensor with its rows in random order.
struct RandomShuffle: NonDifferentiable {
  var seed = 0
  var seed2 = 0

  static let name = "RandomShuffle"
  static let signature = Signature(
    inputs: ["value: T"], outputs: ["output: T"], types: ["T": .any])
  static let attributes: [Attribute<Self>] = [
    .attribute("seed", \.seed), .attribute("seed2", \.seed2),
  ]
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [inputs[0].shape] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let value = inputs[0]
    guard let rows = value.dimensions.first, rows > 1, value.count > 1 else { return inputs }
    // One word a row but the last, four words a call.
    let calls = UInt64((rows - 1 + 3) / 4)
    var generator = try context.generator(seed, seed2, calls: calls)
    var order = Array(0..<rows)
    var words = SIMD4<UInt32>()
    for row in 0..<(rows - 1) {
      if row % 4 == 0 {
        let next = generator.next()
        words = SIMD4(next.0, next.1, next.2, next.3)
      }
      let rest = UInt32(truncatingIfNeeded: rows - row)
      order.swapAt(row, row + Int(words[row % 4] % rest))
    }
    let width = value.count / rows
    let result = try context.allocate(value.dataType, value.dimensions)
    if value.dataType == .string {
      for (row, source) in order.enumerated() {
        for offset in 0..<width {
          result.storage.strings[row * width + offset] =
            value.storage.strings[source * width + offset]
        }
      }
      return [result]
    }
    guard let size = value.dataType.byteCount.map({ $0 * width }) else {
      throw .unsupported(Self.name, value.dataType)
    }
    let (x, y) = (value.storage.base, result.storage.base)
    context.threads.ranges(rows, grain: max(1, 65_536 / max(1, size))) { range in
      for row in range {
        (y + row * size).copyMemory(from: x + order[row] * size, byteCount: size)
      }
    }
    return [result]
  }
}

/// `value` with its rows in random order, another with each run.
///
/// - Parameter seed: Of this op; see `Graph.randomSeed`.
///
/// TensorFlow: `RandomShuffle`, `tf.random_shuffle`.
public func randomShuffle(
  _ value: Output, seed: Int64? = nil, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  let seeds = value.graph.seeds(seed)
  return try value.graph.output(
    RandomShuffle(seed: Int(seeds.0), seed2: Int(seeds.1)), [value], name: name,
    SourceLocation(file, line))
}
