/// A point or a vector in the plane; y points down.
typealias Point = SIMD2<Double>

extension SIMD2<Double> {
  var length: Double { (x * x + y * y).squareRoot() }
  /// The vector turned by a quarter to the left of its direction.
  var normal: Point { Point(y, -x) }
  func mixed(with other: Point, _ weight: Double) -> Point { self + (other - self) * weight }
}

/// The sine by its series, so that pixels do not depend on a platform's mathematics library.
func sine(_ angle: Double) -> Double {
  var x = angle - (angle / (2 * .pi)).rounded() * (2 * .pi)
  if x > .pi / 2 { x = .pi - x }
  if x < -.pi / 2 { x = -.pi - x }
  let square = x * x
  var sum = 1.0
  for n in stride(from: 12.0, through: 2, by: -2) { sum = 1 - square / (n * (n + 1)) * sum }
  return x * sum
}

func cosine(_ angle: Double) -> Double { sine(angle + .pi / 2) }

/// An affine map from a figure's own coordinates to others, at last to pixels.
struct Frame {
  var xAxis = Point(1, 0)
  var yAxis = Point(0, 1)
  var origin = Point(0, 0)

  func callAsFunction(_ point: Point) -> Point { origin + xAxis * point.x + yAxis * point.y }

  func callAsFunction(_ points: [Point]) -> [Point] { points.map { self($0) } }

  /// The length of one unit, of an even map.
  var unit: Double {
    let area = xAxis.x * yAxis.y - xAxis.y * yAxis.x
    return area.magnitude.squareRoot()
  }

  /// A frame within this one: moved, turned, then scaled.
  func inner(at point: Point, turn: Double = 0, scale: Point = Point(1, 1)) -> Frame {
    let (sine, cosine) = (sine(turn), cosine(turn))
    return Frame(
      xAxis: (xAxis * cosine + yAxis * sine) * scale.x,
      yAxis: (yAxis * cosine - xAxis * sine) * scale.y,
      origin: self(point))
  }
}

/// The outlines from which a scene is made, as lists of points.
enum Path {
  static func rectangle(_ left: Double, _ top: Double, _ right: Double, _ bottom: Double) -> [Point]
  {
    [Point(left, top), Point(right, top), Point(right, bottom), Point(left, bottom)]
  }

  static func ellipse(_ centre: Point, _ radii: Point, turn: Double = 0, count: Int = 40) -> [Point]
  {
    let (s, c) = (sine(turn), cosine(turn))
    return (0..<count).map { step in
      let angle = 2 * .pi * Double(step) / Double(count)
      let (x, y) = (cosine(angle) * radii.x, sine(angle) * radii.y)
      return centre + Point(x * c - y * s, x * s + y * c)
    }
  }

  static func circle(_ centre: Point, _ radius: Double) -> [Point] {
    ellipse(centre, Point(radius, radius), count: radius < 4 ? 16 : 40)
  }

  static func star(_ centre: Point, _ radius: Double, inner: Double, tips: Int, turn: Double)
    -> [Point]
  {
    (0..<2 * tips).map { step in
      let angle = turn + .pi * Double(step) / Double(tips)
      let reach = step.isMultiple(of: 2) ? radius : radius * inner
      return centre + Point(sine(angle), -cosine(angle)) * reach
    }
  }

  /// A smooth curve through all `points` (a Catmull–Rom spline).
  static func smooth(_ points: [Point], closed: Bool = false, steps: Int = 6) -> [Point] {
    let count = points.count
    guard count > 2 else { return points }
    func at(_ index: Int) -> Point {
      closed ? points[(index + count) % count] : points[min(max(index, 0), count - 1)]
    }
    var curve: [Point] = []
    for index in 0..<(closed ? count : count - 1) {
      let (a, b, c, d) = (at(index - 1), at(index), at(index + 1), at(index + 2))
      for step in 0..<steps {
        let t = Double(step) / Double(steps)
        let linear = (c - a) * t
        let square = (a * 2 - b * 5 + c * 4 - d) * (t * t)
        let cube = (b * 3 - a - c * 3 + d) * (t * t * t)
        curve.append(b + (linear + square + cube) * 0.5)
      }
    }
    if !closed { curve.append(points[count - 1]) }
    return curve
  }

  /// A bow from one point over a control point to another (a quadratic Bézier curve).
  static func bow(_ start: Point, _ control: Point, _ end: Point, steps: Int = 10) -> [Point] {
    (0...steps).map { step in
      let t = Double(step) / Double(steps)
      return start.mixed(with: control, t).mixed(with: control.mixed(with: end, t), t)
    }
  }

  /// Corners joined by bows, each with its own control point.
  static func bows(_ start: Point, _ pieces: [(control: Point, end: Point)]) -> [Point] {
    var path = [start]
    var last = start
    for piece in pieces {
      path += bow(last, piece.control, piece.end).dropFirst()
      last = piece.end
    }
    return path
  }
}
