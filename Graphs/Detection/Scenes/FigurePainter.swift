/// Draws a `Figure` from back to front.
struct FigurePainter {
  private let figure: Figure
  private let canvas: Canvas
  private let head: Frame
  private let shade: Color

  init(_ figure: Figure, on canvas: Canvas) {
    self.figure = figure
    self.canvas = canvas
    head = figure.head
    shade = figure.skin.mixed(with: Color(0.62, 0.3, 0.38), 0.3).mixed(
      with: Color(gray: figure.skin.luminance * 0.8), figure.skin.red == figure.skin.blue ? 1 : 0)
  }

  func draw() {
    drawBackHair()
    drawBody()
    if figure.turnedAway {
      drawHairFromBehind()
    } else {
      drawEars()
      drawFace()
      drawFringe()
    }
    drawExtra()
  }

  // MARK: Pens

  private func shape(
    _ points: [Point], in frame: Frame, _ color: Color, pen: Double = 1, ink: Color? = nil
  ) {
    let seen = frame(points)
    canvas.fill(seen, .solid(color))
    if pen > 0 { canvas.outline(seen, width: figure.pen * pen, ink ?? figure.ink) }
  }

  private func line(
    _ points: [Point], in frame: Frame, width: Double, _ color: Color,
    taper: Canvas.Taper = .none, alpha: Double = 1
  ) {
    canvas.stroke(
      frame(Path.smooth(points)), width: max(0.7, width), color, taper: taper, alpha: alpha)
  }

  /// A thick line with an outline, as an arm is.
  private func limb(_ points: [Point], in frame: Frame, width: Double, _ color: Color) {
    let seen = frame(Path.smooth(points))
    canvas.stroke(seen, width: width * frame.unit + 2 * figure.pen, figure.ink)
    canvas.stroke(seen, width: width * frame.unit, color)
  }

  /// A tuft of hair from a root over a bend to its tip.
  private func lobe(root: Point, bend: Point, tip: Point, width: Double) -> [Point] {
    let across = (tip - root).normal / max((tip - root).length, 1e-6) * width
    return Path.bow(root + across * 0.35, bend + across, tip)
      + Path.bow(tip, bend - across, root - across * 0.35).dropFirst()
  }

  private func mirrored(_ points: [Point]) -> [Point] { points.map { Point(-$0.x, $0.y) } }

  /// A point of the hair, moved by the turn to a side.
  private func turned(_ point: Point) -> Point {
    let amount = figure.yaw.magnitude
    let scale = point.x * figure.yaw > 0 ? 1 - 0.2 * amount : 1 + 0.15 * amount
    return Point(
      point.x * scale + figure.yaw * 0.6 * max(0, 1 - point.x * point.x), point.y)
  }

  // MARK: Hair

  private var cap: [Point] {
    let v = figure.volume
    return [
      Point(0.58, -1.02 - v), Point(0.95 + 0.4 * v, -0.6 - 0.3 * v), Point(1.06 + 0.5 * v, 0),
    ]
  }

  /// Closed hair around the head: `side` continues the cap on the right, downwards.
  private func mane(side: [Point], tips: Int, _ random: inout SplitMix64) -> [Point] {
    let right = cap + side
    let top = Point(0, -1.14 - figure.volume)
    let over = Path.smooth(mirrored(right).reversed() + [top] + right)
    guard let start = over.last, let end = over.first else { return over }
    var pieces: [(control: Point, end: Point)] = []
    for tip in 0..<tips {
      let next = start.mixed(with: end, Double(tip + 1) / Double(tips))
      let middle = start.mixed(with: end, (Double(tip) + 0.5) / Double(tips))
      let drop = random.uniform(0.1, 0.35)
      pieces.append((middle + Point(random.centred() * 0.2, drop), next - Point(0, drop * 0.3)))
    }
    if !pieces.isEmpty { pieces[pieces.count - 1].end = end }
    return over + Path.bows(start, pieces).dropFirst()
  }

