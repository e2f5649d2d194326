/// An op whose output is a queue of the session.
protocol QueueOp: NonDifferentiable {
  static var kind: QueueValue.Definition.Kind { get }
  var componentTypes: [DataType] { get set }
  var shapes: [Shape] { get set }
  var capacity: Int { get set }
  var container: String { get set }
  var sharedName: String { get set }
  /// Elements that stay when some are taken out, and seeds, where the queue has them.
  var minimumAfterDequeue: Int { get set }
  var seed: Int64 { get set }
  var seed2: Int64 { get set }
}

extension QueueOp {
  static var isStateful: Bool { true }

  static var attributes: [Attribute<Self>] {
    [
      .required("component_types", \.componentTypes), .attribute("shapes", \.shapes),
      .attribute("capacity", \.capacity), .attribute("container", \.container),
      .attribute("shared_name", \.sharedName),
    ]
  }

  var minimumAfterDequeue: Int {
    get { 0 }
    set {}
  }
  var seed: Int64 {
    get { 0 }
    set {}
  }
  var seed2: Int64 {
    get { 0 }
    set {}
  }

  /// What comes out of the queue: unknown shapes where it does not say.
  var components: [TensorSpec.Handled]? {
    componentTypes.enumerated().map { index, type in
      TensorSpec.Handled(
        dataType: type, shape: shapes.count == componentTypes.count ? shapes[index] : .unknown)
    }
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let definition = try definition()
    let resources = try context.resources
    let queue: QueueValue
    if sharedName.isEmpty {
      let path = try context.environment.path
      queue = try resources.ownResource(of: path + context.nodeName, container) {
        QueueValue(definition, name: $0)
      }
    } else {
      queue = try resources.resource("\(container)/\(sharedName)") {
        QueueValue(definition, name: sharedName)
      }
      try check(queue, definition)
    }
    return [Tensor(resource: queue)]
  }

  private func definition() throws(GraphError) -> QueueValue.Definition {
    let unbounded = QueueValue.Definition.unbounded
    let definition = QueueValue.Definition(
      kind: Self.kind, types: componentTypes, shapes: shapes,
      capacity: capacity < 0 ? unbounded : min(capacity, unbounded),
      minimumAfterDequeue: minimumAfterDequeue, seed: seed, seed2: seed2)
    guard !componentTypes.isEmpty else {
      throw .invalidArgument("A queue's elements have at least one component")
    }
    guard minimumAfterDequeue >= 0 else {
      throw .invalidArgument("min_after_dequeue \(minimumAfterDequeue) must be >= 0")
    }
    guard Self.kind != .randomShuffle || minimumAfterDequeue < definition.capacity else {
      throw .invalidArgument(
        "min_after_dequeue \(minimumAfterDequeue) must be < capacity \(definition.capacity)")
    }
    if Self.kind == .padding {
      guard shapes.count == componentTypes.count else {
        throw .invalidArgument(
          "Shapes must be provided for all components, but received \(componentTypes.count) dtypes "
            + "and \(shapes.count) shapes.")
      }
    } else {
      for shape in shapes where !shape.isFullyKnown {
        throw .invalidArgument("Shape \(shape) is not fully defined")
      }
      guard shapes.isEmpty || shapes.count == componentTypes.count else {
        throw .invalidArgument(
          "Different number of component types.  Types: \(Self.list(componentTypes)), "
            + "Shapes: \(Self.list(shapes))")
      }
    }
    return definition
  }

  /// Refuses a node that says of a shared queue what is not so.
  private func check(
    _ queue: QueueValue, _ mine: QueueValue.Definition
  ) throws(GraphError) {
    let theirs = queue.definition
    let kind = theirs.kind
    guard mine.kind == kind else {
      throw .invalidArgument("Expected \(kind.rawValue), found \(Self.name)")
    }
    func refusal(_ what: String, _ had: String, _ wanted: String) -> GraphError {
      .invalidArgument(
        "Shared queue '\(queue.name)' has \(what) \(had) but requested \(what) "
          + "\(what == "capacity" ? "was" : "were") \(wanted)")
    }
    guard mine.capacity == theirs.capacity else {
      throw refusal("capacity", "\(theirs.capacity)", "\(mine.capacity)")
    }
    if kind == .randomShuffle {
      guard mine.minimumAfterDequeue == theirs.minimumAfterDequeue else {
        throw .invalidArgument(
          "Shared queue '\(queue.name)' has min_after_dequeue \(theirs.minimumAfterDequeue) but "
            + "requested min_after_dequeue was \(mine.minimumAfterDequeue).")
      }
      guard mine.seed == theirs.seed, mine.seed2 == theirs.seed2 else {
        throw .invalidArgument(
          "Shared queue '\(queue.name)' has random seeds (\(theirs.seed), \(theirs.seed2)) but "
            + "requested seeds are (\(mine.seed), \(mine.seed2)).")
      }
    }
    guard mine.types == theirs.types else {
      throw refusal("component types", Self.list(theirs.types), Self.list(mine.types))
    }
    guard
      mine.shapes == theirs.shapes
        || kind == .padding
          && zip(mine.shapes, theirs.shapes).allSatisfy({ $0.isCompatible(with: $1) })
    else {
      throw refusal("component shapes", Self.list(theirs.shapes), Self.list(mine.shapes))
    }
  }

