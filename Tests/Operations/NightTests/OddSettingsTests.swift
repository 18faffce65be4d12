import Foundation
import OperationsSupport
import Postgres
import TestSupport
import Testing

/// What a database and a role have set changes no byte of the cache, no weight and no prediction.
@Suite struct OddSettingsTests {
    /// Settings that any role may have, each with another value than the program's.
    static let settings = [
        "datestyle = 'SQL, DMY'", "intervalstyle = iso_8601", "timezone = 'Asia/Tokyo'",
        "timezone_abbreviations = 'India'", "extra_float_digits = -10", "bytea_output = escape",
        "lc_monetary = 'C.UTF-8'", "lc_numeric = 'C.UTF-8'", "lc_time = 'C.UTF-8'", "xmlbinary = hex",
        "xmloption = document", "array_nulls = off", "quote_all_identifiers = on", "row_security = on",
        "search_path = odd, pg_catalog", "standard_conforming_strings = off", "backslash_quote = off",
        "transform_null_equals = on", "gin_fuzzy_search_limit = 1", "synchronize_seqscans = on",
        "default_transaction_isolation = serializable", "default_text_search_config = 'pg_catalog.english'",
        "client_encoding = LATIN1", "enable_seqscan = off", "jit = on", "escape_string_warning = on",
    ]

    /// Four days of impressions with a feature for each type whose text a setting changes.
    private static let logs = """
        CREATE SCHEMA shop;
        CREATE SCHEMA odd;
        -- What a search path that begins with this schema would find.
        CREATE FUNCTION odd.hashtextextended(text, integer) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
        CREATE FUNCTION odd.count(text) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
        CREATE TABLE shop.shown AS
        SELECT n::bigint AS id, timestamptz '2026-01-05 00:00Z' + n * interval '100 s' AS at, 'ad' || n % 7 AS ad,
               (n % 9) / 7.0::float8 AS share, ((n % 5) || ' days ' || n % 3 || ' hours')::interval AS span,
               set_byte('\\x00ff41'::bytea, 1, n % 6) AS token, ((n % 8) * 1.25)::numeric(10,2) AS bid,
               timestamptz '2026-01-01 00:00Z' + (n % 6) * interval '1 day' AS since, date '2026-01-01' + n % 4 AS born,
               ARRAY['x' || n % 3, NULL, 'y' || n % 4] AS tags, '<a b="' || n % 3 || '"/>' AS note,
               (n % 13)::float8 AS price, 'u' || n % 50 AS who
        FROM generate_series(1, 3455) AS n;
        CREATE TABLE shop.clicked AS
        SELECT id, at + interval '60 s' AS at FROM shop.shown WHERE (id * 7919) % 100 < 10 + 5 * (id % 7);
        """

    private static func jobFile(_ folder: String) -> String {
        """
        model: odd
        source:
          impressions: {table: shop.shown, id: id, time: at}
          clicks: {table: shop.clicked, impression_id: id, time: at}
          attribution_window: 30m
          time_zone: Europe/Berlin
        features:
          - {name: ad, kind: categorical, hash_bits: 6}
          - {name: share, kind: categorical, hash_bits: 6}
          - {name: span, kind: categorical, hash_bits: 6}
          - {name: token, kind: categorical, hash_bits: 6}
          - {name: bid, kind: categorical, hash_bits: 6}
          - {name: since, kind: categorical, hash_bits: 6}
          - {name: born, kind: categorical, hash_bits: 6}
          - {name: note, kind: categorical, hash_bits: 6}
          - {name: tags, kind: multi_valued, hash_bits: 6}
          - {name: price, kind: numeric}
          - {name: hour, kind: hour_of_day}
        nets: {embedding_dim: 4, light: [4], booster: [8]}
        training: {window_days: 1, batch_size: 128, seed: 1, threads: 1}
        evaluation: {group: who, latency: {batch_sizes: [1], calls: 100}}
        promotion: {margin: 1, lowest_pcoc: 0.01, highest_pcoc: 100, least_clicks: 1, replicates: 100}
        extraction: {workers: 1, shards: 2}
        database: {retry: 0s}
        cache: {directory: \(folder)/cache}
        """
    }

