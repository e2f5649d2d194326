/// Paints what is behind the figures of a scene.
struct Background {
  enum Kind: CaseIterable {
    case plain, gradient, stripes, spots, checks, sky, room, night, city, forest, sea, rays, tone,
      blurred, facets, bricks, panels
  }

  let canvas: Canvas
  let palette: Palette

  private var width: Double { canvas.size.x }
  private var height: Double { canvas.size.y }
  /// The pen's width in pixels.
  private var pen: Double { max(1, min(width, height) / 250) }

  func paint(_ kind: Kind, _ random: inout SplitMix64) {
    let base = palette.quiet(&random)
    let other = palette.quiet(&random)
    switch kind {
    case .plain: canvas.fill(.solid(base))
    case .gradient: gradient(base, other, &random)
    case .stripes: stripes(base, other, &random)
    case .spots:
      canvas.fill(.solid(base))
      let radius = random.uniform(0.02, 0.08) * width
      let step = radius * random.uniform(2.5, 4)
      lattice(step: step) { canvas.fill(Path.circle($0, radius), .solid(other)) }
    case .checks:
      canvas.fill(.solid(base))
      let step = random.uniform(0.06, 0.18) * width
      lattice(step: step) {
        canvas.fill(
          Path.rectangle($0.x - step / 2, $0.y - step / 4, $0.x, $0.y + step / 4), .solid(other))
      }
    case .sky: sky(&random)
    case .room: room(base, other, &random)
    case .night: night(&random)
    case .city: city(&random)
    case .forest: forest(&random)
    case .sea: sea(&random)
    case .rays: rays(base, other, &random)
    case .tone:
      canvas.fill(.solid(base.lighter(0.6)))
      let spacing = random.uniform(3, 8)
      for band in 0..<4 {
        let top = height * Double(band) / 4
        canvas.fill(
          Path.rectangle(0, top, width, top + height / 4),
          .dots(
            spacing: spacing, radius: spacing * (0.12 + 0.13 * Double(band)), palette.ink))
      }
    case .blurred:
      gradient(base, other, &random)
      for _ in 0..<random.integer(15, 40) {
        let centre = Point(random.unit() * width, random.unit() * height)
        canvas.fill(
          Path.circle(centre, random.uniform(0.02, 0.15) * width),
          .solid(palette.any(&random), alpha: random.uniform(0.1, 0.45)))
      }
    case .facets: facets(&random)
    case .bricks: bricks(base, other, &random)
    case .panels: panels(&random)
    }
  }

  private func lattice(step: Double, _ draw: (Point) -> Void) {
    var row = 0
    var y = 0.0
    while y < height + step {
      var x = row.isMultiple(of: 2) ? 0 : step / 2
      while x < width + step {
        draw(Point(x, y))
        x += step
      }
      y += step / 2
      row += 1
    }
  }

  private func gradient(_ from: Color, _ to: Color, _ random: inout SplitMix64) {
    if random.chance(0.3) {
      let centre = Point(random.unit() * width, random.unit() * height)
      canvas.fill(.radial(centre, radius: width * random.uniform(0.5, 1), from, to))
    } else {
      let turn = random.unit() * 2 * .pi
      let axis = Point(cosine(turn), sine(turn)) * (width / 2)
      canvas.fill(.linear(canvas.size / 2 - axis, canvas.size / 2 + axis, from, to))
    }
  }

  private func stripes(_ base: Color, _ other: Color, _ random: inout SplitMix64) {
    canvas.fill(.solid(base))
    let turn = random.unit() * .pi
    let spacing = random.uniform(0.05, 0.2) * width
    canvas.fill(
      .hatch(
        axis: Point(cosine(turn), sine(turn)), spacing: spacing,
        width: spacing * random.uniform(0.2, 0.7), other))
  }

  private func cloud(at centre: Point, size: Double, _ color: Color, _ random: inout SplitMix64) {
    var puffs: [[Point]] = []
    for step in 0..<6 {
      let x = (Double(step) / 5 - 0.5) * 2 * size
      let radius = size * random.uniform(0.25, 0.5)
      puffs.append(Path.circle(centre + Point(x, random.uniform(-0.15, 0.1) * size), radius))
    }
    canvas.fill(puffs, .solid(color))
  }

