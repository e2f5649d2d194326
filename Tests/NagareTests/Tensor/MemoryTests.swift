import Testing

@testable import Nagare

/// Where large tensors are: buffers that are in use never overlap, and what is freed is used again.
@Suite struct MemoryTests {
  private struct Buffer {
    let address: UInt
    let size: Int
  }

  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64]) func buffersDoNotOverlap(seed: UInt64) throws {
    var arena = Arena.imagined
    var generator = Philox(seed: seed, seed2: 0)
    var live: [Buffer] = []
    func number(below limit: Int) -> Int { Int(generator.next().0) % limit }
    for _ in 0..<2000 {
      if live.isEmpty || number(below: 100) < 55 {
        let size = 1 + number(below: 1 << (10 + number(below: 15)))
        let address = arena.allocate(size)
        #expect(address != 0 && address % 64 == 0)
        let end = address + UInt(size)
        #expect(!live.contains { address < $0.address + UInt($0.size) && $0.address < end })
        live.append(Buffer(address: address, size: size))
      } else {
        let buffer = live.remove(at: number(below: live.count))
        let isFreed = arena.free(buffer.address, buffer.size)
        #expect(isFreed)
      }
    }
    for buffer in live {
      let isFreed = arena.free(buffer.address, buffer.size)
      #expect(isFreed)
    }
    // All of it is free again, that for small buffers and that for large ones.
    let reserved = arena.mostReserved
    let (small, large) = (arena.allocate(1 << 21), arena.allocate(1 << 23))
    #expect(arena.offset(small) == 0)
    #expect(arena.offset(large) == 1 << 30)
    #expect(arena.mostReserved == reserved)
  }

  /// What is small and stays does not divide the room that a large buffer leaves.
  @Test func smallBuffersLeaveRoomForLargeOnes() {
    var arena = Arena.imagined
    let first = arena.allocate(1 << 26)
    let last = arena.allocate(1 << 26)
    _ = arena.free(first, 1 << 26)
    let small = arena.allocate(1 << 16)
    #expect(arena.allocate(1 << 26) == first)
    #expect(small != first && last != first)
  }

  /// Buffers at places that were chosen before, and others between them.
  @Test(arguments: [1, 2, 3] as [UInt64]) func placesAreGivenOnce(seed: UInt64) {
    let limit = 1 << 12
    var zone = Zone(limit: limit)
    var generator = Philox(seed: seed, seed2: 0)
    var taken = [Bool](repeating: false, count: limit)
    var live: [(start: Int, size: Int)] = []
    func number(below limit: Int) -> Int { Int(generator.next().0) % limit }
    for _ in 0..<4000 {
      let (start, size) = (number(below: limit), 1 + number(below: 200))
      switch number(below: 5) {
      case 0, 1:
        let isFree = start + size <= limit && !taken[start..<(start + size)].contains(true)
        let isGiven = zone.allocate(at: start, size)
        #expect(isGiven == isFree)
        guard isGiven else { continue }
        for index in start..<(start + size) { taken[index] = true }
        live.append((start, size))
      case 2:
        guard let start = zone.allocate(size) else { continue }
        #expect(start + size <= limit && !taken[start..<(start + size)].contains(true))
        for index in start..<(start + size) { taken[index] = true }
        live.append((start, size))
      default:
        guard !live.isEmpty else { continue }
        let (start, size) = live.remove(at: number(below: live.count))
        for index in start..<(start + size) { taken[index] = false }
        zone.free(start, size)
      }
    }
  }

  @Test func runsLikeOnesBeforeTakeNothingMore() throws {
    let graph = Graph()
    let x = try graph.placeholder(.float32, shape: [nil, 128])
    let hidden = try matmul(x, transpose(x))
    let y = try sum(softmax(hidden) * square(hidden), axes: [1])
    let session = Session(graph, threads: 1)
    let numbers = try Session(graph).run(graph.randomUniform([256, 128], seed: 3))
    var results: [Tensor] = []
    for _ in 0..<2 { results.append(try session.run(y, feeds: [x: numbers])) }
    #expect(results[0] == results[1])
    let used = Memory.used
    let other = try session.run(y, feeds: [x: numbers])
    #expect(other == results[0] && Memory.used - used <= 1 << 24)
  }

  @Test func whatIsTooLargeIsRefused() throws {
    let error = #expect(throws: GraphError.self) {
      _ = try Tensor(uninitialized: .float32, [1 << 40, 1 << 10])
    }
    #expect(error?.code == .resourceExhausted)
    let refused = #expect(throws: GraphError.self) {
      _ = try Tensor(uninitialized: .uint8, [.max - 100])
    }
    #expect(refused?.code == .resourceExhausted)
  }
}
