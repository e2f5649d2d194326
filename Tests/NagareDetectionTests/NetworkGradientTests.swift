import Nagare
import NagareDetection
import Testing

/// The gradients of the whole detector against differences of its loss: what a test of each layer alone
/// does not see is a layer that gets another algorithm than it should.
@Suite struct NetworkGradientTests {
  @Test func agreeWithDifferencesOfTheLoss() throws {
    let detector = try Detector(classCount: 1, width: 0.125, pictureSize: 64)
    let graph = Graph()
    let boxes = detector.boxes.count
    var state: UInt64 = 7
    func numbers(_ dimensions: [Int]) throws -> Output {
      var values: [Float] = []
      for _ in 0..<dimensions.reduce(1, *) {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        values.append(Float(state >> 40) / 0x1p23 - 1)
      }
      return try graph.constant(Tensor(values, dimensions: dimensions))
    }
    let features = try detector.backbone(numbers([2, 64, 64, 1]), seed: 3)
    let logits = try detector.logits(detector.head(features, seed: 3))
    let total = try detector.kind.loss(
      logits, masks: graph.zeros([2, boxes]), labels: numbers([2, boxes, 1]),
      offsets: numbers([2, boxes, 4])
    ).total
    let variables = graph.variables(in: "trainable_variables")
    #expect(variables.count == 18)
    let gradients = try graph.gradients(of: total, withRespectTo: variables.map(\.value))
    let session = Session(graph)
    try session.run(graph.initializer())

    for (variable, gradient) in zip(variables, gradients) {
      let tensors = try session.run([variable.value, try #require(gradient)])
      let start = try tensors[0].elements(Float.self).map(Double.init)
      let slope = try tensors[1].elements(Float.self).map(Double.init)
      let length = slope.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(length > 1e-6, "\(variable.value)")
      // Steps along the gradient, so that the loss changes by its length.
      func shifted(by distance: Double) throws -> Double {
        let moved = zip(start, slope).map { Float($0 + $1 / length * distance) }
        let feed = try Tensor(moved, dimensions: tensors[0].dimensions)
        return Double(try session.run(total, feeds: [variable.value: feed]).elements(Float.self)[0])
      }
      // Far enough for the loss's precision, near enough that few ReLUs change sides.
      let distance = 0.001
      let difference = (try shifted(by: distance) - shifted(by: -distance)) / (2 * distance)
      #expect(
        abs(difference - length) <= 0.02 * length + 1e-4,
        "\(variable.value): \(difference) along a gradient of length \(length)")
    }
  }
}
