// swift-tools-version: 6.1
import PackageDescription

/// Debian's package that brings a C library, so that a failed build says what to install.
func system(_ name: String, pkgConfig: String? = nil, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let package = Package(
    name: "rocket-launching",
    products: [
        .executable(name: "rocket", targets: ["rocket"]),
        .library(name: "RocketServing", targets: ["RocketServing"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/ordo-one/TextTable", from: "0.0.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        system("CLibPQ", pkgConfig: "libpq", apt: "libpq-dev"),
        system("CLZ4", pkgConfig: "liblz4", apt: "liblz4-dev"),
        system("CXXHash", pkgConfig: "libxxhash", apt: "libxxhash-dev"),
        system("CZLib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        system("CCrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),
        // These two come without a pkg-config file; their module maps name the library to link.
        system("CDNNL", apt: "libdnnl-dev"),
        system("CCSV", apt: "libcsv-dev"),

        .target(
            name: "Libraries", dependencies: ["CCSV", "CCrypto", "CDNNL", "CLZ4", "CLibPQ", "CXXHash", "CZLib"]),
        .target(name: "Days"),
        .target(name: "CounterRandom"),
        .target(name: "Digests", dependencies: ["CCrypto"]),
        .target(name: "Files"),
        .target(name: "Postgres", dependencies: ["CLibPQ", "Days", "Digests"]),
        .target(name: "Features", dependencies: ["CXXHash"]),
        .target(name: "FeatureCache", dependencies: ["CLZ4", "CXXHash", "Days", "Files"], exclude: ["FORMAT.md"]),
        .target(name: "AdLogs", dependencies: ["CXXHash", "Days", "Postgres"]),
        .target(name: "LogImport", dependencies: ["AdLogs", "CCSV", "CZLib", "Days", "Digests", "Postgres"]),
        .target(name: "SampleLogs", dependencies: ["AdLogs", "CounterRandom", "Days", "Postgres"]),
        .target(
            name: "Extract",
            dependencies: ["AdLogs", "Days", "FeatureCache", "Features", "Files", "Postgres"]),
        .target(name: "Nets", dependencies: ["CDNNL", "CounterRandom"]),
        .target(name: "Collectives", dependencies: ["Nets"]),
        .target(
            name: "RocketLaunching", dependencies: ["Collectives", "CounterRandom", "Days", "FeatureCache", "Nets"]),
        .target(
            name: "ONNXExport",
            dependencies: ["Features", "Nets", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
            exclude: ["onnx.proto"]),
        .target(name: "RocketServing", dependencies: ["Features", "Nets"]),
        .target(
            name: "Evaluation",
            dependencies: ["CounterRandom", "Files", "Nets", .product(name: "Histogram", package: "hdrhistogram-swift")]),
        .target(name: "ModelRegistry", dependencies: ["Days", "Digests", "Evaluation", "Nets", "Postgres"]),
        .target(
            name: "JobFile",
            dependencies: [
                "AdLogs", "Evaluation", "Features", "Files", "Nets", "RocketLaunching",
                .product(name: "Yams", package: "Yams"),
            ]),
        .target(name: "Plots"),
        .target(name: "Reports", dependencies: ["Days", "Evaluation", "ModelRegistry", "Plots", "Postgres"]),
        .target(
            name: "Jobs",
            dependencies: [
                "AdLogs", "Collectives", "Days", "Evaluation", "Extract", "FeatureCache", "Features", "Files", "JobFile",
                "Libraries", "LogImport", "ModelRegistry", "Nets", "ONNXExport", "Postgres", "RocketLaunching", "RocketServing",
                "SampleLogs",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "rocket",
            dependencies: [
                "CCSV", "Collectives", "Files", "Jobs", "Reports",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "TextTable", package: "TextTable"),
            ]),

        .target(name: "TestSupport", dependencies: ["Postgres"], path: "Tests/TestSupport"),
        .target(name: "AllocationCount", path: "Tests/AllocationCount"),
        .target(
            name: "FuzzInputs",
            dependencies: [
                "CLZ4", "CXXHash", "CounterRandom", "Days", "FeatureCache", "Features", "JobFile", "Jobs", "Nets",
                "RocketLaunching", "RocketServing",
            ],
            path: "Tests/Fuzz/Inputs"),
        .executableTarget(name: "rocket-fuzz", dependencies: ["FuzzInputs"], path: "Tests/Fuzz/Main"),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzInputs"]),
        .testTarget(name: "DaysTests", dependencies: ["Days"]),
        .testTarget(name: "DigestsTests", dependencies: ["Digests"]),
        .testTarget(name: "FilesTests", dependencies: ["Files"]),
        .testTarget(name: "PostgresTests", dependencies: ["Days", "Postgres", "TestSupport"]),
        .testTarget(name: "FeaturesTests", dependencies: ["Features"], exclude: ["reference.py"]),
        .testTarget(
            name: "FeatureCacheTests",
            dependencies: ["CLZ4", "CXXHash", "CounterRandom", "Days", "FeatureCache", "TestSupport"]),
        .testTarget(
            name: "ExtractTests",
            dependencies: [
                "AdLogs", "CXXHash", "CounterRandom", "Days", "Extract", "FeatureCache", "Features", "Jobs", "Nets", "Postgres",
                "RocketServing", "TestSupport",
            ]),
        .testTarget(name: "AdLogsTests", dependencies: ["AdLogs", "CounterRandom", "Days", "Postgres", "TestSupport"]),
        .testTarget(
            name: "NetsTests", dependencies: ["CounterRandom", "Nets"], exclude: ["reference.json", "reference.py"]),
        .testTarget(
            name: "RocketLaunchingTests",
            dependencies: [
                "AllocationCount", "Collectives", "CounterRandom", "FeatureCache", "Nets", "RocketLaunching",
            ],
            exclude: ["reference.json", "reference.py"]),
        .testTarget(
            name: "RocketServingTests",
            dependencies: [
                "AllocationCount", "CounterRandom", "FeatureCache", "Features", "Nets", "RocketLaunching",
                "RocketServing",
            ]),
        .testTarget(
            name: "EvaluationTests", dependencies: ["CounterRandom", "Evaluation", "Nets"],
            exclude: ["reference.json", "reference.py"]),
        .testTarget(
            name: "JobFileTests", dependencies: ["AdLogs", "Features", "JobFile", "Nets", "RocketLaunching"]),
        .testTarget(name: "PlotsTests", dependencies: ["Plots"]),
        .testTarget(name: "LogImportTests", dependencies: ["AdLogs", "Days", "LogImport", "Postgres", "TestSupport"]),
        .testTarget(name: "SampleLogsTests", dependencies: ["CounterRandom", "Days", "Evaluation", "SampleLogs"]),
        .testTarget(
            name: "JobsTests",
            dependencies: [
                "CounterRandom", "Days", "Evaluation", "Extract", "FeatureCache", "JobFile", "Jobs", "Plots",
                "Postgres", "Reports", "TestSupport", "rocket",
                .product(name: "Logging", package: "swift-log"),
            ]),
    ]
)
