/// A range of addresses in which buffers come and go, in places from its beginning on.
struct Zone {
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

  /// The place of a new buffer, the smallest that it fits in; `nil` when there is no room.
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

  /// Makes a buffer at `start`; `false` when something is there.
  mutating func allocate(at start: Int, _ size: Int) -> Bool {
    guard start < end else {
      guard size <= limit - start else { return false }
      if start > end { gaps.append(Gap(start: end, size: start - end)) }
      end = start + size
      mostReserved = max(mostReserved, end)
      return true
    }
    let index = position(of: start + 1) - 1
    guard index >= 0, gaps[index].end >= start + size else { return false }
    let gap = gaps.remove(at: index)
    if gap.end > start + size {
      gaps.insert(Gap(start: start + size, size: gap.end - start - size), at: index)
    }
    if gap.start < start {
      gaps.insert(Gap(start: gap.start, size: start - gap.start), at: index)
    }
    return true
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

  /// The index of the first gap that begins at `start` or after it.
  private func position(of start: Int) -> Int {
    var (low, high) = (0, gaps.count)
    while low < high {
      let middle = (low + high) / 2
      if gaps[middle].start < start { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
