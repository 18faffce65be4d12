// swift-tools-version: 6.1
import PackageDescription

// A server that scores with RocketServing. Without the trait “Program”, which is on unless traits are named, none of
// the packages that only the program needs is fetched.
let package = Package(
    name: "server",
    dependencies: [.package(path: "../rocket-launching", traits: [])],
    targets: [
        .executableTarget(
            name: "server", dependencies: [.product(name: "RocketServing", package: "rocket-launching")])
    ]
)
