// What can be done with a queue. Each op comes twice: for a queue that is a resource, and for one of
// TensorFlow's older kind, by reference.

/// An op on the queue that is its first input.
protocol QueueUse: NonDifferentiable {
  /// TensorFlow's type of the handle.
  static var handle: String { get }
}

/// An op on a queue that is a resource.
protocol QueueResourceUse: QueueUse {}

extension QueueResourceUse {
  static var handle: String { "resource" }
  static var isStateful: Bool { true }
}

/// An op on a queue of the older kind.
protocol QueueReferenceUse: QueueUse {}

extension QueueReferenceUse {
  static var handle: String { "Ref(string)" }
  // TensorFlow does not call it stateful, but it is not a value either.
  static var isFoldable: Bool { false }
}

extension QueueUse {
  /// Refuses tensors whose types are not those of the queue's elements.
  fileprivate func check(
    _ queue: QueueValue, takes taken: [DataType], gives given: [DataType], count: Bool = false
  ) throws(GraphError) {
    let types = queue.definition.types
    guard taken != types, given != types else { return }
    let handle = (Self.handle == "resource" ? "resource" : "string_ref") + (count ? ", int32" : "")
    func text(_ types: [DataType]) -> String {
      types.map(\.signatureName).joined(separator: ", ")
    }
    guard taken.isEmpty else {
      throw .invalidArgument(
        "Signature mismatch, have: \(handle), \(text(taken))-> expected: \(handle), "
          + "\(text(types))->")
    }
    throw .invalidArgument(
      "Signature mismatch, have: \(handle)->\(text(given)) expected: \(handle)->\(text(types))")
  }

  fileprivate func checkTimeout(_ milliseconds: Int) throws(GraphError) {
    guard milliseconds == -1 else { throw .invalidArgument("Timeout not supported yet.") }
  }
}

extension Tensor {
  /// The queue that a handle stands for.
  ///
  /// - Throws: `invalidArgument` when it stands for something else.
  var queue: QueueValue {
    get throws(GraphError) {
      guard let queue = storage.resource as? QueueValue else {
        throw .invalidArgument(
          "Trying to access a handle's resource using the wrong type: expected a queue, got a "
            + "\(dataType.signatureName) of shape \(shape)")
      }
      return queue
    }
  }
}

// MARK: - Enqueue

/// Puts one element into a queue.
protocol QueueEnqueueOp: QueueUse {
  var timeout: Int { get set }
}

extension QueueEnqueueOp {
  static var signature: Signature {
    Signature(
      inputs: ["handle: \(handle)", "components: Tcomponents"], types: ["Tcomponents": .anyList],
      minimumCounts: ["Tcomponents": 1])
  }
  static var attributes: [Attribute<Self>] { [.attribute("timeout_ms", \.timeout)] }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try checkTimeout(timeout)
    let queue = try inputs[0].queue
    let element = Array(inputs.dropFirst())
    try check(queue, takes: element.map(\.dataType), gives: [])
    for (index, (tensor, expected)) in zip(element, queue.definition.shapes).enumerated()
    where !expected.isCompatible(with: tensor.shape) {
      throw .invalidArgument(
        "Shape mismatch in tuple component \(index). Expected \(expected), got \(tensor.shape)")
    }
    try queue.enqueue([element])
    return []
  }
}

/// Puts each row of its inputs into a queue.
protocol QueueEnqueueManyOp: QueueEnqueueOp {}

extension QueueEnqueueManyOp {
  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try checkTimeout(timeout)
    let queue = try inputs[0].queue
    let batch = Array(inputs.dropFirst())
    try check(queue, takes: batch.map(\.dataType), gives: [])
    let count = batch[0].dimensions.first
    let shapes = queue.definition.shapes
    for (index, tensor) in batch.enumerated() {
      if !shapes.isEmpty {
        let expected = Shape([count]).appending(shapes[index])
        guard tensor.rank > 0, expected.isCompatible(with: tensor.shape) else {
          throw .invalidArgument(
            "Shape mismatch in tuple component \(index). Expected \(expected), got "
              + "\(tensor.shape)")
        }
      } else if tensor.dimensions.first != count || count == nil {
        throw .invalidArgument(
          "All input tensors must have the same size in the 0th dimension. Component \(index) has "
            + "\(tensor.dimensions.first ?? 0), and should have \(count ?? 0)")
      }
    }
    // Rows without elements cost memory too.
    guard let count, count <= 1 << 24 else {
      throw .resourceExhausted("\(count ?? 0) elements at once are too many for a queue")
    }
    var elements = [QueueValue.Element](repeating: [], count: count)
    for tensor in batch {
      let dimensions = Array(tensor.dimensions.dropFirst())
      let steps = StridedCopy.steps(dimensions)
      let width = tensor.count / max(1, count)
      for row in 0..<count {
        elements[row].append(
          try tensor.part(dimensions, steps: steps, start: row * width, context))
      }
    }
    try queue.enqueue(elements)
    return []
  }
}

