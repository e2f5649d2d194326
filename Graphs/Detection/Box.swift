/// A rectangle as fractions of a picture: left and right of its width, top and bottom of its height.
public struct Box: Sendable, Hashable {
  public var left: Double
  public var top: Double
  public var right: Double
  public var bottom: Double

  public init(left: Double, top: Double, right: Double, bottom: Double) {
    (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom)
  }

  /// A rectangle in pixels as fractions of a picture of this size.
  public init(
    left: Double, top: Double, right: Double, bottom: Double, width: Int, height: Int
  ) {
    let (width, height) = (Double(max(width, 1)), Double(max(height, 1)))
    self.init(left: left / width, top: top / height, right: right / width, bottom: bottom / height)
  }

  /// All four sides: left, top, right, bottom.
  public var sides: [Double] { [left, top, right, bottom] }

  public var width: Double { right - left }
  public var height: Double { bottom - top }

  /// The area; 0 where the sides are in the wrong order or not numbers.
  public var area: Double { width > 0 && height > 0 ? width * height : 0 }

  public var centre: (x: Double, y: Double) { ((left + right) / 2, (top + bottom) / 2) }

  /// Whether every side is a number and left ≤ right, top ≤ bottom.
  public var isOrdered: Bool {
    sides.allSatisfy(\.isFinite) && left <= right && top <= bottom
  }

  /// The part inside the picture, with sides in order. A side that is not a number becomes 0.
  public var clipped: Box {
    func fraction(_ side: Double) -> Double { side > 0 ? min(side, 1) : 0 }
    let (left, top) = (fraction(left), fraction(top))
    return Box(
      left: left, top: top, right: max(left, fraction(right)), bottom: max(top, fraction(bottom)))
  }

  /// The Jaccard overlap: the intersection's area over the union's, 0 … 1; 0 for two empty boxes.
  public func overlap(with other: Box) -> Double {
    let shared = Box(
      left: max(left, other.left), top: max(top, other.top), right: min(right, other.right),
      bottom: min(bottom, other.bottom)
    ).area
    let union = area + other.area - shared
    return union > 0 ? shared / union : 0
  }
}

/// A box of a class: a true region of a picture, or one that a detector found.
public struct Region: Sendable, Hashable {
  public var box: Box
  /// The class, from 1; 0 marks a negative example.
  public var label: Int
  /// How sure the region is, 0 … 1; 1 for a true one.
  public var probability: Double

  public init(box: Box, label: Int, probability: Double = 1) {
    self.box = box
    self.label = label
    self.probability = probability
  }
}