  private func drawBackHair() {
    var random = SplitMix64(seed: figure.hairSeed)
    let v = figure.volume
    let dark = figure.hair.darker(0.22)
    func hair(_ points: [Point]) { shape(points, in: head, dark) }
    switch figure.back {
    case .short:
      hair(mane(side: [Point(1.02 + 0.3 * v, 0.5), Point(0.8, 0.9)], tips: 5, &random))
    case .bob:
      hair(mane(side: [Point(1.15 + v, 0.6), Point(1.08 + v, 1.15)], tips: 6, &random))
    case .long:
      let end = random.uniform(2, 3.4)
      hair(
        mane(
          side: [
            Point(1.15 + v, 0.8), Point(1.1 + v, 1.5), Point(1.2 + 1.3 * v, 0.6 * end + 0.6),
            Point(1.05 + v, end),
          ],
          tips: 7, &random))
    case .twinTails:
      let tip = Point(random.uniform(1.4, 2), random.uniform(1.6, 2.7))
      for side in [-1.0, 1] {
        let tail = lobe(
          root: Point(0.95, -0.6), bend: Point(tip.x + 0.45, 0.2), tip: tip, width: 0.42)
        hair(tail.map { Point($0.x * side, $0.y) })
      }
      hair(mane(side: [Point(0.98, 0.5), Point(0.7, 0.8)], tips: 4, &random))
    case .ponytail:
      let side = random.chance(0.5) ? 1.0 : -1
      let tail = lobe(
        root: Point(0.3, -1.2), bend: Point(2, -1), tip: Point(1.6, random.uniform(0.9, 1.8)),
        width: 0.5)
      hair(tail.map { Point($0.x * side, $0.y) })
      hair(mane(side: [Point(0.98, 0.4), Point(0.7, 0.7)], tips: 4, &random))
    case .buns:
      for side in [-1.0, 1] {
        shape(Path.circle(Point(side * 0.8, -1.15 - v), 0.42), in: head, figure.hair)
        line(
          [Point(side * 0.6, -1.1 - v), Point(side * 0.85, -1.3 - v), Point(side, -1.05 - v)],
          in: head, width: figure.pen * 0.8, figure.ink, taper: .both)
      }
      hair(mane(side: [Point(1, 0.5), Point(0.75, 0.85)], tips: 4, &random))
    case .spiky:
      var points: [Point] = []
      let spikes = random.integer(9, 13)
      for spike in 0...spikes {
        let angle = .pi * (0.78 + 1.44 * Double(spike) / Double(spikes))
        let lean = 0.12 * (Double(spike) / Double(spikes) - 0.5)
        points.append(Point(cosine(angle), sine(angle)) * 1.15 - Point(0, 0.1))
        guard spike < spikes else { break }
        let reach = 1.35 + v + random.uniform(0, 0.35)
        let middle = angle + .pi * 0.72 / Double(spikes) + lean
        points.append(Point(cosine(middle), sine(middle)) * reach - Point(0, 0.1))
      }
      hair(points)
    case .curly:
      var circles: [[Point]] = []
      var rims: [[Point]] = []
      let reach = figure.pen / head.unit
      for step in 0..<15 {
        let angle = .pi * (0.72 + 1.56 * Double(step) / 14)
        let size = random.uniform(0.3, 0.42)
        let centre = Point(cosine(angle) * (1.08 + v), sine(angle) * (1.05 + v) + 0.05)
        circles.append(head(Path.circle(centre, size)))
        rims.append(head(Path.circle(centre, size + reach)))
      }
      canvas.fill(rims, .solid(figure.ink))
      canvas.fill(circles + [head(Path.circle(Point(0, -0.1), 1.1))], .solid(dark))
    case .braids:
      hair(mane(side: [Point(1.02, 0.5), Point(0.8, 0.9)], tips: 4, &random))
      let knots = random.integer(4, 6)
      for side in [-1.0, 1] {
        for knot in (0..<knots).reversed() {
          let size = 0.27 - 0.02 * Double(knot)
          let at = Point(side * (1.05 + 0.05 * Double(knot)), 0.85 + 0.36 * Double(knot))
          shape(
            Path.ellipse(at, Point(size, size * 0.9), turn: side * 0.4), in: head, figure.hair)
        }
      }
    }
  }

