import Synchronization

/// The memory of a tensor: aligned bytes, or byte strings, or a reference to a session's resource.
///
/// Written only before the tensor is handed on, or by a kernel that holds the one reference to it.
final class TensorStorage: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  let byteCount: Int
  /// Whose the bytes are, where they are not the storage's own.
  private let owner: (any MemoryOwner)?
  /// Whether the bytes are a part of another tensor's.
  let isPart: Bool
  var strings: [[UInt8]] = []
  /// The numbers of a literal, of which `float32` elements do not hold every digit.
  var literal: [Double]?
  var resource: (any Resource)?
  /// Whether another tensor has the bytes from now on: one that this was joined to.
  var isGivenOn = false
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
    owner = nil
    isPart = false
  }

  /// Uninitialized bytes at `base`, which `owner` has set apart.
  init(_ base: UnsafeMutableRawPointer, byteCount: Int, of owner: any MemoryOwner) {
    self.base = base
    self.byteCount = byteCount
    self.owner = owner
    isPart = owner is TensorStorage
  }

  init(strings: [[UInt8]]) {
    base = Memory.empty
    byteCount = 0
    owner = nil
    isPart = false
    self.strings = strings
  }

  init(resource: any Resource) {
    base = Memory.empty
    byteCount = 0
    owner = nil
    isPart = false
    self.resource = resource
  }

  /// Whether the bytes are `other`'s.
  func belongs(to other: any MemoryOwner) -> Bool { owner === other }

  deinit {
    guard !isGivenOn else { return }
    if let owner {
      owner.free(base, byteCount)
    } else {
      Memory.free(base, byteCount)
    }
  }
}

extension TensorStorage: MemoryOwner {
  /// Nothing: parts of the bytes stay its own.
  func free(_ base: UnsafeMutableRawPointer, _ byteCount: Int) {}
}

/// What has set memory apart for tensors, and lives as long as they do.
protocol MemoryOwner: AnyObject, Sendable {
  /// Takes back the bytes of a tensor that is no more.
  func free(_ base: UnsafeMutableRawPointer, _ byteCount: Int)
}

/// Something that a session owns and a graph refers to: a variable, a queue, an iterator.
public protocol Resource: AnyObject, Sendable {
  /// Ends all waiting for the resource with a refusal, for good: its session has been closed.
  func cancel()
}

extension Resource {
  public func cancel() {}
}
