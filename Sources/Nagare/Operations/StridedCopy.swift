/// The copy of a box of elements from one layout to another: element (i, j, …) of the box stands at
/// `start + i · steps[0] + j · steps[1] + …` on each side. Transposing, slicing, joining, padding,
/// repeating and reversing are such copies.
struct StridedCopy {
  /// Dimensions of the box, outermost first. Dimensions of size 1 are left out, and one joins the next
  /// when both sides walk through the two as through one.
  private var sizes: [Int] = []
  private var sourceSteps: [Int] = []
  private var targetSteps: [Int] = []
  private let sourceStart: Int
  private let targetStart: Int
  private let count: Int

  /// - Precondition: every element of the box is within both tensors.
  init(
    _ dimensions: [Int], from sourceSteps: [Int], to targetSteps: [Int], sourceStart: Int = 0,
    targetStart: Int = 0
  ) {
    self.sourceStart = sourceStart
    self.targetStart = targetStart
    // The steps of an empty tensor may not be numbers at all.
    guard !dimensions.contains(0) else {
      self.count = 0
      return
    }
    var count = 1
    for index in dimensions.indices where dimensions[index] != 1 {
      let (size, source, target) = (dimensions[index], sourceSteps[index], targetSteps[index])
      count *= size
      guard let outer = sizes.last, let outerSource = self.sourceSteps.last,
        let outerTarget = self.targetSteps.last, outerSource == source * size,
        outerTarget == target * size
      else {
        sizes.append(size)
        self.sourceSteps.append(source)
        self.targetSteps.append(target)
        continue
      }
      let last = sizes.count - 1
      sizes[last] = outer * size
      self.sourceSteps[last] = source
      self.targetSteps[last] = target
    }
    self.count = count
  }

  /// The steps of a dense tensor in row-major order. Those of an empty tensor may wrap around.
  static func steps(_ dimensions: [Int]) -> [Int] {
    var steps = [Int](repeating: 1, count: dimensions.count)
    for index in dimensions.indices.dropLast().reversed() {
      steps[index] = steps[index + 1] &* max(1, dimensions[index + 1])
    }
    return steps
  }

  /// Whether the elements of a box that is not empty follow each other in row-major order.
  static func isDense(_ dimensions: [Int], _ steps: [Int]) -> Bool {
    var next = 1
    for index in dimensions.indices.reversed() where dimensions[index] != 1 {
      guard dimensions[index] > 0, steps[index] == next else { return false }
      next *= dimensions[index]
    }
    return true
  }

  /// Whether nothing but dimensions of one are before an axis, so that what is joined along it is one after
  /// the other in memory. Negative axes count from the last.
  static func isOutermost(_ axis: Int, _ dimensions: [Int]) -> Bool {
    let place = axis < 0 ? axis + dimensions.count : axis
    guard place >= 0, place < dimensions.count else { return false }
    return dimensions[..<place].allSatisfy { $0 == 1 }
  }

  /// Copies from `source` to `target`, tensors of one type.
  ///
  /// - Throws: `unimplemented` for types without elements in memory.
  func run(
    _ source: Tensor, _ target: Tensor, _ context: KernelContext
  ) throws(GraphError) {
    guard count > 0 else { return }
    switch source.dataType.byteCount {
    case 1: copy(UInt8.self, source, target, context)
    case 2: copy(UInt16.self, source, target, context)
    case 4: copy(UInt32.self, source, target, context)
    case 8: copy(UInt64.self, source, target, context)
    default:
      guard source.dataType == .string else {
        throw .unsupported("copying", source.dataType)
      }
      copyStrings(source, target)
    }
  }

  private func copy<T: BitwiseCopyable>(
    _: T.Type, _ source: Tensor, _ target: Tensor, _ context: KernelContext
  ) {
    let x = UnsafePointer(source.storage.base.assumingMemoryBound(to: T.self)) + sourceStart
    let y = target.storage.base.assumingMemoryBound(to: T.self) + targetStart
    guard sizes.count > 1 else {
      let (s, t) = (sourceSteps.first ?? 1, targetSteps.first ?? 1)
      context.threads.ranges(count, grain: context.grain()) { range in
        let start = range.lowerBound
        copyRow(x + start * s, s, y + start * t, t, range.count)
      }
      return
    }
    let pair = innerPair
    let outer = (0..<sizes.count).filter { $0 != pair.row && $0 != pair.column }
    let plane = Plane(
      rows: sizes[pair.row], columns: sizes[pair.column], sourceRow: sourceSteps[pair.row],
      sourceColumn: sourceSteps[pair.column], targetRow: targetSteps[pair.row],
      targetColumn: targetSteps[pair.column])
    // Tasks are bands of rows: every plane is cut at the same rows.
    let band = min(plane.rows, max(32, context.grain() / plane.columns))
    let bands = (plane.rows - 1) / band + 1
    let planes = count / (plane.rows * plane.columns)
    let grain = max(1, context.grain() / (band * plane.columns))
    context.threads.ranges(planes * bands, grain: grain) { range in
      for task in range {
        var rest = task / bands
        var (from, to) = (0, 0)
        for index in outer.reversed() {
          let position = rest % sizes[index]
          rest /= sizes[index]
          from += position * sourceSteps[index]
          to += position * targetSteps[index]
        }
        let first = task % bands * band
        plane.copy(x + from, y + to, rows: first..<min(plane.rows, first + band))
      }
    }
  }