  /// The lower edge of the fringe from the right temple to the left one, and the whole front hair.
  private func fringe(_ random: inout SplitMix64) -> [Point] {
    let v = figure.volume
    let depth = figure.fringeDepth
    let right = [
      Point(0.56, -1.04 - 0.9 * v), Point(0.93 + 0.4 * v, -0.62 - 0.2 * v),
      Point(1.03 + 0.45 * v, 0),
    ]
    let over = Path.smooth(
      mirrored(right).reversed() + [Point(0, -1.14 - 0.95 * v)] + right)
    let lock = figure.sideLock
    var pieces: [(control: Point, end: Point)] = [
      (Point(1.1 + 0.3 * v, lock * 0.6), Point(0.98, lock)),
      (Point(0.82, lock * 0.4), Point(0.8, -0.32)),
    ]
    let (start, end) = (0.8, -0.8)
    switch figure.fringe {
    case .blunt, .jagged:
      let blunt = figure.fringe == .blunt
      for index in 0..<figure.locks {
        let from = start + (end - start) * Double(index) / Double(figure.locks)
        let to = start + (end - start) * Double(index + 1) / Double(figure.locks)
        let tip = Point(
          (from + to) / 2 + figure.sweep * (blunt ? 0.1 : 0.6),
          depth + random.centred() * (blunt ? 0.03 : 0.12) + 0.05)
        let notch = Point(to, index == figure.locks - 1 ? -0.32 : depth - (blunt ? 0.08 : 0.3))
        pieces.append((Point(from - 0.02, tip.y - (blunt ? 0 : 0.12)), tip))
        pieces.append((Point(to + 0.04, tip.y - (blunt ? 0 : 0.12)), notch))
      }
    case .centre, .side, .curtain:
      let part = figure.fringe == .side ? (figure.sweep < 0 ? -0.42 : 0.42) : figure.sweep * 0.3
      let low = figure.fringe == .curtain ? 0.3 : -0.12 + depth * 0.3
      pieces.append((Point(0.66, low), Point(0.6, low - 0.12)))
      pieces.append((Point(0.45 + part * 0.5, -0.55), Point(part, -0.86)))
      pieces.append((Point(-0.45 + part * 0.5, -0.55), Point(-0.6, low - 0.12)))
      pieces.append((Point(-0.66, low), Point(-0.8, -0.32)))
    case .swept:
      let side = figure.sweep < 0 ? -1.0 : 1
      let way: [(control: Point, end: Point)] = [
        (Point(0.7, -0.7), Point(0.5, -0.84)),
        (Point(0.25, -0.35), Point(-0.25, depth + 0.1)),
        (Point(-0.2, -0.2), Point(-0.3, -0.3)),
        (Point(-0.4, 0.05), Point(-0.74, depth + 0.32)),
        (Point(-0.68, -0.2), Point(-0.8, -0.32)),
      ]
      if side > 0 {
        pieces += way
      } else {
        // Mirrored, the way runs backwards: each piece ends where the one before it began.
        let ends = [Point(0.8, -0.32)] + way.dropLast().map(\.end)
        for (piece, end) in zip(way, ends).reversed() {
          pieces.append((Point(-piece.control.x, piece.control.y), Point(-end.x, end.y)))
        }
      }
    case .back, .strands:
      pieces.append((Point(0.72, -0.72), Point(0.35, -0.8)))
      pieces.append((Point(0.1, -0.84), Point(figure.sweep * 0.3, -0.76)))
      pieces.append((Point(-0.1, -0.84), Point(-0.35, -0.8)))
      pieces.append((Point(-0.72, -0.72), Point(-0.8, -0.32)))
    }
    pieces.append((Point(-0.82, lock * 0.4), Point(-0.98, lock)))
    pieces.append((Point(-1.1 - 0.3 * v, lock * 0.6), Point(-1.03 - 0.45 * v, 0)))
    return over + Path.bows(over.last ?? Point(1, 0), pieces).dropFirst()
  }

  private func drawFringe() {
    var random = SplitMix64(seed: figure.hairSeed, index: 1)
    let points = fringe(&random).map(turned)
    let seen = head(points)
    canvas.clipped(to: head(figure.outline)) {
      canvas.fill(head(points.map { $0 + Point(0.02, 0.1) }), .solid(shade))
      drawEyes()
    }
    canvas.fill(seen, .solid(figure.hair))
    canvas.clipped(to: seen) {
      if figure.shaded {
        canvas.fill(
          head(
            Path.smooth(
              [
                Point(-1.3, -0.4), Point(-0.9, -0.12), Point(0, -0.42), Point(0.9, -0.12),
                Point(1.3, -0.4), Point(1.4, 2), Point(-1.4, 2),
              ], closed: true)), .solid(figure.hair.darker(0.15)))
        let glow = figure.hair.lighter(0.5)
        for step in 0..<9 {
          let x = -0.8 + 0.2 * Double(step)
          let y = -0.78 + 0.22 * x * x - figure.volume * 0.3
          let reach = random.uniform(0.05, 0.16)
          canvas.fill(
            head(
              [
                Point(x - 0.1, y), Point(x, y - reach), Point(x + 0.1, y), Point(x, y + reach),
              ].map(turned)), .solid(glow))
        }
      }
      for _ in 0..<6 {
        let x = random.uniform(-0.85, 0.85)
        line(
          [Point(x * 0.3, -1.1 - figure.volume), Point(x * 0.8, -0.7), Point(x, -0.15)].map(turned),
          in: head, width: figure.pen * 0.7, figure.hair.darker(0.4), taper: .both)
      }
    }
    canvas.outline(seen, width: figure.pen, figure.ink)
    if figure.fringe == .strands {
      for side in [-0.25, 0.1, 0.3] {
        shape(
          lobe(
            root: Point(side, -0.85), bend: Point(side + figure.sweep, -0.3),
            tip: Point(side * 1.6 + figure.sweep, 0.15), width: 0.1
          ).map(turned), in: head, figure.hair, pen: 0.8)
      }
    }
    if figure.tuft {
      let top = Point(0.1, -1.1 - figure.volume)
      let side = figure.sweep < 0 ? -1.0 : 1
      shape(
        lobe(
          root: top, bend: top + Point(0.1 * side, -0.5), tip: top + Point(0.5 * side, -0.3),
          width: 0.12), in: head, figure.hair)
    }
  }