    /// What two nights, a prediction and a pull leave.
    private static func results(_ url: String, _ folder: String) throws -> [String] {
        let job = "\(folder)/job.yaml"
        try jobFile(folder).write(toFile: job, atomically: true, encoding: .utf8)
        for arguments in [
            ["nightly", "--quiet", "--job", job, "--as-of", "2026-01-07T23:30Z"],
            ["nightly", "--quiet", "--job", job, "--as-of", "2026-01-08T23:30Z"],
            ["predict", "--model", "2", "--day", "2026-01-08"], ["models", "pull", "live", "--to", "\(folder)/models"],
            ["status"],
        ] {
            let result = try RocketProgram.rocket(arguments, database: url)
            #expect(result.code == 0, "\(arguments): \(result.output) \(result.errors)")
        }
        let connection = try TestDatabase.connect(url)
        let lines = try connection.execute(
            """
            SELECT 'cache ' || day || ' ' || part || ' ' || checksum AS line FROM rocket.cache_manifest
            UNION ALL SELECT 'artifact ' || version || ' ' || name || ' ' || sha256 FROM rocket.artifacts
            UNION ALL SELECT 'predictions ' || count(*) || ' ' || md5(string_agg(
                impression_id || encode(float8send(probability), 'hex'), '' ORDER BY impression_id)) FROM rocket.predictions
            UNION ALL SELECT 'version ' || version || ' ' || state FROM rocket.model_versions ORDER BY 1
            """
        ).map { try $0.text("line") }
        return lines
    }

    @Test("Two nights in a database and under a role with every odd setting leave the same bytes as plain ones")
    func together() throws {
        try withTemporaryFolder { folder in
            var results: [[String]] = []
            for isOdd in [false, true] {
                try TestDatabase.run { url in
                    let admin = try TestDatabase.connect(url)
                    try admin.script(Self.logs)
                    let name = try #require(try admin.execute("SELECT current_database() AS name").first).text("name")
                    var login = url
                    if isOdd {
                        try admin.script("CREATE ROLE \(name)_odd LOGIN SUPERUSER")
                        login = url.replacing("user=rocket", with: "user=\(name)_odd")
                        // The role's go before the database's.
                        for (index, setting) in Self.settings.enumerated() {
                            let owner = index % 2 == 0 ? "ROLE \(name)_odd" : "DATABASE \(name)"
                            try admin.script("ALTER \(owner) SET \(setting)")
                        }
                    }
                    defer { try? admin.script("DROP ROLE IF EXISTS \(name)_odd") }
                    let place = "\(folder)/\(isOdd)"
                    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
                    results.append(try Self.results(login, place))
                }
            }
            #expect(results[0].count == 17 && results[0].contains("version 2 live"), "\(results[0])")
            #expect(results[0] == results[1])
        }
    }

    @Test("Each odd setting by itself leaves a day's cache files as they are")
    func inTurn() throws {
        try withTemporaryFolder { folder in
            try TestDatabase.run { url in
                let admin = try TestDatabase.connect(url)
                try admin.script(Self.logs)
                let name = try #require(try admin.execute("SELECT current_database() AS name").first).text("name")
                try admin.script("CREATE ROLE \(name)_odd LOGIN SUPERUSER")
                defer { try? admin.script("DROP ROLE \(name)_odd") }
                let job = "\(folder)/job.yaml"
                try Self.jobFile(folder).write(toFile: job, atomically: true, encoding: .utf8)
                let login = url.replacing("user=rocket", with: "user=\(name)_odd")
                var plain: [String] = []
                for setting in [nil] + Self.settings.map(Optional.some) {
                    try admin.script("ALTER ROLE \(name)_odd RESET ALL")
                    if let setting { try admin.script("ALTER ROLE \(name)_odd SET \(setting)") }
                    let result = try RocketProgram.rocket(
                        ["extract", "--quiet", "--rebuild", "--job", job, "--day", "2026-01-06"], database: login)
                    #expect(result.code == 0, "\(setting ?? ""): \(result.errors)")
                    let sums = try admin.execute("SELECT checksum FROM rocket.cache_manifest ORDER BY day, part")
                        .map { try $0.text("checksum") }
                    if setting == nil { plain = sums }
                    #expect(sums == plain && sums.count == 2, "\(setting ?? "")")
                }
            }
        }
    }
}
