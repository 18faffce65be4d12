import AdLogs
import Days
import Files
import Postgres

/// Logs of a known size that the benchmarks read: 23 columns, one click in forty impressions, one day. They live in a
/// schema of their own that is dropped afterwards, with everything that the job's tables say of them.
struct BenchLogs {
    static let model = "rocket-bench"
    static let day = Day(year: 2026, month: 2, day: 1)
    private static let schema = "rocket_bench"

    let connection: Connection
    /// Holds job file and cache.
    var folder: String { files.path }
    private let files: TemporaryFolder

    init(on connection: Connection) throws {
        self.connection = connection
        files = try TemporaryFolder("rocket-bench")
    }

    /// Writes logs with a number of impressions, replacing earlier ones.
    func write(rows: Int) throws {
        try forget()
        try connection.script("DROP SCHEMA IF EXISTS \(Self.schema) CASCADE; CREATE SCHEMA \(Self.schema)")
        // One row after another in time, as an ad server writes them.
        try connection.script(
            """
            CREATE TABLE \(Self.schema).impressions AS
            SELECT 'imp-' || n AS id,
                   '\(Self.day) 00:00+00'::timestamptz + n * (interval '86399 seconds' / \(rows)) AS shown_at,
                   'u' || (h & 65535) AS user_id, h % 5000 AS ad_id, h / 7 % 500 AS advertiser,
                   'cat' || h / 11 % 50 AS category, 'f' || h / 13 % 5 AS format, 'cr' || h / 17 % 9000 AS creative,
                   'site' || h / 19 % 3000 AS site, h / 23 % 10 AS slot, 'city' || h / 29 % 300 AS city,
                   'd' || h / 31 % 10 AS device, 'os' || h / 37 % 4 AS os, h / 41 % 2 = 0 AS member,
                   'x' || h / 43 % 100 AS c1, 'x' || h / 47 % 100 AS c2, 'x' || h / 53 % 1000 AS c3,
                   'x' || h / 59 % 1000 AS c4, 'x' || h / 61 % 10000 AS c5, 'x' || h / 67 % 100000 AS c6,
                   (h / 71 % 1000) / 10.0::float8 AS price, 20 + h / 73 % 50 AS age, (h / 79 % 90)::float8 AS recency
            FROM (SELECT n, abs(hashint4(n)::bigint) AS h FROM generate_series(0, \(rows - 1)) AS n) s;
            CREATE TABLE \(Self.schema).clicks AS
            SELECT id AS impression_id, shown_at + power((abs(hashtext(id || '.')::bigint) % 2400) / 2400.0, 6) * interval '40 minutes' AS clicked_at
            FROM \(Self.schema).impressions WHERE abs(hashtext(id)::bigint) % 40 = 0;
            CREATE INDEX ON \(Self.schema).impressions (shown_at);
            CREATE INDEX ON \(Self.schema).impressions (id);
            CREATE INDEX ON \(Self.schema).clicks (clicked_at);
            CREATE INDEX ON \(Self.schema).clicks (impression_id);
            """)
        try connection.script("VACUUM ANALYZE \(Self.schema).impressions")
        try connection.script("VACUUM ANALYZE \(Self.schema).clicks")
    }

    /// The job file of these logs for a number of workers.
    func jobFile(workers: Int) throws -> String {
        let categorical = [
            "user_id", "ad_id", "advertiser", "category", "format", "creative", "site", "slot", "city", "device", "os",
            "member", "c1", "c2", "c3", "c4", "c5", "c6",
        ].map { "  - {name: \($0), kind: categorical}" }
        let numeric = ["price", "age", "recency"].map { "  - {name: \($0), kind: numeric}" }
        let path = "\(folder)/job-\(workers).yaml"
        let text = """
            model: \(Self.model)
            source:
              impressions: {table: \(Self.schema).impressions, id: id, time: shown_at}
              clicks: {table: \(Self.schema).clicks, impression_id: impression_id, time: clicked_at}
              attribution_window: 30m
            features:
            \((categorical + numeric).joined(separator: "\n"))
            nets: {embedding_dim: 16, light: [16], booster: [64]}
            evaluation: {group: user_id}
            extraction: {workers: \(workers)}
            cache: {directory: \(folder)/cache}

            """
        try OutputFile(path, streams: .refused).replace(with: Array(text.utf8))
        return path
    }

    /// Removes logs, cache files and everything the job's tables say of them.
    func remove() throws {
        try forget()
        try connection.script("DROP SCHEMA IF EXISTS \(Self.schema) CASCADE")
        files.remove()
    }

    private func forget() throws {
        try connection.transaction { connection in
            for table in ["cache_manifest", "extraction_specifications", "runs"] {
                try connection.execute("DELETE FROM rocket.\(table) WHERE model = $1", [.text(Self.model)])
            }
        }
    }
}
