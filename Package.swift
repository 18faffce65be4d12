// swift-tools-version: 6.1
import PackageDescription

/// Debian's package that brings a C library, so that a failed build says what to install.
func cLibrary(_ name: String, pkgConfig: String? = nil, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

/// A product of another package. The program alone needs any, so a package that uses `RocketServing` without the trait
/// fetches none.
func product(_ name: String, _ package: String) -> Target.Dependency {
    .product(name: name, package: package, condition: .when(traits: ["Program"]))
}

/// The targets of one room: sources in `Sources/ROOM/TARGET`, tests in `Tests/ROOM/TARGETTests`.
///
/// - Parameter unoptimized: Targets that wait for people or a database, not for the CPU. They, and tests, are not
///   optimised, which takes a third of the time to compile. Nothing that `RocketServing` uses may be among them:
///   packages that use it must not meet unsafe flags.
func room(_ name: String, unoptimized: Set<String> = [], _ targets: [Target]) -> [Target] {
    for target in targets where target.path == nil {
        target.path = "\(target.type == .test ? "Tests" : "Sources")/\(name)/\(target.name)"
        // TrainingTests counts the allocations of a step, of which there are none only in optimised code.
        if target.type == .test && target.name != "TrainingTests" || unoptimized.contains(target.name) {
            target.swiftSettings = [.unsafeFlags(["-Onone"], .when(configuration: .release))]
        }
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
        .target(name: "Files", dependencies: ["CCSV"]),
        .target(name: "Instructions", dependencies: ["CDNNL"]),
        .target(
            name: "Libraries", dependencies: ["CCSV", "CCrypto", "CDNNL", "CLZ4", "CLibPQ", "CXXHash", "CZLib"]),
        .target(name: "Names"),
        .target(name: "Postgres", dependencies: ["CLibPQ", "Days", "Digests", "Names"]),
        .target(name: "Collectives", dependencies: ["Arrays"]),
        .testTarget(name: "ArraysTests", dependencies: ["Arrays"]),
        .testTarget(name: "CollectivesTests", dependencies: ["Arrays", "Collectives"]),
        .testTarget(name: "DaysTests", dependencies: ["Days"]),
        .testTarget(name: "DigestsTests", dependencies: ["Digests"]),
        .testTarget(name: "FilesTests", dependencies: ["Files"]),
        .testTarget(name: "NamesTests", dependencies: ["Names"]),
        .testTarget(name: "PostgresTests", dependencies: ["Days", "Postgres", "TestSupport"]),
    ])

let logs = room(
    "Logs",
    [
        .target(name: "AdLogs", dependencies: ["CXXHash", "Days", "Names", "Postgres"]),
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
        .target(name: "KeyCounts", dependencies: ["CXXHash", "Days", "Files"]),
        .target(
            name: "Extract",
            dependencies: [
                "AdLogs", "CXXHash", "Days", "Digests", "FeatureCache", "Features", "Files", "KeyCounts", "Postgres",
            ]),
        .testTarget(name: "KeyCountsTests", dependencies: ["CounterRandom", "Days", "KeyCounts", "TestSupport"]),
        .testTarget(name: "FeaturesTests", dependencies: ["Features"], exclude: ["reference.py"]),
        .testTarget(
            name: "FeatureCacheTests",
            dependencies: ["CounterRandom", "Days", "FeatureCache", "TestSupport"]),
        .testTarget(
            name: "ExtractTests",
            dependencies: [
                "AdLogs", "CXXHash", "CounterRandom", "Days", "Extract", "FeatureCache", "Features", "KeyCounts",
                "Postgres", "RocketServing", "Runs", "TestSupport",
            ]),
    ])

let learning = room(
    "Learning",
    [
        // The method alone: it uses no other target.
        .target(name: "RocketLaunching"),
        // The one target in C: loops whose speed is the width of the CPU's instructions.
        .target(name: "CLoops"),
        .target(name: "Nets", dependencies: ["Arrays", "CDNNL", "CLoops", "CounterRandom", "Instructions"]),
        .target(
            name: "Training",
            dependencies: ["Arrays", "CounterRandom", "FeatureCache", "Instructions", "Nets", "RocketLaunching"]),
        .target(
            name: "RankedTraining", dependencies: ["Arrays", "Collectives", "FeatureCache", "Nets", "Training"]),
        .testTarget(name: "RocketLaunchingTests", dependencies: ["RocketLaunching"]),
        .testTarget(
            name: "NetsTests", dependencies: ["Arrays", "CounterRandom", "Nets"],
            exclude: ["reference.json", "reference.py"]),
        .testTarget(
            name: "TrainingTests",
            dependencies: [
                "AllocationCount", "Arrays", "CounterRandom", "FeatureCache", "Nets", "RocketLaunching", "Training",
                "TrainingSupport",
            ],
            exclude: ["reference.json", "reference.py"]),
        .testTarget(
            name: "RankedTrainingTests",
            dependencies: [
                "Arrays", "Collectives", "FeatureCache", "Nets", "RankedTraining", "RocketLaunching", "Training",
                "TrainingSupport",
            ]),
    ])

let judging = room(
    "Judging",
    [
        .target(
            name: "Evaluation",
            dependencies: [
                "Arrays", "CounterRandom", "Files", product("Histogram", "hdrhistogram-swift"),
            ]),
        .testTarget(
            name: "EvaluationTests", dependencies: ["Arrays", "CounterRandom", "Evaluation"],
            exclude: ["paired.py", "reference.json", "reference.py"]),
    ])

let serving = room(
    "Serving",
    [
        .target(name: "RocketServing", dependencies: ["Days", "Features", "Names", "Nets"]),
        .target(
            name: "ONNXExport",
            dependencies: ["Arrays", "Features", "Nets", product("SwiftProtobuf", "swift-protobuf")],
            exclude: ["onnx.proto"]),
        // The header of the C interface, and what Swift cannot say.
        .target(name: "CRocketServing", exclude: ["examples", "rocket-serving.pc.in"]),
        .target(name: "RocketServingC", dependencies: ["Arrays", "CRocketServing", "RocketServing"]),
        .testTarget(name: "ONNXExportTests", dependencies: ["Features", "Nets", "ONNXExport"]),
        .testTarget(
            name: "RocketServingTests",
            dependencies: [
                "AllocationCount", "CounterRandom", "Days", "FeatureCache", "Features", "Nets", "RocketLaunching",
                "RocketServing", "Training",
            ]),
    ])

let results = room(
    "Results", unoptimized: ["ModelRegistry", "Plots", "Reports"],
    [
        .target(name: "ModelRegistry", dependencies: ["Days", "Digests", "Evaluation", "Postgres"]),
        .target(name: "Plots"),
        .target(name: "Reports", dependencies: ["Days", "Evaluation", "ModelRegistry", "Plots", "Postgres"]),
        .testTarget(name: "PlotsTests", dependencies: ["Plots"]),
        .testTarget(
            name: "ModelRegistryTests",
            dependencies: [
                "OperationsSupport", "Postgres", "Reports", "TestSupport",
            ]),
        .testTarget(
            name: "ReportsTests",
            dependencies: [
                "Evaluation", "OperationsSupport", "Plots", "Postgres", "Reports", "TestSupport",
            ]),
    ])

let operations = room(
    "Operations", unoptimized: ["Alerts", "Backfill", "CacheUpkeep", "Doctor", "Experiments", "JobFile", "LogLoading"],
    [
        .target(
            name: "JobFile",
            dependencies: [
                "AdLogs", "Evaluation", "Features", "Files", "Instructions", "Names", "Nets", "RocketLaunching",
                "Training",
                product("Yams", "Yams"),
            ]),
        .target(
            name: "Runs",
            dependencies: [
                "AdLogs", "Collectives", "Days", "Digests", "Evaluation", "Extract", "FeatureCache", "Features",
                "Files", "Instructions", "JobFile", "LogImport", "ModelRegistry", "Nets", "ONNXExport", "Postgres",
                "RocketServing", "Training",
                product("Logging", "swift-log"),
            ]),
        .target(
            name: "Alerts",
            dependencies: [
                "Files", "JobFile", "Postgres", "Runs",
                product("Logging", "swift-log"),
            ]),
        .target(
            name: "Night",
            dependencies: [
                "AdLogs", "Arrays", "Collectives", "CounterRandom", "Days", "Digests", "Evaluation", "Extract",
                "FeatureCache",
                "Features", "Files", "JobFile", "ModelRegistry", "Nets", "ONNXExport", "Postgres", "RankedTraining",
                "RocketLaunching", "RocketServing", "Runs", "Training",
                product("Logging", "swift-log"),
            ]),
        .target(
            name: "Backfill",
            dependencies: [
                "AdLogs", "Collectives", "Days", "Extract", "JobFile", "ModelRegistry", "Night", "Postgres", "Runs",
                product("Logging", "swift-log"),
            ]),
        .target(
            name: "Experiments",
            dependencies: [
                "CounterRandom", "Days", "Digests", "Evaluation", "Extract", "Features", "JobFile", "ModelRegistry",
                "Night", "Postgres", "Reports", "RocketLaunching", "Runs", "Training",
                product("Logging", "swift-log"),
            ]),
        .target(
            name: "Onboarding",
            dependencies: [
                "AdLogs", "Days", "Extract", "Features", "Files", "JobFile", "Names", "Postgres", "Runs",
            ]),
        .target(
            name: "Doctor",
            dependencies: [
                "AdLogs", "Days", "Extract", "FeatureCache", "Features", "Files", "Instructions", "JobFile",
                "Libraries", "ModelRegistry", "Names", "Nets", "Postgres", "Runs",
            ]),
        .target(
            name: "Deployment",
            dependencies: [
                "AdLogs", "Days", "Digests", "Extract", "Files", "JobFile", "ModelRegistry", "Postgres",
                "RocketServing", "Runs", "Training",
            ]),
        .target(
            name: "Benchmarks",
            dependencies: [
                "AdLogs", "Collectives", "CounterRandom", "Days", "Evaluation", "Extract", "FeatureCache", "Features",
                "Files", "JobFile", "Nets", "ONNXExport", "Postgres", "RankedTraining", "RocketLaunching",
                "RocketServing", "Runs", "SampleLogs", "Training",
            ]),
        .target(
            name: "LogLoading",
            dependencies: [
                "AdLogs", "Days", "LogImport", "Postgres", "Runs", "SampleLogs",
                product("Logging", "swift-log"),
            ]),
        .target(name: "CacheUpkeep", dependencies: ["AdLogs", "Days", "Extract", "FeatureCache", "Postgres", "Runs"]),
        .testTarget(name: "AlertsTests", dependencies: ["Alerts", "Runs", "TestSupport"]),
        .testTarget(
            name: "BackfillTests",
            dependencies: [
                "Backfill", "Days", "Night", "OperationsSupport", "Postgres", "Reports", "Runs", "TestSupport",
            ]),
        .testTarget(
            name: "DeploymentTests",
            dependencies: [
                "CRocketServing", "CounterRandom", "Deployment", "ModelRegistry", "OperationsSupport", "Postgres",
                "RocketServing", "RocketServingC", "Runs", "TestSupport",
            ]),
        .testTarget(
            name: "DoctorTests",
            dependencies: [
                "CacheUpkeep", "Deployment", "Doctor", "Instructions", "OperationsSupport", "Postgres", "TestSupport",
            ]),
        .testTarget(
            name: "ExperimentsTests",
            dependencies: [
                "Experiments", "JobFile", "Night", "OperationsSupport", "Postgres", "Reports", "RocketLaunching",
                "TestSupport",
            ]),
        .testTarget(
            name: "JobFileTests",
            dependencies: [
                "AdLogs", "Features", "JobFile", "Nets", "RocketLaunching", "TestSupport", "Training",
            ]),
        .testTarget(
            name: "NightTests",
            dependencies: [
                "Backfill", "CacheUpkeep", "CounterRandom", "Days", "Deployment", "Evaluation", "Experiments",
                "FeatureCache", "Instructions", "JobFile", "LogLoading", "ModelRegistry", "Night", "OperationsSupport",
                "Plots", "Postgres",
                "Reports", "RocketLaunching", "Runs", "TestSupport", "Training",
                product("Logging", "swift-log"),
            ]),
        .testTarget(
            name: "OnboardingTests",
            dependencies: [
                "AdLogs", "CounterRandom", "Deployment", "Onboarding", "OperationsSupport", "Postgres", "Reports",
                "Runs",
                "TestSupport",
            ]),
        .testTarget(
            name: "RunsTests",
            dependencies: [
                "Alerts", "JobFile", "OperationsSupport", "Postgres", "Runs", "TestSupport",
                product("Logging", "swift-log"),
            ]),
    ])

let commands = room(
    "Commands", unoptimized: ["rocket"],
    [
        .executableTarget(
            name: "rocket",
            dependencies: [
                "Alerts", "Backfill", "Benchmarks", "CacheUpkeep", "Collectives", "Days", "Deployment", "Doctor",
                "Experiments", "Files", "JobFile", "LogLoading", "Night", "Onboarding", "Reports", "Runs",
                product("ArgumentParser", "swift-argument-parser"),
                product("Logging", "swift-log"),
                product("TextTable", "TextTable"),
            ]),
        .testTarget(
            name: "rocketTests",
            dependencies: [
                "OperationsSupport", "Postgres", "Reports", "TestSupport", "rocket",
            ]),
    ])

/// What several rooms' tests use, and the fuzzing of everything that comes from outside.
let support: [Target] = [
    .target(
        name: "TestSupport", dependencies: ["CLZ4", "CXXHash", "CounterRandom", "Postgres"],
        path: "Tests/Support/TestSupport"),
    .target(
        name: "OperationsSupport",
        dependencies: [
            "Backfill", "CacheUpkeep", "Days", "Experiments", "Extract", "JobFile", "LogLoading", "Night", "Runs",
            "TestSupport",
            product("Logging", "swift-log"),
        ],
        path: "Tests/Support/OperationsSupport"),
    .target(name: "AllocationCount", path: "Tests/Support/AllocationCount"),
    .target(
        name: "TrainingSupport",
        dependencies: ["CounterRandom", "FeatureCache", "Nets", "RocketLaunching", "Training"],
        path: "Tests/Support/TrainingSupport"),
    .target(
        name: "FuzzInputs",
        dependencies: [
            "Alerts", "CounterRandom", "Days", "FeatureCache", "Features", "JobFile", "KeyCounts", "Nets",
            "RocketLaunching", "RocketServing", "TestSupport", "Training",
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
        .library(name: "rocket-serving", type: .dynamic, targets: ["RocketServingC"]),
    ],
    traits: [
        .trait(name: "Program", description: "The program, which needs other packages; RocketServing needs none."),
        .default(enabledTraits: ["Program"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/ordo-one/TextTable", exact: "0.0.2"),
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0", traits: []),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
    ],
    targets: rooms.flatMap { $0 }
)
