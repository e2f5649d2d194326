import Nagare
import NagareDetection
import Testing

@Suite struct SceneGeneratorTests {
  /// FNV-1a over the pixels.
  private func hash(_ picture: Picture) -> UInt64 {
    picture.pixels.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  @Test(arguments: [0, 0.5, 1]) func facesAreInsideApartAndLargeEnough(difficulty: Double) throws {
    let generator = SceneGenerator(seed: 11, difficulty: difficulty)
    var counts: Set<Int> = []
    for index in 0..<8 {
      let scene = try generator.scene(at: index)
      #expect(256...512 ~= scene.picture.width && 256...512 ~= scene.picture.height)
      #expect(1...3 ~= scene.regions.count)
      counts.insert(scene.regions.count)
      for (place, region) in scene.regions.enumerated() {
        #expect(region.label == 1 && region.probability == 1)
        #expect(region.box.isOrdered && region.box == region.box.clipped)
        #expect(0.1...0.55 ~= region.box.width && region.box.height > 0.08)
        for other in scene.regions.dropFirst(place + 1) {
          #expect(region.box.overlap(with: other.box) < 0.1)
        }
      }
    }
    #expect(counts == [1, 2, 3])
  }

  @Test func theSameSeedGivesTheSamePixels() throws {
    let first = try SceneGenerator(seed: 5, difficulty: 1).scene(at: 3)
    let again = try SceneGenerator(seed: 5, difficulty: 1).scene(at: 3)
    #expect(first.picture == again.picture && first.regions == again.regions)
    let other = try SceneGenerator(seed: 6, difficulty: 1).scene(at: 3)
    let next = try SceneGenerator(seed: 5, difficulty: 1).scene(at: 4)
    #expect(hash(first.picture) != hash(other.picture))
    #expect(hash(first.picture) != hash(next.picture))
  }

  /// The pixels are part of what a seed promises: on another machine, or after a change that
  /// should not change them, these must stay.
  @Test(
    arguments: [
      (0.0, 557_150_359_899_442_295), (0.5, 11_438_270_416_196_362_417),
      (1.0, 11_268_970_912_594_738_716),
    ] as [(Double, UInt64)])
  func pixelsStayTheSame(difficulty: Double, expected: UInt64) throws {
    let generator = SceneGenerator(seed: 1, difficulty: difficulty)
    var sum: UInt64 = 0
    for index in 0..<2 { sum = sum &* 31 &+ hash(try generator.scene(at: index).picture) }
    #expect(sum == expected)
  }

  @Test func anySeedIndexAndDifficultyGiveAScene() throws {
    for difficulty in [-1, 2, .nan, .infinity] {
      _ = try SceneGenerator(seed: .max, difficulty: difficulty).scene(at: .min)
    }
  }
}
