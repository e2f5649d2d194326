// Shapes are inferred while the graph is built, and a shape that cannot be is refused there.
import Nagare

let graph = Graph()
let numbers = try graph.range(0, 100)
print(numbers.shape.tupleDescription)
print(try reshape(numbers, [4, 25]).shape.tupleDescription)

let rows = try reshape(numbers, [4, -1])
print(rows.shape.tupleDescription)
print(try Session(graph).run(rows))

do {
  _ = try reshape(numbers, [4, 20])
} catch {
  print(error)
}
