// Fits a line to four points by gradient descent: the gradients are nodes of the graph, and so are the
// updates of the variables.
import Nagare

let graph = Graph()
let x = try graph.placeholder(.float32, shape: [nil], name: "x")
let y = try graph.placeholder(.float32, shape: [nil], name: "y")
let slope = try graph.variable(graph.constant(0.0), name: "slope")
let offset = try graph.variable(graph.constant(0.0), name: "offset")
let loss = try mean(squaredDifference(slope.value * x + offset.value, y))
let train = try GradientDescentOptimizer(learningRate: 0.05).minimize(loss)

let session = Session(graph)
try session.run(graph.initializer())
let step = try session.callable(feeds: [x, y], fetches: [loss], targets: [train])
for _ in 1...1000 {
  _ = try step.run([[0.0, 1.0, 2.0, 3.0], [1.0, 3.0, 5.0, 7.0]])
}
print("slope", try session.run(slope.value), "offset", try session.run(offset.value))
