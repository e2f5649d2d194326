/// The colours of one scene: in colour, in pastel, or in the grays of a printed manga.
struct Palette {
  enum Mode { case color, pastel, gray }

  let mode: Mode
  /// How far colours stray from the usual, 0 … 1.
  let difficulty: Double
  /// The ink of outlines.
  let ink: Color

  init(difficulty: Double, _ random: inout SplitMix64) {
    self.difficulty = difficulty
    mode =
      random.chance(0.45 * difficulty)
      ? (random.chance(0.6) ? .gray : .pastel) : .color
    ink =
      mode == .gray || random.chance(0.5)
      ? Color(gray: random.uniform(0.02, 0.15))
      : Color(
        hue: random.uniform(0, 1), saturation: random.uniform(0.2, 0.6),
        value: random.uniform(0.12, 0.15 + 0.2 * difficulty))
  }

  private func toned(_ color: Color) -> Color {
    switch mode {
    case .color: color
    case .pastel: color.lighter(0.45)
    case .gray: Color(gray: color.luminance)
    }
  }

  func skin(_ random: inout SplitMix64) -> Color {
    if mode == .gray && random.chance(0.75) { return Color(gray: random.uniform(0.9, 1)) }
    if random.chance(0.12 * difficulty) {
      return toned(
        Color(
          hue: random.uniform(0.25, 0.85), saturation: random.uniform(0.12, 0.4),
          value: random.uniform(0.6, 1)))
    }
    let depth = random.unit() * random.uniform(0.15, 0.3 + 0.7 * difficulty)
    let light = Color(1, 0.9, 0.82).mixed(with: Color(1, 0.83, 0.7), random.unit())
    let deep = Color(0.42, 0.26, 0.17).mixed(with: Color(0.55, 0.36, 0.22), random.unit())
    return toned(light.mixed(with: deep, depth))
  }

  func hair(_ random: inout SplitMix64) -> Color {
    if mode == .gray { return Color(gray: random.pick([0.08, 0.12, 0.3, 0.45, 0.65, 0.85, 0.97])) }
    if random.chance(0.45) {
      let natural = [
        Color(0.13, 0.1, 0.12), Color(0.28, 0.17, 0.11), Color(0.45, 0.28, 0.15),
        Color(0.62, 0.4, 0.2), Color(0.93, 0.78, 0.42), Color(0.75, 0.3, 0.15),
        Color(0.85, 0.84, 0.88),
      ]
      return toned(random.pick(natural).mixed(with: any(&random), 0.12))
    }
    return toned(
      Color(
        hue: random.unit(), saturation: random.uniform(0.25, 0.75),
        value: random.uniform(0.35, 0.95)))
  }

  func eye(_ random: inout SplitMix64) -> Color {
    if mode == .gray { return Color(gray: random.uniform(0.1, 0.5)) }
    return Color(
      hue: random.unit(), saturation: random.uniform(0.45, 0.9), value: random.uniform(0.35, 0.8))
  }

  /// A colour for clothes, things and backgrounds; now and then that of skin.
  func any(_ random: inout SplitMix64) -> Color {
    if random.chance(0.05 + 0.2 * difficulty) { return skin(&random) }
    return toned(
      Color(
        hue: random.unit(), saturation: random.uniform(0.05, 0.8), value: random.uniform(0.3, 1)))
  }

  /// A quiet colour for large surfaces.
  func quiet(_ random: inout SplitMix64) -> Color {
    any(&random).mixed(with: Color(gray: random.uniform(0.5, 0.95)), random.uniform(0.2, 0.6))
  }
}
