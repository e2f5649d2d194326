/// All that is known of a tensor before the graph runs.
public struct TensorSpec: Sendable {
  /// The type of the elements.
  public var dataType: DataType
  /// What is known of the shape.
  public var shape: Shape
  /// Whether this is a variable itself, TensorFlow's `float_ref`, not its value.
  public var isReference = false

  /// The type and shape of the value that a resource handle stands for, where they are known.
  public var handled: Handled?
  /// The types and shapes of what comes out of the queue that a handle stands for.
  public var components: [Handled]?

  /// What a resource handle stands for.
  public struct Handled: Sendable, Hashable {
    public var dataType: DataType
    public var shape: Shape
  }

  private var value: Tensor?
  private var partialValue: Shape?
  /// Notes which inputs' values a shape rule looked at, for the text of its refusal.
  var probe: Probe?

  final class Probe: @unchecked Sendable {
    var askedForValue = false
    var askedForShapeValue = false
  }

  public init(
    _ dataType: DataType, _ shape: Shape, isReference: Bool = false, constant: Tensor? = nil,
    shapeValue: Shape? = nil
  ) {
    self.dataType = dataType
    self.shape = shape
    self.isReference = isReference
    value = constant
    partialValue = shapeValue
  }

  /// The value, where it does not depend on anything that is known only in a run.
  public var constant: Tensor? {
    probe?.askedForValue = true
    return value
  }

  /// The elements of a constant `int32` or `int64` tensor.
  var integers: [Int]? { constant?.integers }

  /// The value read as a shape: entries that are not known, or -1, are unknown dimensions.
  /// `nil` for a tensor that is not an integer vector; unknown rank where its length is not known.
  public var shapeValue: Shape? {
    probe?.askedForShapeValue = true
    if let value {
      guard value.rank == 1, let sizes = value.integers else { return nil }
      return Shape(sizes.map { $0 < 0 ? nil : $0 })
    }
    if let partialValue { return partialValue }
    guard dataType == .int32 || dataType == .int64 else { return nil }
    if let rank = shape.rank, rank != 1 { return nil }
    guard let length = shape[0], length <= maximumRank else { return .unknown }
    return .unknown(rank: length)
  }

  /// Refuses a value that the variable behind this handle cannot take.
  func checkHandled(_ value: TensorSpec) throws(GraphError) {
    guard let handled else { return }
    guard handled.dataType == value.dataType else {
      throw .invalidArgument(
        "Trying to read variable with wrong dtype. Expected \(handled.dataType.signatureName) got "
          + "\(value.dataType.signatureName)")
    }
    _ = try handled.shape.merging(value.shape)
  }

  /// Whether any of the elements is known.
  var knowsElements: Bool {
    hasConstant || (partialValue?.dimensions?.contains { $0 != nil } ?? false)
  }

  /// Whether the value is known, without it counting as a question in an error text.
  var hasConstant: Bool { value != nil }

  /// The value as an error text shows it: `<2 3>`.
  var valueDescription: String? {
    guard let value, value.count <= 16, let numbers = value.integers else { return nil }
    let text = numbers.map(String.init).joined(separator: " ")
    return "<\(text)>"
  }

  /// As an error text shows it: `float[2,3]`.
  var typeDescription: String { "\(dataType.signatureName)\(isReference ? "_ref" : "")\(shape)" }
}

extension TensorSpec: CustomStringConvertible {
  public var description: String { typeDescription }
}