  private func drawHairFromBehind() {
    var random = SplitMix64(seed: figure.hairSeed, index: 2)
    let points = mane(side: [Point(1, 0.55), Point(0.72, 1)], tips: 5, &random)
    shape(points, in: head, figure.hair)
    canvas.clipped(to: head(points)) {
      for step in -5...5 {
        let x = Double(step) / 5
        line(
          [
            Point(figure.sweep + x * 0.1, -1 - figure.volume), Point(x * 0.8, -0.5),
            Point(x * 0.95, 1),
          ], in: head, width: figure.pen * 0.7, figure.hair.darker(0.4), taper: .both)
      }
      if figure.shaded {
        line(
          [Point(-0.8, -0.5), Point(0, -0.75), Point(0.8, -0.5)], in: head,
          width: head.unit * 0.12, figure.hair.lighter(0.45), taper: .both)
      }
    }
  }

  // MARK: Face

  private func drawEars() {
    guard figure.showsEars || figure.elfEars else { return }
    for side in [-1.0, 1] {
      let x = side * (0.98 + (side * figure.yaw > 0 ? -0.3 : 0.15) * side * figure.yaw * side)
      let ear =
        figure.elfEars
        ? [
          Point(0, -0.15), Point(0.35, -0.3), Point(0.75, -0.5), Point(0.5, 0.1), Point(0.1, 0.42),
          Point(-0.1, 0.3),
        ]
        : [Point(-0.05, -0.15), Point(0.17, -0.14), Point(0.2, 0.1), Point(0.08, 0.4)]
      let points = Path.smooth(ear.map { Point(x + side * $0.x, $0.y + 0.08) }, closed: true)
      shape(points, in: head, figure.skin)
      line(
        [Point(x + side * 0.05, 0.05), Point(x + side * 0.12, 0.12), Point(x + side * 0.05, 0.3)],
        in: head, width: figure.pen * 0.6, shade.darker(0.2))
    }
  }

  private func drawFace() {
    let outline = head(figure.outline)
    canvas.fill(outline, .solid(figure.skin))
    canvas.clipped(to: outline) {
      if figure.shaded {
        let side = figure.yaw > 0 ? -1.0 : 1
        canvas.fill(
          head(
            Path.smooth(
              [
                Point(side * 1.3, -0.8), Point(side * 0.86, 0), Point(side * 0.7, 0.55),
                Point(side * 0.2, 1.1), Point(side * 0.3, 1.5), Point(side * 1.5, 1),
              ], closed: true)), .solid(shade, alpha: 0.8))
      }
      drawCheeks()
    }
    drawNose()
    drawMouth()
    canvas.outline(outline, width: figure.pen, figure.ink)
  }

  private func drawCheeks() {
    let rosy = figure.skin.mixed(with: Color(0.95, 0.3, 0.35), 0.55)
    let red =
      figure.skin.red == figure.skin.blue ? Color(gray: figure.skin.luminance * 0.7) : rosy
    for side in [-1.0, 1] {
      let at = figure.spot(side * 0.52, 0.52)
      switch figure.blush {
      case 1:
        let radii = Point(0.24 * figure.squeeze(side * 0.52), 0.13)
        canvas.fill(head(Path.ellipse(at, radii)), .solid(red, alpha: 0.5))
      case 2:
        for step in -1...1 {
          let x = at.x + 0.1 * Double(step)
          line(
            [Point(x + 0.04, at.y - 0.07), Point(x - 0.04, at.y + 0.07)], in: head,
            width: figure.pen * 0.7, red.darker(0.15))
        }
      default: break
      }
      if figure.freckles {
        for step in 0..<4 {
          let spot = at + Point(Double(step) * 0.09 - 0.14, step.isMultiple(of: 2) ? -0.03 : 0.05)
          canvas.fill(head(Path.circle(spot, 0.025)), .solid(shade.darker(0.35)))
        }
      }
    }
    switch figure.mark {
    case 1: canvas.fill(head(Path.circle(figure.spot(0.5, 0.45), 0.035)), .solid(figure.ink))
    case 2:
      line(
        [figure.spot(-0.6, 0.35), figure.spot(-0.3, 0.6)], in: head, width: figure.pen,
        shade.darker(0.4))
    case 3:
      for side in [-1.0, 1] {
        canvas.fill(
          head([
            figure.spot(side * 0.5, 0.42), figure.spot(side * 0.58, 0.62),
            figure.spot(side * 0.42, 0.62),
          ]), .solid(figure.cloth))
      }
    case 4:
      shape(
        [
          figure.spot(-0.1, 0.3), figure.spot(0.12, 0.34), figure.spot(0.1, 0.46),
          figure.spot(-0.12, 0.42),
        ], in: head, figure.skin.lighter(0.5), pen: 0.6)
    default: break
    }
  }

