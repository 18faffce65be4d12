import Foundation
import Night
import OperationsSupport
import Postgres
import Reports
import Runs
import TestSupport
import Testing

/// A night after an edit of the job file's features, while a version with the old ones is live.
@Suite struct FeatureChangeTests {
    private static let first = AsOf.instant("2026-01-08 01:00+00")
    private static let second = AsOf.instant("2026-01-09 01:00+00")

    /// The features of the live version.
    private static func old(_ text: String) -> String {
        text.replacing("  baselines: [light, booster]\n", with: "")
            + "\npromotion: {margin: 0.5, least_clicks: 0, lowest_pcoc: 0, highest_pcoc: 100}\n"
    }

    private static func new(_ text: String) -> String {
        text.replacing(
            "  - {name: slot, kind: categorical, hash_bits: 4}\n", with: "  - {name: site, kind: categorical}\n"
        )
        .replacing("  - {name: price, kind: numeric, transform: log1p}\n", with: "")
    }

    /// A night with the old features, whose version is live, and then the body, with the job file of the new ones.
    private static func run(_ body: (_ url: String, _ old: String, _ new: String, _ live: Int) throws -> Void) throws {
        try TestJob.withJob(days: 4, change: old) { url, job in
            let live = try #require(try TestJob.session(url, job).nightly(asOf: first).version)
            let changed = job.replacing("job.yaml", with: "new.yaml")
            try new(String(contentsOfFile: job, encoding: .utf8)).write(
                toFile: changed, atomically: true, encoding: .utf8)
            try body(url, job, changed, live)
        }
    }

    @Test("The live version is judged on the same impressions by its own features, and has the figures it has alone")
    func compared() throws {
        try Self.run { url, old, new, live in
            let outcome = try TestJob.session(url, new).nightly(asOf: Self.second)
            let version = try #require(outcome.version)
            #expect(outcome.decision?.verdict == .promoted && outcome.decision?.liveVersion == live)
            let reader = try ReportReader(database: url)
            let report = try #require(try reader.reports(version: version).first)
            #expect(report.liveVersion == live && report.impressions == 4_000)
            // By its own job file, from its own cache, in its own time.
            let day = try TestJob.day("2026-01-08")
            _ = try TestJob.session(url, old).evaluate(version: live, day: day)
            let alone = try #require(try reader.reports(version: live).first { $0.evaluatedDay == day })
            #expect(report.live?.auc == alone.light.auc && report.live?.logLoss == alone.light.logLoss)
            #expect(report.live?.auc != report.light.auc)
            let page = try ReportPage(report, from: reader).html
            #expect(page.contains("- {name: site, kind: categorical}") && page.contains("slot"))
        }
    }

    @Test(
        "Impressions that only the new cache has are left out for both, and those that only the old one has disturb nobody"
    )
    func differentRows() throws {
        for (change, rows) in [
            // The old features reject them.
            (
                "SET price = 'Infinity' WHERE impression_id IN (SELECT impression_id FROM ad_log.impressions "
                    + "WHERE impressed_at >= '2026-01-08' ORDER BY impressed_at LIMIT 5)", 3_995
            ),
            // The new ones do not read them at all.
            ("SET slot = NULL WHERE impressed_at >= '2026-01-08'", 4_000),
        ] {
            try Self.run { url, _, new, live in
                try TestDatabase.connect(url).script("UPDATE ad_log.impressions \(change)")
                let version = try #require(try TestJob.session(url, new).nightly(asOf: Self.second).version)
                let report = try #require(try ReportReader(database: url).reports(version: version).first)
                #expect(report.liveVersion == live && report.impressions == rows)
            }
        }
    }

    @Test("A live version whose column is gone holds the new one, and the rule says which column and what to type")
    func columnGone() throws {
        try Self.run { url, _, new, live in
            try TestDatabase.connect(url).script("ALTER TABLE ad_log.impressions DROP COLUMN slot CASCADE")
            let outcome = try TestJob.session(url, new).nightly(asOf: Self.second)
            let (version, decision) = (try #require(outcome.version), try #require(outcome.decision))
            #expect(decision.verdict == .held)
            let rule = try #require(decision.rules.first { !$0.passed })
            #expect(rule.name == "not_inferior" && rule.detail.contains("live version \(live)"))
            #expect(rule.detail.contains("slot"), "\(rule.detail)")
            #expect(rule.advice(version: version).contains("rocket models promote \(version) --force"))
            let shown = try RocketProgram.rocket(["models", "show", "\(version)"], database: url)
            #expect(shown.output.contains("rocket models promote \(version) --force"), "\(shown.output)")
            let reader = try ReportReader(database: url)
            let page = try ReportPage(#require(try reader.reports(version: version).first), from: reader).html
            #expect(page.contains("rocket models promote \(version) --force") && page.contains("slot"))
        }
    }
}
