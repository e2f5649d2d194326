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
  /// The alignment of every buffer, a cache line.
  static let alignment = 64

  /// A valid address for storage without bytes.
  nonisolated(unsafe) static let empty: UnsafeMutableRawPointer =
    .allocate(byteCount: alignment, alignment: alignment)

  private struct State {
    var limit = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    var used = 0
    var cached = 0
    var free: [Int: [UInt]] = [:]
  }

  private static let state = Mutex(State())

  /// The most bytes that all tensors of the process may hold; the machine's memory at first.
  public static var limit: Int {
    get { state.withLock { $0.limit } }
    set { state.withLock { $0.limit = newValue } }
  }

  /// The bytes that tensors hold now.
  public static var used: Int { state.withLock { $0.used } }

  static func allocate(_ byteCount: Int) throws(GraphError) -> UnsafeMutableRawPointer {
    guard byteCount > 0 else { return empty }
    let (reused, limit): (UInt?, Int?) = state.withLock { state in
      guard byteCount <= state.limit - state.used else { return (nil, state.limit) }
      state.used += byteCount
      guard let address = state.free[byteCount]?.popLast() else { return (nil, nil) }
      state.cached -= byteCount
      return (address, nil)
    }
    if let limit {
      throw .resourceExhausted(
        "A tensor of \(byteCount) bytes does not fit: the limit for all tensors is \(limit) bytes")
    }
    if let reused, let pointer = UnsafeMutableRawPointer(bitPattern: reused) { return pointer }
    var pointer: UnsafeMutableRawPointer?
    guard posix_memalign(&pointer, alignment, byteCount) == 0, let pointer else {
      state.withLock { $0.used -= byteCount }
      throw .resourceExhausted("The system refused \(byteCount) bytes for a tensor")
    }
    return pointer
  }

  // Buffers of a size that recurs in every run are kept: returning them to the system costs more
  // in page faults than the kernels that fill them. Small ones are as cheap from malloc.
  static func free(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {
    guard byteCount > 0 else { return }
    let kept = state.withLock { state in
      state.used -= byteCount
      guard byteCount >= 1 << 14, state.cached + byteCount <= state.limit / 4 else { return false }
      state.cached += byteCount
      state.free[byteCount, default: []].append(UInt(bitPattern: pointer))
      return true
    }
    if !kept { Foundation.free(pointer) }
  }
}
