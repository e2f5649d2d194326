/// A dataset of the records of TFRecord files, one file after the other.
struct TFRecordDataset: DatasetOp {
  var metadata = ""

  static let name = "TFRecordDataset"
  static let signature = Signature(
    inputs: ["filenames: string", "compression_type: string", "buffer_size: int64"],
    outputs: ["handle: variant"])
  static let attributes: [Attribute<Self>] = [.attribute("metadata", \.metadata)]
  static let isStateful = true

  var outputTypes: [DataType] { [.string] }

  func source(
    _ inputs: [Tensor], _ context: KernelContext
  ) throws(GraphError) -> any DatasetSource {
    guard inputs[0].rank <= 1 else {
      throw .invalidArgument("`filenames` must be a scalar or a vector.")
    }
    guard inputs[1].rank == 0, let name = inputs[1].strings.first else {
      throw .invalidArgument("compression_type must be a scalar")
    }
    let text = String(decoding: name, as: UTF8.self)
    guard let compression = RecordCompression(rawValue: text) else {
      throw .invalidArgument("Unsupported compression_type: \(text)")
    }
    // TensorFlow's mark of an unspecified size is -1.
    guard try inputs[2].datasetArgument("buffer_size") >= -1 else {
      throw .invalidArgument("`buffer_size` must be >= 0 (0 == no buffering)")
    }
    return Source(
      paths: inputs[0].strings.map { String(decoding: $0, as: UTF8.self) },
      compression: compression)
  }

  private struct Source: DatasetSource {
    let paths: [String]
    let compression: RecordCompression

    func makeIterator(_ scope: IteratorScope) throws(GraphError) -> any ElementIterator {
      Iterator(self)
    }
  }

  private final class Iterator: ElementIterator, @unchecked Sendable {
    let source: Source
    var file = 0
    var reader: RecordReader?

    init(_ source: Source) { self.source = source }

    func next() throws(GraphError) -> [Tensor]? {
      while file < source.paths.count {
        let open: RecordReader
        if let reader {
          open = reader
        } else {
          open = try RecordReader(source.paths[file], compression: source.compression)
          reader = open
        }
        do throws(GraphError) {
          if let record = try open.next() { return [try Tensor(scalar: record)] }
        } catch {
          // The rest of a damaged file is not worth anything; the next one may be.
          advance()
          throw error
        }
        advance()
      }
      return nil
    }

    private func advance() {
      reader = nil
      file += 1
    }

    func save(to state: inout StateWriter) throws(GraphError) {
      state.append(file)
      state.append(reader?.offset ?? 0)
    }

    func restore(from state: inout StateReader) throws(GraphError) {
      file = try state.integer()
      let offset = try state.integer()
      guard file >= 0, offset >= 0 else { throw StateReader.damaged }
      reader = nil
      guard offset > 0, file < source.paths.count else { return }
      let open = try RecordReader(source.paths[file], compression: source.compression)
      try open.seek(to: offset)
      reader = open
    }
  }
}
