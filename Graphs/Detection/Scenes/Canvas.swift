/// A colour of a scene, each part in 0 … 1.
struct Color: Equatable {
  var red: Double
  var green: Double
  var blue: Double

  init(_ red: Double, _ green: Double, _ blue: Double) {
    (self.red, self.green, self.blue) = (red, green, blue)
  }

  init(gray: Double) { self.init(gray, gray, gray) }

  /// - Parameter hue: In turns, so that 1 is red again.
  init(hue: Double, saturation: Double, value: Double) {
    func part(_ offset: Double) -> Double {
      let turned = hue * 6 + offset
      let k = turned - (turned / 6).rounded(.down) * 6
      return value * (1 - saturation * max(0, min(k, 4 - k, 1)))
    }
    self.init(part(5), part(3), part(1))
  }

  static let black = Color(gray: 0.06)
  static let white = Color(gray: 1)

  var luminance: Double { 0.299 * red + 0.587 * green + 0.114 * blue }

  /// Each part as 0 … 255.
  var bytes: (Int, Int, Int) {
    (Int(red * 255 + 0.5), Int(green * 255 + 0.5), Int(blue * 255 + 0.5))
  }

  func mixed(with other: Color, _ weight: Double) -> Color {
    Color(
      red + (other.red - red) * weight, green + (other.green - green) * weight,
      blue + (other.blue - blue) * weight)
  }

  func darker(_ amount: Double) -> Color { mixed(with: Color(0.08, 0.03, 0.12), amount) }
  func lighter(_ amount: Double) -> Color { mixed(with: .white, amount) }
}

/// What fills a shape.
enum Paint {
  case solid(Color, alpha: Double = 1)
  /// A gradient along the line between two points.
  case linear(Point, Point, Color, Color)
  /// A gradient from a centre outwards.
  case radial(Point, radius: Double, Color, Color)
  /// A screentone: dots on a square lattice at 45°, spacing and radius in pixels.
  case dots(spacing: Double, radius: Double, Color)
  /// Parallel lines, `axis` of length 1 across them.
  case hatch(axis: Point, spacing: Double, width: Double, Color)
}

/// A picture being painted: shapes with antialiased edges over one another.
///
/// A shape is filled by winding number. Each row of pixels is cut by four scan lines whose
/// spans count to the fraction of a pixel. Only sums, products and roots are used, which IEEE 754
/// defines to the last bit.
final class Canvas {
  let width: Int
  let height: Int
  /// Red, green and blue of every pixel, row by row.
  private(set) var pixels: [UInt8]
  private var clip: [UInt8]?

