/// A call of a function that draws random numbers, reads variables or does something besides.
struct StatefulPartitionedCall: FunctionCallOp {
  var function = FunctionReference(name: "")
  var configuration = ""
  var configurationProto = ""
  var executorType = ""

  static let name = "StatefulPartitionedCall"
  static let signature = PartitionedCall.signature
  static let attributes: [Attribute<Self>] = [
    .required("f", \.function), .attribute("config", \.configuration),
    .attribute("config_proto", \.configurationProto), .attribute("executor_type", \.executorType),
  ]
  static let isStateful = true
}
