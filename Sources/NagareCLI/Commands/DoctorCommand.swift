import ArgumentParser
import Nagare

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Say what this installation computes with.",
    discussion: """
      Which OpenBLAS is loaded, whether several threads may call it, the instruction set, threads \
      and memory: what decides speed and, for the first three, the last bits of results.
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
        "openblas": [
          "configuration": JSON(machine.blas.configuration), "core": JSON(machine.blas.core),
          "threading": JSON(machine.blas.threading.rawValue),
          "concurrent_calls": .bool(machine.blas.allowsConcurrentCalls),
        ],
      ]
      try StandardOutput.line(result.indented)
      return
    }
    let rows = [
      ["nagare", "\(nagareVersion), \(OpDescription.all.count) op types"],
      ["kernels", machine.instructionSet],
      ["threads", "\(count) of \(machine.processors) processors"],
      ["memory", "\(Memory.limit >> 20) MiB at most for all tensors"],
      ["OpenBLAS", machine.blas.configuration],
      ["", "kernels for \(machine.blas.core), \(machine.blas.threading.description)"],
    ]
    for line in Table.lines(rows) { try StandardOutput.line(line) }
    if !machine.blas.allowsConcurrentCalls {
      logging.log.warning(
        """
        this build of OpenBLAS must not be called from several threads; on Debian \
        'update-alternatives --config libopenblas.so.0-x86_64-linux-gnu' chooses the pthread build
        """)
    }
    if machine.instructionSet != "portable", machine.blas.core == "Prescott" {
      logging.log.warning(
        """
        OpenBLAS does not know this processor and takes its oldest kernels; \
        OPENBLAS_CORETYPE=Haswell in the environment chooses faster ones
        """)
    }
  }
}
