/// The next element of an iterator.
struct IteratorGetNext: IteratorReader {
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []

  static let name = "IteratorGetNext"
  static let signature = Signature(
    inputs: ["iterator: resource"], outputs: ["components: output_types"],
    types: ["output_types": .anyList])
  static let attributes: [Attribute<Self>] = [.required("output_shapes", \.outputShapes)]
  static let isStateful = true
}

/// The next element of an iterator, got on the thread that asks for it.
struct IteratorGetNextSync: IteratorReader {
  var outputTypes: [DataType] = []
  var outputShapes: [Shape] = []

  static let name = "IteratorGetNextSync"
  static let signature = Signature(
    inputs: ["iterator: resource"], outputs: ["components: output_types"],
    types: ["output_types": .anyList])
  static let attributes: [Attribute<Self>] = [.required("output_shapes", \.outputShapes)]
  static let isStateful = true
}

protocol IteratorReader: NonDifferentiable {
  var outputShapes: [Shape] { get }
}

extension IteratorReader {
  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] { outputShapes }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let element = try inputs[0].iterator.next()
    let specs = context.node?.outputs ?? []
    guard element.count == specs.count else {
      throw .invalidArgument(
        "Number of components does not match: expected \(specs.count) types but got "
          + "\(element.count).")
    }
    for (index, (spec, value)) in zip(specs, element).enumerated() {
      guard spec.dataType == value.dataType else {
        throw .invalidArgument(
          "Data type mismatch at component \(index): expected \(spec.dataType.signatureName) but "
            + "got \(value.dataType.signatureName).")
      }
      guard spec.shape.isCompatible(with: value.shape) else {
        throw .invalidArgument(
          "Incompatible shapes at component \(index): expected \(spec.shape) but got "
            + "\(value.shape).")
      }
    }
    return element
  }
}