  /// Uneven ground up to `level` of the height.
  private func ground(level: Double, rise: Double, _ color: Color, _ random: inout SplitMix64) {
    var points = [Point(-10, height * level)]
    for step in 0...6 {
      points.append(
        Point(width * Double(step) / 6, height * (level + random.uniform(-rise, rise))))
    }
    let edge = Path.smooth(points)
    canvas.fill(
      edge + [Point(width + 10, height + 10), Point(-10, height + 10)], .solid(color))
    canvas.stroke(edge, width: pen, palette.ink, alpha: 0.7)
  }

  private func sky(_ random: inout SplitMix64) {
    let blue = palette.quiet(&random)
    canvas.fill(.linear(Point(0, 0), Point(0, height), blue, blue.lighter(0.7)))
    if random.chance(0.6) {
      let sun = Point(random.unit() * width, random.uniform(0.05, 0.35) * height)
      canvas.fill(
        Path.circle(sun, random.uniform(0.05, 0.12) * width), .solid(palette.skin(&random)))
    }
    for _ in 0..<random.integer(2, 5) {
      cloud(
        at: Point(random.unit() * width, random.uniform(0.05, 0.5) * height),
        size: random.uniform(0.06, 0.16) * width, blue.lighter(0.85), &random)
    }
    for layer in 0..<random.integer(1, 3) {
      ground(
        level: 0.6 + 0.13 * Double(layer), rise: 0.07,
        palette.quiet(&random).darker(0.1 * Double(layer)), &random)
    }
  }

  private func night(_ random: inout SplitMix64) {
    let dark = palette.quiet(&random).darker(0.65)
    canvas.fill(.linear(Point(0, 0), Point(0, height), dark.darker(0.4), dark))
    for _ in 0..<random.integer(30, 80) {
      let at = Point(random.unit() * width, random.unit() * height)
      canvas.fill(Path.circle(at, random.uniform(0.5, 2)), .solid(.white, alpha: 0.8))
    }
    let moon = Point(random.unit() * width, random.uniform(0.1, 0.35) * height)
    let radius = random.uniform(0.06, 0.14) * width
    canvas.fill(Path.circle(moon, radius), .solid(palette.skin(&random).lighter(0.3)))
    for _ in 0..<3 {
      let off = Point(random.centred(), random.centred()) * radius * 0.7
      canvas.fill(
        Path.circle(moon + off, radius * random.uniform(0.08, 0.2)), .solid(dark, alpha: 0.2))
    }
    ground(level: 0.82, rise: 0.06, dark.darker(0.3), &random)
  }

  private func city(_ random: inout SplitMix64) {
    let air = palette.quiet(&random)
    canvas.fill(.linear(Point(0, 0), Point(0, height), air, air.lighter(0.5)))
    for layer in 0..<2 {
      var x = -0.05 * width
      while x < width {
        let wide = random.uniform(0.1, 0.24) * width
        let top = height * random.uniform(0.1, 0.5) + Double(layer) * height * 0.2
        let wall = palette.quiet(&random).mixed(with: air, layer == 0 ? 0.5 : 0.1)
        let block = Path.rectangle(x, top, x + wide, height)
        canvas.fill(block, .solid(wall))
        canvas.outline(block, width: pen, palette.ink, alpha: 0.8)
        let lit = random.chance(0.5) ? wall.lighter(0.6) : wall.darker(0.4)
        let step = wide / Double(random.integer(3, 5))
        var y = top + step * 0.5
        let round = random.chance(0.15)
        while y < height {
          var column = x + step * 0.5
          while column + step * 0.4 < x + wide {
            canvas.fill(
              round
                ? Path.circle(Point(column + step * 0.25, y + step * 0.25), step * 0.28)
                : Path.rectangle(column, y, column + step * 0.5, y + step * 0.6), .solid(lit))
            column += step
          }
          y += step * 1.1
        }
        x += wide + random.uniform(0, 0.05) * width
      }
    }
  }

