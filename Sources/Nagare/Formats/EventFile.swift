import NagareMessages
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// One record of an event file, TensorBoard's log.
public struct Event: Sendable, Equatable {
  /// Seconds since 1970.
  public var wallTime: Double
  public var step: Int64
  public var content: Content

  /// The kinds of events.
  public enum Content: Sendable, Equatable {
    /// The first of each file: `brain.Event:2`.
    case fileVersion(String)
    /// A serialized GraphDef.
    case graph([UInt8])
    /// A serialized MetaGraphDef.
    case metaGraph([UInt8])
    case summary(Summary)
    case session(SessionStatus, checkpoint: String, message: String)
    case log(level: Int, message: String)
    /// A serialized RunMetadata.
    case runMetadata(tag: String, [UInt8])
    case none
  }

  /// What happened to the training.
  public enum SessionStatus: Int, Sendable {
    case unspecified
    /// A run begins at the event's step: TensorBoard drops what an earlier run said of later steps.
    case start
    case stop
    case checkpoint
  }

  /// An event at a time, now when `nil`.
  public init(step: Int64, wallTime: Double? = nil, _ content: Content) {
    self.step = step
    self.wallTime = wallTime ?? Self.now
    self.content = content
  }

  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  init(_ message: Tensorflow_Event) {
    wallTime = message.wallTime
    step = message.step
    switch message.what {
    case .fileVersion(let version): content = .fileVersion(version)
    case .graphDef(let bytes): content = .graph([UInt8](bytes))
    case .metaGraphDef(let bytes): content = .metaGraph([UInt8](bytes))
    case .summary(let summary): content = .summary(Summary(summary))
    case .sessionLog(let log):
      content = .session(
        SessionStatus(rawValue: log.status.rawValue) ?? .unspecified,
        checkpoint: log.checkpointPath, message: log.msg)
    case .logMessage(let log): content = .log(level: log.level.rawValue, message: log.message)
    case .taggedRunMetadata(let run): content = .runMetadata(tag: run.tag, [UInt8](run.runMetadata))
    case nil: content = .none
    }
  }

  func message() throws(GraphError) -> Tensorflow_Event {
    var message = Tensorflow_Event()
    message.wallTime = wallTime
    message.step = step
    switch content {
    case .fileVersion(let version): message.fileVersion = version
    case .graph(let bytes): message.graphDef = Data(bytes)
    case .metaGraph(let bytes): message.metaGraphDef = Data(bytes)
    case .summary(let summary): message.summary = try summary.message()
    case .session(let status, let checkpoint, let text):
      message.sessionLog.status = .init(rawValue: status.rawValue) ?? .statusUnspecified
      message.sessionLog.checkpointPath = checkpoint
      message.sessionLog.msg = text
    case .log(let level, let text):
      message.logMessage.level = .init(rawValue: level) ?? .unknown
      message.logMessage.message = text
    case .runMetadata(let tag, let bytes):
      message.taggedRunMetadata.tag = tag
      message.taggedRunMetadata.runMetadata = Data(bytes)
    case .none: break
    }
    return message
  }
}

/// Writes a new event file into a folder.
public final class EventWriter: Sendable {
  /// The file's path, `FOLDER/events.out.tfevents.SECONDS.HOST` with something to make it unique.
  public let path: String
  private let file: Mutex<Output>

  private struct Output: ~Copyable {
    let file: OutputFile
  }

  /// Begins a file in `folder`, which is made when it is not there.
  ///
  /// - Throws: what the system refuses.
  public init(folder: String, suffix: String = "") throws(GraphError) {
    try FileSystem.createFolder(folder)
    let time = Event.now
    let seconds = String(Int(time))
    let padded = String(repeating: "0", count: max(0, 10 - seconds.count)) + seconds
    var opened: OutputFile?
    var attempt = 0
    while opened == nil {
      let name = "events.out.tfevents.\(padded).\(Self.hostName).\(getpid()).\(attempt)\(suffix)"
      do {
        opened = try OutputFile(creating: FileSystem.join(folder, name))
      } catch {
        // Another writer of this process began in the same second.
        guard error.code == .alreadyExists, attempt < 10_000 else { throw error }
        attempt += 1
      }
    }
    guard let opened else { throw .internalError("No event file was made in \(folder)") }
    path = opened.path
    file = Mutex(Output(file: opened))
    try write(Event(step: 0, wallTime: time, .fileVersion("brain.Event:2")))
    try flush()
  }

  private static var hostName: String {
    var buffer = [CChar](repeating: 0, count: 256)
    let result = gethostname(&buffer, buffer.count - 1)
    let name = String(
      decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return result == 0 && !name.isEmpty && !name.contains("/") ? name : "localhost"
  }

  /// Adds an event. It is on the disk after `flush` or `close`.
  public func write(_ event: Event) throws(GraphError) {
    let record = try event.message().binary()
    let frame = RecordFraming.frame(record)
    let bytes = frame.header + record + frame.footer
    try locked { (file) throws(GraphError) in try file.write(bytes) }
  }

  /// Adds a summary.
  public func write(_ summary: Summary, step: Int64, wallTime: Double? = nil) throws(GraphError) {
    try write(Event(step: step, wallTime: wallTime, .summary(summary)))
  }

  /// Adds the graph.
  public func write(_ graph: Graph, step: Int64 = 0) throws(GraphError) {
    try write(Event(step: step, .graph(try graph.serialized())))
  }

  /// Makes all events visible to other programs.
  public func flush() throws(GraphError) {
    try locked { (file) throws(GraphError) in try file.flush() }
  }

  /// Makes all events durable and ends the file.
  public func close() throws(GraphError) {
    try locked { (file) throws(GraphError) in
      try file.synchronize()
      try file.finish()
    }
  }

  private func locked(
    _ body: (OutputFile) throws(GraphError) -> Void
  ) throws(GraphError) {
    try file.withLock { (output) throws(GraphError) in try body(output.file) }
  }
}

/// Reads the events of a file one after the other.
public final class EventReader {
  private let reader: RecordReader
  private let path: String

  /// Where the next event begins in the file.
  public var offset: Int { reader.offset }

  public init(_ path: String) throws(GraphError) {
    self.path = path
    reader = try RecordReader(path, compression: RecordCompression.none)
  }

  /// The next event, `nil` at the end.
  ///
  /// - Throws: `dataLoss` for an event that is damaged, or cut off because its writer was stopped.
  public func next() throws(GraphError) -> Event? {
    let offset = reader.offset
    guard let record = try reader.next() else { return nil }
    do {
      return Event(try Tensorflow_Event(binary: record, "Event"))
    } catch {
      throw error.prefixed("\(path); record at \(offset)")
    }
  }
}
