// What shape rules ask of their inputs, with TensorFlow's refusals.

extension Shape {
  /// The same shape, with as many dimensions as `rank` when nothing was known.
  ///
  /// - Throws: `invalidArgument` when it has another rank.
  func withRank(_ rank: Int) throws(GraphError) -> Shape {
    guard let actual = self.rank else { return .unknown(rank: rank) }
    guard actual == rank else {
      throw .invalidArgument("Shape must be rank \(rank) but is rank \(actual)")
    }
    return self
  }

  /// The same shape.
  ///
  /// - Throws: `invalidArgument` when it has fewer than `rank` dimensions.
  @discardableResult
  func withRank(atLeast rank: Int) throws(GraphError) -> Shape {
    if let actual = self.rank, actual < rank {
      throw .invalidArgument("Shape must be at least rank \(rank) but is rank \(actual)")
    }
    return self
  }
}

/// Checks that a dimension, where it is known, has this size.
///
/// - Throws: `invalidArgument` when it has another.
func checkDimension(_ dimension: Int?, is size: Int) throws(GraphError) {
  if let dimension, dimension != size {
    throw .invalidArgument("Dimension must be \(size) but is \(dimension)")
  }
}

extension Shape {
  /// The same shape.
  ///
  /// - Throws: `invalidArgument` when it has more than `rank` dimensions.
  @discardableResult
  func withRank(atMost rank: Int) throws(GraphError) -> Shape {
    if let actual = self.rank, actual > rank {
      throw .invalidArgument("Shape must be at most rank \(rank) but is rank \(actual)")
    }
    return self
  }

  /// What both shapes say together.
  ///
  /// - Throws: `invalidArgument` when they contradict one another.
  func merging(_ other: Shape) throws(GraphError) -> Shape {
    if let merged = merged(with: other) { return merged }
    guard let mine = dimensions, let theirs = other.dimensions, mine.count == theirs.count else {
      throw .invalidArgument(
        "Shapes must be equal rank, but are \(rank ?? 0) and \(other.rank ?? 0)")
    }
    for (index, (left, right)) in zip(mine, theirs).enumerated() {
      guard let left, let right, left != right else { continue }
      throw .invalidArgument(
        "Dimension \(index) in both shapes must be equal, but are \(left) and \(right). "
          + "Shapes are \(self) and \(other).")
    }
    return self
  }

  /// The dimensions in `range`, which must be within the rank; unknown where that is.
  func part(_ range: some RangeExpression<Int>) -> Shape {
    guard let dimensions else { return .unknown }
    return Shape(Array(dimensions[range]))
  }

  /// The same shape with another size at `index`, which must be within the rank.
  func replacing(_ index: Int, with size: Int?) -> Shape {
    guard var dimensions else { return .unknown }
    dimensions[index] = size
    return Shape(dimensions)
  }
}

/// What the shapes of all of `inputs` say together.
///
/// - Throws: `invalidArgument` when two contradict one another.
func mergedShape(of inputs: [TensorSpec]) throws(GraphError) -> Shape {
  var shape = Shape.unknown
  for (index, input) in inputs.enumerated().reversed() {
    do throws(GraphError) {
      shape = try input.shape.merging(shape)
    } catch {
      var refusal = error
      refusal.message += "\n\tFrom merging shape \(index) with other shapes."
      throw refusal
    }
  }
  return shape
}

/// The size that two dimensions have in common.
///
/// - Throws: `invalidArgument` when both are known and differ.
func mergedDimension(_ left: Int?, _ right: Int?) throws(GraphError) -> Int? {
  if let left, let right, left != right {
    throw .invalidArgument("Dimensions must be equal, but are \(left) and \(right)")
  }
  return left ?? right
}

extension TensorSpec {
  /// The shape that this vector of sizes asks for; -1 stands for a size that is not known.
  ///
  /// - Throws: `invalidArgument` when it is not a vector or holds another negative number.
  func requestedShape() throws(GraphError) -> Shape {
    _ = try shape.withRank(1)
    if let size = quietIntegers?.first(where: { $0 < -1 }) {
      throw .invalidArgument("Invalid value in tensor used for shape: \(size)")
    }
    return shapeValue ?? .unknown
  }

  /// `integers` without it counting as a question in an error text.
  var quietIntegers: [Int]? {
    var quiet = self
    quiet.probe = nil
    return quiet.integers
  }

  /// The one element of an integer tensor, if it is known.
  ///
  /// - Throws: `invalidArgument` when this is not a scalar.
  func knownScalar() throws(GraphError) -> Int? {
    _ = try shape.withRank(0)
    return integers?.first
  }
}

/// `axis` counted from the first dimension.
///
/// - Throws: `invalidArgument` with `refusal` when it is out of range.
func wrappedAxis(
  _ axis: Int, rank: Int, _ refusal: @autoclosure () -> String
) throws(GraphError) -> Int {
  guard axis >= -rank, axis < rank else { throw .invalidArgument(refusal()) }
  return axis < 0 ? axis + rank : axis
}
