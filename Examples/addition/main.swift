// A graph is built first; a session then runs a part of it. Printing a tensor of the graph does not
// compute it.
import Nagare

let graph = Graph()
let sum = try add(graph.constant(2), graph.constant(3))
print(sum)

let session = Session(graph)
print(try session.run(sum))
