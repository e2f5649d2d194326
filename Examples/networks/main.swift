// Networks to measure engines with, frozen, with seeded random weights.
//
//   example-networks                  says what they are
//   example-networks DIR [NAME ...]   writes them, all or those named, as DIR/NAME.pb
import Foundation
import Nagare

let arguments = CommandLine.arguments.dropFirst()
let chosen = arguments.dropFirst()
for network in Network.allCases where chosen.isEmpty || chosen.contains(network.rawValue) {
  let graph = Graph()
  graph.randomSeed = 1
  let (input, output) = try network.build(in: graph)
  var parameters = 0
  for variable in graph.variables(in: "trainable_variables") {
    parameters += variable.value.shape.elementCount ?? 0
  }
  print(
    network.rawValue, input.shape.tupleDescription, "->", output.shape.tupleDescription, parameters)
  guard let folder = arguments.first else { continue }
  let session = Session(graph)
  if !graph.variables().isEmpty { try session.run(graph.initializer()) }
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  try session.frozen([output]).write(to: "\(folder)/\(network.rawValue).pb")
}
