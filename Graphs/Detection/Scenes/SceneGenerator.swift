import Nagare

/// A picture of an illustrated scene and where its faces are.
public struct Scene: Sendable {
  /// Three channels, 8 bits each.
  public var picture: Picture
  /// The faces, each with label 1, as fractions of the picture.
  public var regions: [Region]
}

/// Draws illustrated scenes with one to three faces, and knows where the faces are.
///
/// A face is cropped as an annotator would: from hairline to chin and from cheek to cheek, turned with
/// the head, without ears, hair and hats. Every face is wholly inside the picture, faces hardly
/// overlap one another, and no other figure hides one.
///
/// The same seed, index and difficulty give the same pixels on every machine.
public struct SceneGenerator: Sendable {
  /// What tells one series of scenes from another.
  public var seed: UInt64
  /// How much scenes vary, from 0 (upright faces of similar size before quiet backgrounds) to
  /// 1 (any size, tilt, style and background, things that resemble faces, printing in gray).
  public var difficulty: Double

  public init(seed: UInt64, difficulty: Double = 0.5) {
    self.seed = seed
    self.difficulty = difficulty
  }

  /// The range of a face's width as a share of the picture's width.
  private var faceWidths: (Double, Double) {
    let d = clampedDifficulty
    return (0.15 - 0.03 * d, 0.19 + 0.26 * d)
  }

  var clampedDifficulty: Double { difficulty >= 0 ? min(difficulty, 1) : 0 }

  /// The scene of this index, independent of all others.
  ///
  /// - Throws: What `Picture` throws; not for any seed, index or difficulty.
  public func scene(at index: Int) throws(GraphError) -> Scene {
    let d = clampedDifficulty
    var random = SplitMix64(seed: seed, index: UInt64(bitPattern: Int64(index)))
    let width = random.integer(32, 40 + Int(12 * d)) * 8
    let height = random.integer(32, 40 + Int(12 * d)) * 8
    let canvas = Canvas(width: width, height: height)
    let palette = Palette(difficulty: d, &random)
    let background = Background(canvas: canvas, palette: palette)
    let kinds = Background.Kind.allCases
    let open = min(kinds.count, 5 + Int(12 * min(1, d * 1.6)))
    background.paint(kinds[random.integer(0, open - 1)], &random)

    let figures = place(on: canvas, palette, &random)
    let thing = Thing(canvas: canvas, palette: palette, difficulty: d)
    let things = Thing.Kind.allCases
    func draw(_ count: Int, clear: Bool) {
      for _ in 0..<count {
        let radius = random.uniform(0.04, 0.09 + 0.09 * d) * canvas.size.x
        let centre = Point(random.unit(), random.unit()) * canvas.size
        let kind = things[random.integer(0, min(things.count, 8 + Int(16 * d)) - 1)]
        let free = figures.allSatisfy { figure in
          let face = figure.region
          return centre.x + 1.3 * radius < face.left || centre.x - 1.3 * radius > face.right
            || centre.y + 2.2 * radius < face.top || centre.y - 1.3 * radius > face.bottom
        }
        // Behind the figures a thing may be partly hidden, in front of them it must not hide a face.
        if free || !clear { thing.draw(kind, at: centre, radius: radius, &random) }
      }
    }
    draw(random.integer(1, 3 + Int(6 * d)), clear: false)
    for figure in figures { FigurePainter(figure, on: canvas).draw() }
    draw(random.integer(0, Int(3 * d)), clear: true)
    finish(canvas, palette, &random)

    let regions = figures.filter { !$0.turnedAway }.map { figure in
      let face = figure.region
      return Region(
        box: Box(
          left: face.left / Double(width), top: face.top / Double(height),
          right: face.right / Double(width), bottom: face.bottom / Double(height)),
        label: 1)
    }
    let picture = try Picture(width: width, height: height, channels: 3, pixels: canvas.pixels)
    return Scene(picture: picture, regions: regions)
  }

  /// One to three figures, those higher in the picture first; at times one that looks away.
  private func place(on canvas: Canvas, _ palette: Palette, _ random: inout SplitMix64)
    -> [Figure]
  {
    let d = clampedDifficulty
    let wanted = random.chance(0.45) ? 1 : random.chance(0.6) ? 2 : 3
    let away = random.chance(0.3 * d) ? 1 : 0
    var figures: [Figure] = []
    for number in 0..<wanted + away {
      for attempt in 0..<40 {
        // A first figure always fits, because later attempts shrink it.
        let share = random.uniform(faceWidths.0, faceWidths.1)
        let width = (attempt < 25 ? share : faceWidths.0) * canvas.size.x
        var figure = Figure(
          centre: canvas.size / 2, scale: min(width, canvas.size.y * 0.5) / 2.1, difficulty: d,
          palette: palette, &random)
        let face = figure.region
        let margin = 3.0
        let low = canvas.size / 2 - Point(face.left, face.top) + Point(margin, margin)
        let high =
          canvas.size - Point(face.right, face.bottom) + canvas.size / 2 - Point(margin, margin)
        guard low.x < high.x, low.y < high.y else { continue }
        // Heads keep some room for their hair, where there is room.
        let top = min(low.y + figure.scale * 0.5, high.y)
        figure.centre = Point(random.uniform(low.x, high.x), random.uniform(top, high.y))
        figure.turnedAway = number >= wanted
        guard figures.allSatisfy({ isClear($0, figure) && isClear(figure, $0) }) else { continue }
        figures.append(figure)
        break
      }
    }
    return figures.sorted { $0.centre.y < $1.centre.y }
  }

  /// Whether the head of `other`, with its hair, leaves the face of `figure` free.
  private func isClear(_ figure: Figure, _ other: Figure) -> Bool {
    let face = figure.region
    let head = other.region
    let room = other.scale
    return head.right + 0.75 * room < face.left || head.left - 0.75 * room > face.right
      || head.bottom + 0.2 * room < face.top || head.top - 0.9 * room > face.bottom
  }

  /// Light, print and paper over the whole picture.
  private func finish(_ canvas: Canvas, _ palette: Palette, _ random: inout SplitMix64) {
    let d = clampedDifficulty
    if palette.mode == .gray {
      canvas.adjust { red, green, blue in
        let gray = (299 * red + 587 * green + 114 * blue + 500) / 1000
        return (gray, gray, gray)
      }
    }
    if random.chance(0.35 * d) {
      let tint = Color(hue: random.unit(), saturation: 0.5, value: 1)
      let amount = random.uniform(0.1, 0.35)
      let (red, green, blue) = (
        Int(256 * (1 - amount * (1 - tint.red))), Int(256 * (1 - amount * (1 - tint.green))),
        Int(256 * (1 - amount * (1 - tint.blue)))
      )
      canvas.adjust { ($0 * red / 256, $1 * green / 256, $2 * blue / 256) }
    }
    if random.chance(0.4 * d) {
      let contrast = Int(256 * random.uniform(0.5, 1.2))
      let middle = random.integer(90, 165)
      canvas.adjust {
        (
          middle + ($0 - 128) * contrast / 256, middle + ($1 - 128) * contrast / 256,
          middle + ($2 - 128) * contrast / 256
        )
      }
    }
    if random.chance(0.4 * d) {
      let strength = random.integer(4, 24)
      var grain = SplitMix64(seed: random.next())
      canvas.adjust { red, green, blue in
        let noise = Int(grain.next() >> 56) * strength / 256 - strength / 2
        return (red + noise, green + noise, blue + noise)
      }
    }
  }
}
