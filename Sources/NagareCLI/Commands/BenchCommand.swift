import ArgumentParser
import Nagare

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Time a part of a graph.",
    discussion: """
      Runs it a few times unmeasured, then --runs times. Prints the least, median, 90th and 99th \
      percentile of a run, the process's peak memory, and the rate of floating-point operations \
      beside the machine's own peak, which is measured as well. A fused or fast convolution counts \
      as the plain one would.

      Examples:
        nagare bench model.pb --feed image=random:1,224,224,3 --fetch probabilities
        nagare bench train.meta --feed images=random:8,256,256,1 --json
        echo 5 | nagare bench model.pb --feed image=photo.jpg --fetch probabilities --on-request
      """)

  @OptionGroup var work: WorkOptions

  @Option(help: ArgumentHelp("Runs that are measured.", valueName: "n"))
  var runs = 20

  @Option(help: ArgumentHelp("Runs before them.", valueName: "n"))
  var warmUp = 3

  @Flag(help: "Print JSON; times in seconds, memory in bytes.")
  var json = false

  @Flag(
    help: """
      To take turns with another program: for each number that is read from standard input so many \
      runs, and a line with the seconds of each; nothing else.
      """)
  var onRequest = false

  @OptionGroup var logging: LogOptions

  func validate() throws {
    guard (1...1_000_000).contains(runs), (0...1_000_000).contains(warmUp) else {
      throw ValidationError("--runs must be 1 to 1000000, --warm-up 0 to 1000000")
    }
  }

  func run() throws {
    let prepared = try work.prepare(logging.log)
    if onRequest { return try answerRequests(prepared) }
    let trace = RunTrace()
    var seconds: [Double] = []
    try during(.running) { () throws(GraphError) in
      for _ in 0..<warmUp { _ = try prepared.callable.run(prepared.values) }
      _ = try prepared.callable.run(prepared.values, trace: trace)
      seconds = try measure(prepared, runs: runs)
    }
    var operations = 0.0
    for entry in trace.entries { operations += entry.operationCount }
    let times = Timings(seconds)
    let rate = operations / times.median
    let peak = Machine.measurePeak(threads: prepared.threads)
    let memory = Self.peakMemory
    if json {
      let result: JSON = [
        "runs": JSON(runs), "threads": JSON(prepared.threads), "min": JSON(times.minimum),
        "median": JSON(times.median), "p90": JSON(times.quantile(0.9)),
        "p99": JSON(times.quantile(0.99)), "peak_memory": JSON(memory),
        "operations": JSON(operations), "operations_per_second": JSON(rate),
        "machine_peak": JSON(peak), "share_of_peak": JSON(rate / peak),
      ]
      try StandardOutput.line(result.indented)
      return
    }
    let rows = [
      ["runs", "\(runs) on \(prepared.threads) threads"],
      ["min", readableTime(times.minimum)], ["median", readableTime(times.median)],
      ["p90", readableTime(times.quantile(0.9))], ["p99", readableTime(times.quantile(0.99))],
      ["peak memory", "\(memory >> 20) MiB"],
      [
        "rate",
        "\(significant(rate * 1e-9)) GFLOP/s, \(significant(100 * rate / peak)) % of the machine's "
          + "\(significant(peak * 1e-9))",
      ],
    ]
    for line in Table.lines(rows) { try StandardOutput.line(line) }
  }

  /// The seconds of each of some runs.
  private func measure(
    _ work: WorkOptions.Work, runs: Int
  ) throws(GraphError) -> [Double] {
    var seconds: [Double] = []
    for _ in 0..<runs {
      let start = ContinuousClock.now
      _ = try work.callable.run(work.values)
      seconds.append((ContinuousClock.now - start).seconds)
    }
    return seconds
  }

  private func answerRequests(_ work: WorkOptions.Work) throws {
    while let line = readLine() {
      guard let runs = Int(line), (1...1_000_000).contains(runs) else {
        throw ToolError(.badData, "standard input: '\(line)' is no number from 1 to 1000000")
      }
      let seconds = try during(.running) { () throws(GraphError) in
        try measure(work, runs: runs)
      }
      try StandardOutput.line(seconds.map { String($0) }.joined(separator: " "))
      try StandardOutput.flush()
    }
  }

  /// The most memory that the process has had, in bytes.
  private static var peakMemory: Int {
    var usage = rusage()
    #if canImport(Glibc)
      getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss << 10
    #else
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss
    #endif
  }
}
