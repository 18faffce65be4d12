import Foundation
import OperationsSupport
import Postgres
import TestSupport
import Testing

/// How one row of the page BadNights is brought about.
struct BadNight: Sendable, CustomTestStringConvertible {
    /// Of the row.
    var number: Int
    /// What happened to the logs or the results.
    var sql: String?
    /// What happened to the job file.
    var job: @Sendable (String) -> String = { $0 }
    /// The moment of the night.
    var asOf = "2026-01-09T01:00Z"
    /// Anything else that happened; what it returns is kept until the night is over.
    var event: @Sendable (inout Scene) throws -> Any? = { _ in nil }
    /// A condition in SQL that holds afterwards.
    var proof: String?
    /// Whether there is a checkpoint afterwards: the last good one of a training that failed.
    var leavesCheckpoint = false

    var testDescription: String { "row \(number)" }

    /// Where the night takes place.
    struct Scene {
        /// Of the night's database.
        let url: String
        let database: String
        let folder: String
        /// What the job is given as its database.
        var jobURL: String
        var job: String { "\(folder)/job.yaml" }

        init(url: String, database: String, folder: String) {
            (self.url, self.database, self.folder, jobURL) = (url, database, folder, url)
        }

        var hasCheckpoint: Bool {
            let names = FileManager.default.enumerator(atPath: "\(folder)/cache/checkpoints")
            return names?.contains { ($0 as? String)?.hasSuffix(".safetensors") == true } ?? false
        }

        /// Cache files of a day.
        func cacheFiles(of day: String) -> [String] {
            let root = "\(folder)/cache"
            let names = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
            return names.filter { $0.contains("day=\(day)/") && $0.hasSuffix(".lz4") }.map { "\(root)/\($0)" }
        }
    }

    static func jobFile(cache: String) -> String {
        """
        model: night
        source:
          impressions: {table: ad_log.impressions, id: impression_id, time: impressed_at}
          clicks: {table: ad_log.clicks, impression_id: impression_id, time: clicked_at}
          attribution_window: 30m
        features:
          - {name: category, kind: categorical, hash_bits: 6}
          - {name: slot, kind: categorical, hash_bits: 4}
          - {name: interests, kind: multi_valued, hash_bits: 6}
          - {name: price, kind: numeric}
        nets: {embedding_dim: 4, light: [4], booster: [16, 8]}
        training: {window_days: 2, batch_size: 128, threads: 1}
        evaluation:
          group: user_id
          latency: {batch_sizes: [1], calls: 100}
        promotion: {margin: 0.3, lowest_pcoc: 0.4, highest_pcoc: 2.5, least_clicks: 20, replicates: 100}
        extraction: {workers: 1, shards: 2}
        database: {retry: 1s}
        cache: {directory: \(cache)}
        """
    }
}

// Ways in which nights go bad. The judged day is 2026-01-08, trained on are the two days before it.
extension BadNight {
    /// The impressions as a plain table, without a key, and then something done to them.
    private static func plain(_ sql: String) -> String {
        """
        CREATE TABLE ad_log.plain AS SELECT * FROM ad_log.impressions;
        DROP TABLE ad_log.impressions CASCADE;
        ALTER TABLE ad_log.plain RENAME TO impressions;
        \(sql);
        """
    }

    private static func impressions(set: String, where condition: String = "impressed_at >= '2026-01-08 00:00+00'")
        -> String
    {
        "UPDATE ad_log.impressions SET \(set) WHERE \(condition);"
    }

    /// One impression of a day.
    private static func one(of day: String) -> String {
        """
        impression_id = (SELECT max(impression_id) FROM ad_log.impressions
            WHERE impressed_at >= '\(day) 00:00+00' AND impressed_at < '\(day) 24:00+00')
        """
    }

