import Nagare
import NagareDetection
import TestSupport
import Testing

/// The whole chain: scenes, packing, loading, training, checkpoint, evaluation.
struct OverfittingTests {
  @Test func thirtyTwoScenesAreLearntByHeart() throws {
    let folder = try TemporaryFolder()
    let detector = try Detector(classCount: 1, width: 0.125, pictureSize: 96)
    try SceneGenerator(seed: 5, difficulty: 0).write(count: 32, to: folder.path("scenes"))
    let annotated = try AnnotatedFolder(folder.path("scenes")) { _ in }
    let records = folder.path("scenes.tfrecord")
    _ = try DatasetPacker(detector.kind.matcher(pictureSize: detector.pictureSize)).pack(
      annotated, split: .all, to: records)

    var options = TrainingOptions()
    options.width = detector.width
    options.batchSize = 8
    options.learningRate = 0.003
    options.maxStep = 2000
    options.distorts = false
    options.seed = 3
    let data = try DetectionData(records, detector: detector, seed: options.seed)
    let run = folder.path("run")
    do {
      let trainer = try DetectionTrainer(
        data: data, labels: annotated.labels, folder: run, options: options, warn: { _ in })
      var steps = 0
      let isStopped = try !trainer.run(progress: { _ in steps += 1 }, shouldStop: { steps >= 1000 })
      #expect(isStopped)
      #expect(steps == 1000)
    }
    // The rest after a restart, from the checkpoint.
    let trainer = try DetectionTrainer(
      data: data, labels: annotated.labels, folder: run, options: options, warn: { _ in })
    #expect(trainer.step == 1000)
    #expect(try trainer.run(progress: { _ in }, shouldStop: { false }))

    let model = try DetectorModel(checkpoint: run, pictureSize: 96)
    let result = try model.evaluate(data, labels: annotated.labels)
    let precision = try #require(result.mean)
    #expect(precision >= 0.95, "\(result.table)")
  }
}
