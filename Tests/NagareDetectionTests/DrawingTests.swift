import Nagare
import NagareDetection
import Testing

@Suite struct DrawingTests {
  @Test(arguments: [1, 2, 3, 4]) func framesAreDrawnInRGB(channels: Int) throws {
    let picture = try Picture(
      width: 60, height: 40, channels: channels,
      pixels: [UInt8](repeating: 10, count: 2400 * channels))
    let labels = try LabelMap(["face"])
    let region = Region(
      box: Box(left: 0.25, top: 0.5, right: 0.75, bottom: 1), label: 1, probability: 0.93)
    let drawn = try picture.drawing([region], labels: labels)
    #expect(drawn.channels == 3 && drawn.width == 60 && drawn.height == 40)
    func pixel(_ x: Int, _ y: Int) -> [UInt8] {
      Array(drawn.pixels[(y * 60 + x) * 3..<(y * 60 + x) * 3 + 3])
    }
    #expect(pixel(15, 30) == [230, 60, 50] && pixel(44, 30) == [230, 60, 50])
    #expect(pixel(30, 39) == [230, 60, 50])
    #expect(pixel(30, 30) == [10, 10, 10] && pixel(5, 30) == [10, 10, 10])
  }

  @Test func nothingInARegionEndsTheProcess() throws {
    let picture = try Picture(
      width: 7, height: 5, channels: 3, pixels: [UInt8](repeating: 0, count: 105))
    let strange: [Double] = [.nan, .infinity, -.infinity, 1e300, -1e300, 0.5, 0]
    for first in strange {
      for second in strange {
        let region = Region(
          box: Box(left: first, top: second, right: second, bottom: first), label: Int.min,
          probability: first)
        let labels = try LabelMap(["\u{1F43E}\u{7F} long name \u{0} of a class"])
        _ = try picture.drawing([region, region], labels: labels)
        _ = try picture.drawing([Region(box: region.box, label: .max)])
      }
    }
    let empty = try Picture(width: 0, height: 0, channels: 3, pixels: [])
    _ = try empty.drawing([Region(box: Box(left: 0, top: 0, right: 1, bottom: 1), label: 1)])
  }
}
