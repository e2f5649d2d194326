/// Everything that makes one drawn person: pose, face, hair, clothes and pen.
///
/// Lengths are in *head units*: 1 is half the width of the face, the origin its middle, y points
/// down. The hairline is at −0.75, the eyes near 0.1, the chin near 1.2.
struct Figure {
  enum Eyes: CaseIterable { case round, tall, sharp, soft, dots, smiling, closed }
  enum Mouth: CaseIterable { case smile, open, small, flat, cat, frown, shout, grin }
  enum Nose: CaseIterable { case line, dot, shadow, hook, none }
  enum Back: CaseIterable { case short, bob, long, twinTails, ponytail, buns, spiky, curly, braids }
  enum Fringe: CaseIterable { case blunt, jagged, centre, side, swept, back, curtain, strands }
  enum Extra: CaseIterable {
    case none, ribbon, flower, pin, band, headphones, cap, beret, catEars, horns, halo, witchHat
  }
  enum Clothes: CaseIterable { case plain, sailor, shirt, hoodie, vest, dress, scarf }

  var centre: Point
  /// Pixels in one head unit.
  var scale: Double
  /// In radians, clockwise.
  var tilt: Double
  /// The turn to the right side of the picture, in radians.
  var yaw: Double
  /// The features' shift down.
  var pitch: Double

  var length: Double
  var jaw: Double
  var chin: Double

  var eyes: Eyes
  var winks: Bool
  var eyeWidth: Double
  var eyeHeight: Double
  var eyeGap: Double
  var gaze: Point
  var brow: Double
  var mouth: Mouth
  var mouthWidth: Double
  var nose: Nose
  var blush: Int
  var glasses: Int
  var freckles: Bool
  var mark: Int
  var elfEars: Bool
  var showsEars: Bool

  var back: Back
  var fringe: Fringe
  var fringeDepth: Double
  var locks: Int
  var sweep: Double
  var sideLock: Double
  var volume: Double
  var tuft: Bool
  var extra: Extra
  var clothes: Clothes
  var shoulders: Double
  /// Seen from behind: hair where the face would be. Not a face.
  var turnedAway = false

  var skin: Color
  var hair: Color
  var iris: Color
  var cloth: Color
  var trim: Color
  var ink: Color
  /// Line width in pixels.
  var pen: Double
  var shaded: Bool
  var hairSeed: UInt64

