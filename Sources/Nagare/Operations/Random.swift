import RealModule

/// An op that fills a tensor with random numbers of a distribution: TensorFlow's numbers for the same
/// seeds, the next ones with each run of a session.
protocol RandomOp: NonDifferentiable {
  var seed: Int { get set }
  var seed2: Int { get set }
  var dataType: DataType { get set }
  /// The next four numbers, from the generator of their group.
  static func next(_ generator: inout Philox) -> (Float, Float, Float, Float)
  /// The next two numbers.
  static func next(_ generator: inout Philox) -> (Double, Double)
  /// How far the generators of two groups of four are apart.
  static var callsPerGroup: UInt64 { get }
  /// Nanoseconds a number.
  static var cost: Int { get }
}

extension RandomOp {
  static var signature: Signature {
    Signature(
      inputs: ["shape: T"], outputs: ["output: dtype"],
      types: [
        "dtype": .of(.float16, .bfloat16, .float32, .float64), "T": .of(.int32, .int64),
      ])
  }

  static var attributes: [Attribute<Self>] {
    [
      .attribute("seed", \.seed), .attribute("seed2", \.seed2), .required("dtype", \.dataType),
    ]
  }

  static var isStateful: Bool { true }
  static var callsPerGroup: UInt64 { 1 }
  static var cost: Int { 8 }

  init(_ dataType: DataType, seeds: (Int64, Int64)) {
    self.init()
    self.dataType = dataType
    (seed, seed2) = (Int(seeds.0), Int(seeds.1))
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [try inputs[0].requestedShape()]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let dimensions = try inputs[0].randomShape
    let result = try context.allocate(dataType, dimensions)
    guard result.count > 0 else { return [result] }
    let generator = try context.generator(seed, seed2, reserving: result.count)
    switch dataType {
    case .float32:
      fill(result.mutableBuffer(Float.self), 4, context) { (start, body) in
        var group = generator
        group.skip(UInt64(start) &* Self.callsPerGroup)
        var own = group
        let values: (Float, Float, Float, Float) = Self.next(&own)
        body(0, values.0)
        body(1, values.1)
        body(2, values.2)
        body(3, values.3)
      }
    case .float64:
      // A group of two takes as many words as one of four float32.
      let calls = Self.callsPerGroup == 1 ? 1 : Self.callsPerGroup / 2
      fill(result.mutableBuffer(Double.self), 2, context) { (start, body) in
        var own = generator
        own.skip(UInt64(start) &* calls)
        let values: (Double, Double) = Self.next(&own)
        body(0, values.0)
        body(1, values.1)
      }
    default: throw .unsupported(Self.name, dataType)
    }
    return [result]
  }

  /// Fills groups of `width` numbers; of the last, what does not fit is dropped.
  @inline(__always)
  private func fill<T>(
    _ numbers: UnsafeMutableBufferPointer<T>, _ width: Int, _ context: KernelContext,
    _ group: (Int, (Int, T) -> Void) -> Void
  ) {
    let groups = (numbers.count - 1) / width + 1
    context.threads.ranges(groups, grain: context.grain(cost: Self.cost * width)) { range in
      for index in range {
        let start = index * width
        group(index) { offset, value in
          if start + offset < numbers.count { numbers[start + offset] = value }
        }
      }
    }
  }
}

extension KernelContext {
  /// The generator of the node for `count` numbers, 256 calls set aside for each as TensorFlow does.
  func generator(
    _ seed: Int, _ seed2: Int, reserving count: Int
  ) throws(GraphError) -> Philox {
    try generator(seed, seed2, calls: UInt64(count) &* 256)
  }
}

extension Tensor {
  /// The shape that a vector of sizes asks a random op for.
  var randomShape: [Int] {
    get throws(GraphError) {
      guard rank == 1, let sizes = integers else {
        throw .invalidArgument("shape must be a vector of {int32,int64}, got shape \(shape)")
      }
      if let size = sizes.first(where: { $0 < 0 }) {
        throw .invalidArgument("Dimension \(size) must be >= 0")
      }
      return sizes
    }
  }
}