  private func forest(_ random: inout SplitMix64) {
    let air = palette.quiet(&random)
    canvas.fill(.linear(Point(0, 0), Point(0, height), air.lighter(0.5), air))
    ground(level: 0.7, rise: 0.05, palette.quiet(&random), &random)
    for _ in 0..<random.integer(4, 9) {
      let x = random.unit() * width
      let foot = random.uniform(0.6, 0.95) * height
      let size = random.uniform(0.07, 0.16) * width
      let trunk = palette.any(&random).darker(0.45)
      let stem = Path.rectangle(x - size * 0.14, foot - size * 2, x + size * 0.14, foot)
      canvas.fill(stem, .solid(trunk))
      canvas.outline(stem, width: pen, palette.ink)
      let leaves = palette.quiet(&random).darker(random.uniform(0, 0.4))
      let top = Point(x, foot - size * 2.4)
      var rims: [[Point]] = []
      var puffs: [[Point]] = []
      for _ in 0..<7 {
        let at = top + Point(random.centred(), random.centred()) * size
        let radius = size * random.uniform(0.4, 0.65)
        rims.append(Path.circle(at, radius + pen))
        puffs.append(Path.circle(at, radius))
      }
      canvas.fill(rims, .solid(palette.ink))
      canvas.fill(puffs, .solid(leaves))
    }
  }

  private func sea(_ random: inout SplitMix64) {
    let air = palette.quiet(&random)
    let water = palette.quiet(&random)
    canvas.fill(.linear(Point(0, 0), Point(0, height * 0.5), air, air.lighter(0.6)))
    let level = random.uniform(0.35, 0.6) * height
    canvas.fill(
      Path.rectangle(0, level, width, height),
      .linear(
        Point(0, level), Point(0, height), water.darker(0.2), water.lighter(0.3)))
    for _ in 0..<25 {
      let y = level + random.unit() * (height - level)
      let x = random.unit() * width
      let reach = random.uniform(0.02, 0.08) * width
      canvas.stroke(
        Path.smooth([Point(x, y), Point(x + reach, y - 2), Point(x + 2 * reach, y)]), width: pen,
        water.lighter(0.7), taper: .both)
    }
    if random.chance(0.6) {
      ground(level: 0.82, rise: 0.04, palette.skin(&random), &random)
    }
  }

  private func room(_ wall: Color, _ floor: Color, _ random: inout SplitMix64) {
    canvas.fill(.solid(wall))
    if random.chance(0.4) {
      canvas.fill(
        .hatch(
          axis: Point(1, 0), spacing: width * random.uniform(0.06, 0.12), width: width * 0.02,
          wall.darker(0.12)))
    }
    let level = random.uniform(0.65, 0.85) * height
    let ground = Path.rectangle(0, level, width, height)
    canvas.fill(ground, .solid(floor))
    canvas.outline(ground, width: pen, palette.ink)
    func frame(_ left: Double, _ top: Double, _ right: Double, _ bottom: Double, _ color: Color) {
      let box = Path.rectangle(left * width, top * height, right * width, bottom * height)
      canvas.fill(box, .solid(color))
      canvas.outline(box, width: pen * 2.5, palette.ink.lighter(0.2))
    }
    let left = random.uniform(0.02, 0.3)
    frame(left, 0.1, left + 0.32, 0.55, palette.quiet(&random).lighter(0.4))
    canvas.stroke(
      [Point((left + 0.16) * width, 0.1 * height), Point((left + 0.16) * width, 0.55 * height)],
      width: pen * 2, palette.ink.lighter(0.2))
    canvas.stroke(
      [Point(left * width, 0.32 * height), Point((left + 0.32) * width, 0.32 * height)],
      width: pen * 2, palette.ink.lighter(0.2))
    let shelf = random.uniform(0.55, 0.7)
    for row in 0..<random.integer(1, 3) {
      let bottom = (0.3 + 0.22 * Double(row)) * height
      var x = shelf * width
      while x < (shelf + 0.3) * width {
        let thick = random.uniform(0.012, 0.035) * width
        let book = Path.rectangle(
          x, bottom - random.uniform(0.08, 0.15) * height, x + thick, bottom)
        canvas.fill(book, .solid(palette.any(&random)))
        canvas.outline(book, width: pen * 0.7, palette.ink)
        x += thick
      }
      canvas.stroke(
        [Point(shelf * width, bottom), Point((shelf + 0.32) * width, bottom)], width: pen * 3,
        palette.ink)
    }
  }