struct QueueEnqueueV2: QueueEnqueueOp, QueueResourceUse {
  var timeout = -1
  static let name = "QueueEnqueueV2"
}

struct QueueEnqueue: QueueEnqueueOp, QueueReferenceUse {
  var timeout = -1
  static let name = "QueueEnqueue"
}

struct QueueEnqueueManyV2: QueueEnqueueManyOp, QueueResourceUse {
  var timeout = -1
  static let name = "QueueEnqueueManyV2"
}

struct QueueEnqueueMany: QueueEnqueueManyOp, QueueReferenceUse {
  var timeout = -1
  static let name = "QueueEnqueueMany"
}

// MARK: - Dequeue

/// Takes one element out of a queue.
protocol QueueDequeueOp: QueueUse {
  var componentTypes: [DataType] { get set }
  var timeout: Int { get set }
}

extension QueueDequeueOp {
  static var signature: Signature {
    Signature(
      inputs: ["handle: \(handle)"], outputs: ["components: component_types"],
      types: ["component_types": .anyList], minimumCounts: ["component_types": 1])
  }
  static var attributes: [Attribute<Self>] {
    [.required("component_types", \.componentTypes), .attribute("timeout_ms", \.timeout)]
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    inputs[0].componentShapes(componentTypes)
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try checkTimeout(timeout)
    let queue = try inputs[0].queue
    try check(queue, takes: [], gives: componentTypes)
    return try queue.dequeue(1).first ?? []
  }
}

extension TensorSpec {
  /// The shapes of what comes out of the queue behind this handle, unknown where that is.
  fileprivate func componentShapes(_ types: [DataType]) -> [Shape] {
    guard let components, components.map(\.dataType) == types else {
      return types.map { _ in .unknown }
    }
    return components.map(\.shape)
  }
}

/// Takes several elements out of a queue, as rows.
protocol QueueDequeueManyOp: QueueUse {
  var componentTypes: [DataType] { get set }
  var timeout: Int { get set }
  /// Whether what is left of a closed queue is taken when it is less.
  static var allowsFewer: Bool { get }
}

extension QueueDequeueManyOp {
  static var signature: Signature {
    Signature(
      inputs: ["handle: \(handle)", "n: int32"], outputs: ["components: component_types"],
      types: ["component_types": .anyList], minimumCounts: ["component_types": 1])
  }
  static var attributes: [Attribute<Self>] {
    [.required("component_types", \.componentTypes), .attribute("timeout_ms", \.timeout)]
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    var count: Int?
    if !Self.allowsFewer, let value = inputs[1].integers?.first {
      guard value >= 0 else {
        throw .invalidArgument("\(Self.baseName) requested \(value) < 0 elements")
      }
      count = value
    }
    return inputs[0].componentShapes(componentTypes).map { Shape([count]).appending($0) }
  }

  private static var baseName: String { allowsFewer ? "DequeueUpToOp" : "DequeueManyOp" }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try checkTimeout(timeout)
    let queue = try inputs[0].queue
    guard let count = inputs[1].integers?.first else {
      throw .invalidArgument("\(Self.baseName) needs the number of elements")
    }
    guard count >= 0 else {
      throw .invalidArgument("\(Self.baseName) requested \(count) < 0 elements")
    }
    try check(queue, takes: [], gives: componentTypes, count: true)
    let shapes = queue.definition.shapes
    guard shapes.count == componentTypes.count else {
      throw .invalidArgument(
        "\(queue.definition.kind.rawValue)'s DequeueMany and DequeueUpTo require the components to "
          + "have specified shapes.")
    }
    let elements = try queue.dequeue(count, allowsFewer: Self.allowsFewer)
    var outputs: [Tensor] = []
    for (index, type) in componentTypes.enumerated() {
      outputs.append(
        try Tensor(stacking: elements.map { $0[index] }, type, shapes[index], context))
    }
    return outputs
  }
}

