import Nagare

extension Picture {
  /// The picture in RGB with `regions` drawn on it: a frame in the colour of the class, and above
  /// it the class and the probability.
  ///
  /// - Parameters:
  ///   - labels: The names to write; without it nothing is written but the probability.
  ///   - truths: The true regions, drawn below the others as white frames.
  /// - Throws: What `Picture` throws; not for a picture that is consistent in itself.
  public func drawing(
    _ regions: [Region], labels: LabelMap? = nil, truths: [Region] = []
  ) throws(GraphError) -> Picture {
    var drawing = try Drawing(on: self)
    for truth in truths { drawing.frame(truth.box, by: 2, [255, 255, 255]) }
    // The surest is drawn last, over the others.
    let order = regions.indices.sorted {
      let (left, right) = (regions[$0].probability, regions[$1].probability)
      return left == right || left.isNaN || right.isNaN ? $0 < $1 : left < right
    }
    for region in order.map({ regions[$0] }) {
      let name = labels.map { $0.name(of: region.label) + " " } ?? ""
      drawing.draw(region, title: name + Drawing.percent(region.probability))
    }
    return drawing.picture
  }
}

/// A picture being drawn on, in RGB.
private struct Drawing {
  private(set) var picture: Picture

  /// A colour a class, told apart by most eyes; classes over eight take them again.
  private static let colors: [[UInt8]] = [
    [230, 60, 50], [30, 110, 220], [20, 150, 90], [235, 140, 20], [150, 70, 190], [0, 160, 190],
    [215, 80, 150], [120, 110, 40],
  ]

  init(on original: Picture) throws(GraphError) {
    let channels = original.channels
    guard channels < 3 else {
      if channels == 3 {
        picture = original
        return
      }
      var pixels: [UInt8] = []
      pixels.reserveCapacity(original.pixels.count / 4 * 3)
      for (index, value) in original.pixels.enumerated() where index % 4 != 3 {
        pixels.append(value)
      }
      picture = try Picture(
        width: original.width, height: original.height, channels: 3, pixels: pixels)
      return
    }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(original.width * original.height * 3)
    for index in stride(from: 0, to: original.pixels.count, by: max(channels, 1)) {
      let gray = original.pixels[index]
      pixels += [gray, gray, gray]
    }
    picture = try Picture(
      width: original.width, height: original.height, channels: 3, pixels: pixels)
  }

  static func percent(_ probability: Double) -> String {
    guard probability.isFinite else { return "?" }
    return "\(Int((min(max(probability, 0), 1) * 100).rounded()))%"
  }

  /// The corners of a box in pixels, at least one apart.
  private func corners(_ box: Box) -> (left: Int, top: Int, right: Int, bottom: Int) {
    let box = box.clipped
    let left = Int((box.left * Double(picture.width)).rounded())
    let top = Int((box.top * Double(picture.height)).rounded())
    return (
      left, top, max(left + 1, Int((box.right * Double(picture.width)).rounded())),
      max(top + 1, Int((box.bottom * Double(picture.height)).rounded()))
    )
  }

  /// - Parameter weight: Of the lines; 1 is a 150th of the picture's shorter side.
  mutating func frame(_ box: Box, by weight: Int, _ color: [UInt8]) {
    let line = weight * max(1, min(picture.width, picture.height) / 150)
    let (left, top, right, bottom) = corners(box)
    fill(left, top, right, top + line, color)
    fill(left, bottom - line, right, bottom, color)
    fill(left, top, left + line, bottom, color)
    fill(right - line, top, right, bottom, color)
  }

  mutating func draw(_ region: Region, title: String) {
    let short = min(picture.width, picture.height)
    let color = Drawing.colors[(max(1, min(region.label, 1 << 20)) - 1) % Drawing.colors.count]
    frame(region.box, by: 1, color)
    let (left, top, _, _) = corners(region.box)

    let dot = max(1, (short + 120) / 240)
    let letters = Array(title.unicodeScalars.prefix(64)).map { UInt8(exactly: $0.value) ?? 0 }
    let step = (BitmapFont.width + 1) * dot
    let high = (BitmapFont.height + 2) * dot
    let wide = letters.count * step + dot
    let x = max(0, min(left, picture.width - wide))
    // Above the box where there is room, else inside it.
    let y = top >= high ? top - high : top
    fill(x, y, x + wide, y + high, color)
    for (place, letter) in letters.enumerated() {
      for row in 0..<BitmapFont.height {
        for column in 0..<BitmapFont.width
        where BitmapFont.isSet(letter, column: column, row: row) {
          let corner = (x + dot + place * step + column * dot, y + dot + row * dot)
          fill(corner.0, corner.1, corner.0 + dot, corner.1 + dot, [255, 255, 255])
        }
      }
    }
  }

  /// Fills a rectangle, as far as it is inside the picture.
  private mutating func fill(
    _ left: Int, _ top: Int, _ right: Int, _ bottom: Int, _ color: [UInt8]
  ) {
    let (left, right) = (max(left, 0), min(right, picture.width))
    let (top, bottom) = (max(top, 0), min(bottom, picture.height))
    guard left < right, top < bottom else { return }
    for row in top..<bottom {
      for column in left..<right {
        let index = (row * picture.width + column) * 3
        picture.pixels.replaceSubrange(index..<index + 3, with: color)
      }
    }
  }
}