  private func drawNose() {
    let at = figure.spot(0, 0.46)
    let side = figure.yaw < 0 ? -1.0 : 1
    let width = figure.pen * 0.9
    switch figure.nose {
    case .line:
      line(
        [at - Point(0, 0.07), at + Point(0.05 * side, 0.05)], in: head, width: width, figure.ink)
    case .dot:
      canvas.fill(head(Path.circle(at, 0.035)), .solid(shade.darker(0.35)))
    case .shadow:
      canvas.fill(
        head([at + Point(0.02 * side, -0.12), at + Point(0.11 * side, 0.06), at + Point(0, 0.06)]),
        .solid(shade.darker(0.12)))
    case .hook:
      line(
        [at + Point(0.02, -0.3), at + Point(0.1 * side, 0), at + Point(-0.04 * side, 0.06)],
        in: head, width: width, figure.ink, taper: .both)
    case .none: break
    }
  }

  private func drawMouth() {
    let at = figure.spot(0, 0.78 * figure.length)
    let w = figure.mouthWidth
    let place = head.inner(at: at, scale: Point(w * cosine(figure.yaw), w))
    let width = max(1, figure.pen)
    let inside = Color(0.55, 0.13, 0.16).mixed(
      with: Color(gray: 0.25), figure.skin.red == figure.skin.blue ? 1 : 0)
    func draw(_ points: [Point], taper: Canvas.Taper = .both) {
      line(points, in: place, width: width, figure.ink, taper: taper)
    }
    switch figure.mouth {
    case .smile: draw([Point(-1, -0.2), Point(-0.4, 0.25), Point(0.4, 0.25), Point(1, -0.2)])
    case .open:
      let lips = Path.smooth(
        [Point(-1, -0.3), Point(0, -0.15), Point(1, -0.3), Point(0.6, 0.6), Point(-0.6, 0.6)],
        closed: true)
      shape(lips, in: place, inside)
      canvas.clipped(to: place(lips)) {
        canvas.fill(
          place(Path.ellipse(Point(0, 0.75), Point(0.55, 0.4))),
          .solid(inside.mixed(with: Color(1, 0.5, 0.5), 0.6)))
      }
      canvas.outline(place(lips), width: width, figure.ink)
    case .small: shape(Path.ellipse(Point(0, 0), Point(0.4, 0.35)), in: place, inside)
    case .flat: draw([Point(-0.8, 0.05), Point(0, 0), Point(0.8, 0.05)])
    case .cat:
      draw([Point(-1, -0.2), Point(-0.5, 0.2), Point(0, -0.15)], taper: .none)
      draw([Point(0, -0.15), Point(0.5, 0.2), Point(1, -0.2)], taper: .none)
    case .frown: draw([Point(-0.8, 0.25), Point(0, -0.15), Point(0.8, 0.25)])
    case .shout:
      shape(
        Path.smooth(
          [Point(-0.9, -0.6), Point(0.9, -0.6), Point(1, 0.7), Point(0, 1), Point(-1, 0.7)],
          closed: true), in: place, inside)
      canvas.fill(
        place(Path.rectangle(-0.6, -0.55, 0.6, -0.25)), .solid(Color(gray: 0.97)))
    case .grin:
      shape(
        Path.smooth(
          [
            Point(-1.1, -0.35), Point(0, -0.1), Point(1.1, -0.35), Point(0.6, 0.45),
            Point(-0.6, 0.45),
          ], closed: true), in: place, Color(gray: 0.97))
      draw([Point(-0.9, 0), Point(0, 0.18), Point(0.9, 0)])
    }
  }

  // MARK: Eyes

  private func drawEyes() {
    for side in [-1.0, 1] {
      let u = side * figure.eyeGap
      let eye = head.inner(
        at: figure.spot(u, 0.16),
        scale: Point(side * figure.eyeWidth * figure.squeeze(u), figure.eyeHeight))
      let closed = figure.winks && side > 0
      drawEye(eye, closed ? .smiling : figure.eyes, side: side)
      let brow = head.inner(
        at: figure.spot(u, -0.28), scale: Point(side * figure.eyeWidth * figure.squeeze(u), 0.2))
      let lift = figure.brow * 0.5
      line(
        [Point(-0.9, 0.1 + lift), Point(0, -0.25), Point(1, 0.1 - lift)], in: brow,
        width: max(0.9, head.unit * 0.045), figure.hair.darker(0.5), taper: .end)
    }
    drawGlasses()
  }

