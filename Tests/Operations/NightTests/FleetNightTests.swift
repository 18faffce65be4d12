import Deployment
import Evaluation
import Foundation
import JobFile
import ModelRegistry
import OperationsSupport
import Postgres
import Reports
import TestSupport
import Testing

@testable import Night

/// A night with several light nets.
@Suite("A night's fleet of light nets") struct FleetNightTests {
    static let lights = "lights: {small: [2], medium: {hidden: [8, 4]}, large: [64, 32]}"

    static func fleet(_ serve: String) -> (String) -> String {
        { text in
            text.replacing("light: [4]", with: lights)
                + "\npromotion: {margin: 1, lowest_pcoc: 0, highest_pcoc: 100, least_clicks: 1, replicates: 100}"
                + (serve.isEmpty ? "" : "\nserve: \(serve)") + "\n"
        }
    }

    static func weights(_ url: String, version: Int, net: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try withTemporaryFolder { folder in
            let files = try Deployments(database: url).pull(version, .all, .withBooster, net: net, to: folder)
            let names = files.compactMap { $0.path.split(separator: "/").last.map(String.init) }
            #expect(Set(names) == ["model.safetensors", "light.onnx", "features.json", "examples.jsonl"])
            bytes = Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/test-\(version)/model.safetensors")))
            // What a server pulls scores by itself.
            _ = try Deployments(database: url).pull(version, .all, net: net, to: "\(folder)/light")
            let row = Array(#"{"category": "books", "slot": "top", "price": 3.5}"#.utf8)
            let pulled = try Predictor(folder: "\(folder)/light/test-\(version)").predict(lines: [row[...]])
            let stored = try Predictor(.number(version), of: nil, net: net, database: url).predict(lines: [row[...]])
            #expect(pulled.predictions == stored.predictions)
        }
        return bytes
    }

    @Test("All nets are judged, timed and stored; each is pulled as a rocket with it alone has it")
    func whole() throws {
        try TestDatabase.run { url in
            try TestJob.withJob(on: url, change: Self.fleet("{net: medium}")) { job in
                let outcome = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00"))
                let (version, connection) = (try #require(outcome.version), try TestDatabase.connect(url))
                let reader = try ReportReader(database: url)
                let report = try #require(try reader.reports().first)
                let curve = try #require(report.curve)
                #expect(report.servedNet == "medium" && curve.served == "medium" && curve.limitMicroseconds == nil)
                #expect(curve.nets.map(\.net) == ["small", "medium", "large", "booster"])
                #expect(curve.lights[1].auc == report.light.auc && report.lightAloneAUC != nil)
                #expect(curve.nets.allSatisfy { $0.auc != nil && $0.p99 ?? 0 > 0 })
                #expect(curve.nets.allSatisfy { $0.bytes ?? 0 > 0 && $0.layers != nil })
                #expect(curve.lights.map { $0.parameters ?? 0 } == curve.lights.map { $0.parameters ?? 0 }.sorted())
                #expect(curve.candidates == 10 && curve.cost ?? 0 > 0)
                #expect(curve.neighbours.map(\.net) == ["medium", "medium", "large", "large"])
                let auc = try #require(curve.neighbours.first { $0.net == "large" && $0.metric == "auc" })
                #expect(try abs(auc.estimate - (#require(curve.nets[2].auc) - #require(curve.nets[1].auc))) < 1e-9)
                let advice = try #require(curve.advice)
                #expect(advice.contains("the next larger net, large, gives") && advice.contains("smaller net, small,"))
                let decision = try #require(try reader.decision(of: version))
                let rule = try #require(decision.rules.first { $0.name == "served_net" })
                #expect(rule.passed && rule.detail.contains("as the job file says"))
                let view = try connection.execute(
                    "SELECT net, served FROM rocket.quality_by_latency WHERE version = $1 AND p99_us > 0",
                    [.int(version)])
                #expect(try view.map { try $0.text("net") } == ["small", "medium", "large", "booster"])
                #expect(try view.map { try $0.bool("served") } == [false, true, false, false])
                let page = try ReportPage(report, from: reader).html
                #expect(page.contains("What a net of another size would buy") && page.contains("medium, served"))
                let csv = try RocketProgram.rocket(["report", "--nets", "--csv"], database: url)
                #expect(csv.code == 0 && csv.output.split(whereSeparator: \.isNewline).count == 5)
                try Self.compare(job, url, version)
            }
        }
    }

    /// Each net of a version with the version of a job file with it alone.
    private static func compare(_ job: String, _ url: String, _ version: Int) throws {
        let text = try String(contentsOfFile: job, encoding: .utf8)
        for (name, light) in [("small", "[2]"), ("medium", "[8, 4]"), ("large", "[64, 32]")] {
            let alone = text.replacing(lights, with: "light: \(light)").replacing("\nserve: {net: medium}", with: "")
                .replacing("model: test", with: "model: \(name)")
            let path = job.replacing("job.yaml", with: "\(name).yaml")
            try alone.write(toFile: path, atomically: true, encoding: .utf8)
            let made = try TestJob.session(url, path).nightly(asOf: .instant("2026-01-08 01:00+00"))
            let registry = ModelRegistry(try TestDatabase.connect(url))
            let own = try registry.artifact(Artifact.model, version: #require(made.version))
            #expect(try weights(url, version: version, net: name) == own, "\(name)")
            let ours = name == "medium" ? Artifact.onnx : Artifact.onnx(of: name)
            #expect(try registry.artifact(ours, version: version).count > 1_000)
            let row = #"{"category": "books", "slot": "top", "price": 3.5}"#
            let fleet = try Predictor(.number(version), of: nil, net: name, database: url)
                .predict(lines: [Array(row.utf8)[...]])
            let single = try Predictor(.number(#require(made.version)), of: nil, database: url)
                .predict(lines: [Array(row.utf8)[...]])
            #expect(fleet.predictions == single.predictions)
        }
        #expect(throws: (any Error).self) { try weights(url, version: version, net: "huge") }
    }

    @Test("Two limits make two nets live, and the gate's record says why")
    func limits() throws {
        var served: [String] = []
        for limit in ["0.001", "1000000"] {
            try TestJob.withJob(change: Self.fleet("{largest_within_p99_us: \(limit), candidates: 10}")) { url, job in
                let outcome = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00"))
                let registry = ModelRegistry(try TestDatabase.connect(url))
                let version = try #require(outcome.version)
                served.append(try registry.servedNet(of: version))
                let rule = try #require(registry.decision(of: version)?.rules.first { $0.name == "served_net" })
                #expect(rule.passed == (limit != "0.001") && rule.detail.contains("p99 of 10 candidates in µs: small"))
                #expect(try registry.live(model: "test") == (limit == "0.001" ? nil : version))
            }
        }
        #expect(served == ["small", "large"])
    }

    static func latencies(_ p99: [String: Double]) throws -> [LatencyReport] {
        try p99.map { net, time in
            let json = """
                {"net": "\(net)", "batchSize": 200, "mode": "paced", "calls": 1, "p50Microseconds": 1, "p90Microseconds": 1,
                "p99Microseconds": \(time), "p999Microseconds": 1, "meanMicroseconds": 1, "scoresPerSecond": 1,
                "cpuModel": "x"}
                """
            return try JSONDecoder().decode(LatencyReport.self, from: Data(json.utf8))
        }
    }

    @Test(
        "The largest net within the limit is chosen; a live one stays up to 10 % above it; where none fits, the smallest",
        arguments: [
            (["small": 50.0, "medium": 120, "large": 280], nil, "large", true),
            (["small": 50, "medium": 120, "large": 305], nil, "medium", true),
            (["small": 50, "medium": 120, "large": 305], "large", "large", true),
            (["small": 50, "medium": 120, "large": 331], "large", "medium", true),
            (["small": 50, "medium": 120, "large": 290], "medium", "large", true),
            (["small": 320, "medium": 340, "large": 900], nil, "small", false),
            (["small": 320, "medium": 340, "large": 900], "small", "small", true),
            ([:], "medium", "medium", false), ([:], nil, "small", false), ([:], "other", "small", false),
        ] as [([String: Double], String?, String, Bool)])
    func choice(_ p99: [String: Double], _ live: String?, _ expected: String, _ passes: Bool) throws {
        let choice = ServedNetChoice(
            .largest(p99Microseconds: 300, candidates: 200), among: ["small", "medium", "large"],
            try Self.latencies(p99), live: live)
        #expect(choice.record.net == expected && choice.rule?.passed == passes)
        #expect((choice.warning == nil) == passes)
        #expect(choice.record.limit?.candidates == 200 && choice.record.limit?.p99Microseconds == 300)
    }

    @Test("A named net needs no latency, and of one light net nothing is said")
    func named() {
        let named = ServedNetChoice(.net("small"), among: ["small", "large"], [], live: "large")
        #expect(named.record == ServedNetRecord(net: "small") && named.rule?.passed == true && named.warning == nil)
        #expect(ServedNetChoice(.net("light"), among: ["light"], [], live: nil).rule == nil)
    }
}