extension Tensor {
  /// Rows of one rank as one tensor, the smaller ones padded with zeros where `shape` leaves the size
  /// open.
  fileprivate init(
    stacking rows: [Tensor], _ type: DataType, _ shape: Shape, _ context: KernelContext
  ) throws(GraphError) {
    guard let sizes = shape.dimensions else {
      throw .invalidArgument("Elements of unknown rank cannot be taken together")
    }
    let dimensions = sizes.enumerated().map { index, size in
      size ?? rows.map { $0.dimensions[index] }.max() ?? 0
    }
    let whole = [rows.count] + dimensions
    let result =
      shape.isFullyKnown
      ? try context.allocate(type, whole) : try Tensor(zeros: type, whole)
    let steps = StridedCopy.steps(dimensions)
    let width = rows.isEmpty ? 0 : result.count / rows.count
    for (index, row) in rows.enumerated() {
      try StridedCopy(
        row.dimensions, from: StridedCopy.steps(row.dimensions), to: steps,
        targetStart: index * width
      ).run(row, result, context)
    }
    self = result
  }
}

struct QueueDequeueV2: QueueDequeueOp, QueueResourceUse {
  var componentTypes: [DataType] = []
  var timeout = -1
  static let name = "QueueDequeueV2"
}

struct QueueDequeue: QueueDequeueOp, QueueReferenceUse {
  var componentTypes: [DataType] = []
  var timeout = -1
  static let name = "QueueDequeue"
}

struct QueueDequeueManyV2: QueueDequeueManyOp, QueueResourceUse {
  var componentTypes: [DataType] = []
  var timeout = -1
  static let name = "QueueDequeueManyV2"
  static let allowsFewer = false
}

struct QueueDequeueMany: QueueDequeueManyOp, QueueReferenceUse {
  var componentTypes: [DataType] = []
  var timeout = -1
  static let name = "QueueDequeueMany"
  static let allowsFewer = false
}

struct QueueDequeueUpToV2: QueueDequeueManyOp, QueueResourceUse {
  var componentTypes: [DataType] = []
  var timeout = -1
  static let name = "QueueDequeueUpToV2"
  static let allowsFewer = true
}

struct QueueDequeueUpTo: QueueDequeueManyOp, QueueReferenceUse {
  var componentTypes: [DataType] = []
  var timeout = -1
  static let name = "QueueDequeueUpTo"
  static let allowsFewer = true
}

// MARK: - Close, size

/// Lets nothing more into a queue.
protocol QueueCloseOp: QueueUse {
  var cancelsPendingEnqueues: Bool { get set }
}

extension QueueCloseOp {
  static var signature: Signature { Signature(inputs: ["handle: \(handle)"]) }
  static var attributes: [Attribute<Self>] {
    [.attribute("cancel_pending_enqueues", \.cancelsPendingEnqueues)]
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    try inputs[0].queue.close(cancelsPendingEnqueues: cancelsPendingEnqueues)
    return []
  }
}

struct QueueCloseV2: QueueCloseOp, QueueResourceUse {
  var cancelsPendingEnqueues = false
  static let name = "QueueCloseV2"
}

struct QueueClose: QueueCloseOp, QueueReferenceUse {
  var cancelsPendingEnqueues = false
  static let name = "QueueClose"
}

/// The number of elements in a queue.
protocol QueueSizeOp: QueueUse {}

extension QueueSizeOp {
  static var signature: Signature {
    Signature(inputs: ["handle: \(handle)"], outputs: ["size: int32"])
  }

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try Tensor(scalar: Int32(clamping: try inputs[0].queue.count))]
  }
}

struct QueueSizeV2: QueueSizeOp, QueueResourceUse {
  static let name = "QueueSizeV2"
}

struct QueueSize: QueueSizeOp, QueueReferenceUse {
  static let name = "QueueSize"
}

/// Whether a queue is closed.
struct QueueIsClosedV2: QueueResourceUse {
  static let name = "QueueIsClosedV2"
  static let signature = Signature(
    inputs: ["handle: \(handle)"], outputs: ["is_closed: bool"])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    [try Tensor(scalar: try inputs[0].queue.isClosed)]
  }
}
