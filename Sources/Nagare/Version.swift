/// The version of the package, as `nagare --version` prints it.
public let nagareVersion = "0.1.0"
