import Backfill
import Foundation
import OperationsSupport
import Postgres
import Runs
import TestSupport
import Testing

@Suite struct WarmStartNightTests {
    static func incremental(_ text: String) -> String {
        text.replacing("batch_size: 128", with: "batch_size: 128, start: incremental")
            .replacing("  baselines: [light, booster]\n", with: "")
    }

    struct Row: Equatable {
        var version: Int
        var parent: Int?
        var trainedFrom, trainedTo: String
        /// Days that were trained on for this version itself.
        var days: String
    }

    static func versions(_ url: String) throws -> [Row] {
        try TestDatabase.connect(url).execute(
            """
            SELECT version, parent_version, trained_from::text AS first, trained_to::text AS last,
                   (SELECT string_agg(DISTINCT to_char(day, 'DD'), ' ' ORDER BY to_char(day, 'DD'))
                    FROM rocket.version_inputs i WHERE i.version = v.version AND role = 'training') AS days
            FROM rocket.model_versions v ORDER BY version
            """
        ).map {
            Row(
                version: try $0.int("version"), parent: try $0.intOrNil("parent_version"),
                trainedFrom: try $0.text("first"), trainedTo: try $0.text("last"), days: try $0.text("days"))
        }
    }

    @Test("Each night goes on from the one before, trains on the new day only, and a second run does nothing")
    func chain() throws {
        try TestJob.withJob(change: Self.incremental) { url, job in
            let days = try TestJob.day("2026-01-06")...TestJob.day("2026-01-07")
            _ = try TestJob.session(url, job).backfill(BackfillRequest(days: days))
            let versions = try Self.versions(url)
            let first = try #require(versions.first)
            #expect(
                versions == [
                    Row(
                        version: first.version, parent: nil, trainedFrom: "2026-01-05", trainedTo: "2026-01-05",
                        days: "05"),
                    Row(
                        version: first.version + 1, parent: first.version, trainedFrom: "2026-01-05",
                        trainedTo: "2026-01-06", days: "06"),
                ])
            let again = try TestJob.session(url, job).backfill(BackfillRequest(days: days))
            #expect(again.nights.allSatisfy { !$0.outcome.didWork } && again.nights.count == 2)
        }
    }

    @Test("A version that does not reproduce its stored figures stops the night, before anything is trained")
    func notReproduced() throws {
        try TestJob.withJob(change: Self.incremental) { url, job in
            let day = try TestJob.day("2026-01-06")
            _ = try TestJob.session(url, job).backfill(BackfillRequest(days: day...day))
            try TestDatabase.connect(url).script(
                "UPDATE rocket.evaluation_reports SET log_loss = log_loss + 1e-9 WHERE net = 'light'")
            let next = day.advanced(by: 1)
            let error = #expect(throws: JobError.self) {
                try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00"))
            }
            guard case .notReproduced(_, "light", day, _, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(error.map { JobError.exitStatus(for: $0) } == .dataCheckFailed)
            let summary = try TestJob.session(url, job).backfill(BackfillRequest(days: next...next))
            #expect(summary.failed.map(\.failure.exit) == [.dataCheckFailed] && summary.exitStatus == .dataCheckFailed)
            #expect(try Self.versions(url).count == 1)
        }
    }

    @Test("With other nets the window is trained from nothing")
    func otherNets() throws {
        try TestJob.withJob(change: Self.incremental) { url, job in
            let day = try TestJob.day("2026-01-06")
            _ = try TestJob.session(url, job).backfill(BackfillRequest(days: day...day))
            let text = try String(contentsOfFile: job, encoding: .utf8)
            try text.replacing("light: [4]", with: "light: [5]").write(toFile: job, atomically: true, encoding: .utf8)
            let next = day.advanced(by: 1)
            _ = try TestJob.session(url, job).backfill(BackfillRequest(days: next...next))
            let versions = try Self.versions(url)
            #expect(versions.map(\.parent) == [nil, nil] && versions.last?.days == "05 06")
        }
    }

    /// The sharing of two nights that follow each other.
    private static let changes: [(String, String)] = [
        ("nothing", "embeddings"), ("embeddings", "nothing"), ("embeddings, shared_layers: 1", "embeddings"),
    ]

    @Test("With other sharing the window is trained from nothing, with the same it is not", arguments: changes)
    func otherSharing(_ before: String, _ after: String) throws {
        let nets = "nets: {embedding_dim: 4, light: [4], booster: [16, 8]}"
        func text(_ text: String, _ sharing: String) -> String {
            text.replacing(nets, with: "nets: {embedding_dim: 4, light: [16, 4], booster: [16, 8]}")
                + "\nrocket: {sharing: \(sharing)}\n"
        }
        let change = { (job: String) in text(Self.incremental(job), before) }
        try TestJob.withJob(days: 4, change: change) { url, job in
            func night(_ day: String) throws {
                let day = try TestJob.day(day)
                let summary = try TestJob.session(url, job).backfill(BackfillRequest(days: day...day))
                #expect(summary.failed.isEmpty, "\(summary.failed)")
            }
            try night("2026-01-06")
            let text = try String(contentsOfFile: job, encoding: .utf8)
            let changed = text.replacing("sharing: \(before)}", with: "sharing: \(after)}")
            #expect(changed != text)
            try changed.write(toFile: job, atomically: true, encoding: .utf8)
            try night("2026-01-07")
            try night("2026-01-08")
            let versions = try Self.versions(url)
            #expect(versions.map(\.parent) == [nil, nil, versions.dropFirst().first?.version])
            #expect(versions.map(\.days) == ["05", "05 06", "07"])
        }
    }
}
