/// What is known of a tensor's shape before the graph runs: an unknown rank, or a list of dimensions
/// of which some may be unknown.
public struct Shape: Sendable, Hashable {
  /// One entry a dimension, `nil` where its size is unknown; `nil` as a whole for an unknown rank.
  public var dimensions: [Int?]?

  /// A shape of unknown rank.
  public static let unknown = Shape(unknownOr: nil)
  /// The shape of a single value, `[]`.
  public static let scalar = Shape([])

  /// A shape of known rank.
  public init(_ dimensions: [Int?]) { self.dimensions = dimensions }

  /// A fully known shape.
  public init(_ dimensions: [Int]) { self.dimensions = dimensions.map(Optional.some) }

  init(unknownOr dimensions: [Int?]?) { self.dimensions = dimensions }

  /// A shape of this rank with no known size.
  public static func unknown(rank: Int) -> Shape {
    Shape([Int?](repeating: nil, count: max(0, rank)))
  }

  /// A shape of rank 1.
  public static func vector(_ count: Int?) -> Shape { Shape([count]) }

  /// The number of dimensions, if known.
  public var rank: Int? { dimensions?.count }

  /// All sizes, if every one is known.
  public var known: [Int]? {
    guard let dimensions else { return nil }
    var sizes: [Int] = []
    sizes.reserveCapacity(dimensions.count)
    for dimension in dimensions {
      guard let dimension else { return nil }
      sizes.append(dimension)
    }
    return sizes
  }

  /// `true` when the rank and every size are known.
  public var isFullyKnown: Bool { known != nil }

  /// The number of elements, if the shape is fully known and the product fits.
  public var elementCount: Int? { known.flatMap { try? checkedElementCount($0) } }

  /// The size of one dimension, counted from the end when negative; `nil` where it is not known.
  public subscript(_ index: Int) -> Int? {
    guard let dimensions else { return nil }
    let position = index < 0 ? index + dimensions.count : index
    guard dimensions.indices.contains(position) else { return nil }
    return dimensions[position]
  }

  /// Whether a tensor could have both shapes.
  public func isCompatible(with other: Shape) -> Bool { merged(with: other) != nil }

  /// Whether a tensor of this shape may have these dimensions.
  func accepts(_ sizes: [Int]) -> Bool {
    guard let dimensions else { return true }
    guard dimensions.count == sizes.count else { return false }
    for (dimension, size) in zip(dimensions, sizes) {
      if let dimension, dimension != size { return false }
    }
    return true
  }

  /// What both shapes say together, or `nil` when they contradict one another.
  public func merged(with other: Shape) -> Shape? {
    guard let mine = dimensions else { return other }
    guard let theirs = other.dimensions else { return self }
    guard mine.count == theirs.count else { return nil }
    var result: [Int?] = []
    for (left, right) in zip(mine, theirs) {
      if let left, let right, left != right { return nil }
      result.append(left ?? right)
    }
    return Shape(result)
  }

  /// Both shapes one after the other; unknown if either rank is.
  public func appending(_ other: Shape) -> Shape {
    guard let mine = dimensions, let theirs = other.dimensions else { return .unknown }
    return Shape(mine + theirs)
  }
}

extension Shape: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: Int?...) { self.init(elements) }
}

extension Shape: CustomStringConvertible {
  /// As TensorFlow's shape functions write it: `[2,?,3]`, `?` for an unknown rank.
  public var description: String {
    guard let dimensions else { return "?" }
    return "[" + dimensions.map { $0.map(String.init) ?? "?" }.joined(separator: ",") + "]"
  }

  /// As Python prints a shape: `(2, ?, 3)`, `(100,)`, `<unknown>`.
  public var tupleDescription: String {
    guard let dimensions else { return "<unknown>" }
    let items = dimensions.map { $0.map(String.init) ?? "?" }
    return "(" + items.joined(separator: ", ") + (items.count == 1 ? ",)" : ")")
  }
}

/// The most dimensions that a tensor may have (TensorFlow's `TensorShape::MaxDimensions`).
let maximumRank = 254

/// The product of `dimensions`, the one place where sizes are multiplied without having been checked.
///
/// - Throws: `invalidArgument` for a negative size, a rank over 254 or a product that overflows; a
///   zero among the sizes does not excuse the others, whose products are strides.
func checkedElementCount(_ dimensions: [Int]) throws(GraphError) -> Int {
  guard dimensions.count <= maximumRank else {
    throw .invalidArgument(
      "Shape has \(dimensions.count) dimensions, which is over the maximum of \(maximumRank)")
  }
  var count = 1
  var overflow = false
  for dimension in dimensions {
    guard dimension >= 0 else {
      throw .invalidArgument("Dimension \(dimension) must be >= 0 in shape \(Shape(dimensions))")
    }
    let (product, overflowed) = count.multipliedReportingOverflow(by: max(dimension, 1))
    count = product
    overflow = overflow || overflowed
  }
  guard !overflow else {
    throw .invalidArgument(
      "Shape \(Shape(dimensions)) would have more than 2**63 - 1 elements")
  }
  return dimensions.contains(0) ? 0 : count
}