  private static let scanLines = 4

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    pixels = [UInt8](repeating: 255, count: width * height * 3)
  }

  var size: Point { Point(Double(width), Double(height)) }

  /// Paints the whole canvas.
  func fill(_ paint: Paint) {
    fill([Path.rectangle(0, 0, Double(width), Double(height))], paint)
  }

  /// Paints inside one outline.
  func fill(_ outline: [Point], _ paint: Paint) { fill([outline], paint) }

  /// Paints inside any of several outlines.
  func fill(_ outlines: [[Point]], _ paint: Paint) {
    forCoverage(of: outlines) { row, first, coverage in
      blend(row: row, first: first, coverage: coverage, paint)
    }
  }

  /// Draws with everything outside `outline` left as it is.
  func clipped(to outline: [Point], _ draw: () -> Void) {
    let outer = clip
    var mask = [UInt8](repeating: 0, count: width * height)
    forCoverage(of: [outline]) { row, first, coverage in
      for (step, share) in coverage.enumerated() {
        let index = row * width + first + step
        let value = UInt8(share * 255 + 0.5)
        mask[index] = outer.map { UInt8(Int($0[index]) * Int(value) / 255) } ?? value
      }
    }
    clip = mask
    draw()
    clip = outer
  }

  /// How wide a stroke is along its length.
  enum Taper {
    case none, both, end
    func width(_ t: Double) -> Double {
      switch self {
      case .none: 1
      case .both: 0.2 + 3.2 * t * (1 - t)
      case .end: 1 - 0.85 * t * t
      }
    }
  }

  /// Draws a line of `width` pixels through `points`.
  func stroke(
    _ points: [Point], width: Double, _ color: Color, taper: Taper = .none, alpha: Double = 1
  ) {
    guard points.count > 1, width > 0 else { return }
    var outlines: [[Point]] = []
    var left: [Point] = []
    var right: [Point] = []
    func finishPiece() {
      if left.count > 1 { outlines.append(left + right.reversed()) }
      left.removeAll(keepingCapacity: true)
      right.removeAll(keepingCapacity: true)
    }
    func add(_ point: Point, _ direction: Point, _ half: Double) {
      left.append(point + direction.normal * half)
      right.append(point - direction.normal * half)
    }
    var before: Point?
    for index in points.indices.dropLast() {
      let step = points[index + 1] - points[index]
      guard step.length > 1e-9 else { continue }
      let direction = step / step.length
      let half = width / 2 * taper.width(Double(index) / Double(points.count - 1))
      if let last = before {
        let turn = last.x * direction.x + last.y * direction.y
        if turn > 0.6 {
          let mean = last + direction
          add(points[index], mean / mean.length, half)
        } else {
          add(points[index], last, half)
          finishPiece()
          outlines.append(Path.ellipse(points[index], Point(half, half), count: 12))
          add(points[index], direction, half)
        }
      } else {
        add(points[index], direction, half)
      }
      before = direction
    }
    if let before, let end = points.last {
      add(end, before, width / 2 * taper.width(1))
      finishPiece()
      if taper == .none, width > 2 {
        outlines.append(Path.ellipse(points[0], Point(width, width) / 2, count: 12))
        outlines.append(Path.ellipse(end, Point(width, width) / 2, count: 12))
      }
    }
    // United shapes must all turn the same way, or overlaps would cancel.
    fill(outlines.map { Canvas.area($0) < 0 ? $0.reversed() : $0 }, .solid(color, alpha: alpha))
  }

  /// Draws a closed line.
  func outline(_ points: [Point], width: Double, _ color: Color, alpha: Double = 1) {
    guard let first = points.first else { return }
    stroke(points + [first], width: width, color, alpha: alpha)
  }

  private static func area(_ points: [Point]) -> Double {
    var sum = 0.0
    var last = points.last ?? Point(0, 0)
    for point in points {
      sum += last.x * point.y - last.y * point.x
      last = point
    }
    return sum
  }

  /// The whole canvas changed pixel by pixel.
  func adjust(_ change: (_ red: Int, _ green: Int, _ blue: Int) -> (Int, Int, Int)) {
    pixels.withUnsafeMutableBufferPointer { pixels in
      for index in stride(from: 0, to: pixels.count, by: 3) {
        let (red, green, blue) = change(
          Int(pixels[index]), Int(pixels[index + 1]), Int(pixels[index + 2]))
        pixels[index] = UInt8(clamping: red)
        pixels[index + 1] = UInt8(clamping: green)
        pixels[index + 2] = UInt8(clamping: blue)
      }
    }
  }

  /// Calls `paintRow` with how much of each pixel of a row the outlines cover.
  private func forCoverage(
    of outlines: [[Point]], _ paintRow: (_ row: Int, _ first: Int, ArraySlice<Float>) -> Void
  ) {
    var low = Point(.infinity, .infinity)
    var high = Point(-.infinity, -.infinity)
    for outline in outlines {
      for point in outline {
        low = pointwiseMin(low, point)
        high = pointwiseMax(high, point)
      }
    }
    low = pointwiseMax(low, Point(0, 0))
    high = pointwiseMin(high, size)
    guard low.x < high.x, low.y < high.y else { return }
    let firstRow = Int(low.y)
    let rows = min(height, Int(high.y.rounded(.up))) - firstRow
    let first = Int(low.x)
    let columns = min(width, Int(high.x.rounded(.up))) - first
    guard rows > 0, columns > 0 else { return }

    let crossings = crossings(of: outlines, firstRow: firstRow, rows: rows)
    var change = [Float](repeating: 0, count: columns + 2)
    let share = 1 / Float(Canvas.scanLines)
    for row in 0..<rows {
      for line in row * Canvas.scanLines..<(row + 1) * Canvas.scanLines {
        var winding = 0
        var start = 0.0
        for crossing in crossings.entries[crossings.starts[line]..<crossings.starts[line + 1]] {
          let x = min(max(crossing.x - Double(first), 0), Double(columns))
          if winding == 0 { start = x }
          winding += crossing.winding
          guard winding == 0, x > start else { continue }
          for (edge, sign) in [(start, share), (x, -share)] {
            let cell = Int(edge)
            let part = Float(edge - Double(cell)) * sign
            change[cell] += sign - part
            change[cell + 1] += part
          }
        }
      }
      var sum: Float = 0
      for column in change.indices {
        sum += change[column]
        change[column] = min(max(sum, 0), 1)
      }
      paintRow(firstRow + row, first, change[0..<columns])
      for column in change.indices { change[column] = 0 }
    }
  }

  private struct Crossing {
    var x: Double
    var winding: Int
  }

  /// Where the outlines cross each scan line, from left to right; line `i` has the entries
  /// `starts[i] ..< starts[i + 1]`.
  private func crossings(of outlines: [[Point]], firstRow: Int, rows: Int) -> (
    starts: [Int], entries: [Crossing]
  ) {
    let scale = Double(Canvas.scanLines)
    let lines = rows * Canvas.scanLines
    let offset = Double(firstRow) * scale + 0.5
    func forEachLine(_ body: (_ line: Int, Crossing) -> Void) {
      for outline in outlines {
        guard var last = outline.last else { continue }
        for point in outline {
          let (a, b) = (last, point)
          last = point
          guard a.y != b.y, (a + b).length < 1e9 else { continue }
          let (upper, lower) = a.y < b.y ? (a, b) : (b, a)
          // Scan line `i` is at height (i + 0.5) / 4; it is crossed when upper ≤ height < lower.
          let from = max(0, Int((upper.y * scale - offset).rounded(.up)))
          let to = min(lines, Int((lower.y * scale - offset).rounded(.up)))
          guard from < to else { continue }
          let slope = (lower.x - upper.x) / (lower.y - upper.y)
          let winding = a.y < b.y ? 1 : -1
          for line in from..<to {
            let y = (Double(line) + offset) / scale
            body(line, Crossing(x: upper.x + (y - upper.y) * slope, winding: winding))
          }
        }
      }
    }
    var starts = [Int](repeating: 0, count: lines + 1)
    forEachLine { line, _ in starts[line + 1] += 1 }
    for line in 0..<lines { starts[line + 1] += starts[line] }
    var entries = [Crossing](repeating: Crossing(x: 0, winding: 0), count: starts[lines])
    var next = starts
    forEachLine { line, crossing in
      var place = next[line]
      next[line] += 1
      while place > starts[line], entries[place - 1].x > crossing.x {
        entries[place] = entries[place - 1]
        place -= 1
      }
      entries[place] = crossing
    }
    return (starts, entries)
  }

  private func blend(row: Int, first: Int, coverage: ArraySlice<Float>, _ paint: Paint) {
    let start = row * width + first
    // Copied out, since an access to a property of a class costs a check.
    let clip = clip
    pixels.withUnsafeMutableBufferPointer { pixels in
      func lay(_ column: Int, _ color: (Int, Int, Int), _ weight: Float) {
        var part = Int(weight * 255 + 0.5)
        if let clip { part = part * Int(clip[start + column]) / 255 }
        guard part > 0 else { return }
        let index = 3 * (start + column)
        func mixed(_ old: UInt8, _ new: Int) -> UInt8 {
          UInt8((Int(old) * (255 - part) + new * part + 127) / 255)
        }
        pixels[index] = mixed(pixels[index], color.0)
        pixels[index + 1] = mixed(pixels[index + 1], color.1)
        pixels[index + 2] = mixed(pixels[index + 2], color.2)
      }
      func forEach(_ draw: (_ column: Int, _ point: Point, _ weight: Float) -> Void) {
        let y = Double(row) + 0.5
        for (column, weight) in coverage.enumerated() where weight > 0 {
          draw(column, Point(Double(first + column) + 0.5, y), weight)
        }
      }
      switch paint {
      case .solid(let color, let alpha):
        let (bytes, alpha) = (color.bytes, Float(alpha))
        for (column, weight) in coverage.enumerated() where weight > 0 {
          lay(column, bytes, weight * alpha)
        }
      case .linear(let from, let to, let color, let other):
        let axis = to - from
        let square = max(axis.x * axis.x + axis.y * axis.y, 1e-9)
        forEach { column, point, weight in
          let way = (point - from) * axis
          let t = min(max((way.x + way.y) / square, 0), 1)
          lay(column, color.mixed(with: other, t).bytes, weight)
        }
      case .radial(let centre, let radius, let color, let other):
        forEach { column, point, weight in
          let t = min((point - centre).length / max(radius, 1), 1)
          lay(column, color.mixed(with: other, t).bytes, weight)
        }
      case .dots(let spacing, let radius, let color):
        let bytes = color.bytes
        forEach { column, point, weight in
          let u = (point.x + point.y) / spacing
          let v = (point.x - point.y) / spacing
          let off = Point(u - u.rounded(), v - v.rounded()) * (spacing * 0.7071)
          lay(column, bytes, weight * Float(min(max(radius - off.length + 0.5, 0), 1)))
        }
      case .hatch(let axis, let spacing, let width, let color):
        let bytes = color.bytes
        forEach { column, point, weight in
          let way = (point.x * axis.x + point.y * axis.y) / spacing
          let off = (way - way.rounded()).magnitude * spacing
          lay(column, bytes, weight * Float(min(max(width / 2 - off + 0.5, 0), 1)))
        }
      }
    }
  }
}
