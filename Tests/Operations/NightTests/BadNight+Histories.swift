import Foundation
import OperationsSupport
import TestSupport

// What can happen to the days before that histories count. Counted are 2026-01-05 and 2026-01-06.
extension BadNight {
    private static func withHistory(_ text: String) -> String {
        text.replacing(
            "  - {name: price, kind: numeric}\n",
            with: "  - {name: price, kind: numeric}\n  - {name: seen, kind: history, of: [category, slot], days: 2}\n")
    }

    /// Makes a version with the history live, so that the night's own is compared with one of the same features.
    private static func live(_ scene: Scene) throws {
        try expect(["nightly", "--quiet", "--job", scene.job, "--as-of", "2026-01-08T01:00Z"], code: 0, scene)
    }

    private static func expect(_ arguments: [String], code: Int32, _ scene: Scene) throws {
        let result = try RocketProgram.rocket(arguments, database: scene.url)
        guard result.code == code else { throw UnexpectedEnd(what: "\(arguments): \(result.errors)") }
    }

    private struct UnexpectedEnd: Error { var what: String }

    static let histories: [BadNight] = [
        BadNight(
            number: 65, job: withHistory,
            event: { scene in
                try live(scene)
                try TestDatabase.connect(scene.url).script(
                    """
                    DELETE FROM ad_log.impressions
                    WHERE impressed_at >= '2026-01-06 00:00+00' AND impressed_at < '2026-01-07 00:00+00';
                    DELETE FROM rocket.history_counts WHERE day = '2026-01-06';
                    """)
                return nil
            }),
        BadNight(
            number: 66, job: withHistory,
            event: { scene in
                try live(scene)
                let connection = try TestDatabase.connect(scene.url)
                for row in try connection.execute("SELECT path FROM rocket.history_counts") {
                    try Data("bad night".utf8).write(to: URL(fileURLWithPath: try row.text("path")))
                }
                return nil
            }, proof: "(SELECT min(counted_days) FROM rocket.history_tables WHERE day = '2026-01-08') = 2"),
        BadNight(
            number: 67, job: withHistory,
            event: { scene in
                try live(scene)
                try TestDatabase.connect(scene.url).script(
                    "UPDATE ad_log.impressions SET slot = 'new ' || slot WHERE impressed_at >= '2026-01-08 00:00+00'")
                return nil
            }),
        BadNight(
            number: 68, job: withHistory,
            event: { scene in
                try live(scene)
                try TestDatabase.connect(scene.url).script(
                    """
                    INSERT INTO ad_log.clicks (impression_id, clicked_at)
                    SELECT impression_id, impressed_at FROM ad_log.impressions
                    WHERE impressed_at >= '2026-01-05 00:00+00' AND impressed_at < '2026-01-05 06:00+00';
                    """)
                try expect(["backfill", "--stale", "--job", scene.job], code: 0, scene)
                return nil
            },
            proof: """
                (SELECT count(*) FROM rocket.cache_rebuilds) > 0 AND NOT EXISTS (
                    SELECT FROM rocket.cache_history h
                    JOIN rocket.history_counts c ON c.counts_hash = h.counts_hash AND c.day = h.counted_day
                    WHERE h.checksum IS DISTINCT FROM c.checksum)
                """),
    ]
}
