import TestSupport
import Testing

@testable import Nagare

@Suite struct EventFileTests {
  static func events(_ path: String) throws -> [Event] {
    let reader = try EventReader(path)
    var events: [Event] = []
    while let event = try reader.next() { events.append(event) }
    return events
  }

  @Test func tensorFlowsEventsRead() throws {
    let events = try Self.events(GoldenFiles.path("events.out.tfevents.0000000100.golden"))
    #expect(events.map(\.step) == [0, 0, 3, 4, 5, 6, 7])
    #expect(events.map(\.wallTime) == [100.5, 101, 102, 103, 104, 105, 106])
    #expect(events[0].content == .fileVersion("brain.Event:2"))
    guard case .graph(let bytes) = events[1].content else {
      Issue.record("no graph")
      return
    }
    #expect(try Graph(definition: bytes).nodeCount > 5)
    #expect(events[2].content == .session(.start, checkpoint: "", message: ""))
    #expect(
      events[3].content == .summary(Summary([Summary.Value(tag: "loss", .scalar(0.125))])))
    let values = [-3.5, 0, 0, 1e-13, 0.25, 1, 1.1, 7e20]
    let histogram = try Histogram(values, node: "weights")
    #expect(
      events[4].content == .summary(Summary([Summary.Value(tag: "weights", .histogram(histogram))]))
    )
    guard case .summary(let pictures) = events[5].content,
      case .image(let width, let height, let channels, let encoded)? = pictures.values.first?
        .content
    else {
      Issue.record("no picture")
      return
    }
    #expect(
      (width, height, channels) == (4, 2, 3) && encoded.prefix(4) == [0x89, 0x50, 0x4e, 0x47])
    let none = try Histogram([], node: "none")
    #expect(
      events[6].content == .summary(Summary([Summary.Value(tag: "none", .histogram(none))])))
  }

  @Test func eventsComeBack() throws {
    let folder = try TemporaryFolder()
    let writer = try EventWriter(folder: folder.path("logs/run"))
    let second = try EventWriter(folder: folder.path("logs/run"), suffix: ".val")
    #expect(writer.path != second.path && second.path.hasSuffix(".val"))
    #expect(
      FileSystem.name(of: writer.path).wholeMatch(of: /events\.out\.tfevents\.\d{10,}\..+/) != nil)
    let graph = Graph()
    try writer.write(Event(step: 7, .session(.start, checkpoint: "model.ckpt-7", message: "")))
    try writer.write(graph)
    let summary = Summary([
      Summary.Value(tag: "a", .scalar(1.5)),
      Summary.Value(tag: "b", .image(width: 1, height: 1, channels: 1, encoded: [1, 2])),
      Summary.Value(tag: "c", .histogram(try Histogram([1, 2, 3], node: "c"))),
      Summary.Value(tag: "d", .tensor([1, 2]), plugin: "scalars"),
    ])
    try writer.write(summary, step: 8, wallTime: 12)
    try writer.flush()
    let events = try Self.events(writer.path)
    #expect(events.count == 4)
    #expect(events[1].step == 7 && events[1].wallTime > 1.7e9)
    #expect(events[3] == Event(step: 8, wallTime: 12, .summary(summary)))
    try writer.close()
    #expect(throws: GraphError.self) {
      try writer.write(summary, step: 9)
      try writer.flush()
    }
  }

  @Test func histogramsRefuseWhatIsNotFinite() {
    #expect(throws: GraphError.invalidArgument("Nan in summary histogram for: w")) {
      try Histogram([1, .nan], node: "w")
    }
    #expect(throws: GraphError.invalidArgument("Infinity in Histogram for: w")) {
      try Histogram([-.infinity], node: "w")
    }
  }

  @Test func damageIsFound() throws {
    let folder = try TemporaryFolder()
    let whole = try FileSystem.read(GoldenFiles.path("events.out.tfevents.0000000100.golden"))
    let path = folder.path("events")
    let expected = try Self.events(GoldenFiles.path("events.out.tfevents.0000000100.golden"))
    try forEachDamage(of: whole, stride: 7) { damaged in
      try FileSystem.remove(path)
      let file = try OutputFile(creating: path)
      try file.write(damaged)
      try file.finish()
      do {
        let got = try Self.events(path)
        #expect(got == Array(expected.prefix(got.count)))
      } catch let error as GraphError { #expect(error.code != .unknown) }
    }
  }
}
