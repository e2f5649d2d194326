import Nagare

/// What `nagare inspect --plan` tells.
struct PlanReport {
  let plan: PlanDescription

  var text: String {
    var rows: [[String]] = []
    for (index, unit) in plan.units.enumerated() {
      let parts = unit.parts.isEmpty ? "" : " with " + names(unit.parts)
      let values = unit.outputs.map { value in
        "\(value.dataType.name)\(value.shape) \(size(value))"
      }
      rows.append([
        "\(index)", unit.node.name + parts, unit.type, values.joined(separator: ", "),
        unit.released.isEmpty ? "" : "frees \(unit.released.joined(separator: " "))",
      ])
    }
    var lines = ["Units, in the order of the run"] + Table.lines(rows, indent: "  ")
    for pass in PlanPass.allCases {
      let changes = plan.changes.filter { $0.pass == pass }
      guard !changes.isEmpty else { continue }
      lines += ["", "\(pass.rawValue): \(changes.count) nodes"]
      let alone = pass == .chooseLayouts ? "channels last" : ""
      lines += Table.lines(
        changes.map { [$0.node.name, $0.node.type, $0.into.map { "→ \($0.name)" } ?? alone] },
        indent: "  ")
    }
    let (held, reserved) = plan.peak
    lines += [
      "",
      "\(plan.units.count) units; \(plan.constantCount) constants, \(plan.constantBytes) bytes",
      "buffers: \(held) bytes in use at most, within \(reserved)"
        + (plan.isComplete ? "" : "; and those whose size is not known before a run (--feed)"),
    ]
    return lines.joined(separator: "\n")
  }

  private func names(_ nodes: [Node]) -> String {
    nodes.map { String($0.name.split(separator: "/").last ?? "") }.joined(separator: ", ")
  }

  private func size(_ value: PlanDescription.Value) -> String {
    guard let byteCount = value.byteCount else { return "" }
    guard let offset = value.offset else { return "\(byteCount) B" }
    return "\(byteCount) B at \(offset)" + (value.isShared ? ", its input's" : "")
  }

  var json: JSON {
    [
      "units": .array(plan.units.map(unit)),
      "changes": .array(
        plan.changes.map { change in
          [
            "pass": JSON(change.pass.rawValue), "node": JSON(change.node.name),
            "op": JSON(change.node.type), "into": change.into.map { JSON($0.name) } ?? .null,
          ]
        }),
      "constants": ["count": JSON(plan.constantCount), "bytes": JSON(plan.constantBytes)],
      "peak_bytes": JSON(plan.peak.held), "reserved_bytes": JSON(plan.peak.reserved),
      "complete": .bool(plan.isComplete),
    ]
  }

  private func unit(_ unit: PlanDescription.Unit) -> JSON {
    [
      "node": JSON(unit.node.name), "op": JSON(unit.type),
      "parts": .array(unit.parts.map { JSON($0.name) }),
      "inputs": .array(unit.inputs.map { JSON($0) }),
      "outputs": .array(
        unit.outputs.map { value in
          [
            "name": JSON(value.name), "dtype": JSON(value.dataType.name),
            "shape": JSON(value.shape), "bytes": value.byteCount.map { JSON($0) } ?? .null,
            "offset": value.offset.map { JSON($0) } ?? .null, "shared": .bool(value.isShared),
          ]
        }),
      "released": .array(unit.released.map { JSON($0) }),
    ]
  }
}
