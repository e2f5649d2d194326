import Foundation

/// A reader of a session: it takes names of files from a queue and gives their records, one at a time.
///
/// Reads of one reader follow one another; while one waits for the queue, the others wait for it.
final class ReaderValue: Resource, @unchecked Sendable {
  /// What a record is.
  enum Format: Sendable {
    /// A record of a TFRecord file, under the key `FILE:OFFSET`.
    case records(RecordCompression)
    /// A file, under its name.
    case wholeFiles
  }

  struct Record: Sendable {
    var key: [UInt8]
    var value: [UInt8]
  }

  let format: Format
  private let lock = NSLock()
  // All of the following under the lock.
  /// The file that is being read.
  private var file: [UInt8]?
  private var reader: RecordReader?
  private var started = 0
  private var finished = 0
  private var produced = 0
  /// Where to go on in a file that is still to be opened again.
  private var resumesAt = 0

  init(_ format: Format) { self.format = format }

  /// How many records were read.
  var recordCount: Int { lock.withLock { produced } }

  /// How many files were read to their end.
  var finishedFileCount: Int { lock.withLock { finished } }

  /// Forgets the file that is being read, and the counts.
  func reset() {
    lock.withLock {
      (file, reader, resumesAt) = (nil, nil, 0)
      (started, finished, produced) = (0, 0, 0)
    }
  }

  /// Up to `limit` records: as many as one file still has, but at least one.
  ///
  /// - Throws: what the queue, the file system and damaged files refuse.
  func read(_ limit: Int, from queue: QueueValue) throws(GraphError) -> [Record] {
    lock.lock()
    defer { lock.unlock() }
    var records: [Record] = []
    while records.count < limit {
      let name: [UInt8]
      if let file { name = file } else { name = try nextFile(queue) }
      let path = String(decoding: name, as: UTF8.self)
      switch format {
      case .wholeFiles:
        if file == nil {
          file = name
          started += 1
        }
        let contents = try FileSystem.read(path)
        end()
        records.append(Record(key: name, value: contents))
        produced += 1
      case .records(let compression):
        let input: RecordReader
        if let reader {
          input = reader
        } else {
          input = try RecordReader(path, compression: compression)
          if file == nil {
            started += 1
          } else {
            try skip(input, path)
          }
          (file, reader) = (name, input)
        }
        let offset = input.offset
        if let value = try input.next() {
          records.append(Record(key: name + Array(":\(offset)".utf8), value: value))
          produced += 1
          continue
        }
        end()
      }
      if !records.isEmpty { break }
    }
    return records
  }

  /// Passes over what was read of a file before it was opened again.
  private func skip(_ input: RecordReader, _ path: String) throws(GraphError) {
    while input.offset < resumesAt, try input.next() != nil {}
    guard input.offset == resumesAt else {
      throw .dataLoss("\(path); no record begins at \(resumesAt), where reading was to go on")
    }
  }

  private func end() {
    (file, reader, resumesAt) = (nil, nil, 0)
    finished = started
  }

  private func nextFile(_ queue: QueueValue) throws(GraphError) -> [UInt8] {
    let element = try queue.dequeue(1).first ?? []
    guard element.count == 1 else { throw .invalidArgument("Expected single component queue") }
    guard element[0].dataType == .string else {
      throw .invalidArgument("Expected queue with single string component")
    }
    guard element[0].count == 1 else {
      throw .invalidArgument("Expected to dequeue a one-element string tensor")
    }
    let name = element[0].strings[0]
    guard !name.contains(0) else {
      throw .invalidArgument("A file's name must not contain a zero byte")
    }
    return name
  }
}

extension ReaderValue: StatefulResource {
  func save(to state: inout StateWriter) throws(GraphError) {
    lock.withLock {
      state.append(file != nil)
      state.append(file ?? [])
      state.append(reader?.offset ?? resumesAt)
      for count in [started, finished, produced] { state.append(count) }
    }
  }

  func restore(from state: inout StateReader) throws(GraphError) {
    let isReading = try state.bool()
    let name = try state.bytes()
    var numbers: [Int] = []
    for _ in 0..<4 {
      let number = try state.integer()
      guard number >= 0, number < .max else { throw StateReader.damaged }
      numbers.append(number)
    }
    lock.withLock {
      file = isReading ? name : nil
      reader = nil
      (resumesAt, started, finished, produced) = (numbers[0], numbers[1], numbers[2], numbers[3])
    }
  }
}
