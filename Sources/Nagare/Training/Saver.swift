import Synchronization

/// Saves and restores the variables of a graph, through nodes that it adds: TensorFlow finds and uses
/// them when it loads the graph.
///
/// TensorFlow: `tf.train.Saver` with V2 checkpoints.
public final class Saver: Sendable {
  private let filename: Output
  private let save: Output
  private let restore: Node
  private let variables: [Variable]
  /// How many checkpoints are kept; older ones are removed.
  public let maximumToKeep: Int
  private let kept = Mutex<[String]>([])

  /// Adds the nodes `save/…` to `graph`.
  ///
  /// - Parameters:
  ///   - variables: What is saved; the collection `variables` when `nil`.
  ///   - maximumToKeep: How many checkpoints are kept; 0 keeps all.
  /// - Throws: `invalidArgument` when there is nothing to save.
  public init(
    _ graph: Graph, variables: [Variable]? = nil, maximumToKeep: Int = 5, name: String = "save"
  ) throws(GraphError) {
    let variables = (variables ?? graph.variables()).sorted { $0.name < $1.name }
    guard !variables.isEmpty else { throw .invalidArgument("No variables to save") }
    self.variables = variables
    self.maximumToKeep = maximumToKeep
    let names = try Tensor(strings: variables.map { Array($0.name.utf8) })
    let slices = try Tensor(strings: variables.map { _ in [] })
    let (filename, save, restore) = try graph.scope(name) {
      () throws(GraphError) -> (Output, Output, Node) in
      let filename = try graph.placeholder(
        withDefault: try graph.constant("model", name: "filename/input"), shape: .scalar,
        name: "filename")
      let path = try graph.placeholder(withDefault: filename, shape: .scalar, name: "Const")
      var values: [Output] = []
      for variable in variables {
        values.append(
          variable.isResource
            ? try graph.output(
              ReadVariableOp(dataType: variable.dataType), [variable.handle],
              name: "Read/ReadVariableOp") : variable.handle)
      }
      let written = try graph.add(
        SaveV2(),
        [
          path, try graph.constant(names, name: "SaveV2/tensor_names"),
          try graph.constant(slices, name: "SaveV2/shape_and_slices"),
        ] + values)
      let saved = try graph.withControlDependencies([written]) {
        () throws(GraphError) -> Output in try identity(path, name: "control_dependency")
      }
      let read = try graph.add(
        RestoreV2(dataTypes: variables.map(\.dataType)),
        [
          path, try graph.constant(names, name: "RestoreV2/tensor_names"),
          try graph.constant(slices, name: "RestoreV2/shape_and_slices"),
        ])
      var assignments: [Node] = []
      for (index, variable) in variables.enumerated() {
        let value = graph.output(read, index)
        if variable.isResource {
          assignments.append(
            try graph.add(
              AssignVariableOp(dataType: variable.dataType),
              [variable.handle, try identity(value)], name: "AssignVariableOp"))
        } else {
          assignments.append(try graph.add(Assign(), [variable.handle, value]))
        }
      }
      return (path, saved, try graph.group(assignments, name: "restore_all"))
    }
    self.filename = filename
    self.save = save
    self.restore = restore
  }

  /// How a MetaGraph names the nodes.
  public var definition: MetaGraph.Saver {
    MetaGraph.Saver(
      filenameTensor: filename.name, saveTensor: save.name, restoreNode: restore.name,
      maximumToKeep: maximumToKeep)
  }

  /// Writes `FOLDER/NAME-STEP`, points the folder's `checkpoint` file at it, then removes what is over
  /// the number to keep. What is on the disk is whole at every moment.
  ///
  /// - Returns: the prefix.
  @discardableResult
  public func save(
    _ session: Session, folder: String, name: String = "model.ckpt", step: Int
  ) throws(GraphError) -> String {
    let prefix = FileSystem.join(folder, "\(name)-\(step)")
    _ = try session.run(
      [save], feeds: [filename: try Tensor(scalar: Array(prefix.utf8))])
    let (all, old): ([String], [String]) = kept.withLock { kept in
      if kept.isEmpty, let state = try? CheckpointState(folder: folder) { kept = state.all }
      kept.removeAll { $0 == prefix }
      kept.append(prefix)
      let excess = maximumToKeep > 0 ? max(0, kept.count - maximumToKeep) : 0
      let old = Array(kept.prefix(excess))
      kept.removeFirst(excess)
      return (kept, old)
    }
    try CheckpointState(latest: prefix, all: all).write(folder: folder)
    for prefix in old { try Checkpoint.remove(prefix) }
    return prefix
  }

  /// Gives the variables the values of a checkpoint.
  ///
  /// - Parameter path: A prefix, a file of the checkpoint, a `checkpoint` file or a folder.
  /// - Throws: `notFound` for a variable that the checkpoint lacks, `dataLoss` for damage.
  public func restore(_ session: Session, _ path: String) throws(GraphError) {
    let prefix = try Checkpoint.prefix(of: path)
    _ = try session.run(
      [], feeds: [filename: try Tensor(scalar: Array(prefix.utf8))], targets: [restore])
  }
}