  private static func list(_ types: [DataType]) -> String {
    types.map(\.signatureName).joined(separator: ", ")
  }

  private static func list(_ shapes: [Shape]) -> String {
    "[" + shapes.map(\.description).joined(separator: ", ") + "]"
  }
}

/// A queue as a resource.
protocol QueueResourceOp: QueueOp {}

extension QueueResourceOp {
  static var signature: Signature { Signature(outputs: ["handle: resource"]) }
  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.scalar] }
}

/// A queue of TensorFlow's older kind, whose handle is a reference to two strings.
protocol QueueReferenceOp: QueueOp {}

extension QueueReferenceOp {
  static var signature: Signature { Signature(outputs: ["handle: Ref(string)"]) }
  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { [.vector(2)] }
}

/// Gives its elements back in the order in which they came.
struct FIFOQueueV2: QueueResourceOp {
  var componentTypes: [DataType] = []
  var shapes: [Shape] = []
  var capacity = -1
  var container = ""
  var sharedName = ""
  static let name = "FIFOQueueV2"
  static let kind = QueueValue.Definition.Kind.firstInFirstOut
}

/// `FIFOQueueV2` as a reference.
struct FIFOQueue: QueueReferenceOp {
  var componentTypes: [DataType] = []
  var shapes: [Shape] = []
  var capacity = -1
  var container = ""
  var sharedName = ""
  static let name = "FIFOQueue"
  static let kind = QueueValue.Definition.Kind.firstInFirstOut
}

/// Gives its elements back in order; those taken together are padded to one size with zeros.
struct PaddingFIFOQueueV2: QueueResourceOp {
  var componentTypes: [DataType] = []
  var shapes: [Shape] = []
  var capacity = -1
  var container = ""
  var sharedName = ""
  static let name = "PaddingFIFOQueueV2"
  static let kind = QueueValue.Definition.Kind.padding
}

/// `PaddingFIFOQueueV2` as a reference.
struct PaddingFIFOQueue: QueueReferenceOp {
  var componentTypes: [DataType] = []
  var shapes: [Shape] = []
  var capacity = -1
  var container = ""
  var sharedName = ""
  static let name = "PaddingFIFOQueue"
  static let kind = QueueValue.Definition.Kind.padding
}

/// Gives one of its elements back, any of them, but keeps a number of them while it is open.
struct RandomShuffleQueueV2: QueueResourceOp {
  var componentTypes: [DataType] = []
  var shapes: [Shape] = []
  var capacity = -1
  var minimumAfterDequeue = 0
  var seed: Int64 = 0
  var seed2: Int64 = 0
  var container = ""
  var sharedName = ""
  static let name = "RandomShuffleQueueV2"
  static let kind = QueueValue.Definition.Kind.randomShuffle
  static let attributes: [Attribute<Self>] = [
    .required("component_types", \.componentTypes), .attribute("shapes", \.shapes),
    .attribute("capacity", \.capacity), .attribute("min_after_dequeue", \.minimumAfterDequeue),
    .attribute("seed", \.seed), .attribute("seed2", \.seed2), .attribute("container", \.container),
    .attribute("shared_name", \.sharedName),
  ]
}

/// `RandomShuffleQueueV2` as a reference.
struct RandomShuffleQueue: QueueReferenceOp {
  var componentTypes: [DataType] = []
  var shapes: [Shape] = []
  var capacity = -1
  var minimumAfterDequeue = 0
  var seed: Int64 = 0
  var seed2: Int64 = 0
  var container = ""
  var sharedName = ""
  static let name = "RandomShuffleQueue"
  static let kind = QueueValue.Definition.Kind.randomShuffle
  static let attributes: [Attribute<Self>] = [
    .required("component_types", \.componentTypes), .attribute("shapes", \.shapes),
    .attribute("capacity", \.capacity), .attribute("min_after_dequeue", \.minimumAfterDequeue),
    .attribute("seed", \.seed), .attribute("seed2", \.seed2), .attribute("container", \.container),
    .attribute("shared_name", \.sharedName),
  ]
}
