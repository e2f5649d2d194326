// Operators broadcast as NumPy does, and take literals.
import Nagare

let graph = Graph()
let vector = try graph.constant([1, 2, 3, 4])
print(try Session(graph).run(try vector + 5))