  /// The two dimensions to walk through innermost: the columns are next to one another in the target,
  /// and the rows in the source where the columns are not.
  private var innerPair: (row: Int, column: Int) {
    let last = sizes.count - 1
    let column = targetSteps.lastIndex(of: 1) ?? last
    if sourceSteps[column] != 1, let row = sourceSteps.lastIndex(of: 1), row != column {
      return (row, column)
    }
    return (column == last ? last - 1 : last, column)
  }

  private func copyStrings(_ source: Tensor, _ target: Tensor) {
    let steps = Self.steps(sizes)
    for index in 0..<count {
      var (from, to) = (sourceStart, targetStart)
      for dimension in sizes.indices {
        let position = index / steps[dimension] % sizes[dimension]
        from += position * sourceSteps[dimension]
        to += position * targetSteps[dimension]
      }
      target.storage.strings[to] = source.storage.strings[from]
    }
  }
}

/// The two inner dimensions of a copy.
private struct Plane {
  let rows: Int
  let columns: Int
  let sourceRow: Int
  let sourceColumn: Int
  let targetRow: Int
  let targetColumn: Int

  func copy<T: BitwiseCopyable>(
    _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, rows range: Range<Int>
  ) {
    guard sourceRow == 1, targetColumn == 1, sourceColumn != 1 else {
      for row in range {
        copyRow(
          x + row * sourceRow, sourceColumn, y + row * targetRow, targetColumn, columns)
      }
      return
    }
    // A transposition, in blocks that stay in the first cache on both sides.
    let block = 32
    var left = 0
    while left < columns {
      let right = min(columns, left + block)
      var top = range.lowerBound
      while top < range.upperBound {
        let bottom = min(range.upperBound, top + block)
        for row in top..<bottom {
          let target = y + row * targetRow
          let source = x + row
          for column in left..<right { target[column] = source[column * sourceColumn] }
        }
        top = bottom
      }
      left = right
    }
  }
}

@inline(__always)
private func copyRow<T: BitwiseCopyable>(
  _ x: UnsafePointer<T>, _ xStep: Int, _ y: UnsafeMutablePointer<T>, _ yStep: Int, _ count: Int
) {
  if xStep == 1, yStep == 1 {
    if count >= 16 {
      y.update(from: x, count: count)
    } else {
      for index in 0..<count { y[index] = x[index] }
    }
  } else if xStep == 0, yStep == 1 {
    let value = x[0]
    for index in 0..<count { y[index] = value }
  } else {
    for index in 0..<count { y[index * yStep] = x[index * xStep] }
  }
}

extension Tensor {
  /// A tensor of `dimensions` with the elements of this one at `start` and on by `steps`.
  func part(
    _ dimensions: [Int], steps: [Int], start: Int = 0, _ context: KernelContext
  ) throws(GraphError) -> Tensor {
    if context.givesParts(of: self), let size = dataType.byteCount,
      StridedCopy.isDense(dimensions, steps)
    {
      let count = try checkedElementCount(dimensions)
      let bytes = storage.base + start * size
      return Tensor(
        dataType, dimensions, count, TensorStorage(bytes, byteCount: count * size, of: storage))
    }
    let result = try context.allocate(dataType, dimensions)
    // What lies in a row, and is not worth a second thread, needs no plan.
    if let size = dataType.byteCount, size <= 8, result.count <= context.grain(),
      StridedCopy.isDense(dimensions, steps)
    {
      result.storage.base.copyMemory(
        from: storage.base + start * size, byteCount: result.count * size)
      return result
    }
    try StridedCopy(
      dimensions, from: steps, to: StridedCopy.steps(dimensions), sourceStart: start
    ).run(self, result, context)
    return result
  }
}