  private func drawEye(_ eye: Frame, _ kind: Figure.Eyes, side: Double) {
    let lash = max(1.1, head.unit * 0.07)
    let upper: [Point]
    let lower: [Point]
    switch kind {
    case .round:
      upper = [Point(-1, 0.2), Point(-0.65, -0.62), Point(0, -0.95), Point(0.7, -0.7), Point(1, 0)]
      lower = [Point(0.75, 0.72), Point(0, 0.97), Point(-0.65, 0.75)]
    case .tall:
      upper = [
        Point(-0.8, 0), Point(-0.5, -0.85), Point(0.1, -1.05), Point(0.7, -0.8), Point(0.98, -0.1),
      ]
      lower = [Point(0.75, 0.8), Point(0.1, 1.08), Point(-0.5, 0.85)]
    case .sharp:
      upper = [Point(-1, 0.45), Point(-0.4, -0.4), Point(0.3, -0.65), Point(1.1, -0.55)]
      lower = [Point(0.8, 0.3), Point(0, 0.65), Point(-0.6, 0.6)]
    case .soft:
      upper = [Point(-1, -0.1), Point(-0.4, -0.75), Point(0.3, -0.65), Point(1.05, 0.3)]
      lower = [Point(0.5, 0.75), Point(-0.3, 0.75)]
    case .dots:
      canvas.fill(eye(Path.ellipse(Point(0, 0), Point(0.42, 0.6))), .solid(figure.ink))
      canvas.fill(eye(Path.circle(Point(0.1 * side, -0.22), 0.15)), .solid(.white))
      return
    case .smiling:
      line(
        [Point(-1, 0.35), Point(-0.5, -0.25), Point(0.2, -0.4), Point(1, 0.35)], in: eye,
        width: lash, figure.ink, taper: .both)
      return
    case .closed:
      line(
        [Point(-1, -0.1), Point(-0.4, 0.35), Point(0.4, 0.35), Point(1.05, -0.05)], in: eye,
        width: lash, figure.ink, taper: .both)
      for x in [0.3, 0.75] {
        line(
          [Point(x, 0.3), Point(x + 0.25, 0.65)], in: eye, width: lash * 0.5, figure.ink,
          taper: .end)
      }
      return
    }
    let lid = Path.smooth(upper)
    let white = lid + Path.smooth([upper[upper.count - 1]] + lower + [upper[0]]).dropFirst()
    canvas.fill(eye(white), .solid(Color(gray: 0.98)))
    canvas.clipped(to: eye(white)) {
      let middle = Point(figure.gaze.x * side * 0.7, 0.08 + figure.gaze.y * 0.5)
      let radii = kind == .sharp ? Point(0.42, 0.62) : Point(0.58, 0.82)
      canvas.fill(eye(Path.ellipse(middle, radii)), .solid(figure.iris.darker(0.55)))
      canvas.fill(
        eye(Path.ellipse(middle, radii * 0.86)),
        .linear(
          eye(middle - Point(0, radii.y)), eye(middle + Point(0, radii.y)),
          figure.iris.darker(0.35), figure.iris.lighter(0.45)))
      canvas.fill(
        eye(Path.ellipse(middle, radii * 0.42)), .solid(figure.iris.darker(0.8)))
      canvas.fill(
        eye([Point(-1.2, -1.3), Point(1.2, -1.3)] + lid.reversed().map { $0 + Point(0, 0.22) }),
        .solid(figure.iris.darker(0.8), alpha: 0.35))
      canvas.fill(
        eye(Path.ellipse(middle + Point(-0.22 * side, -0.38), Point(0.2, 0.22))), .solid(.white))
      canvas.fill(
        eye(Path.ellipse(middle + Point(0.24 * side, 0.42), Point(0.12, 0.12))), .solid(.white))
    }
    canvas.stroke(eye(lid), width: lash, figure.ink, taper: .none)
    line(
      [upper[upper.count - 2], upper[upper.count - 1], upper[upper.count - 1] + Point(0.22, 0.1)],
      in: eye, width: lash * 0.8, figure.ink, taper: .end)
    line(
      Array(lower.prefix(2)), in: eye, width: lash * 0.45, figure.ink.mixed(with: shade, 0.3))
    if head.unit > 25 {
      line(
        upper.map { $0 * Point(0.85, 1) - Point(0, 0.28) }, in: eye, width: lash * 0.3,
        shade.darker(0.3), taper: .both)
    }
  }

  private func drawGlasses() {
    guard figure.glasses > 0 else { return }
    let width = max(1, head.unit * 0.05)
    var inner: [Point] = []
    for side in [-1.0, 1] {
      let u = side * figure.eyeGap
      let at = figure.spot(u, 0.18)
      let squeeze = figure.squeeze(u)
      let rim =
        figure.glasses == 1
        ? Path.ellipse(at, Point(0.38 * squeeze, 0.38))
        : Path.smooth(
          [Point(-0.4, -0.24), Point(0.4, -0.24), Point(0.38, 0.26), Point(-0.36, 0.26)].map {
            at + $0 * Point(squeeze, 1)
          }, closed: true, steps: 4)
      if figure.glasses == 3 {
        canvas.fill(head(rim), .solid(Color(gray: 0.1), alpha: 0.85))
      } else {
        canvas.fill(head(rim), .solid(.white, alpha: 0.18))
      }
      canvas.outline(head(rim), width: width, figure.trim.darker(0.4))
      inner.append(at - Point(side * 0.38 * squeeze, 0.02))
    }
    canvas.stroke(head(inner), width: width, figure.trim.darker(0.4))
  }

  // MARK: Body

