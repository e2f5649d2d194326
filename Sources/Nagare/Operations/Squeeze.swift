/// The same elements without dimensions of size 1.
struct Squeeze: AliasingOp {
  /// The dimensions to leave out; all of size 1 when empty.
  var axes: [Int] = []

  static let name = "Squeeze"
  static let signature = Signature(
    inputs: ["input: T"], outputs: ["output: T"], types: ["T": .any])
  static let attributes: [Attribute<Self>] = [.attribute("squeeze_dims", \.axes)]

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    guard let dimensions = inputs[0].shape.dimensions else { return [.unknown] }
    let rank = dimensions.count
    var places: Set<Int> = []
    for (index, axis) in axes.enumerated() {
      places.insert(
        try wrappedAxis(axis, rank: rank, "squeeze_dims[\(index)] not in [\(-rank),\(rank))."))
    }
    var kept: [Int?] = []
    for (axis, size) in dimensions.enumerated() {
      if axes.isEmpty {
        guard let size else { return [.unknown] }
        if size != 1 { kept.append(size) }
      } else if !places.contains(axis) {
        kept.append(size)
      } else if let size, size != 1 {
        throw .invalidArgument(Self.refusal(axis, size))
      }
    }
    return [Shape(kept)]
  }

  func inferValue(_ inputs: [TensorSpec]) -> Shape? { inputs[0].shapeValue }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let dimensions = inputs[0].dimensions
    var places: Set<Int> = []
    for axis in axes {
      let place = try wrappedAxis(
        axis, rank: dimensions.count,
        "Tried to squeeze dim index \(axis) for tensor with \(dimensions.count) dimensions.")
      guard dimensions[place] == 1 else {
        throw .invalidArgument(Self.refusal(place, dimensions[place]))
      }
      places.insert(place)
    }
    let kept = dimensions.indices.filter {
      axes.isEmpty ? dimensions[$0] != 1 : !places.contains($0)
    }
    return [try inputs[0].reshaped(kept.map { dimensions[$0] })]
  }

  private static func refusal(_ axis: Int, _ size: Int) -> String {
    "Can not squeeze dim[\(axis)], expected a dimension of 1, got \(size)"
  }

  func gradient(_ node: Differentiation) throws(GraphError) -> [Output?] {
    [try reshape(node.gradient, like: node.inputs[0])]
  }
}

/// `input` without the dimensions `axes`, which must be of size 1; without all that are when `nil`.
///
/// - Throws: `invalidArgument` for an axis out of range or of another size.
///
/// TensorFlow: `Squeeze`, `tf.squeeze`.
public func squeeze(
  _ input: Output, axes: [Int]? = nil, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try input.graph.output(
    Squeeze(axes: axes ?? []), [input], name: name, SourceLocation(file, line))
}
