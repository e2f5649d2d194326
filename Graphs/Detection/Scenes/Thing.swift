/// Things that are not faces, many of them round, of the same colours and strokes as faces are.
struct Thing {
  enum Kind: CaseIterable {
    case disc, balloon, ball, star, fruit, flower, clock, button, plate, book, leaf, gift, lamp,
      mushroom, acorn, heart, bubble, sign, umbrella, cup
  }

  let canvas: Canvas
  let palette: Palette
  let difficulty: Double

  /// Draws a thing of about `radius` pixels around `centre`.
  func draw(_ kind: Kind, at centre: Point, radius: Double, _ random: inout SplitMix64) {
    let place = Frame().inner(
      at: centre, turn: random.centred() * (0.2 + 0.5 * difficulty), scale: Point(radius, radius))
    // Round things are often of skin's colour, so that colour alone does not tell a face.
    let round =
      random.chance(0.35 + 0.3 * difficulty) ? palette.skin(&random) : palette.any(&random)
    let other = random.chance(0.3) ? palette.hair(&random) : palette.any(&random)
    let pen = min(max(radius * 0.05, 0.8), 4)
    func shape(_ points: [Point], _ color: Color, line: Double = 1) {
      canvas.fill(place(points), .solid(color))
      if line > 0 { canvas.outline(place(points), width: pen * line, palette.ink) }
    }
    func stroke(_ points: [Point], _ color: Color, width: Double = 1) {
      canvas.stroke(place(Path.smooth(points)), width: pen * width, color)
    }
    func gloss(_ at: Point, _ size: Double) {
      canvas.fill(place(Path.ellipse(at, Point(size, size * 0.7), turn: -0.6)), .solid(.white))
    }
    switch kind {
    case .disc:
      shape(
        Path.ellipse(Point(0, 0), Point(random.uniform(0.7, 1), 0.95)), round,
        line: random.chance(0.8) ? 1 : 0)
      if random.chance(0.5) {
        canvas.clipped(to: place(Path.circle(Point(0, 0), 0.9))) {
          canvas.fill(
            place(Path.circle(Point(-0.4, -0.3), 1)), .solid(round.lighter(0.3), alpha: 0.6))
        }
      }
    case .balloon:
      stroke([Point(0, 1), Point(0.15, 1.5), Point(-0.1, 2.1)], palette.ink)
      shape(
        Path.smooth(
          [
            Point(0, -1), Point(0.78, -0.45), Point(0.6, 0.5), Point(0, 1), Point(-0.6, 0.5),
            Point(-0.78, -0.45),
          ], closed: true), round)
      gloss(Point(-0.3, -0.5), 0.16)
    case .ball:
      shape(Path.circle(Point(0, 0), 0.95), round)
      canvas.clipped(to: place(Path.circle(Point(0, 0), 0.92))) {
        canvas.fill(place(Path.ellipse(Point(-0.9, 0), Point(0.6, 1.1))), .solid(other))
        canvas.fill(place(Path.ellipse(Point(0.9, 0), Point(0.6, 1.1))), .solid(other))
      }
      stroke([Point(-0.4, -0.8), Point(-0.25, 0), Point(-0.4, 0.8)], palette.ink)
      stroke([Point(0.4, -0.8), Point(0.25, 0), Point(0.4, 0.8)], palette.ink)
    case .star:
      shape(Path.star(Point(0, 0), 1, inner: 0.45, tips: random.integer(4, 7), turn: 0), round)
    case .fruit:
      shape(
        Path.smooth(
          [
            Point(0, -0.75), Point(0.6, -0.85), Point(0.95, -0.2), Point(0.6, 0.8), Point(0, 0.72),
            Point(-0.6, 0.8), Point(-0.95, -0.2), Point(-0.6, -0.85),
          ], closed: true), round)
      stroke([Point(0, -0.7), Point(0.05, -0.95), Point(0.2, -1.2)], palette.ink, width: 2)
      shape(Path.ellipse(Point(0.42, -1.08), Point(0.3, 0.14), turn: -0.3), other, line: 0.7)
      gloss(Point(-0.45, -0.35), 0.15)
    case .flower:
      let petals = random.integer(5, 8)
      for petal in 0..<petals {
        let angle = 2 * .pi * Double(petal) / Double(petals)
        shape(
          Path.ellipse(
            Point(cosine(angle), sine(angle)) * 0.6, Point(0.42, 0.28), turn: angle), other)
      }
      shape(Path.circle(Point(0, 0), 0.36), round)
    case .clock:
      shape(Path.circle(Point(0, 0), 1), other)
      shape(Path.circle(Point(0, 0), 0.82), round.lighter(0.3))
      for hour in 0..<12 {
        let angle = 2 * .pi * Double(hour) / 12
        let way = Point(cosine(angle), sine(angle))
        stroke([way * 0.66, way * 0.76], palette.ink)
      }
      let hand = random.unit() * 2 * .pi
      stroke([Point(0, 0), Point(cosine(hand), sine(hand)) * 0.6], palette.ink, width: 1.5)
      stroke([Point(0, 0), Point(0.1, -0.4)], palette.ink, width: 2)
    case .button:
      shape(Path.circle(Point(0, 0), 0.9), round)
      shape(Path.circle(Point(0, 0), 0.7), round.darker(0.1), line: 0.6)
      for hole in [Point(-1, -1), Point(1, -1), Point(-1, 1), Point(1, 1)] {
        canvas.fill(place(Path.circle(hole * 0.2, 0.1)), .solid(palette.ink))
      }
    case .plate:
      shape(Path.ellipse(Point(0, 0), Point(1, 0.8)), round)
      shape(Path.ellipse(Point(0, 0), Point(0.7, 0.54)), round.lighter(0.3), line: 0.6)
    case .book:
      shape(Path.rectangle(-0.7, -0.9, 0.7, 0.9), other)
      shape(Path.rectangle(-0.45, -0.6, 0.45, -0.2), round.lighter(0.4), line: 0.6)
      stroke([Point(-0.52, -0.9), Point(-0.52, 0.9)], palette.ink)
    case .leaf:
      shape(
        Path.bow(Point(-1, 0.3), Point(-0.1, -1.1), Point(1, -0.3))
          + Path.bow(Point(1, -0.3), Point(0.1, 1.1), Point(-1, 0.3)), other)
      stroke([Point(-1, 0.3), Point(0, 0), Point(1, -0.3)], palette.ink)
    case .gift:
      shape(Path.rectangle(-0.8, -0.5, 0.8, 0.8), round)
      shape(Path.rectangle(-0.16, -0.5, 0.16, 0.8), other, line: 0.6)
      shape(Path.rectangle(-0.9, -0.75, 0.9, -0.4), other)
    case .lamp:
      stroke([Point(0, -3), Point(0, -0.8)], palette.ink, width: 2)
      shape([Point(-0.3, -0.9), Point(0.3, -0.9), Point(0.95, 0.3), Point(-0.95, 0.3)], other)
      shape(Path.circle(Point(0, 0.35), 0.3), round.lighter(0.4), line: 0.6)
    case .mushroom:
      shape(Path.rectangle(-0.28, 0, 0.28, 0.95), round)
      let cap = Path.smooth(
        [
          Point(-1, 0.15), Point(-0.75, -0.6), Point(0, -0.95), Point(0.75, -0.6), Point(1, 0.15),
          Point(0, 0.3),
        ], closed: true)
      shape(cap, other)
      for spot in [Point(-0.5, -0.2), Point(0.1, -0.5), Point(0.55, -0.1)] {
        canvas.fill(place(Path.circle(spot, 0.14)), .solid(.white))
      }
    case .acorn:
      // Skin below and hair above, yet nobody's face.
      shape(
        Path.smooth(
          [Point(-0.85, -0.2), Point(-0.7, 0.5), Point(0, 1), Point(0.7, 0.5), Point(0.85, -0.2)]),
        palette.skin(&random))
      shape(
        Path.smooth(
          [
            Point(-1, -0.1), Point(-0.75, -0.75), Point(0, -1), Point(0.75, -0.75), Point(1, -0.1),
            Point(0, 0.05),
          ], closed: true), palette.hair(&random))
      stroke([Point(0, -1), Point(0.08, -1.25)], palette.ink, width: 2)
    case .heart:
      shape(
        Path.bows(
          Point(0, -0.45),
          [
            (Point(0.35, -1.1), Point(0.85, -0.6)), (Point(1.2, 0), Point(0, 0.95)),
            (Point(-1.2, 0), Point(-0.85, -0.6)), (Point(-0.35, -1.1), Point(0, -0.45)),
          ]), round)
    case .bubble:
      let wide = random.uniform(0.7, 1.2)
      shape([Point(0.1, 0.5), Point(0.4, 0.5), Point(0.5, 1.1)], .white)
      shape(Path.ellipse(Point(0, 0), Point(wide, 0.72)), .white)
      canvas.fill(place(Path.ellipse(Point(0.2, 0.45), Point(0.3, 0.16))), .solid(.white))
      let upright = random.chance(0.5)
      for row in -2...2 {
        let off = Double(row) * 0.19
        let reach = random.uniform(0.2, 0.45)
        let ends =
          upright
          ? (Point(off, -reach), Point(off, reach))
          : (Point(-reach * wide, off), Point(reach * wide, off))
        canvas.stroke(
          [place(ends.0), place(ends.1)], width: max(0.8, radius * 0.08), palette.ink,
          alpha: 0.75)
      }
    case .sign:
      stroke([Point(0, 0.5), Point(0, 2.5)], palette.ink, width: 3)
      shape(Path.star(Point(0, 0), 1, inner: 0.924, tips: 4, turn: 0.39), round)
      shape(Path.rectangle(-0.6, -0.15, 0.6, 0.15), other, line: 0.6)
    case .umbrella:
      stroke([Point(0, -0.9), Point(0, 1)], palette.ink, width: 2)
      shape(
        Path.bows(
          Point(-1, 0.1),
          [
            (Point(-0.9, -0.9), Point(0, -0.95)), (Point(0.9, -0.9), Point(1, 0.1)),
            (Point(0.66, -0.12), Point(0.33, 0.1)), (Point(0, -0.12), Point(-0.33, 0.1)),
            (Point(-0.66, -0.12), Point(-1, 0.1)),
          ]), other)
    case .cup:
      canvas.outline(
        place(Path.circle(Point(0.75, 0), 0.35)), width: pen * 2.5, palette.ink)
      shape([Point(-0.7, -0.6), Point(0.7, -0.6), Point(0.55, 0.7), Point(-0.55, 0.7)], round)
      shape(Path.ellipse(Point(0, -0.6), Point(0.7, 0.18)), other, line: 0.7)
    }
  }
}