  private func drawBody() {
    let body = figure.body
    let s = figure.shoulders
    let neck = Path.smooth(
      [
        Point(-0.3, -0.5), Point(-0.28, 0.2), Point(-0.42, 0.55), Point(0.42, 0.55),
        Point(0.28, 0.2), Point(0.3, -0.5),
      ])
    var random = SplitMix64(seed: figure.hairSeed, index: 3)
    let sleeve = figure.clothes == .vest || figure.clothes == .dress ? figure.skin : figure.cloth
    let low = figure.clothes == .dress ? figure.cloth : figure.trim.darker(0.2)
    // Legs, then the trunk over them, then arms and neck.
    for side in [-1.0, 1] {
      limb(
        [Point(side * s * 0.4, 3.6), Point(side * s * 0.42, 8)], in: body, width: s * 0.5,
        figure.clothes == .dress ? figure.skin : low)
    }
    shape(
      [
        Point(-s * 0.72, 3), Point(s * 0.72, 3), Point(s * 1.1, 5), Point(-s * 1.1, 5),
      ], in: body, low)
    let pose = random.integer(0, 4)
    for side in [-1.0, 1] {
      let joint = Point(side * s * 0.86, 0.98)
      let (elbow, hand): (Point, Point) =
        switch pose {
        case 0: (Point(side * s * 1.45, 2.2), Point(side * s * 0.8, 3))
        case 1 where side > 0: (Point(s + 0.9, 1.5), Point(s + 1.1, 0))
        default: (Point(side * s * 1.08, 2.3), Point(side * s * 1.05, 3.6))
        }
      limb([joint, elbow, hand], in: body, width: 0.5, sleeve)
      shape(Path.circle(hand, 0.24), in: body, figure.skin)
    }
    shape(
      Path.smooth(
        [
          Point(-0.4, 0.4), Point(-s * 0.72, 0.58), Point(-s, 0.95), Point(-s * 0.86, 1.9),
          Point(-s * 0.74, 3.2), Point(s * 0.74, 3.2), Point(s * 0.86, 1.9), Point(s, 0.95),
          Point(s * 0.72, 0.58), Point(0.4, 0.4), Point(0, 0.5),
        ], closed: true), in: body, figure.cloth)
    shape(neck, in: body, figure.skin)
    canvas.clipped(to: body(neck)) {
      canvas.fill(
        body(Path.ellipse(Point(0, -0.1), Point(0.8, 0.36))), .solid(shade))
    }
    drawClothes(body)
  }

  private func drawClothes(_ body: Frame) {
    guard !figure.turnedAway else { return }
    let s = figure.shoulders
    let trim = figure.trim
    switch figure.clothes {
    case .plain, .vest:
      line(
        [Point(-0.45, 0.42), Point(0, 0.68), Point(0.45, 0.42)], in: body,
        width: body.unit * 0.1, trim)
    case .sailor:
      for side in [-1.0, 1] {
        shape(
          [
            Point(side * 0.3, 0.3), Point(side * s * 0.8, 0.65), Point(side * s * 0.7, 1.15),
            Point(0, 1.45),
          ], in: body, trim)
      }
      for side in [-1.0, 1] {
        shape(
          lobe(
            root: Point(0, 1.4), bend: Point(side * 0.5, 1.5), tip: Point(side * 0.6, 2.1),
            width: 0.2), in: body, Color(0.85, 0.2, 0.25).mixed(with: figure.cloth.darker(0.4), 0.3)
        )
      }
    case .shirt:
      for side in [-1.0, 1] {
        shape(
          [
            Point(side * 0.36, 0.22), Point(side * 0.62, 0.6), Point(side * 0.15, 0.95),
            Point(0, 0.6),
          ],
          in: body, Color(gray: 0.95))
      }
      shape(
        [
          Point(-0.1, 0.66), Point(0.1, 0.66), Point(0.17, 1.9), Point(0, 2.15), Point(-0.17, 1.9),
        ], in: body, trim)
    case .hoodie:
      shape(
        Path.smooth(
          [
            Point(-0.5, 0.15), Point(-0.75, 0.5), Point(0, 0.95), Point(0.75, 0.5),
            Point(0.5, 0.15), Point(0, 0.6),
          ], closed: true), in: body, figure.cloth.darker(0.15))
      for side in [-0.18, 0.18] {
        line([Point(side, 0.85), Point(side * 1.2, 1.5)], in: body, width: body.unit * 0.07, trim)
      }
    case .dress:
      for step in 0..<5 {
        shape(
          Path.circle(Point(Double(step) * 0.22 - 0.44, 0.6 + (step == 2 ? 0.12 : 0.04)), 0.13),
          in: body, trim.lighter(0.5), pen: 0.6)
      }
    case .scarf:
      shape(Path.ellipse(Point(0, 0.38), Point(0.72, 0.28)), in: body, trim)
      shape(
        [Point(0.2, 0.5), Point(0.6, 0.45), Point(0.62, 1.7), Point(0.25, 1.75)], in: body, trim)
    }
  }