    private static func clickEach(where condition: String) -> String {
        """
        DELETE FROM ad_log.clicks;
        INSERT INTO ad_log.clicks (impression_id, clicked_at)
        SELECT impression_id, impressed_at FROM ad_log.impressions WHERE \(condition);
        """
    }

    private static let nothingCached = "DELETE FROM rocket.cache_manifest; DELETE FROM rocket.cache_days;"

    private static func database(set: String) -> String {
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET \(set)', current_database()); END $$;"
    }

    private static func change(_ old: String, _ new: String) -> @Sendable (String) -> String {
        { $0.replacing(old, with: new) }
    }

    /// A session that has done something and stays.
    private static func session(_ sql: String, _ url: String) throws -> Connection {
        let connection = try TestDatabase.connect(url)
        try connection.script(sql)
        return connection
    }

    private static func overwrite(_ path: String) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try file.seek(toOffset: 60)
        try file.write(contentsOf: Data("bad night".utf8))
        try file.close()
    }

    static let all = logs + features + values + clocks + settings + machine + ids + histories

    private static let logs: [BadNight] = [
        BadNight(number: 1, sql: "TRUNCATE ad_log.impressions;"),
        BadNight(number: 2, sql: "DELETE FROM ad_log.impressions WHERE impressed_at >= '2026-01-08 00:00+00';"),
        BadNight(
            number: 3,
            sql: """
                DELETE FROM ad_log.impressions
                WHERE impressed_at >= '2026-01-07 00:00+00' AND impressed_at < '2026-01-08 00:00+00';
                """, proof: "NOT EXISTS (SELECT FROM rocket.version_inputs WHERE version = 2 AND day = '2026-01-07')"),
        BadNight(number: 4, sql: "DELETE FROM ad_log.impressions WHERE impressed_at < '2026-01-08 00:00+00';"),
        BadNight(number: 5, sql: nothingCached + "TRUNCATE ad_log.clicks;"),
        BadNight(number: 6, sql: nothingCached + clickEach(where: "impressed_at < '2026-01-08 00:00+00'")),
        BadNight(number: 7, sql: "DELETE FROM ad_log.clicks WHERE clicked_at >= '2026-01-08 00:00+00';"),
        BadNight(number: 8, sql: clickEach(where: "impressed_at >= '2026-01-08 00:00+00'")),
        BadNight(number: 9, sql: "DELETE FROM ad_log.clicks WHERE clicked_at >= '2026-01-08 08:00+00';"),
        BadNight(
            number: 10,
            sql: plain(
                """
                UPDATE ad_log.impressions SET impression_id = (SELECT max(impression_id) FROM ad_log.impressions)
                WHERE impressed_at >= '2026-01-08 06:00+00'
                """)),
        BadNight(
            number: 11,
            sql: plain(impressions(set: "impression_id = NULL", where: "impressed_at >= '2026-01-08 12:00+00'")),
            proof: "(SELECT count(*) > 100 FROM rocket.rejected_rows)"),
        BadNight(
            number: 12,
            sql: plain(impressions(set: "impressed_at = NULL", where: "impressed_at >= '2026-01-08 12:00+00'"))),
    ]

    private static let features: [BadNight] = [
        BadNight(number: 13, sql: impressions(set: "category = NULL")),
        BadNight(number: 14, sql: nothingCached + impressions(set: "category = NULL", where: "true")),
        BadNight(number: 15, sql: impressions(set: "category = 'everything'")),
        BadNight(number: 16, sql: impressions(set: "price = 5")),
        BadNight(number: 17, sql: "ALTER TABLE ad_log.impressions DROP COLUMN category;"),
        BadNight(number: 18, sql: "ALTER TABLE ad_log.impressions RENAME COLUMN category TO categ;"),
        BadNight(
            number: 19,
            sql: "ALTER TABLE ad_log.impressions ALTER interests TYPE text USING array_to_string(interests, ',');"),
        BadNight(
            number: 20, sql: "ALTER TABLE ad_log.impressions ALTER price TYPE text USING price::text;",
            proof: "(SELECT rejected_rows = 0 FROM rocket.cache_days WHERE day = '2026-01-08')"),
        BadNight(
            number: 21,
            sql: plain("ALTER TABLE ad_log.impressions ALTER impressed_at TYPE timestamp")),
        BadNight(number: 22, sql: "DROP TABLE ad_log.impressions CASCADE;"),
        BadNight(number: 23, sql: "DROP TABLE ad_log.clicks CASCADE;"),
    ]

    private static let values: [BadNight] = [
        BadNight(
            number: 24,
            sql: """
                ALTER TABLE ad_log.impressions ALTER price TYPE text
                USING CASE WHEN impressed_at >= '2026-01-08 00:00+00' THEN 'cheap' ELSE price::text END;
                """, proof: "(SELECT count(*) = 500 FROM rocket.rejected_rows WHERE day = '2026-01-08')"),
        BadNight(
            number: 25, sql: impressions(set: "price = 'Infinity'", where: one(of: "2026-01-08")),
            proof: "(SELECT count(*) = 1 FROM rocket.rejected_rows WHERE day = '2026-01-08')"),
        BadNight(number: 26, sql: impressions(set: "price = 'NaN'")),
        BadNight(number: 27, sql: impressions(set: "price = 'Infinity'")),
        BadNight(number: 28, sql: impressions(set: "price = 1e30", where: one(of: "2026-01-07")) + nothingCached),
        BadNight(number: 29, sql: impressions(set: "price = 1e30")),
        BadNight(
            number: 30,
            job: {
                $0.replacing("model: night", with: "model: warm")
                    .replacing(
                        "window_days: 2", with: "window_days: 2, start: incremental, checkpoint_minutes: 0.000001"
                    )
                    .replacing("nets:", with: "rocket: {hint_loss: logit_mse, hint_weight: 1}\nnets:")
            },
            event: { scene in
                let first = try RocketProgram.rocket(
                    ["nightly", "--quiet", "--job", scene.job, "--as-of", "2026-01-08T01:00Z"], database: scene.url)
                guard first.code == 0 else { throw Unexpected(what: first.errors) }
                let connection = try TestDatabase.connect(scene.url)
                try connection.script(
                    nothingCached + impressions(set: "price = 3e38", where: one(of: "2026-01-07")))
                return connection
            }, leavesCheckpoint: true),
        BadNight(number: 31, job: change("training: {", "training: {dense_learning_rate: 1e30, ")),
        BadNight(number: 32, job: change("highest_pcoc: 2.5", "highest_pcoc: 0.41")),
    ]

    private static let clocks: [BadNight] = [
        BadNight(
            number: 33,
            sql: """
                UPDATE ad_log.clicks SET clicked_at = clicked_at - interval '1 hour'
                WHERE clicked_at >= '2026-01-08 01:00+00';
                """),
        BadNight(
            number: 34,
            sql: plain(
                """
                INSERT INTO ad_log.impressions SELECT (jsonb_populate_record(NULL::ad_log.impressions,
                    to_jsonb(i) || jsonb_build_object('impressed_at', now() + interval '1 hour'))).*
                FROM ad_log.impressions i WHERE \(one(of: "2026-01-08"))
                """)),
        BadNight(
            number: 35,
            sql: """
                SELECT ad_log.ensure_day_partitions('ad_log.clicks', current_date, current_date + 1);
                INSERT INTO ad_log.clicks (impression_id, clicked_at)
                SELECT impression_id, now() + interval '1 hour' FROM ad_log.impressions WHERE \(one(of: "2026-01-08"));
                """),
        BadNight(number: 36, asOf: "2026-01-09T00:10Z"),
        BadNight(number: 37, asOf: "2099-01-01"),
        BadNight(
            number: 38,
            // New York's clocks go forward on 2026-03-08: the day has 23 hours.
            sql: plain(
                """
                UPDATE ad_log.impressions SET impressed_at = impressed_at + interval '59 days 12 hours'
                """),
            job: {
                $0.replacing("model: night", with: "model: summer").replacing(
                    "attribution_window: 30m", with: "attribution_window: 30m\n  time_zone: America/New_York")
            }, asOf: "2026-03-09T06:00Z",
            event: { scene in
                let connection = try TestDatabase.connect(scene.url)
                try connection.script(
                    """
                    CREATE TABLE ad_log.plain AS
                    SELECT impression_id, clicked_at + interval '59 days 12 hours' AS clicked_at FROM ad_log.clicks;
                    DROP TABLE ad_log.clicks CASCADE;
                    ALTER TABLE ad_log.plain RENAME TO clicks;
                    """)
                return connection
            },
            proof: """
                (SELECT d.rows = (SELECT count(*) FROM ad_log.impressions
                    WHERE impressed_at >= '2026-03-08 05:00+00' AND impressed_at < '2026-03-09 04:00+00')
                 FROM rocket.cache_days d WHERE d.day = '2026-03-08')
                """),
    ]

    private static let settings: [BadNight] = [
        BadNight(number: 39, job: change("hash_bits: 4", "hash_bits: 5")),
        BadNight(
            number: 40, job: change("batch_size: 128", "batch_size: 64"),
            proof: "(SELECT count(*) = 1 FROM rocket.run_stages WHERE run_id = 2 AND name = 'extract')"),
        BadNight(
            number: 41,
            event: { scene in
                try FileManager.default.removeItem(atPath: scene.job)
                return nil
            }),
        BadNight(number: 42, job: change("nets: {", "nets: {{")),
        BadNight(number: 43, job: change("30m", "30m\n  time_zone: Mars/Base")),
        BadNight(number: 44, job: change("group: user_id", "group: userid")),
        BadNight(number: 45, job: change("light: [4]", "lite: [4]")),
    ]

    private static let machine: [BadNight] = [
        BadNight(
            number: 46,
            event: { scene in
                for path in scene.cacheFiles(of: "2026-01-07") { try overwrite(path) }
                return nil
            }),
        BadNight(
            number: 47,
            event: { scene in
                for path in scene.cacheFiles(of: "2026-01-07") { try FileManager.default.removeItem(atPath: path) }
                return nil
            }),
        BadNight(
            number: 48,
            event: { scene in
                try FileManager.default.removeItem(atPath: "\(scene.folder)/cache")
                try "no folder".write(toFile: "\(scene.folder)/cache", atomically: true, encoding: .utf8)
                return nil
            }),
        BadNight(
            number: 49,
            sql: "UPDATE rocket.artifact_chunks SET data = set_byte(data, 3000, get_byte(data, 3000) # 1) "
                + "WHERE name = 'model.safetensors';"),
        BadNight(
            number: 50,
            event: { scene in
                try session("SELECT pg_advisory_lock(hashtextextended('rocket/night', 0))", scene.url)
            }),
        BadNight(number: 51, sql: "DROP FUNCTION rocket.run_is_alive(bigint) CASCADE;"),
        BadNight(
            number: 52,
            event: { scene in
                scene.jobURL = "postgresql:///rocket?host=\(scene.folder)"
                return nil
            }),
        BadNight(
            number: 53,
            event: { scene in
                scene.jobURL = scene.url.replacing("user=rocket", with: "user=nobody_\(scene.database)")
                return nil
            }),
        BadNight(
            number: 54,
            event: { scene in
                let role = "writer_\(scene.database)"
                let admin = try TestDatabase.connect(scene.url)
                try admin.script("CREATE ROLE \(role) LOGIN IN ROLE rocket_writer")
                scene.jobURL = scene.url.replacing("user=rocket", with: "user=\(role)")
                return RoleToDrop(name: role, admin: try TestDatabase.connect(scene.url))
            }),
        BadNight(number: 55, sql: database(set: "default_transaction_read_only = on")),
        BadNight(
            number: 56,
            event: { scene in
                scene.jobURL += "&options=-c%20statement_timeout%3D1s"
                return try session("BEGIN; LOCK TABLE ad_log.impressions", scene.url)
            }),
        BadNight(
            number: 57, sql: database(set: "lock_timeout = ''200ms''"),
            event: { scene in try session("BEGIN; LOCK TABLE ad_log.impressions", scene.url) }),
        BadNight(
            number: 58,
            sql: """
                ALTER TABLE ad_log.impressions ENABLE ROW LEVEL SECURITY;
                CREATE POLICY thirds ON ad_log.impressions USING (hashtext(impression_id) % 3 = 0);
                """,
            event: { scene in
                let role = "reader_\(scene.database)"
                let admin = try TestDatabase.connect(scene.url)
                try admin.script("CREATE ROLE \(role) LOGIN IN ROLE rocket_writer, rocket_log_reader")
                scene.jobURL = scene.url.replacing("user=rocket", with: "user=\(role)")
                return RoleToDrop(name: role, admin: try TestDatabase.connect(scene.url))
            }),
        BadNight(
            number: 59,
            sql: [
                "bytea_output = escape", "intervalstyle = iso_8601", "extra_float_digits = 0", "datestyle = german",
                "quote_all_identifiers = on", "search_path = nowhere", "default_transaction_isolation = serializable",
            ].map { database(set: $0) }.joined(),
            proof: """
                (SELECT count(*) = 2 AND count(DISTINCT specification_hash) = 1 FROM rocket.model_versions)
                """),
        BadNight(
            number: 60,
            sql: plain(
                """
                INSERT INTO ad_log.impressions (impression_id, impressed_at) VALUES
                    ('a', 'infinity'), ('b', '0044-03-15 12:00:00+00 BC'), ('c', '12026-01-08 00:00+00'), ('d', '-infinity')
                """)),
        BadNight(
            number: 61,
            event: { scene in
                let role = "quiet_\(scene.database)"
                let admin = try TestDatabase.connect(scene.url)
                try admin.script(
                    """
                    CREATE ROLE \(role) LOGIN IN ROLE rocket_writer, rocket_log_reader;
                    ALTER ROLE \(role) SET session_replication_role = replica;
                    """)
                scene.jobURL = scene.url.replacing("user=rocket", with: "user=\(role)")
                return RoleToDrop(name: role, admin: try TestDatabase.connect(scene.url))
            }),
        BadNight(
            number: 62, sql: nothingCached,
            event: { scene in
                scene.jobURL += "&options=-c%20lock_timeout%3D500ms"
                return try session("SELECT pg_advisory_lock(hashtextextended('rocket/cache', 0))", scene.url)
            }),
    ]

    private static let ids: [BadNight] = [
        BadNight(
            number: 63,
            sql: plain(
                "INSERT INTO ad_log.impressions SELECT * FROM ad_log.impressions WHERE \(one(of: "2026-01-08"))"),
            proof: """
                (SELECT bool_or(repeated_impressions = 1 AND shared_id_impressions = 2) AND count(*) = 1
                 FROM rocket.cache_days WHERE day = '2026-01-08')
                """),
        BadNight(
            number: 64,
            sql: plain("ALTER TABLE ad_log.impressions ALTER COLUMN impression_id TYPE char(40)")),
    ]

    struct Unexpected: Error, CustomStringConvertible {
        let what: String
        var description: String { what }
    }

    /// Dropped with the last reference.
    final class RoleToDrop {
        private let name: String
        private let admin: Connection

        init(name: String, admin: Connection) {
            (self.name, self.admin) = (name, admin)
        }

        deinit { try? admin.script("DROP ROLE \(name)") }
    }
}
