import Synchronization

extension KernelContext {
  /// Calls `body` once for each task `0..<count`, on several threads, with `bytes` of aligned scratch
  /// memory that no other task uses meanwhile. What a task finds in it is anything.
  ///
  /// - Throws: `resourceExhausted` when the memory does not fit.
  func run(
    _ count: Int, scratch bytes: Int, _ body: (Int, UnsafeMutableRawPointer) -> Void
  ) throws(GraphError) {
    let workers = max(1, min(count, threads.threadCount))
    let stride = (bytes / Memory.alignment + 1) * Memory.alignment
    let (total, overflow) = workers.multipliedReportingOverflow(by: stride)
    guard !overflow else { throw .resourceExhausted("\(bytes) bytes of scratch do not fit") }
    let memory = try allocateScratch(total)
    let next = Atomic<Int>(0)
    threads.run(workers) { worker in
      while true {
        let task = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard task < count else { break }
        body(task, memory.base + worker * stride)
      }
    }
  }
}
