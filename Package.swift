// swift-tools-version: 6.1
import PackageDescription

/// Debian's package that brings a C library, so that a failed build says what to install.
func cLibrary(_ name: String, pkgConfig: String? = nil, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

/// The targets of one room: sources in `Sources/ROOM/TARGET`, tests in `Tests/ROOM/TARGETTests`.
func room(_ name: String, _ targets: [Target]) -> [Target] {
    for target in targets where target.path == nil {
        target.path = "\(target.type == .test ? "Tests" : "Sources")/\(name)/\(target.name)"
    }
    return targets
}

let system = room(
    "System",
    [
        cLibrary("CLibPQ", pkgConfig: "libpq", apt: "libpq-dev"),
        cLibrary("CLZ4", pkgConfig: "liblz4", apt: "liblz4-dev"),
        cLibrary("CXXHash", pkgConfig: "libxxhash", apt: "libxxhash-dev"),
        cLibrary("CZLib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        cLibrary("CCrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),
        // These two come without a pkg-config file; their module maps name the library to link.
        cLibrary("CDNNL", apt: "libdnnl-dev"),
        cLibrary("CCSV", apt: "libcsv-dev"),
    ])

let base = room(
    "Base",
    [
        .target(name: "Arrays", dependencies: ["CDNNL"]),
        .target(name: "CounterRandom"),
        .target(name: "Days"),
        .target(name: "Digests", dependencies: ["CCrypto"]),
        .target(name: "Files"),
        .target(
            name: "Libraries", dependencies: ["CCSV", "CCrypto", "CDNNL", "CLZ4", "CLibPQ", "CXXHash", "CZLib"]),
        .target(name: "Postgres", dependencies: ["CLibPQ", "Days", "Digests"]),
        .target(name: "Collectives", dependencies: ["Arrays"]),
        .testTarget(name: "DaysTests", dependencies: ["Days"]),
        .testTarget(name: "DigestsTests", dependencies: ["Digests"]),
        .testTarget(name: "FilesTests", dependencies: ["Files"]),
        .testTarget(name: "PostgresTests", dependencies: ["Days", "Postgres", "TestSupport"]),
    ])

let logs = room(
    "Logs",
    [
        .target(name: "AdLogs", dependencies: ["CXXHash", "Days", "Postgres"]),
        .target(name: "LogImport", dependencies: ["AdLogs", "CCSV", "CZLib", "Days", "Digests", "Postgres"]),
        .target(name: "SampleLogs", dependencies: ["AdLogs", "CounterRandom", "Days", "Postgres"]),
        .testTarget(name: "AdLogsTests", dependencies: ["AdLogs", "Days", "Postgres", "TestSupport"]),
        .testTarget(name: "LogImportTests", dependencies: ["AdLogs", "Days", "LogImport", "Postgres", "TestSupport"]),
        .testTarget(name: "SampleLogsTests", dependencies: ["CounterRandom", "Days", "Evaluation", "SampleLogs"]),
    ])

let cache = room(
    "Cache",
    [
        .target(name: "Features", dependencies: ["CXXHash"]),
        .target(name: "FeatureCache", dependencies: ["CLZ4", "CXXHash", "Days", "Files"]),
        .target(
            name: "Extract",
            dependencies: ["AdLogs", "CXXHash", "Days", "FeatureCache", "Features", "Files", "Postgres"]),
        .testTarget(name: "FeaturesTests", dependencies: ["Features"], exclude: ["reference.py"]),
        .testTarget(
            name: "FeatureCacheTests",
            dependencies: ["CounterRandom", "Days", "FeatureCache", "TestSupport"]),
        .testTarget(
            name: "ExtractTests",
            dependencies: [
                "AdLogs", "CXXHash", "CounterRandom", "Days", "Extract", "FeatureCache", "Features", "Jobs",
                "Postgres", "RocketServing", "TestSupport",
            ]),
    ])

let learning = room(
    "Learning",
    [
        // The method alone: it uses no other target.
        .target(name: "RocketLaunching"),
        .target(name: "Nets", dependencies: ["Arrays", "CDNNL", "CounterRandom"]),
        .target(
            name: "Training",
            dependencies: ["Arrays", "CounterRandom", "FeatureCache", "Nets", "RocketLaunching"]),
        .target(
            name: "RankedTraining", dependencies: ["Arrays", "Collectives", "FeatureCache", "Nets", "Training"]),
        .testTarget(name: "RocketLaunchingTests", dependencies: ["RocketLaunching"]),
        .testTarget(
            name: "NetsTests", dependencies: ["Arrays", "CounterRandom", "Nets"],
            exclude: ["reference.json", "reference.py"]),
        .testTarget(
            name: "TrainingTests",
            dependencies: [
                "AllocationCount", "Arrays", "Collectives", "CounterRandom", "FeatureCache", "Nets", "RankedTraining",
                "RocketLaunching", "Training",
            ],
            exclude: ["reference.json", "reference.py"]),
    ])

let judging = room(
    "Judging",
    [
        .target(
            name: "Evaluation",
            dependencies: [
                "Arrays", "CounterRandom", "Files", .product(name: "Histogram", package: "hdrhistogram-swift"),
            ]),
        .testTarget(
            name: "EvaluationTests", dependencies: ["Arrays", "CounterRandom", "Evaluation"],
            exclude: ["paired.py", "reference.json", "reference.py"]),
    ])

let serving = room(
    "Serving",
    [
        .target(name: "RocketServing", dependencies: ["Features", "Nets"]),
        .target(
            name: "ONNXExport",
            dependencies: ["Arrays", "Features", "Nets", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
            exclude: ["onnx.proto"]),
        .testTarget(
            name: "RocketServingTests",
            dependencies: [
                "AllocationCount", "CounterRandom", "FeatureCache", "Features", "Nets", "RocketLaunching",
                "RocketServing", "Training",
            ]),
    ])

let results = room(
    "Results",
    [
        .target(name: "ModelRegistry", dependencies: ["Days", "Digests", "Evaluation", "Postgres"]),
        .target(name: "Plots"),
        .target(name: "Reports", dependencies: ["Days", "Evaluation", "ModelRegistry", "Plots", "Postgres"]),
        .testTarget(name: "PlotsTests", dependencies: ["Plots"]),
    ])

let operations = room(
    "Operations",
    [
        .target(
            name: "JobFile",
            dependencies: [
                "AdLogs", "Evaluation", "Features", "Files", "Nets", "RocketLaunching", "Training",
                .product(name: "Yams", package: "Yams"),
            ]),
        .target(
            name: "Jobs",
            dependencies: [
                "AdLogs", "Arrays", "Collectives", "Days", "Evaluation", "Extract", "FeatureCache", "Features", "Files",
                "JobFile", "Libraries", "LogImport", "ModelRegistry", "Nets", "ONNXExport", "Postgres", "RankedTraining",
                "RocketLaunching", "RocketServing", "SampleLogs", "Training",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/Operations", exclude: ["JobFile"]),
        .testTarget(
            name: "JobFileTests",
            dependencies: ["AdLogs", "Features", "JobFile", "Nets", "RocketLaunching", "TestSupport", "Training"]),
        .testTarget(
            name: "OperationsTests",
            dependencies: [
                "CounterRandom", "Days", "Evaluation", "Extract", "FeatureCache", "JobFile", "Jobs", "Plots",
                "Postgres", "Reports", "TestSupport", "Training", "rocket",
                .product(name: "Logging", package: "swift-log"),
            ]),
    ])

let commands = room(
    "Commands",
    [
        .executableTarget(
            name: "rocket",
            dependencies: [
                "CCSV", "Collectives", "Files", "JobFile", "Jobs", "Reports",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "TextTable", package: "TextTable"),
            ])
    ])

/// What several rooms' tests use, and the fuzzing of everything that comes from outside.
let support: [Target] = [
    .target(
        name: "TestSupport", dependencies: ["CLZ4", "CXXHash", "CounterRandom", "Postgres"],
        path: "Tests/Support/TestSupport"),
    .target(name: "AllocationCount", path: "Tests/Support/AllocationCount"),
    .target(
        name: "FuzzInputs",
        dependencies: [
            "CounterRandom", "Days", "FeatureCache", "Features", "JobFile", "Jobs", "Nets", "RocketLaunching",
            "RocketServing", "TestSupport", "Training",
        ],
        path: "Tests/Fuzz/Inputs"),
    .executableTarget(name: "rocket-fuzz", dependencies: ["FuzzInputs"], path: "Tests/Fuzz/Main"),
    .testTarget(name: "FuzzTests", dependencies: ["FuzzInputs"], path: "Tests/Fuzz/FuzzTests"),
]

let rooms = [
    system, base, logs, cache, learning, judging, serving, results, operations, commands, support,
]

let package = Package(
    name: "rocket-launching",
    products: [
        .executable(name: "rocket", targets: ["rocket"]),
        .library(name: "RocketServing", targets: ["RocketServing"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/ordo-one/TextTable", exact: "0.0.2"),
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
    ],
    targets: rooms.flatMap { $0 }
)
