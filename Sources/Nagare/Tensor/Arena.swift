import Foundation

/// Large buffers in one range of addresses. A buffer that is freed joins the free ones beside it, and is
/// given to whatever fits; the pages of the range are the system's until they are first written.
///
/// Returning pages to the system would cost more, in page faults, than the kernels that fill them.
struct Arena {
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
  static func size(_ byteCount: Int) -> Int {
    Memory.wholeLines(byteCount) + 5 * Memory.alignment
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
