import Foundation
import OperationsSupport
import Postgres
import TestSupport
import Testing

/// Nights over logs whose ids, columns and values once gave wrong labels, through the program itself.
@Suite struct LabelNightTests {
    /// Three days of impressions, 288 s apart, and clicks 60 s after some of them.
    struct Scene {
        let url: String
        let connection: Connection
        let folder: String

        static func run(
            id: String = "bigint", clickID: String = "bigint", value: String = "n", _ body: (Scene) throws -> Void
        ) throws {
            try TestDatabase.run { url in
                try withTemporaryFolder { folder in
                    let connection = try TestDatabase.connect(url)
                    try connection.script(
                        """
                        CREATE SCHEMA s;
                        CREATE TABLE s.imp (id \(id), at timestamptz, ad text, price numeric);
                        CREATE TABLE s.clk (imp \(clickID), at timestamptz);
                        INSERT INTO s.imp SELECT (\(value))::\(id), timestamptz '2026-01-05 00:00Z' + n * interval '288 s',
                            'ad' || n % 7, n % 13 FROM generate_series(1, 899) n;
                        INSERT INTO s.clk SELECT (\(value))::\(clickID),
                            timestamptz '2026-01-05 00:00Z' + n * interval '288 s' + interval '60 s'
                        FROM generate_series(1, 899) n WHERE n * 7919 % 100 < 10 + 5 * (n % 7);
                        """)
                    try body(Scene(url: url, connection: connection, folder: folder))
                }
            }
        }

        func job(_ source: String = "", id: String = "id", reference: String = "imp") throws -> String {
            let path = "\(folder)/job.yaml"
            try """
            model: labels
            source:
              impressions: {table: s.imp, id: \(id), time: at}
              clicks: {table: s.clk, impression_id: \(reference), time: at}
              attribution_window: 30m
            \(source)
            features:
              - {name: ad, kind: categorical, hash_bits: 6}
              - {name: price, kind: numeric}
            nets: {embedding_dim: 4, light: [4], booster: [8]}
            training: {window_days: 2, batch_size: 64, threads: 1}
            evaluation: {latency: {batch_sizes: [1], calls: 100}}
            promotion: {least_clicks: 1, lowest_pcoc: 0.01, highest_pcoc: 100, margin: 1}
            extraction: {workers: 1, shards: 2}
            database: {retry: 0s}
            cache: {directory: \(folder)/cache}
            """.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }

        func rocket(_ arguments: String...) throws -> RocketProgram.Result {
            try RocketProgram.rocket(arguments, database: url)
        }

        func nightly(_ job: String) throws -> RocketProgram.Result {
            try rocket("nightly", "--quiet", "--job", job, "--as-of", "2026-01-08")
        }

        /// A sum over the cached days.
        func sum(_ column: String) throws -> Int {
            try connection.execute("SELECT coalesce(sum(\(column)), 0)::bigint AS n FROM rocket.cache_days").first?.int(
                "n") ?? -1
        }
    }

    static let fourTimes = """
        INSERT INTO s.imp SELECT id, at + k * interval '1 s', 'ad' || (id + k) % 7, k FROM s.imp, generate_series(1, 3) k;
        """

