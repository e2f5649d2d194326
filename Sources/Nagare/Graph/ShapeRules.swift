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
