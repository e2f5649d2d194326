/// The checkpoints of a training run: TensorFlow's, with the session's state as a tensor more, so that
/// a run that goes on from one does exactly what it would have done.
final class RunCheckpoints {
  /// What no saver of TensorFlow asks for.
  private enum Key {
    /// A string, `Session.saveState`.
    static let state = "_nagare/session_state"
    /// The same of the session that the values to feed come from.
    static let source = "_nagare/source_state"
    /// An int64, of graphs that count no steps.
    static let step = "_nagare/step"
    /// Before the names of variables that the graph's saver leaves out: local ones.
    static let variable = "_nagare/variable/"
  }

  /// Files that name one checkpoint each, in the form of TensorFlow's `checkpoint`:
  /// `tf.train.latest_checkpoint(folder, "best")` reads them.
  static let best = "best"
  static let last = "last"

  private let folder: RunFolder
  private let session: Session
  private let source: Session?
  /// The tensor to feed with a prefix, the one to fetch to save, and the node that restores.
  private let saver: (filename: Output, save: Output, restore: Node)?
  private let maximumToKeep: Int

  /// - Parameter keep: How many checkpoints are kept besides the best; 0 keeps all, `nil` leaves it
  ///   to the graph.
  /// - Throws: `invalidArgument` when the graph's saver names what is not there.
  init(
    _ metaGraph: MetaGraph, session: Session, source: Session?, folder: RunFolder, keep: Int?
  ) throws(GraphError) {
    self.folder = folder
    self.session = session
    self.source = source
    let graph = metaGraph.graph
    maximumToKeep = keep ?? metaGraph.saver?.maximumToKeep ?? 5
    guard let definition = metaGraph.saver else {
      saver = nil
      return
    }
    guard let filename = try? graph.output(named: definition.filenameTensor),
      let save = try? graph.output(named: definition.saveTensor),
      let restore = graph.node(named: definition.restoreNode)
    else {
      throw .invalidArgument(
        "The meta graph's saver names '\(definition.filenameTensor)', '\(definition.saveTensor)' "
          + "and '\(definition.restoreNode)', which are not all in the graph")
    }
    saver = (filename, save, restore)
  }

  private static let name = "model.ckpt-"

  private func prefix(_ step: Int) -> String { folder.file("\(Self.name)\(step)") }

  /// The step of a checkpoint whose index is the file of this name; `nil` of any other file.
  private static func step(_ file: String) -> Int? {
    guard file.hasPrefix(name), file.hasSuffix(".index") else { return nil }
    return Int(file.dropFirst(name.count).dropLast(6))
  }

  private static let unfinished = "_unfinished"

  // MARK: - Saving

  /// Writes the checkpoint of a step. What is on the disk is whole at every moment.
  func save(step: Int, countsSteps: Bool) throws(GraphError) {
    let prefix = prefix(step)
    if FileSystem.kind(Checkpoint.indexPath(prefix)) != nil { try Checkpoint.remove(prefix) }
    // The graph's own part and the state become one checkpoint when its index is written.
    let scratch = prefix + Self.unfinished
    try FileSystem.createFolder(scratch)
    let parts = ["variables", "state"].map { FileSystem.join(scratch, $0) }
    var saved: Set<String> = []
    if let saver {
      _ = try session.run(
        saver.save, feeds: [saver.filename: try Tensor(scalar: Array(parts[0].utf8))])
      saved = Set(try Checkpoint(parts[0]).entries.map(\.name))
    }
    let writer = try CheckpointWriter(parts[1])
    try writer.append(try Tensor(scalar: try session.saveState()), named: Key.state)
    if let source {
      try writer.append(try Tensor(scalar: try source.saveState()), named: Key.source)
    }
    if !countsSteps {
      try writer.append(try Tensor(scalar: Int64(step)), named: Key.step)
    }
    for (name, variable) in try variables() where !saved.contains(name) {
      guard let value = variable.current else { continue }
      try writer.append(value, named: saver == nil ? name : Key.variable + name)
    }
    try writer.finish()
    try Checkpoint.merge(saver == nil ? [parts[1]] : parts, into: prefix)
    FileSystem.removeEmptyFolder(scratch)
    try keep(step: step)
  }

  /// All variables by the names of checkpoints; of several nodes of one name the first.
  private func variables() throws(GraphError) -> [(String, VariableValue)] {
    var names: Set<String> = []
    var found: [(String, VariableValue)] = []
    for node in session.graph.nodes {
      guard let op = node.op as? any VariableOp, let value = try session.value(of: node),
        names.insert(op.savedName(node)).inserted
      else { continue }
      found.append((op.savedName(node), value))
    }
    return found
  }

