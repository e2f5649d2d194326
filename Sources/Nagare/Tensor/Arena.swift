import Foundation

/// Large buffers in one range of addresses. A buffer that is freed joins the free ones beside it, and is
/// given to whatever fits; the pages of the range are the system's until they are first written.
///
/// Returning pages to the system would cost more, in page faults, than the kernels that fill them.
struct Arena {
  /// A part of the range, in places from its beginning on.
  private struct Zone {
    private struct Gap {
      var start: Int
      var size: Int

      var end: Int { start + size }
    }

    private let limit: Int
    /// Free parts in the order of addresses; none touches another or `end`.
    private var gaps: [Gap] = []
    /// From here on all is free.
    private var end = 0
    /// The greatest `end` that there was.
    private(set) var mostReserved = 0

    init(limit: Int) { self.limit = limit }

    /// `nil` when there is no room.
    mutating func allocate(_ size: Int) -> Int? {
      var best: Int?
      for index in gaps.indices where gaps[index].size >= size {
        if let known = best, gaps[known].size <= gaps[index].size { continue }
        best = index
      }
      guard let best else {
        guard size <= limit - end else { return nil }
        end += size
        mostReserved = max(mostReserved, end)
        return end - size
      }
      let start = gaps[best].start
      gaps[best].start += size
      gaps[best].size -= size
      if gaps[best].size == 0 { gaps.remove(at: best) }
      return start
    }

    mutating func free(_ start: Int, _ size: Int) {
      var gap = Gap(start: start, size: size)
      var index = position(of: gap.start)
      if index < gaps.count, gaps[index].start == gap.end {
        gap.size += gaps.remove(at: index).size
      }
      if index > 0, gaps[index - 1].end == gap.start {
        index -= 1
        let before = gaps.remove(at: index)
        gap = Gap(start: before.start, size: before.size + gap.size)
      }
      if gap.end == end {
        end = gap.start
      } else {
        gaps.insert(gap, at: index)
      }
    }

    /// The index of the first gap that begins after `start`.
    private func position(of start: Int) -> Int {
      var (low, high) = (0, gaps.count)
      while low < high {
        let middle = (low + high) / 2
        if gaps[middle].start < start { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }

  /// Buffers of fewer bytes have addresses of their own, the first: small ones live long, and would divide
  /// the room that large ones leave.
  private static let large = 1 << 22

  private let base: UInt
  private let capacity: Int
  /// Where the large buffers begin.
  private let border: Int
  private var smallZone: Zone
  private var largeZone: Zone
  private var used = 0
  /// The most bytes that were in use at once.
  private(set) var mostUsed = 0
  /// The most bytes from the beginning of a zone to the end of its last buffer, of both together.
  var mostReserved: Int { smallZone.mostReserved + largeZone.mostReserved }

  /// Addresses alone, to see where buffers would be.
  static let imagined = Arena(base: 1 << 20, capacity: .max >> 1)

  private init(base: UInt, capacity: Int) {
    self.base = base
    self.capacity = capacity
    border = min(1 << 30, capacity / 4)
    smallZone = Zone(limit: border)
    largeZone = Zone(limit: capacity - border)
  }

  /// Where in the range an address is.
  func offset(_ address: UInt) -> Int { Int(address - base) }

  /// An arena of at most `capacity` bytes; of none where the system does not give the addresses.
  init(reserving capacity: Int) {
    #if os(Linux)
      let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    #else
      let flags = MAP_PRIVATE | MAP_ANON
    #endif
    let address = mmap(nil, capacity, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard let address, address != MAP_FAILED else {
      self.init(base: 0, capacity: 0)
      return
    }
    #if os(Linux)
      madvise(address, capacity, MADV_HUGEPAGE)
    #endif
    self.init(base: UInt(bitPattern: address), capacity: capacity)
  }

  /// Whole cache lines, and some more, so that buffers of the same round size do not begin in the same
  /// sets of the cache.
  private static func size(_ byteCount: Int) -> Int {
    (byteCount + Memory.alignment - 1) / Memory.alignment * Memory.alignment
      + 5 * Memory.alignment
  }

  /// The address of a buffer, 0 when there is no room.
  mutating func allocate(_ byteCount: Int) -> UInt {
    guard byteCount <= capacity else { return 0 }
    let size = Self.size(byteCount)
    var place = byteCount < Self.large ? smallZone.allocate(size) : nil
    if place == nil { place = largeZone.allocate(size).map { $0 + border } }
    guard let place else { return 0 }
    used += size
    mostUsed = max(mostUsed, used)
    return base + UInt(place)
  }

  /// Takes back a buffer that `allocate` gave for `byteCount` bytes; `false` for one that it did not.
  mutating func free(_ address: UInt, _ byteCount: Int) -> Bool {
    guard address >= base, address - base < UInt(capacity) else { return false }
    let (place, size) = (Int(address - base), Self.size(byteCount))
    used -= size
    if place < border {
      smallZone.free(place, size)
    } else {
      largeZone.free(place - border, size)
    }
    return true
  }
}
