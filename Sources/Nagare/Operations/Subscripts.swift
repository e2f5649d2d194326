/// What stands for one dimension between the brackets of `x[…]`: a position, a range, a range with a
/// stride, or a new dimension.
public protocol SliceIndex: Sendable {
  /// What is taken of the dimension.
  var slice: SliceEntry { get }
}

/// One entry of a strided slice.
public struct SliceEntry: SliceIndex {
  var begin: Int?
  var end: Int?
  var stride = 1
  var isNewAxis = false
  var isPosition = false
  var isEllipsis = false

  public var slice: SliceEntry { self }
}

extension SliceIndex where Self == SliceEntry {
  /// A new dimension of size 1.
  public static var newAxis: SliceEntry { SliceEntry(isNewAxis: true) }

  /// All dimensions that the other entries leave, the same as `...`.
  public static var ellipsis: SliceEntry { SliceEntry(isEllipsis: true) }

  /// Every `stride`-th element from `begin` up to `end`, which is not among them; Python's
  /// `begin:end:stride`. Negative positions count from the end of the dimension.
  public static func stride(
    from begin: Int? = nil, to end: Int? = nil, by stride: Int = 1
  ) -> SliceEntry {
    SliceEntry(begin: begin, end: end, stride: stride)
  }
}

extension Int: SliceIndex {
  /// The element at this position, counted from the end when negative; the dimension goes away.
  public var slice: SliceEntry { SliceEntry(begin: self, isPosition: true) }
}

extension Range<Int>: SliceIndex {
  public var slice: SliceEntry { SliceEntry(begin: lowerBound, end: upperBound) }
}

extension ClosedRange<Int>: SliceIndex {
  public var slice: SliceEntry { SliceEntry(begin: lowerBound, end: following(upperBound)) }
}

extension PartialRangeFrom<Int>: SliceIndex {
  public var slice: SliceEntry { SliceEntry(begin: lowerBound) }
}

extension PartialRangeUpTo<Int>: SliceIndex {
  public var slice: SliceEntry { SliceEntry(end: upperBound) }
}

extension PartialRangeThrough<Int>: SliceIndex {
  public var slice: SliceEntry { SliceEntry(end: following(upperBound)) }
}

/// The end of a range whose last position is this; the position after the last one has no number when
/// counted from the end.
private func following(_ position: Int) -> Int? {
  position == -1 || position == .max ? nil : position + 1
}

extension Output {
  /// A part of the tensor, an entry a dimension; dimensions without one are taken whole.
  ///
  /// - Throws: `invalidArgument` for a position out of range or more entries than dimensions.
  ///
  /// TensorFlow: `StridedSlice`, `x[…]` in Python.
  public subscript<each Index: SliceIndex>(
    indices: repeat each Index, file file: StaticString = #fileID, line line: UInt = #line
  ) -> Output {
    get throws(GraphError) {
      var entries: [SliceEntry] = []
      for index in repeat each indices { entries.append(index.slice) }
      return try stridedSlice(self, entries, SourceLocation(file, line))
    }
  }

  /// A part of the tensor, the entries for its last dimensions.
  public subscript<each Index: SliceIndex>(
    ellipsis: UnboundedRange, indices: repeat each Index,
    file file: StaticString = #fileID, line line: UInt = #line
  ) -> Output {
    get throws(GraphError) {
      var entries = [SliceEntry(isEllipsis: true)]
      for index in repeat each indices { entries.append(index.slice) }
      return try stridedSlice(self, entries, SourceLocation(file, line))
    }
  }

  /// A part of the tensor, the first entry for its first dimension, the others for its last.
  public subscript<First: SliceIndex, each Index: SliceIndex>(
    first: First, ellipsis: UnboundedRange, indices: repeat each Index,
    file file: StaticString = #fileID, line line: UInt = #line
  ) -> Output {
    get throws(GraphError) {
      var entries = [first.slice, SliceEntry(isEllipsis: true)]
      for index in repeat each indices { entries.append(index.slice) }
      return try stridedSlice(self, entries, SourceLocation(file, line))
    }
  }
}

extension Output {
  /// A part of the tensor, the first two entries for its first dimensions, the others for its last.
  public subscript<First: SliceIndex, Second: SliceIndex, each Index: SliceIndex>(
    first: First, second: Second, ellipsis: UnboundedRange, indices: repeat each Index,
    file file: StaticString = #fileID, line line: UInt = #line
  ) -> Output {
    get throws(GraphError) {
      var entries = [first.slice, second.slice, SliceEntry(isEllipsis: true)]
      for index in repeat each indices { entries.append(index.slice) }
      return try stridedSlice(self, entries, SourceLocation(file, line))
    }
  }
}

/// A strided slice as TensorFlow's Python interface makes it: begins, ends and strides stand below its
/// name as `stack`, `stack_1` and `stack_2`.
func stridedSlice(
  _ input: Output, _ entries: [SliceEntry], _ location: SourceLocation? = nil
) throws(GraphError) -> Output {
  guard entries.count < 32 else {
    throw .invalidArgument("A slice has at most 31 entries, got \(entries.count)")
  }
  var op = StridedSlice()
  var (begins, ends, strides): ([Int], [Int], [Int]) = ([], [], [])
  for (index, entry) in entries.enumerated() {
    let bit = 1 << index
    strides.append(entry.stride)
    if entry.isPosition {
      let position = entry.begin ?? 0
      begins.append(position)
      ends.append(position.addingClamped(1))
      op.shrinkAxisMask |= bit
      continue
    }
    begins.append(entry.begin ?? 0)
    ends.append(entry.end ?? 0)
    if entry.isEllipsis {
      op.ellipsisMask |= bit
    } else if entry.isNewAxis {
      op.newAxisMask |= bit
    } else {
      if entry.begin == nil { op.beginMask |= bit }
      if entry.end == nil { op.endMask |= bit }
    }
  }
  let graph = input.graph
  return try graph.output(op, named: "strided_slice", location) {
    () throws(GraphError) -> [Output] in
    [
      input, try graph.constant(sizes: begins, name: "stack", location),
      try graph.constant(sizes: ends, name: "stack_1", location),
      try graph.constant(sizes: strides, name: "stack_2", location),
    ]
  }
}