    @Test("Four impressions with one id end the night; where that is allowed, a click labels the newest of them alone")
    func severalImpressions() throws {
        try Scene.run { scene in
            try scene.connection.script(Self.fourTimes)
            let refused = try scene.nightly(scene.job())
            #expect(refused.code == 5, "\(refused.errors)")
            #expect(refused.errors.contains("source.repeated_share allows 0.01"))
            #expect(refused.errors.contains("[request_id, position]"))
            #expect(try scene.connection.execute("SELECT 1 FROM rocket.model_versions").isEmpty)
            let doctor = try scene.rocket("doctor", "--job", scene.job())
            #expect(doctor.output.contains("1200 of 1200 impressions of 2026-01-07 share their id with others"))
            let allowed = try scene.nightly(scene.job("  repeated_share: 1"))
            #expect(allowed.code == 0, "\(allowed.errors)")
            #expect(
                try scene.sum("clicks") == 223 && scene.sum("first_clicks") == 223 && scene.sum("click_events") == 223)
            #expect(try scene.sum("impressions_read") == 4 * 899 && scene.sum("rows") == 4 * 899)
            #expect(try scene.sum("shared_id_impressions") == 4 * 899 && scene.sum("repeated_impressions") == 0)
        }
    }

    @Test("An id of several columns tells the impressions apart, in labels, predictions and rejected rows")
    func composite() throws {
        try Scene.run { scene in
            try scene.connection.script(
                """
                ALTER TABLE s.imp ADD position smallint NOT NULL DEFAULT 0; ALTER TABLE s.clk ADD pos integer DEFAULT 2;
                INSERT INTO s.imp SELECT id, at, ad, price, k FROM s.imp, generate_series(1, 3) k;
                UPDATE s.imp SET price = 1e400 WHERE id = 4 AND position = 1;
                """)
            let path = try scene.job(id: "[id, position]", reference: "[imp, pos]")
            let night = try scene.nightly(path)
            #expect(night.code == 0, "\(night.errors)")
            #expect(try scene.sum("clicks") == 223 && scene.sum("click_events") == 223)
            #expect(try scene.sum("rows") == 4 * 899 - 1 && scene.sum("repeated_impressions") == 0)
            let rejected = try scene.connection.execute("SELECT key, feature FROM rocket.rejected_rows").first
            #expect(try rejected?.text("key") == "[\"4\", \"1\"]" && rejected?.text("feature") == "price")
            let predicted = try scene.rocket("predict", "--model", "1", "--day", "2026-01-07")
            #expect(predicted.code == 0, "\(predicted.errors)")
            let keys = try scene.connection.execute(
                """
                SELECT count(*) AS n, count(DISTINCT p.impression_id) AS ids, bool_and(i.id IS NOT NULL) AS known
                FROM rocket.predictions p
                LEFT JOIN s.imp i ON jsonb_build_array(i.id::text, i.position::text) = p.impression_id::jsonb
                """
            ).first
            #expect(try keys?.int("n") == 1_200 && keys?.int("ids") == 1_200 && keys?.bool("known") == true)
            let doctor = try scene.rocket("doctor", "--job", path)
            #expect(doctor.output.contains("s.imp.[id, position]"), "\(doctor.output)")
        }
    }

    @Test("The account adds up in the table, in status and on the page")
    func account() throws {
        try Scene.run { scene in
            try scene.connection.script(
                """
                INSERT INTO s.imp SELECT * FROM s.imp WHERE id = 300;
                INSERT INTO s.imp VALUES (NULL, '2026-01-06 10:00Z', 'ad1', 1), (5000, '2026-01-06 10:00Z', 'ad1', 1e400);
                INSERT INTO s.clk SELECT imp, at + interval '1 s' FROM s.clk WHERE imp < 100;
                INSERT INTO s.clk SELECT id, at + interval '2 hours' FROM s.imp WHERE id = 310;
                INSERT INTO s.clk SELECT id, at + interval '2 s' FROM s.imp WHERE id = 300 LIMIT 1;
                INSERT INTO s.clk SELECT id, at - interval '2 s' FROM s.imp WHERE id = 320;
                INSERT INTO s.clk VALUES (NULL, '2026-01-06 11:00Z'), (77777, '2026-01-06 11:00Z');
                """)
            let night = try scene.nightly(scene.job())
            #expect(night.code == 0, "\(night.errors)")
            let json = try scene.rocket("status", "--accounts", "--json")
            let days = try #require(
                try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
            #expect(days.count == 3)
            for day in days {
                let impressions = try #require(day["impressions"] as? [String: Any])
                let clicks = try #require(day["clicks"] as? [String: Int])
                func count(_ key: String) -> Int { impressions[key] as? Int ?? -1 }
                #expect(count("read") == count("used") + count("rejected") + count("repeated"))
                let kinds = ["labels", "duplicate", "late", "early", "orphan", "ambiguous"]
                #expect(clicks["events"] == kinds.reduce(0) { $0 + (clicks[$1] ?? -1) })
            }
            let sixth = try #require(days.first { $0["day"] as? String == "2026-01-06" })
            let (impressions, clicks) = (sixth["impressions"] as? [String: Any], sixth["clicks"] as? [String: Int])
            #expect(impressions?["read"] as? Int == 303 && impressions?["repeated"] as? Int == 1)
            #expect(impressions?["rejected_reasons"] as? [String: Int] == ["no_id": 1, "not_a_finite_number": 1])
            #expect(
                clicks?["late"] == 1 && clicks?["early"] == 1 && clicks?["orphan"] == 2
                    && (clicks?["ambiguous"] ?? 0) >= 1)
            let csv = try scene.rocket("status", "--accounts", "--csv").output.split(whereSeparator: \.isNewline)
            #expect(csv.count == 4 && csv[0].contains("impressions.read") && csv[0].contains("clicks.ambiguous"))
            #expect(try scene.rocket("status", "--no-logs").output.contains("ambiguous"))
            let page = "\(scene.folder)/page.html"
            #expect(try scene.rocket("report", "--html", page, "--model", "labels").code == 0)
            let html = try String(contentsOfFile: page, encoding: .utf8)
            #expect(html.contains("Impressions read: used, rejected or repeated") && html.contains("Ambiguous"))
        }
    }

    @Test("A click's id beyond the impressions' type is an orphan")
    func widerClicks() throws {
        try Scene.run(id: "integer") { scene in
            try scene.connection.script("INSERT INTO s.clk VALUES (5000000000, '2026-01-06 11:00Z')")
            let path = try scene.job()
            let night = try scene.nightly(path)
            #expect(night.code == 0, "\(night.errors)")
            #expect(try scene.sum("orphan_clicks") == 1 && scene.sum("clicks") == 223)
            #expect(try scene.rocket("status").code == 0)
        }
    }

    @Test(
        "Ids whose equality is not that of their text are refused by the check, the doctor and the night",
        arguments: [("numeric(10,2)", "numeric"), ("char(20)", "numeric"), ("float8", "float8")])
    func refused(_ id: String, _ clickID: String) throws {
        try Scene.run(id: id, clickID: clickID) { scene in
            let path = try scene.job()
            for arguments in [["config", "check", path, "--database"], ["nightly", "--job", path]] {
                let result = try RocketProgram.rocket(arguments, database: scene.url)
                #expect(result.code == 6 && result.errors.contains("cannot be an id"), "\(result)")
            }
            #expect(try scene.rocket("doctor", "--job", path).output.contains("cannot be an id"))
        }
    }

    @Test("A log with a column named d, or with every alias, has the days and labels of one without")
    func columnNames() throws {
        try Scene.run { scene in
            try scene.connection.script(
                """
                ALTER TABLE s.imp ADD d date, ADD s date, ADD c text, ADD i int, ADD day text, ADD n int, ADD value text;
                ALTER TABLE s.clk ADD d text, ADD c date, ADD e int, ADD id text;
                DELETE FROM s.imp WHERE at >= '2026-01-06' AND at < '2026-01-07';
                """)
            let night = try scene.nightly(scene.job())
            #expect(night.code == 0 && night.errors.contains("no impressions on 2026-01-06"), "\(night.errors)")
            #expect(try scene.rocket("status", "--json").output.contains("\"stale\""))
        }
    }
}
