/// The places of the elements that are not zero, in row-major order, one row each.
struct Where: WithoutGradient {
  static let name = "Where"
  static let signature = Signature(
    inputs: ["input: T"], outputs: ["index: int64"],
    types: [
      "T": Signature.TypeParameter(
        Signature.TypeParameter.number.allowed + [.bool], default: .bool)
    ])

  func infer(_ inputs: [TensorSpec]) throws(GraphError) -> [Shape] {
    [[nil, inputs[0].shape.rank]]
  }

  func compute(_ inputs: [Tensor], _ context: KernelContext) throws(GraphError) -> [Tensor] {
    let input = inputs[0]
    guard input.rank >= 1 else {
      throw .invalidArgument("WhereOp : Unhandled input dimensions: 0")
    }
    let found: [Int] =
      switch input.dataType {
      case .bool: input.buffer(Bool.self).positions { $0 }
      case .float32: input.buffer(Float.self).positions { $0 != 0 }
      case .float64: input.buffer(Double.self).positions { $0 != 0 }
      case .int8: input.buffer(Int8.self).positions { $0 != 0 }
      case .int16: input.buffer(Int16.self).positions { $0 != 0 }
      case .int32: input.buffer(Int32.self).positions { $0 != 0 }
      case .int64: input.buffer(Int64.self).positions { $0 != 0 }
      case .uint8: input.buffer(UInt8.self).positions { $0 != 0 }
      case .uint16: input.buffer(UInt16.self).positions { $0 != 0 }
      case .uint32: input.buffer(UInt32.self).positions { $0 != 0 }
      case .uint64: input.buffer(UInt64.self).positions { $0 != 0 }
      default: throw GraphError.unsupported(Self.name, input.dataType)
      }
    let result = try context.allocate(.int64, [found.count, input.rank])
    let places = result.mutablePointer(Int64.self)
    let steps = StridedCopy.steps(input.dimensions)
    for (row, position) in found.enumerated() {
      for axis in steps.indices {
        places[row * input.rank + axis] = Int64(position / steps[axis] % input.dimensions[axis])
      }
    }
    return [result]
  }
}

extension UnsafeBufferPointer {
  fileprivate func positions(_ isWanted: (Element) -> Bool) -> [Int] {
    indices.filter { isWanted(self[$0]) }
  }
}

/// The places of the elements of `condition` that are not zero (or `false`), in row-major order:
/// `int64`, `[count, rank]`.
///
/// TensorFlow: `Where`, `tf.where` of one argument.
public func indices(
  where condition: Output, name: String? = nil,
  file: StaticString = #fileID, line: UInt = #line
) throws(GraphError) -> Output {
  try condition.graph.output(
    Where(), [condition], name: name ?? "Where", SourceLocation(file, line))
}
