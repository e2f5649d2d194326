import Synchronization

/// The memory of a tensor: aligned bytes, or byte strings, or a reference to a session's resource.
///
/// Written only before the tensor is handed on, or by a kernel that holds the one reference to it.
final class TensorStorage: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  let byteCount: Int
  var strings: [[UInt8]] = []
  /// The numbers of a literal, of which `float32` elements do not hold every digit.
  var literal: [Double]?
  var resource: (any Resource)?
  /// The elements as a kernel packed them, of a constant.
  let packing = Mutex(Packing())

  /// What is kept beside the elements for as long as they stay as they are.
  struct Packing {
    /// Whether the elements never change.
    var isConstant = false
    var filter: PackedFilter?
  }

  /// Whether the elements never change, so that what a kernel packed of them may be kept.
  var isConstant: Bool { packing.withLock(\.isConstant) }

  /// Uninitialized bytes.
  ///
  /// - Throws: `resourceExhausted` when the process's tensors would exceed `Memory.limit`.
  init(byteCount: Int) throws(GraphError) {
    base = try Memory.allocate(byteCount)
    self.byteCount = byteCount
  }

  init(strings: [[UInt8]]) {
    base = Memory.empty
    byteCount = 0
    self.strings = strings
  }

  init(resource: any Resource) {
    base = Memory.empty
    byteCount = 0
    self.resource = resource
  }

  deinit { Memory.free(base, byteCount) }
}

/// Something that a session owns and a graph refers to: a variable, a queue, an iterator.
public protocol Resource: AnyObject, Sendable {
  /// Ends all waiting for the resource with a refusal, for good: its session has been closed.
  func cancel()
}

extension Resource {
  public func cancel() {}
}
