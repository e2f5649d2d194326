// swift-tools-version: 6.2
import PackageDescription

let swift: [SwiftSetting] = [.treatAllWarnings(as: .error)]

// One small program each, run by the tests.
let examples: [Target] = [
  "addition", "broadcasting", "networks", "reshape", "training",
].map { name in
  .executableTarget(
    name: "example-\(name)", dependencies: ["Nagare"], path: "Examples/\(name)",
    swiftSettings: swift)
}

let package = Package(
  name: "Nagare",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Nagare", targets: ["Nagare"]),
    .library(name: "NagareDetection", targets: ["NagareDetection"]),
    .executable(name: "nagare", targets: ["NagareCLI"]),
  ],
  dependencies: [
    .package(
      url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
  ],
  targets: [
    .target(name: "CNagareKernels"),
    .target(
      name: "CNagareCodecs",
      linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("png"), .linkedLibrary("z")]),
    .target(
      name: "NagareMessages",
      dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["Protos"]),
    .target(
      name: "Nagare",
      dependencies: [
        "CNagareKernels", "CNagareCodecs", "NagareMessages",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "RealModule", package: "swift-numerics"),
      ],
      swiftSettings: swift),
    .target(
      name: "NagareDetection",
      dependencies: ["Nagare"],
      path: "Graphs/Detection",
      swiftSettings: swift),
    .executableTarget(
      name: "NagareCLI",
      dependencies: [
        "Nagare", "NagareDetection",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swift),
    .target(
      name: "TestSupport", dependencies: ["Nagare"], path: "Tests/TestSupport",
      swiftSettings: swift),
    .testTarget(
      name: "NagareTests",
      dependencies: ["Nagare", "CNagareKernels", "NagareMessages", "TestSupport"],
      exclude: ["Golden"],
      swiftSettings: swift),
    .testTarget(
      name: "NagareDetectionTests", dependencies: ["Nagare", "NagareDetection", "TestSupport"],
      swiftSettings: swift),
    .testTarget(
      name: "NagareCLITests",
      dependencies: ["Nagare", "NagareCLI", "TestSupport"]
        + examples.map { .target(name: $0.name) },
      swiftSettings: swift),
  ] + examples,
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c11
)
