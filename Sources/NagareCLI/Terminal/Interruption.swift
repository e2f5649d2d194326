#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Nagare
import Synchronization

/// SIGINT and SIGTERM. A command that has something to save asks to be told, and polls; any other
/// ends at once, and a second signal ends every one.
enum Interruption {
  private static let received = Atomic<Int32>(0)
  private static let isPolled = Atomic<Bool>(false)

  /// Takes the signals over. Writing to a closed pipe becomes an error in place of a signal.
  static func install() {
    signal(SIGPIPE, SIG_IGN)
    // The first use of a global initializes it, which a signal handler must not do.
    _ = received.load(ordering: .relaxed)
    _ = isPolled.load(ordering: .relaxed)
    // Whatever started the tool may have had them blocked, and a process inherits that.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        let before = Interruption.received.exchange(number, ordering: .relaxed)
        if before != 0 || !Interruption.isPolled.load(ordering: .relaxed) { _exit(128 + number) }
      }
    }
  }

  /// From now on the first signal only shows in `isRequested`.
  static func beginPolling() { isPolled.store(true, ordering: .relaxed) }

  /// Whether the command should come to an end.
  static var isRequested: Bool { received.load(ordering: .relaxed) != 0 }

  /// Ends what the engine does for a command, after a signal.
  static func check() throws(GraphError) {
    if isRequested { throw GraphError(.cancelled, "interrupted") }
  }

  /// The end after a signal.
  static var error: ToolError {
    received.load(ordering: .relaxed) == SIGTERM
      ? ToolError(.terminated, "terminated") : ToolError(.interrupted, "interrupted")
  }
}