  /// Points the folder at the checkpoint of a step and removes older ones over the number to keep,
  /// also those that a run which was killed would have removed.
  private func keep(step: Int) throws(GraphError) {
    let steps = try FileSystem.list(folder.path).compactMap(Self.step).filter { $0 <= step }
    let all = steps.sorted().map(prefix)
    let excess = maximumToKeep > 0 ? max(0, all.count - maximumToKeep) : 0
    let state = CheckpointState(latest: prefix(step), all: Array(all.dropFirst(excess)))
    try state.write(folder: folder.path)
    try CheckpointState(latest: prefix(step), all: [prefix(step)]).write(
      folder: folder.path, name: Self.last)
    let best = bestStep.map(prefix)
    for prefix in all.prefix(excess) where prefix != best { try Checkpoint.remove(prefix) }
  }

  // MARK: - The best one

  /// The step of the checkpoint that the file `best` names, if that is there.
  var bestStep: Int? {
    let file = folder.file(Self.best)
    guard FileSystem.kind(file) == .file, let state = try? CheckpointState(file: file),
      FileSystem.kind(Checkpoint.indexPath(state.latest)) == .file
    else { return nil }
    return state.latest.split(separator: "-").last.flatMap { Int($0) }
  }

  /// Makes the checkpoint of a step the best one; the one before goes if only that kept it.
  func setBest(step: Int) throws(GraphError) {
    let before = bestStep.map(prefix)
    let prefix = prefix(step)
    guard before != prefix else { return }
    try CheckpointState(latest: prefix, all: [prefix]).write(folder: folder.path, name: Self.best)
    let kept = (try? CheckpointState(folder: folder.path))?.all ?? []
    if let before, !kept.contains(before) { try Checkpoint.remove(before) }
  }

  // MARK: - Resuming

  /// Gives the session what the newest intact checkpoint has; the graph's initializers have run.
  ///
  /// - Parameter warn: Told of damaged checkpoints and of what is missing.
  /// - Returns: The step, where the graph does not count it; `nil` when there is no checkpoint.
  func resume(_ warn: (String) -> Void) throws(GraphError) -> (prefix: String, step: Int?)? {
    let files = try FileSystem.list(folder.path)
    for name in files where name.hasSuffix(Self.unfinished) {
      let scratch = folder.file(name)
      for file in (try? FileSystem.list(scratch)) ?? [] {
        try FileSystem.remove(FileSystem.join(scratch, file))
      }
      FileSystem.removeEmptyFolder(scratch)
    }
    guard files.contains(where: { $0.hasSuffix(".index") }) else { return nil }
    let (checkpoint, passedOver) = try Checkpoint.newestIntact(folder: folder.path)
    for (prefix, error) in passedOver { warn("\(prefix) is damaged (\(error.message)); not used") }
    if let saver {
      let prefix = try Tensor(scalar: Array(checkpoint.prefix.utf8))
      try session.run(saver.restore, feeds: [saver.filename: prefix])
    } else {
      let missing = try session.restore(checkpoint)
      if let first = missing.first {
        warn("\(checkpoint.prefix) lacks \(missing.count) variables, such as '\(first)'")
      }
    }
    for (name, variable) in try variables() where checkpoint.contains(Key.variable + name) {
      variable.current = try checkpoint.tensor(named: Key.variable + name)
    }
    let states = [(Key.state, session)] + (source.map { [(Key.source, $0)] } ?? [])
    for (key, session) in states {
      guard checkpoint.contains(key) else {
        warn(
          "\(checkpoint.prefix) has no '\(key)'; random numbers and the input begin anew")
        continue
      }
      let state = try checkpoint.tensor(named: key)
      guard state.dataType == .string, let bytes = state.strings.first else {
        throw .dataLoss("\(checkpoint.prefix): '\(key)' is not a string")
      }
      try session.restoreState(bytes)
    }
    // A run that was killed right after it had made the checkpoint has not pointed at it everywhere.
    let index = FileSystem.name(of: Checkpoint.indexPath(checkpoint.prefix))
    if let step = Self.step(index), prefix(step) == checkpoint.prefix { try keep(step: step) }
    guard checkpoint.contains(Key.step) else { return (checkpoint.prefix, nil) }
    let step = try checkpoint.tensor(named: Key.step).elements(Int64.self).first ?? 0
    return (checkpoint.prefix, Int(clamping: step))
  }
}
