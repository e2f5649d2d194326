/// Whole numbers uniform from a least one up to a limit, which is not among them.
struct RandomUniformInt: WithoutGradient {
  var seed = 0
  var seed2 = 0

  static let name = "RandomUniformInt"
  static let signature = Signature(
    inputs: ["shape: T", "minval: Tout", "maxval: Tout"], outputs: ["output: Tout"],
    types: ["Tout": .of(.int32, .int64), "T": .of(.int32, .int64)])
  static let attributes: [Attribute<Self>] = [
    .attribute("seed", \.seed), .attribute("seed2", \.seed2),
  ]
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    for (name, input) in zip(["minval", "maxval"], inputs[1...]) {
      if let rank = input.shape.rank, rank != 0 {
        throw .invalidArgument("\(name) must be a scalar; got a tensor of shape \(input.shape)")
      }
    }
    return [try inputs[0].requestedShape()]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    for (name, input) in zip(["minval", "maxval"], inputs[1...]) where input.rank != 0 {
      throw .invalidArgument("\(name) must be 0-D, got shape \(input.shape)")
    }
    let result = try context.allocate(inputs[1].dataType, inputs[0].randomShape)
    guard result.count > 0 else { return [result] }
    guard let least = inputs[1].integers?[0], let limit = inputs[2].integers?[0] else {
      throw .unsupported(Self.name, result.dataType)
    }
    guard least < limit else {
      throw .invalidArgument("Need minval < maxval, got \(least) >= \(limit)")
    }
    let generator = try context.generator(seed, seed2, reserving: result.count)
    let grain = context.grain(cost: 8)
    if result.dataType == .int32 {
      let low = UInt32(truncatingIfNeeded: least)
      let size = UInt32(truncatingIfNeeded: limit &- least)
      let numbers = result.mutableBuffer(Int32.self)
      context.threads.ranges((result.count - 1) / 4 + 1, grain: grain) { range in
        for group in range {
          let words = generator.words(group)
          for offset in 0..<min(4, numbers.count - 4 * group) {
            numbers[4 * group + offset] = Int32(bitPattern: low &+ words[offset] % size)
          }
        }
      }
    } else {
      let low = UInt64(bitPattern: Int64(least))
      let size = UInt64(bitPattern: Int64(limit &- least))
      let numbers = result.mutableBuffer(Int64.self)
      context.threads.ranges((result.count - 1) / 2 + 1, grain: grain) { range in
        for group in range {
          let words = generator.words(group)
          for offset in 0..<min(2, numbers.count - 2 * group) {
            let word = UInt64(words[2 * offset]) | UInt64(words[2 * offset + 1]) << 32
            numbers[2 * group + offset] = Int64(bitPattern: low &+ word % size)
          }
        }
      }
    }
    return [result]
  }
}

extension Philox {
  /// The words of call `index` from here.
  fileprivate func words(_ index: Int) -> SIMD4<UInt32> {
    var generator = self
    generator.skip(UInt64(index))
    let words = generator.next()
    return SIMD4(words.0, words.1, words.2, words.3)
  }
}