extension Float {
  /// A number in `0..<1` from the low 23 bits.
  @inline(__always)
  init(uniform word: UInt32) {
    self = Float(bitPattern: 127 << 23 | word & 0x7f_ffff) - 1
  }
}

extension Double {
  /// A number in `0..<1` from 52 bits of two words.
  @inline(__always)
  init(uniform high: UInt32, _ low: UInt32) {
    self = Double(bitPattern: 1023 << 52 | UInt64(high & 0xf_ffff) << 32 | UInt64(low)) - 1
  }
}

/// Numbers uniform in `0..<1`.
struct RandomUniform: RandomOp {
  var seed = 0
  var seed2 = 0
  var dataType = DataType.float32

  static let name = "RandomUniform"
  static var cost: Int { 3 }

  @inline(__always)
  static func next(_ generator: inout Philox) -> (Float, Float, Float, Float) {
    let words = generator.next()
    return (
      Float(uniform: words.0), Float(uniform: words.1), Float(uniform: words.2),
      Float(uniform: words.3)
    )
  }

  @inline(__always)
  static func next(_ generator: inout Philox) -> (Double, Double) {
    let words = generator.next()
    return (Double(uniform: words.0, words.1), Double(uniform: words.2, words.3))
  }
}

/// Numbers of the standard normal distribution.
struct RandomStandardNormal: RandomOp {
  var seed = 0
  var seed2 = 0
  var dataType = DataType.float32

  static let name = "RandomStandardNormal"

  static func next(_ generator: inout Philox) -> (Float, Float, Float, Float) {
    let words = generator.next()
    let first = boxMuller(words.0, words.1)
    let second = boxMuller(words.2, words.3)
    return (first.0, first.1, second.0, second.1)
  }

  static func next(_ generator: inout Philox) -> (Double, Double) {
    boxMuller(generator.next())
  }
}

/// Numbers of the standard normal distribution that are less than 2 away from 0.
struct TruncatedNormal: RandomOp {
  var seed = 0
  var seed2 = 0
  var dataType = DataType.float32

  static let name = "TruncatedNormal"
  // How many calls a group takes is not known: every group has room for more than it can need.
  static var callsPerGroup: UInt64 { 256 }
  static var cost: Int { 16 }

  static func next(_ generator: inout Philox) -> (Float, Float, Float, Float) {
    var values: (Float, Float, Float, Float) = (0, 0, 0, 0)
    var count = 0
    @inline(__always)
    func take(_ value: Float) {
      guard abs(value) < 2, count < 4 else { return }
      switch count {
      case 0: values.0 = value
      case 1: values.1 = value
      case 2: values.2 = value
      default: values.3 = value
      }
      count += 1
    }
    while count < 4 {
      let words = generator.next()
      for pair in [(words.0, words.1), (words.2, words.3)] where count < 4 {
        let numbers = boxMuller(pair.0, pair.1)
        take(numbers.0)
        take(numbers.1)
      }
    }
    return values
  }

  static func next(_ generator: inout Philox) -> (Double, Double) {
    var first: Double?
    while true {
      let numbers = boxMuller(generator.next())
      for value in [numbers.0, numbers.1] where abs(value) < 2 {
        guard let earlier = first else {
          first = value
          continue
        }
        return (earlier, value)
      }
    }
  }
}

/// Two numbers of the standard normal distribution from two uniform ones.
///
/// Box and Muller, "A note on the generation of random normal deviates", 1958.
private func boxMuller(_ first: UInt32, _ second: UInt32) -> (Float, Float) {
  // Away from zero, of which there is no logarithm.
  let u = max(Float(uniform: first), 1e-7)
  let angle = Float(2 * Double.pi * Double(Float(uniform: second)))
  let radius = (-2 * Float.log(u)).squareRoot()
  return (Float.sin(angle) * radius, Float.cos(angle) * radius)
}

private func boxMuller(_ words: (UInt32, UInt32, UInt32, UInt32)) -> (Double, Double) {
  let u = max(Double(uniform: words.0, words.1), 1e-7)
  let angle = 2 * Double.pi * Double(uniform: words.2, words.3)
  let radius = (-2 * Double.log(u)).squareRoot()
  return (Double.sin(angle) * radius, Double.cos(angle) * radius)
}
