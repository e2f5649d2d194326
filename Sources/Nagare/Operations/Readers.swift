/// Reads the records of TFRecord files whose names come from a queue.
struct TFRecordReaderV2: NonDifferentiable {
  var container = ""
  var sharedName = ""
  var compression = ""

  static let name = "TFRecordReaderV2"
  static let signature = Signature(outputs: ["reader_handle: resource"])
  static let attributes: [Attribute<Self>] = [
    .attribute("container", \.container), .attribute("shared_name", \.sharedName),
    .attribute("compression_type", \.compression),
  ]
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard let format = RecordCompression(rawValue: compression) else {
      throw .invalidArgument("Unsupported compression_type:\(compression).")
    }
    return [try context.reader(.records(format), container, sharedName)]
  }
}

/// Reads whole files whose names come from a queue.
struct WholeFileReaderV2: NonDifferentiable {
  var container = ""
  var sharedName = ""

  static let name = "WholeFileReaderV2"
  static let signature = Signature(outputs: ["reader_handle: resource"])
  static let attributes: [Attribute<Self>] = [
    .attribute("container", \.container), .attribute("shared_name", \.sharedName),
  ]
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try context.reader(.wholeFiles, container, sharedName)]
  }
}

extension KernelContext {
  fileprivate func reader(
    _ format: ReaderValue.Format, _ container: String, _ sharedName: String
  ) throws(GraphError) -> Tensor {
    let resources = try resources
    let path = try environment.path
    let reader =
      sharedName.isEmpty
      ? try resources.ownResource(of: path + nodeName, container) { _ in ReaderValue(format) }
      : try resources.resource("\(container)/\(sharedName)") { ReaderValue(format) }
    return Tensor(resource: reader)
  }
}

extension Tensor {
  /// The reader that a handle stands for.
  ///
  /// - Throws: `invalidArgument` when it stands for something else.
  fileprivate var reader: ReaderValue {
    get throws(GraphError) {
      guard let reader = storage.resource as? ReaderValue else {
        throw .invalidArgument(
          "Trying to access a handle's resource using the wrong type: expected a reader, got a "
            + "\(dataType.signatureName) of shape \(shape)")
      }
      return reader
    }
  }
}

/// The next record of a reader.
struct ReaderReadV2: NonDifferentiable {
  static let name = "ReaderReadV2"
  static let signature = Signature(
    inputs: ["reader_handle: resource", "queue_handle: resource"],
    outputs: ["key: string", "value: string"])
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar, .scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let records = try inputs[0].reader.read(1, from: try inputs[1].queue)
    guard let record = records.first else { throw .internalError("The reader gave no record") }
    return [try Tensor(scalar: record.key), try Tensor(scalar: record.value)]
  }
}

/// The next records of a reader, up to a number or to the end of a file.
struct ReaderReadUpToV2: NonDifferentiable {
  static let name = "ReaderReadUpToV2"
  static let signature = Signature(
    inputs: ["reader_handle: resource", "queue_handle: resource", "num_records: int64"],
    outputs: ["keys: string", "values: string"])
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    _ = try inputs[2].shape.withRank(0)
    return [.vector(nil), .vector(nil)]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    guard inputs[2].rank == 0, let limit = inputs[2].integers?.first else {
      throw .invalidArgument("num_records must be a scalar, but had shape: \(inputs[2].shape)")
    }
    let records = try inputs[0].reader.read(limit, from: try inputs[1].queue)
    return [
      try Tensor(strings: records.map(\.key)), try Tensor(strings: records.map(\.value)),
    ]
  }
}

/// How many records a reader has read.
struct ReaderNumRecordsProducedV2: NonDifferentiable {
  static let name = "ReaderNumRecordsProducedV2"
  static let signature = Signature(
    inputs: ["reader_handle: resource"], outputs: ["records_produced: int64"])
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try Tensor(scalar: Int64(try inputs[0].reader.recordCount))]
  }
}

/// How many files a reader has read to their end.
struct ReaderNumWorkUnitsCompletedV2: NonDifferentiable {
  static let name = "ReaderNumWorkUnitsCompletedV2"
  static let signature = Signature(
    inputs: ["reader_handle: resource"], outputs: ["units_completed: int64"])
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try Tensor(scalar: Int64(try inputs[0].reader.finishedFileCount))]
  }
}

/// Lets a reader begin anew with the next file of its queue.
struct ReaderResetV2: NonDifferentiable {
  static let name = "ReaderResetV2"
  static let signature = Signature(inputs: ["reader_handle: resource"])
  static let isStateful = true

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try inputs[0].reader.reset()
    return []
  }
}
