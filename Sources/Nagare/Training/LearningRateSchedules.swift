/// Half a cosine from `rate` down to `alpha` times it at step `decaySteps`, where it stays.
///
/// - Parameters:
///   - rate: A float32 scalar.
///   - globalStep: An integer scalar.
/// - Returns: A float32 scalar.
///
/// TensorFlow: `tf.train.cosine_decay`. Loshchilov and Hutter, 2016.
public func cosineDecay(
  _ rate: Output, globalStep: Output, decaySteps: Int, alpha: Double = 0,
  name: String = "CosineDecay"
) throws(GraphError) -> Output {
  let graph = rate.graph
  return try graph.scope(name) { () throws(GraphError) -> Output in
    let steps = try graph.constant(try Tensor(scalar: Float(decaySteps)))
    let step = try minimum(cast(globalStep, to: .float32), steps)
    let fraction = try divide(step, steps)
    let pi = try graph.constant(try Tensor(scalar: Float.pi))
    let half = try graph.constant(0.5)
    let decayed = try half * (1.0 + cos(pi * fraction))
    let low = try graph.constant(try Tensor(scalar: Float(alpha)))
    let range = try graph.constant(try Tensor(scalar: Float(1 - alpha)))
    return try rate * (range * decayed + low)
  }
}

/// `rate · decayRate ^ (globalStep / decaySteps)`, the exponent rounded down when `isStaircase`.
///
/// TensorFlow: `tf.train.exponential_decay`.
public func exponentialDecay(
  _ rate: Output, globalStep: Output, decaySteps: Int, decayRate: Double,
  isStaircase: Bool = false, name: String = "ExponentialDecay"
) throws(GraphError) -> Output {
  let graph = rate.graph
  return try graph.scope(name) { () throws(GraphError) -> Output in
    let steps = try graph.constant(try Tensor(scalar: Float(decaySteps)))
    var exponent = try divide(cast(globalStep, to: .float32), steps)
    if isStaircase { exponent = try floor(exponent) }
    return try multiply(
      rate, pow(graph.constant(try Tensor(scalar: Float(decayRate))), exponent))
  }
}

/// `values[i]` for steps up to and including `boundaries[i]`, the last value after all of them.
///
/// - Throws: `invalidArgument` unless there is one more value than there are boundaries.
///
/// TensorFlow: `tf.train.piecewise_constant`.
public func piecewiseConstant(
  globalStep: Output, boundaries: [Int], values: [Double], name: String = "PiecewiseConstant"
) throws(GraphError) -> Output {
  guard values.count == boundaries.count + 1, let last = values.last else {
    throw .invalidArgument(
      "The length of boundaries should be 1 less than the length of values, got "
        + "\(boundaries.count) and \(values.count)")
  }
  let graph = globalStep.graph
  return try graph.scope(name) { () throws(GraphError) -> Output in
    let step = try cast(globalStep, to: .int64)
    var result = try graph.constant(try Tensor(scalar: Float(last)))
    for (boundary, value) in zip(boundaries, values).reversed() {
      let isBefore = try lessEqual(
        step, graph.constant(try Tensor(scalar: Int64(boundary))))
      result = try select(
        isBefore, graph.constant(try Tensor(scalar: Float(value))), result)
    }
    return result
  }
}