  // MARK: Things worn

  private func drawExtra() {
    let v = figure.volume
    let side = figure.sweep < 0 ? -1.0 : 1
    let color = figure.trim
    switch figure.extra {
    case .none: break
    case .ribbon:
      let place = head.inner(at: Point(side * 0.72, -1 - 0.6 * v), turn: side * 0.5)
      for wing in [-1.0, 1] {
        shape(
          Path.smooth(
            [
              Point(0, 0), Point(wing * 0.3, -0.3), Point(wing * 0.55, -0.2),
              Point(wing * 0.55, 0.2), Point(wing * 0.3, 0.25),
            ], closed: true, steps: 4),
          in: place, color)
      }
      shape(Path.circle(Point(0, 0), 0.13), in: place, color.darker(0.2))
    case .flower:
      let place = head.inner(at: Point(side * 0.8, -0.72 - 0.5 * v))
      for petal in 0..<5 {
        let angle = 2 * .pi * Double(petal) / 5
        shape(
          Path.circle(Point(cosine(angle), sine(angle)) * 0.18, 0.15), in: place, color, pen: 0.6)
      }
      shape(Path.circle(Point(0, 0), 0.11), in: place, Color(0.98, 0.85, 0.3), pen: 0.6)
    case .pin:
      let place = head.inner(at: Point(side * 0.68, -0.45), turn: side * -0.5)
      for row in [-0.06, 0.08] {
        shape(Path.rectangle(-0.2, row - 0.05, 0.2, row + 0.05), in: place, color, pen: 0.5)
      }
    case .band, .headphones:
      let arc = Path.smooth([
        Point(-1.06 - 0.4 * v, -0.3), Point(-0.72, -0.92 - 0.7 * v), Point(0, -1.17 - v),
        Point(0.72, -0.92 - 0.7 * v), Point(1.06 + 0.4 * v, -0.3),
      ])
      canvas.stroke(head(arc), width: head.unit * 0.16 + 2 * figure.pen, figure.ink)
      canvas.stroke(head(arc), width: head.unit * 0.16, color)
      if figure.extra == .headphones {
        for cup in [-1.0, 1] {
          shape(
            Path.ellipse(Point(cup * (1.08 + 0.4 * v), 0.05), Point(0.2, 0.4)), in: head,
            color.darker(0.25))
        }
      }
    case .cap:
      shape(
        Path.smooth(
          [
            Point(-1.1 - 0.4 * v, -0.5), Point(-0.85, -1.15 - v), Point(0, -1.42 - v),
            Point(0.85, -1.15 - v), Point(1.1 + 0.4 * v, -0.5), Point(0, -0.78),
          ], closed: true), in: head, color)
      shape(
        Path.smooth(
          [
            Point(side * -0.5, -0.78), Point(side * 0.4, -0.82), Point(side * 1.1, -0.62),
            Point(side * 1.65, -0.52), Point(side * 1, -0.72), Point(side * 0.2, -0.9),
          ], closed: true), in: head, color.darker(0.3))
    case .beret:
      shape(
        Path.ellipse(
          Point(side * 0.25, -1.12 - v), Point(1.08, 0.42), turn: side * 0.18), in: head, color)
    case .catEars:
      for ear in [-1.0, 1] {
        let points = [
          Point(ear * 0.95, -0.75), Point(ear * 0.92, -1.75 - v), Point(ear * 0.28, -1.15 - v),
        ]
        shape(points, in: head, figure.hair)
        let middle = (points[0] + points[1] + points[2]) / 3
        shape(
          points.map { $0.mixed(with: middle, 0.4) }, in: head,
          figure.skin.mixed(with: Color(1, 0.5, 0.55), 0.4), pen: 0.5)
      }
    case .horns:
      for horn in [-1.0, 1] {
        shape(
          lobe(
            root: Point(horn * 0.55, -0.98 - v), bend: Point(horn * 1.1, -1.4 - v),
            tip: Point(horn * 0.75, -1.85 - v), width: 0.18), in: head, color.darker(0.1))
      }
    case .halo:
      let ring = head(Path.ellipse(Point(0, -1.6 - v), Point(0.62, 0.18)))
      canvas.outline(ring, width: head.unit * 0.1 + 2 * figure.pen, figure.ink)
      canvas.outline(ring, width: head.unit * 0.1, Color(0.98, 0.88, 0.45))
    case .witchHat:
      shape(
        Path.smooth([
          Point(-0.85, -0.95 - 0.5 * v), Point(-0.3, -1.7 - v), Point(side * 0.4, -2.5 - v),
          Point(0.35, -1.7 - v), Point(0.85, -0.95 - 0.5 * v),
        ]), in: head, color.darker(0.35))
      shape(
        Path.ellipse(Point(0, -0.95 - 0.6 * v), Point(1.55, 0.24)), in: head, color.darker(0.35))
    }
  }
}
