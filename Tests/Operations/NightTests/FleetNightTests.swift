import Backfill
import Deployment
import Foundation
import JobFile
import ModelRegistry
import OperationsSupport
import Plots
import Postgres
import Reports
import Runs
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
            let name = net == "medium" ? "test-\(version)" : "test-\(version)-\(net)"
            bytes = Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)/model.safetensors")))
            // What a server pulls scores by itself.
            _ = try Deployments(database: url).pull(version, .all, net: net, to: "\(folder)/light")
            let row = Array(#"{"category": "books", "slot": "top", "price": 3.5}"#.utf8)
            let pulled = try Predictor(folder: "\(folder)/light/\(name)").predict(lines: [row[...]])
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
                try Self.trainingSection(page, connection)
                #expect(page.contains("Of the tenth that the light net scores highest"))
                #expect(report.gains.first?.hasPrefix("medium: ") == true)
                let csv = try RocketProgram.rocket(["report", "--nets", "--csv"], database: url)
                #expect(csv.code == 0 && csv.output.split(whereSeparator: \.isNewline).count == 5)
                try Self.compare(job, url, version)
            }
        }
    }

    /// Each light net's losses have its name.
    private static func trainingSection(_ page: String, _ connection: Connection) throws {
        let start = try #require(page.range(of: "<section id=\"training\""))
        let end = try #require(page.range(of: "<section id=\"features\""))
        let section = page[start.lowerBound..<end.lowerBound]
        for name in ["small", "medium", "large"] {
            for text in [">Kept step, \(name)<", ">Last \(name) loss<", "\(name), in rocket", "\(name) − booster"] {
                #expect(section.contains(text), "\(text)")
            }
        }
        #expect(!section.contains("light, in rocket") && !section.contains("Light loss<"))
        let points = try connection.execute(
            """
            SELECT p->>'step' AS step, (p->>'light_loss')::double precision AS medium,
                   (p->'further'->0->>'light_loss')::double precision AS small,
                   (p->'further'->1->>'light_loss')::double precision AS large,
                   (p->>'booster_loss')::double precision AS booster
            FROM rocket.model_versions, jsonb_path_query(training, '$.rocket.curve[*]') p WHERE version = 1
            """)
        #expect(!points.isEmpty)
        for point in points {
            let losses = try ["medium", "small", "large", "booster"].map {
                "<td class=\"n\">\(NumberText.fixed(try point.double($0)))</td>"
            }.joined()
            #expect(section.contains("<th scope=\"row\" class=\"n\">\(try point.text("step"))</th>\(losses)"))
        }
        #expect(section.contains(">Medium loss<") && section.contains(">Hint of large, without λ<"))
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

    @Test(
        "A backfilled version is held to the limit and the latencies of its own night when the gate judges it",
        arguments: [(7.0, true), (2_000_000, false)])
    func backfilled(_ p99: Double, _ passes: Bool) throws {
        let change = Self.fleet("{largest_within_p99_us: 1000000, candidates: 10}")
        try TestJob.withJob(change: change) { url, job in
            let day = try TestJob.day("2026-01-07")
            _ = try TestJob.session(url, job).backfill(BackfillRequest(days: day...day))
            let (connection, registry) = (try TestDatabase.connect(url), ModelRegistry(try TestDatabase.connect(url)))
            let version = try #require(try registry.latest(model: "test"))
            #expect(try registry.servedNetRecord(of: version) == ServedNetRecord(net: "large", limit: (10, 1_000_000)))
            #expect(try registry.decision(of: version) == nil)
            try connection.execute("UPDATE rocket.latency_reports SET p99_us = $1", [.double(p99)])
            let measured = try registry.latencies(of: version)
            #expect(measured.count == 16 && measured.allSatisfy { $0.p99Microseconds == p99 && $0.cost != nil })
            _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00"))
            let rule = try #require(registry.decision(of: version)?.rules.first { $0.name == "served_net" })
            #expect(rule.value == p99 && rule.highest == 1_000_000 && rule.passed == passes, "\(rule)")
            #expect(try registry.latencies(of: version) == measured)
            #expect(try registry.live(model: "test") == (passes ? version : nil))
        }
    }

    @Test("A night that serves another net than the live version, of other names, is judged against the live one's")
    func otherNet() throws {
        try TestJob.withJob(days: 4, change: Self.fleet("{net: small}")) { url, job in
            let first = try #require(
                try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00")).version)
            let registry = ModelRegistry(try TestDatabase.connect(url))
            #expect(try registry.live(model: "test") == first && registry.servedNet(of: first) == "small")
            try Self.checkLiveNet(url, job)
            let text = try String(contentsOfFile: job, encoding: .utf8)
            try text.replacing("large: [64, 32]", with: "huge: [64, 32]").replacing("small: [2]", with: "small: [3]")
                .replacing("{net: small}", with: "{largest_within_p99_us: 1000000, candidates: 10}")
                .write(toFile: job, atomically: true, encoding: .utf8)
            let second = try #require(
                try TestJob.session(url, job).nightly(asOf: .instant("2026-01-09 01:00+00")).version)
            #expect(try registry.servedNet(of: second) == "huge")
            let decision = try #require(try registry.decision(of: second))
            #expect(decision.liveVersion == first)
            #expect(decision.rules.contains { $0.name == "not_inferior" && $0.value != nil })
            #expect(decision.rules.contains { $0.name == "served_net" && $0.highest == 1_000_000 && $0.passed })
            let reader = try ReportReader(database: url)
            let report = try #require(try reader.reports(version: second).first)
            let difference = try #require(report.comparison("light_minus_live", "auc")).estimate
            #expect(try abs(#require(report.light.auc) - #require(report.live?.auc) - difference) < 1e-9)
            // The live version's figures are those of its served net.
            try text.write(toFile: job, atomically: true, encoding: .utf8)
            _ = try TestJob.session(url, job).evaluate(version: first, day: TestJob.day("2026-01-08"))
            let own = try registry.figures(of: first, day: TestJob.day("2026-01-08")).first { $0.net == "small" }
            #expect(try #require(own?.auc) == report.live?.auc)
            let page = try ReportPage(report, from: reader).html
            for name in ["small, live version \(first)", "huge − live version \(first)", "served net, in rocket"] {
                #expect(page.contains(name), "\(name)")
            }
        }
    }

    /// The live net is one that a night still has if that has the same layers, too.
    private static func checkLiveNet(_ url: String, _ path: String) throws {
        let job = try OpenJob(JobContext(JobFile(path: path), log: TestJob.log), .named(url, source: nil)) { _ in }
        let live = try #require(try LiveModel.find(job.context, job.databases))
        var lights = job.context.jobFile.nets.lights
        #expect(live.servedNet(among: lights) == "small")
        lights[0].net.hidden = [3]
        #expect(live.servedNet(among: lights) == nil)
        #expect(live.servedNet(among: Array(lights.dropFirst())) == nil)
    }

    @Test("Of two nets of a version each is pulled into a folder of its own, and the link leads to the newest pulled")
    func folders() throws {
        try TestJob.withJob(change: Self.fleet("{net: medium}")) { url, job in
            _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00"))
            try withTemporaryFolder { folder in
                let deployments = try Deployments(database: url)
                func pull(_ net: String?) throws -> [PulledFile]? {
                    try deployments.pull(PullRequest(.live, net: net, .all, .light, .ifNewer), to: folder) {}.files
                }
                func current() throws -> String {
                    try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/current")
                }
                let (served, small) = (try #require(try pull(nil)), try #require(try pull("small")))
                #expect(try current() == "test-1-small")
                let all = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
                #expect(all == ["current", "test-1", "test-1-small"])
                let weights = [served, small].map { $0.first { $0.path.hasSuffix("light.safetensors") } }
                #expect(Set(weights.map { $0?.sha256 }).count == 2)
                #expect(try pull("small") == nil)
                // The served one's files are there, but the link leads to the other.
                #expect(try pull("medium") != nil && current() == "test-1" && pull(nil) == nil)
            }
        }
    }

    @Test("rocket train says that it serves the largest net where the job file leaves that to latencies")
    func trained() throws {
        for (serve, warns) in [("{largest_within_p99_us: 300, candidates: 10}", true), ("{net: large}", false)] {
            try TestJob.withJob(change: Self.fleet(serve)) { url, job in
                let result = try RocketProgram.rocket(
                    ["train", "--job", job, "--from", "2026-01-05", "--to", "2026-01-06"], database: url)
                #expect(result.code == 0, "\(result.errors)")
                #expect(try ModelRegistry(TestDatabase.connect(url)).servedNet(of: 1) == "large")
                #expect(result.errors.contains("rocket train measures no latency") == warns, "\(result.errors)")
                #expect(result.errors.contains("version 1 serves its largest light net, large") == warns)
            }
        }
    }
}
