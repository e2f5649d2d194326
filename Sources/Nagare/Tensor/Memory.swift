import Foundation
import Synchronization

/// Memory for tensors, from one place that can refuse and that gives again what was freed: a run that
/// is like the one before takes nothing more from the system.
public enum Memory {
  /// The alignment of every buffer that is no smaller, a cache line.
  static let alignment = 64

  /// A valid address for storage without bytes.
  nonisolated(unsafe) static let empty: UnsafeMutableRawPointer =
    .allocate(byteCount: alignment, alignment: alignment)

  /// The most bytes of a buffer that is kept by its size when it is freed, and has no place in the arena.
  static let largestBlock = 1 << 13

  private static let held = Atomic<Int>(0)
  private static let most = Atomic<Int>(Int(clamping: ProcessInfo.processInfo.physicalMemory))
  private static let blocks = Mutex(BlockCache())
  private static let arena = Mutex(
    Arena(reserving: Int(clamping: ProcessInfo.processInfo.physicalMemory)))

  /// The most bytes that all tensors of the process may hold; the machine's memory at first.
  public static var limit: Int {
    get { most.load(ordering: .relaxed) }
    set { most.store(max(0, newValue), ordering: .relaxed) }
  }

  /// The bytes that tensors hold now.
  public static var used: Int { held.load(ordering: .relaxed) }

  /// The most bytes that large tensors have held at once, and the bytes that were set apart for them.
  public static var peak: (held: Int, reserved: Int) {
    arena.withLock { ($0.mostUsed, $0.mostReserved) }
  }

  /// The bytes of the cache lines that this many take.
  static func wholeLines(_ byteCount: Int) -> Int {
    (byteCount + alignment - 1) / alignment * alignment
  }

  static func allocate(_ byteCount: Int) throws(GraphError) -> UnsafeMutableRawPointer {
    guard byteCount > 0 else { return empty }
    var used = held.load(ordering: .relaxed)
    var isHeld = false
    // Never more than fits: another thread would be refused what does.
    while !isHeld {
      guard byteCount <= limit - used else {
        throw .resourceExhausted(
          "A tensor of \(byteCount) bytes does not fit: the limit for all tensors is \(limit) "
            + "bytes")
      }
      (isHeld, used) = held.weakCompareExchange(
        expected: used, desired: used + byteCount, ordering: .relaxed)
    }
    if let pointer = find(byteCount) { return pointer }
    held.wrappingSubtract(byteCount, ordering: .relaxed)
    throw .resourceExhausted("The system refused \(byteCount) bytes for a tensor")
  }

  private static func find(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    // Aligned, a few numbers would take the system several times as long.
    if byteCount < alignment { return malloc(byteCount) }
    if let size = BlockCache.size(byteCount) {
      return blocks.withLock { $0.take(size) }.pointer ?? aligned(size)
    }
    return arena.withLock { $0.allocate(byteCount) }.pointer ?? aligned(byteCount)
  }

  private static func aligned(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    var pointer: UnsafeMutableRawPointer?
    return posix_memalign(&pointer, alignment, byteCount) == 0 ? pointer : nil
  }

  static func free(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {
    guard byteCount > 0 else { return }
    held.wrappingSubtract(byteCount, ordering: .relaxed)
    let address = UInt(bitPattern: pointer)
    let isKept =
      if byteCount < alignment {
        false
      } else if let size = BlockCache.size(byteCount) {
        blocks.withLock { $0.keep(address, size) }
      } else {
        arena.withLock { $0.free(address, byteCount) }
      }
    if !isKept { Foundation.free(pointer) }
  }
}

extension UInt {
  fileprivate var pointer: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: self) }
}

/// Freed buffers of some kilobytes at most, by size. Each holds the address of the next.
private struct BlockCache {
  private struct List {
    /// An address, 0 for none.
    var first: UInt = 0
    var count = 0
  }

  /// The most that is kept of each size.
  private static let byteLimit = 1 << 22

  /// By the power of two that the size is.
  private var lists = [List](
    repeating: List(), count: Memory.largestBlock.trailingZeroBitCount + 1)

  /// The size of the buffer for this many bytes, a power of two; `nil` for more than are kept here.
  static func size(_ byteCount: Int) -> Int? {
    guard byteCount <= Memory.largestBlock else { return nil }
    return 1 << (Int.bitWidth - (byteCount - 1).leadingZeroBitCount)
  }

  mutating func take(_ size: Int) -> UInt {
    let index = size.trailingZeroBitCount
    let block = lists[index].first
    guard let pointer = block.pointer else { return 0 }
    lists[index].first = pointer.load(as: UInt.self)
    lists[index].count -= 1
    return block
  }

  mutating func keep(_ block: UInt, _ size: Int) -> Bool {
    let index = size.trailingZeroBitCount
    guard let pointer = block.pointer, lists[index].count < Self.byteLimit / size else {
      return false
    }
    pointer.storeBytes(of: lists[index].first, as: UInt.self)
    lists[index].first = block
    lists[index].count += 1
    return true
  }
}