  private func rays(_ base: Color, _ other: Color, _ random: inout SplitMix64) {
    canvas.fill(.solid(base.lighter(0.3)))
    let centre = canvas.size * Point(random.uniform(0.3, 0.7), random.uniform(0.3, 0.7))
    let count = random.integer(14, 60)
    let color = random.chance(0.5) ? palette.ink : other
    for ray in 0..<count {
      let angle = 2 * .pi * (Double(ray) + random.uniform(-0.2, 0.2)) / Double(count)
      let half = random.uniform(0.15, 0.5) * .pi / Double(count)
      let near = width * random.uniform(0.05, 0.35)
      let far = (width + height)
      canvas.fill(
        [
          centre + Point(cosine(angle), sine(angle)) * near,
          centre + Point(cosine(angle - half), sine(angle - half)) * far,
          centre + Point(cosine(angle + half), sine(angle + half)) * far,
        ], .solid(color))
    }
  }

  private func facets(_ random: inout SplitMix64) {
    let columns = random.integer(3, 7)
    let rows = random.integer(3, 7)
    let cell = canvas.size / Point(Double(columns), Double(rows))
    var corners: [[Point]] = []
    for row in 0...rows {
      corners.append(
        (0...columns).map { column in
          Point(Double(column), Double(row)) * cell
            + Point(random.centred(), random.centred()) * cell * 0.4
        })
    }
    canvas.fill(.solid(palette.quiet(&random)))
    for row in 0..<rows {
      for column in 0..<columns {
        let (a, b) = (corners[row][column], corners[row][column + 1])
        let (c, d) = (corners[row + 1][column + 1], corners[row + 1][column])
        canvas.fill([a, b, c], .solid(palette.quiet(&random)))
        canvas.fill([a, c, d], .solid(palette.quiet(&random)))
      }
    }
  }

  private func bricks(_ base: Color, _ other: Color, _ random: inout SplitMix64) {
    canvas.fill(.solid(base.darker(0.4)))
    let tall = random.uniform(0.04, 0.09) * height
    let wide = tall * random.uniform(1.8, 2.6)
    var row = 0
    while Double(row) * tall < height {
      var x = row.isMultiple(of: 2) ? 0 : -wide / 2
      while x < width {
        let top = Double(row) * tall
        canvas.fill(
          Path.rectangle(x + 1, top + 1, x + wide - 1, top + tall - 1),
          .solid(base.mixed(with: other, random.unit() * 0.4)))
        x += wide
      }
      row += 1
    }
  }

  /// A manga page: frames with paper between them.
  private func panels(_ random: inout SplitMix64) {
    let quiet: [Kind] = [.gradient, .stripes, .rays, .tone, .city, .sky, .plain]
    paint(random.pick(quiet), &random)
    let cut = random.uniform(0.3, 0.7)
    let lean = random.uniform(-0.08, 0.08)
    let half = Path.rectangle(0, height * cut, width, height)
    canvas.clipped(to: half) {
      paint(random.pick(quiet), &random)
    }
    let gap = max(4, width * 0.025)
    func gutter(_ from: Point, _ to: Point) {
      canvas.stroke([from, to], width: gap + 3 * pen, palette.ink)
      canvas.stroke([from, to], width: gap, .white)
    }
    gutter(
      Point(-20, height * (cut - lean)), Point(width + 20, height * (cut + lean)))
    if random.chance(0.5) {
      let x = width * random.uniform(0.35, 0.65)
      gutter(Point(x, height * cut), Point(x + width * lean, height + 20))
    }
    canvas.outline(Path.rectangle(0, 0, width, height), width: gap, .white)
  }
}
