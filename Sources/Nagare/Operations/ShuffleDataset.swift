/// A dataset in random order: each element is taken at random from a buffer of so many.
struct ShuffleDataset: DatasetOp {
  var reshufflesEachIteration = true
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []
  var metadata = ""

  static let name = "ShuffleDataset"
  static let signature = Signature(
    inputs: ["input_dataset: variant", "buffer_size: int64", "seed: int64", "seed2: int64"],
    outputs: ["handle: variant"])
  static let attributes: [Attribute<Self>] = [
    .attribute("reshuffle_each_iteration", \.reshufflesEachIteration),
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
    .attribute("metadata", \.metadata),
  ]

  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource {
    try ShuffleSource(
      inputs,
      SeedGenerator(
        seed: inputs[2].datasetArgument("seed"), seed2: inputs[3].datasetArgument("seed2"),
        reshuffles: reshufflesEachIteration))
  }
}

/// `ShuffleDataset` with seeds from a resource.
struct ShuffleDatasetV2: DatasetOp {
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []
  var metadata = ""

  static let name = "ShuffleDatasetV2"
  static let signature = Signature(
    inputs: ["input_dataset: variant", "buffer_size: int64", "seed_generator: resource"],
    outputs: ["handle: variant"])
  static let attributes: [Attribute<Self>] = [
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
    .attribute("metadata", \.metadata),
  ]
  static let isStateful = true

  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource {
    guard let seeds = inputs[2].storage.resource as? SeedGenerator else {
      throw .invalidArgument("seed_generator is not a generator of seeds")
    }
    return try ShuffleSource(inputs, seeds)
  }
}

/// `ShuffleDataset` with seeds from a resource, or its own when that is a dummy.
struct ShuffleDatasetV3: DatasetOp {
  var reshufflesEachIteration = true
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []
  var metadata = ""

  static let name = "ShuffleDatasetV3"
  static let signature = Signature(
    inputs: [
      "input_dataset: variant", "buffer_size: int64", "seed: int64", "seed2: int64",
      "seed_generator: resource",
    ],
    outputs: ["handle: variant"])
  static let attributes: [Attribute<Self>] = [
    .attribute("reshuffle_each_iteration", \.reshufflesEachIteration),
    .required("output_types", \.outputTypes), .required("output_shapes", \.outputShapes),
    .attribute("metadata", \.metadata),
  ]
  static let isStateful = true

  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource {
    if let seeds = inputs[4].storage.resource as? SeedGenerator {
      return try ShuffleSource(inputs, seeds)
    }
    return try ShuffleSource(
      inputs,
      SeedGenerator(
        seed: inputs[2].datasetArgument("seed"), seed2: inputs[3].datasetArgument("seed2"),
        reshuffles: reshufflesEachIteration))
  }
}

/// The seeds of the passes over a shuffled dataset.
final class SeedGenerator: Resource {
  private let seeds: (Int, Int)
  private let reshuffles: Bool

  init(seed: Int, seed2: Int, reshuffles: Bool) {
    seeds = (seed, seed2)
    self.reshuffles = reshuffles
  }

  /// The generator of the next pass.
  func generator(_ scope: IteratorScope) -> Philox {
    let pass = scope.advance()
    if !reshuffles, seeds != (0, 0) {
      return Philox(
        seed: UInt64(bitPattern: Int64(seeds.0)), seed2: UInt64(bitPattern: Int64(seeds.1)))
    }
    let path = scope.environment.path + "seeds"
    let generator = scope.context.generators.generator(path, seeds: seeds, reserving: 0)
    // Each pass takes two words, and a call has four.
    let first = reshuffles ? 2 * UInt64(pass) : 0
    return Philox(seed: UInt64(generator.word(first)), seed2: UInt64(generator.word(first + 1)))
  }
}

extension Philox {
  /// The word that is `index` words from here.
  func word(_ index: UInt64) -> UInt32 {
    var generator = self
    generator.skip(index / 4)
    let words = generator.next()
    return SIMD4(words.0, words.1, words.2, words.3)[Int(index % 4)]
  }
}

private struct ShuffleSource: DatasetSource {
  let input: DatasetValue
  /// How many elements the buffer holds.
  let size: Int
  let seeds: SeedGenerator

  init(_ inputs: [Tensor], _ seeds: SeedGenerator) throws(GraphError) {
    input = try inputs[0].dataset
    let size = try inputs[1].datasetArgument("buffer_size")
    // TensorFlow's mark of an unknown number: all elements.
    guard size > 0 || size == -2 else {
      throw .invalidArgument("buffer_size must be greater than zero or UNKNOWN_CARDINALITY")
    }
    self.size = size < 0 ? .max : size
    self.seeds = seeds
  }

  func makeIterator(_ scope: IteratorScope) throws(GraphError) -> any ElementIterator {
    Iterator(self, try scope.makeIterator(input), seeds.generator(scope))
  }

  /// Takes what TensorFlow's takes: the buffer is a ring, and the element that stood first moves to
  /// where the one that was drawn has been.
  private final class Iterator: ElementIterator, @unchecked Sendable {
    private let input: any ElementIterator
    private let size: Int
    private var generator: Philox
    /// How many random words have been drawn.
    private var drawn: UInt64 = 0
    private var ring: [[Tensor]] = []
    /// The elements that the buffer has given, and those that it has taken.
    private var start = 0
    private var end = 0
    private var isInputEnded = false

    init(_ source: ShuffleSource, _ input: any ElementIterator, _ generator: Philox) {
      size = source.size
      self.input = input
      self.generator = generator
    }

    func next() throws(GraphError) -> [Tensor]? {
      while !isInputEnded, end - start < size {
        guard let element = try input.next() else {
          isInputEnded = true
          break
        }
        if end < size { ring.append(element) } else { ring[end % size] = element }
        end += 1
      }
      guard start < end else { return nil }
      let offset = Int(generator.word(drawn)) % (end - start)
      drawn += 1
      let (chosen, first) = ((start + offset) % size, start % size)
      let element = ring[chosen]
      ring[chosen] = ring[first]
      ring[first] = []
      start += 1
      return element
    }

    func save(to state: inout StateWriter) throws(GraphError) {
      generator.save(to: &state)
      state.append(drawn)
      state.append(start)
      state.append(end - start)
      for place in start..<end { try state.append(ring[place % size]) }
      state.append(isInputEnded)
      try input.save(to: &state)
    }

    func restore(from state: inout StateReader) throws(GraphError) {
      generator = try Philox(from: &state)
      drawn = try state.word()
      start = try state.integer()
      let count = try state.count()
      let (last, overflow) = start.addingReportingOverflow(count)
      guard start >= 0, count <= size, !overflow else { throw StateReader.damaged }
      end = last
      // Those that come before have been given away; the ring is as long as it has been.
      ring = [[Tensor]](repeating: [], count: min(size, end))
      for place in start..<end { ring[place % size] = try state.tensors() }
      isInputEnded = try state.bool()
      try input.restore(from: &state)
    }
  }
}
