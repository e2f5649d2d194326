import Nagare

/// Values with the names under which the user asked for them, and where they go: the terminal, JSON,
/// or a folder of .npy files.
struct Results {
  let values: [(name: String, value: Tensor)]

  init(_ names: [String], _ values: [Tensor]) {
    self.values = Array(zip(names, values)).map { (name: $0, value: $1) }
  }

  /// The file of a fetch: every character outside letters, digits, `.`, `_`, `-` becomes `_`.
  static func fileName(_ name: String) -> String {
    var result = ""
    for scalar in name.unicodeScalars {
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": result.unicodeScalars.append(scalar)
      default: result += "_"
      }
    }
    return result + ".npy"
  }

  /// Refuses names of which two would be one file, before anything runs.
  static func checkFileNames(_ names: [String]) throws(ToolError) {
    var owners: [String: String] = [:]
    for name in names {
      let file = fileName(name)
      if let other = owners.updateValue(name, forKey: file), other != name {
        throw ToolError(.usage, "'\(other)' and '\(name)' would both be the file \(file)")
      }
    }
  }

  /// Writes one file for each value and gives their paths.
  func write(to folder: String) throws(ToolError) -> [String] {
    var paths: [String] = []
    try during(.writing) { () throws(GraphError) in
      if !values.isEmpty { try FileSystem.createFolder(folder) }
      for (name, value) in values {
        let path = FileSystem.join(folder, Self.fileName(name))
        do throws(GraphError) {
          try NumPy.write(value, to: path)
        } catch {
          throw error.message.hasPrefix(path) ? error : error.prefixed(path)
        }
        paths.append(path)
      }
    }
    return paths
  }

  /// The values, or what was written where, as JSON.
  func json(files: [String]?) -> JSON {
    var members: [JSON.Member] = []
    for (index, (name, value)) in values.enumerated()
    where !members.contains(where: { $0.name == name }) {
      if let files {
        members.append(
          JSON.Member(
            name: name,
            value: [
              "dtype": JSON(value.dataType.name),
              "shape": .array(value.dimensions.map { JSON($0) }), "file": JSON(files[index]),
            ]))
      } else {
        members.append(JSON.Member(name: name, value: JSON(value)))
      }
    }
    return .object(members)
  }

  /// Delivers the values as the options of a command ask.
  func deliver(outputFolder: String?, asJSON: Bool) throws {
    let files = try outputFolder.map { try write(to: $0) }
    if asJSON {
      try StandardOutput.line(json(files: files).description)
    } else if let files {
      for (path, (_, value)) in zip(files, values) {
        try StandardOutput.line("\(path)  \(value.dataType) \(value.shape.tupleDescription)")
      }
    } else {
      for (name, value) in values {
        // Several values on a terminal are for people, who want to know which is which.
        if values.count > 1, StandardOutput.isTerminal { try StandardOutput.line("\(name):") }
        try StandardOutput.line(value.description)
      }
    }
  }
}
