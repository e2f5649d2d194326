import ArgumentParser
import Nagare

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Say what this installation computes with.",
    discussion: """
      The instruction set, threads and memory: what decides speed and, for the first, the last bits \
      of results.
      """)

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var threads: ThreadOptions
  @OptionGroup var logging: LogOptions

  func run() throws {
    let machine = Machine.current
    let count = threads.threads ?? machine.processors
    if json {
      let result: JSON = [
        "version": JSON(nagareVersion), "instruction_set": JSON(machine.instructionSet),
        "processors": JSON(machine.processors), "threads": JSON(count),
        "memory_limit": JSON(Memory.limit), "op_types": JSON(OpDescription.all.count),
      ]
      try StandardOutput.line(result.indented)
      return
    }
    let rows = [
      ["nagare", "\(nagareVersion), \(OpDescription.all.count) op types"],
      ["kernels", machine.instructionSet],
      ["threads", "\(count) of \(machine.processors) processors"],
      ["memory", "\(Memory.limit >> 20) MiB at most for all tensors"],
    ]
    for line in Table.lines(rows) { try StandardOutput.line(line) }
  }
}
