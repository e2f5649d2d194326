import Foundation
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

/// Memory for tensors, from one place that can refuse.
public enum Memory {
  /// The alignment of every buffer that is no smaller, a cache line.
  static let alignment = 64

  /// A valid address for storage without bytes.
  nonisolated(unsafe) static let empty: UnsafeMutableRawPointer =
    .allocate(byteCount: alignment, alignment: alignment)

  private struct Cache {
    var byteCount = 0
    var free: [Int: [UInt]] = [:]
  }

  private static let cache = Mutex(Cache())
  private static let held = Atomic<Int>(0)
  private static let most = Atomic<Int>(Int(clamping: ProcessInfo.processInfo.physicalMemory))

  /// The most bytes that all tensors of the process may hold; the machine's memory at first.
  public static var limit: Int {
    get { most.load(ordering: .relaxed) }
    set { most.store(max(0, newValue), ordering: .relaxed) }
  }

  /// The bytes that tensors hold now.
  public static var used: Int { held.load(ordering: .relaxed) }

  static func allocate(_ byteCount: Int) throws(GraphError) -> UnsafeMutableRawPointer {
    guard byteCount > 0 else { return empty }
    let used = held.wrappingAdd(byteCount, ordering: .relaxed).oldValue
    guard byteCount <= limit - used else {
      held.wrappingSubtract(byteCount, ordering: .relaxed)
      throw .resourceExhausted(
        "A tensor of \(byteCount) bytes does not fit: the limit for all tensors is \(limit) bytes")
    }
    if let pointer = reused(byteCount) ?? fresh(byteCount) { return pointer }
    held.wrappingSubtract(byteCount, ordering: .relaxed)
    throw .resourceExhausted("The system refused \(byteCount) bytes for a tensor")
  }

  private static func fresh(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    // Aligned, a few numbers would take the system several times as long.
    guard byteCount >= alignment else { return malloc(byteCount) }
    var pointer: UnsafeMutableRawPointer?
    return posix_memalign(&pointer, alignment, byteCount) == 0 ? pointer : nil
  }

  private static func reused(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    guard byteCount >= cachedSize else { return nil }
    let address = cache.withLock { cache in
      guard let address = cache.free[byteCount]?.popLast() else { return UInt(0) }
      cache.byteCount -= byteCount
      return address
    }
    return UnsafeMutableRawPointer(bitPattern: address)
  }

  /// Buffers of a size that recurs in every run are kept: returning them to the system costs more
  /// in page faults than the kernels that fill them. Small ones are as cheap from `malloc`.
  private static let cachedSize = 1 << 14

  static func free(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {
    guard byteCount > 0 else { return }
    held.wrappingSubtract(byteCount, ordering: .relaxed)
    let kept =
      byteCount >= cachedSize
      && cache.withLock { cache in
        guard cache.byteCount + byteCount <= limit / 4 else { return false }
        cache.byteCount += byteCount
        cache.free[byteCount, default: []].append(UInt(bitPattern: pointer))
        return true
      }
    if !kept { Foundation.free(pointer) }
  }
}
