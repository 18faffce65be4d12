import Foundation
import OperationsSupport
import Postgres
import TestSupport
import Testing

@testable import Doctor

/// Indexes are proposed where PostgreSQL takes and uses them, and nowhere else.
@Suite struct TimeExpressionTests {
    @Test(
        "An index on an expression is proposed where its form says that it depends on the row alone",
        arguments: [
            ("at", true), ("\"At (UTC)\"", true), ("(\"When\" AT TIME ZONE 'UTC'::text)", true),
            ("timezone('Europe/Berlin'::text, shown)", true),
            ("((day)::timestamp without time zone AT TIME ZONE 'UTC'::text)", true),
            ("to_timestamp((epoch)::double precision)", true),
            ("to_timestamp(((ms)::double precision / (1000)::double precision))", true),
            ("(at)::timestamp with time zone", false), ("(\"day\")::timestamp with time zone", false),
            ("to_timestamp(text, 'YYYY-MM-DD'::text)", false), ("to_timestamp((random() * epoch))", false),
            ("(to_timestamp(epoch) + '01:00:00'::interval)", false), ("COALESCE(a, b)", false),
            ("((text)::timestamp without time zone AT TIME ZONE current_setting('TimeZone'::text))", false),
        ])
    func forms(_ expression: String, _ canBeIndexed: Bool) {
        #expect(TimeExpression.canBeIndexed(expression) == canBeIndexed)
    }

    /// The finding of a day's impressions that are read through a view.
    private static func finding(_ time: String, role: String? = nil, _ body: (Finding) throws -> Void) throws {
        try TestJob.withJob(days: 10) { url, job in
            let connection = try TestDatabase.connect(url)
            try connection.script(
                """
                CREATE SCHEMA below;
                CREATE TABLE below.rows AS
                SELECT i.*, i.impressed_at AT TIME ZONE 'UTC' AS "When", extract(epoch FROM i.impressed_at)::bigint AS epoch
                FROM ad_log.impressions i, generate_series(1, 10);
                ANALYZE below.rows;
                CREATE VIEW public.zoned AS SELECT r.*, \(time) AS shown_at FROM below.rows r;
                """)
            var logs: String?
            if role != nil {
                let name = try #require(try connection.execute("SELECT current_database() AS name").first).text("name")
                let role = "\(name)_view"
                try connection.script(
                    """
                    CREATE ROLE \(role) LOGIN; GRANT SELECT ON public.zoned, ad_log.clicks TO \(role);
                    GRANT USAGE ON SCHEMA ad_log TO \(role);
                    """)
                logs = url.replacing("user=rocket", with: "user=\(role)")
            }
            defer {
                if let logs, let role = logs.firstMatch(of: /user=([a-z0-9_]+)/)?.output.1 {
                    try? connection.script("DROP OWNED BY \(role); DROP ROLE \(role)")
                }
            }
            let text = try String(contentsOfFile: job, encoding: .utf8)
            try text.replacing("ad_log.impressions", with: "public.zoned").replacing(
                "time: impressed_at", with: "time: shown_at"
            )
            .write(toFile: job, atomically: true, encoding: .utf8)
            let findings = DoctorTests.examine(url, job: job, logs: logs)
            let found = try #require(findings.first { $0.subject == "a day's impressions" }, "\(findings)")
            try body(found)
            guard found.fix?.hasPrefix("CREATE INDEX") == true, let mend = found.fix else { return }
            for statement in mend.split(separator: ";") { try connection.script(String(statement)) }
            let after = DoctorTests.examine(url, job: job, logs: logs)
            #expect(after.first { $0.subject == "a day's impressions" }?.state == .ok, "\(after)")
        }
    }

    @Test("For a cast that depends on the session no index statement is given; the expression and a way out are")
    func cast() throws {
        try Self.finding("(r.\"When\")::timestamptz") { found in
            #expect(found.state == .warning && found.found.contains("::timestamp with time zone"), "\(found)")
            #expect(found.fix?.contains("CREATE INDEX") == false && found.fix?.contains("AT TIME ZONE") == true)
        }
    }

    @Test("For seconds since 1970 the index on the expression is given, and the server uses it")
    func epoch() throws {
        try Self.finding("to_timestamp(r.epoch)") { found in
            #expect(
                found.fix?.hasPrefix("CREATE INDEX CONCURRENTLY ON \"below\".\"rows\" (to_timestamp(") == true,
                "\(found)")
        }
    }

    @Test("A role that may read a view but not its table hears of the table's missing index, not of a lacking right")
    func viewOnly() throws {
        try Self.finding("r.\"When\" AT TIME ZONE 'UTC'", role: "view") { found in
            #expect(
                found.state == .warning && found.fix?.hasPrefix("CREATE INDEX CONCURRENTLY ON") == true, "\(found)")
        }
    }
}