  init(
    centre: Point, scale: Double, difficulty: Double, palette: Palette, _ random: inout SplitMix64
  ) {
    let d = difficulty
    // A choice among the first few cases at low difficulty, among all of them later.
    func choice<Case: CaseIterable>(_ type: Case.Type, easy: Int) -> Case
    where Case.AllCases == [Case] {
      let all = Case.allCases
      let open = easy + Int(Double(all.count - easy) * min(1, d * 1.5) + 0.5)
      return all[random.integer(0, min(all.count, open) - 1)]
    }
    self.centre = centre
    self.scale = scale
    tilt = random.centred() * (0.12 + 0.55 * d)
    yaw = random.centred() * (0.1 + 0.25 * d)
    pitch = random.centred() * (0.04 + 0.1 * d)
    length = 1 + random.centred() * (0.05 + 0.12 * d)
    jaw = random.uniform(0.62 - 0.08 * d, 0.7 + 0.1 * d)
    chin = random.uniform(0.14, 0.22 + 0.12 * d)

    eyes = choice(Eyes.self, easy: 2)
    winks = random.chance(0.08 * d)
    eyeWidth = random.uniform(0.25, 0.32)
    eyeHeight = random.uniform(0.26 - 0.05 * d, 0.36 + 0.06 * d)
    eyeGap = random.uniform(0.42, 0.48)
    gaze = Point(random.centred(), random.centred()) * 0.25
    brow = random.centred()
    mouth = choice(Mouth.self, easy: 3)
    mouthWidth = random.uniform(0.14, 0.26)
    nose = choice(Nose.self, easy: 2)
    blush = random.chance(0.5) ? random.integer(1, 2) : 0
    glasses = random.chance(0.18 * d) ? random.integer(1, 3) : 0
    freckles = random.chance(0.1 * d)
    mark = random.chance(0.25 * d) ? random.integer(1, 4) : 0
    elfEars = random.chance(0.12 * d)
    showsEars = random.chance(0.6)

    back = choice(Back.self, easy: 3)
    fringe = choice(Fringe.self, easy: 3)
    fringeDepth = random.uniform(-0.28, -0.02 + 0.12 * d)
    locks = random.integer(4, 7)
    sweep = random.centred() * 0.3
    sideLock = random.chance(0.7) ? random.uniform(0.5, 1.1 + 0.7 * d) : 0.25
    volume = random.uniform(0.14, 0.3)
    tuft = random.chance(0.25)
    extra = random.chance(0.25 + 0.35 * d) ? choice(Extra.self, easy: 5) : .none
    clothes = choice(Clothes.self, easy: 3)
    shoulders = random.uniform(1.25, 1.9)

    skin = palette.skin(&random)
    hair = palette.hair(&random)
    iris = palette.eye(&random)
    cloth = palette.any(&random)
    trim = palette.any(&random)
    ink =
      random.chance(0.5) ? palette.ink : palette.ink.mixed(with: hair.darker(0.6), 0.6)
    pen = min(max(scale * random.uniform(0.02, 0.035 + 0.025 * d), 0.8), 4)
    shaded = random.chance(0.75)
    hairSeed = random.next()
  }

  /// Head units to pixels.
  var head: Frame { Frame().inner(at: centre, turn: tilt, scale: Point(scale, scale)) }

  /// The body stands straighter than the head.
  var body: Frame {
    head.inner(at: Point(yaw * 0.5, 0.95 * length), turn: -tilt * 0.75)
  }

  /// The face's outline from the crown clockwise, in head units.
  var outline: [Point] {
    let half = [
      Point(0.42, -1.04), Point(0.8, -0.78), Point(0.98, -0.35), Point(1, 0.12),
      Point(0.93, 0.48 * length), Point(jaw, 0.88 * length), Point(chin, 1.14 * length),
    ]
    let points =
      [Point(0, -1.1)] + half + [Point(0, 1.2 * length)]
      + half.reversed().map { Point(-$0.x, $0.y) }
    return Path.smooth(points.map(turned), closed: true)
  }

  /// A point of the head's outline, moved by the turn to a side.
  private func turned(_ point: Point) -> Point {
    var point = point
    let leads = point.x * yaw > 0
    let amount = yaw.magnitude
    point.x *= leads ? 1 - 0.35 * amount : 1 + 0.12 * amount
    point.x += yaw * 0.55 * max(0, point.y + 0.2)
    return point
  }

  /// The face as an annotator would crop it: from hairline to chin and from cheek to cheek, in
  /// pixels, without ears, hair and hats.
  var region: (left: Double, top: Double, right: Double, bottom: Double) {
    var box = (
      left: Double.infinity, top: Double.infinity, right: -Double.infinity, bottom: -Double.infinity
    )
    for point in outline {
      let seen = head(Point(point.x, max(point.y, -0.75)))
      box.left = min(box.left, seen.x)
      box.right = max(box.right, seen.x)
      box.top = min(box.top, seen.y)
      box.bottom = max(box.bottom, seen.y)
    }
    return box
  }

  /// Where a feature at `u` across the face (−1 … 1) and at height `v` is on the turned head.
  func spot(_ u: Double, _ v: Double) -> Point {
    Point(sine(u + yaw) * 1.08, v + pitch * (1 - v * v * 0.3))
  }

  /// How much narrower a feature at `u` is than on a head seen from the front.
  func squeeze(_ u: Double) -> Double { cosine(u + yaw) / cosine(u) }
}
