import Deployment
import Foundation
import Onboarding
import OperationsSupport
import Postgres
import Reports
import TestSupport
import Testing

/// A database that an earlier version of the program made, brought up to date.
@Suite struct UpgradeTests {
    /// The migrations up to a number, in a folder of their own.
    private static func withMigrations(upTo last: Int, _ body: (String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let all = "\(TestDatabase.repository)/migrations"
            for name in try FileManager.default.contentsOfDirectory(atPath: all) {
                guard let number = Int(name.prefix(4)), number <= last else { continue }
                try FileManager.default.copyItem(atPath: "\(all)/\(name)", toPath: "\(folder)/\(name)")
            }
            try body(folder)
        }
    }

    /// Copies the job's tables as far as the target has their columns, as it was before later migrations.
    private static func copy(from url: String, to target: String) throws {
        let source = try TestDatabase.connect(url)
        let connection = try TestDatabase.connect(target)
        try connection.script("BEGIN; SET LOCAL session_replication_role = replica")
        let tables = try connection.execute(
            """
            SELECT relname AS name FROM pg_class
            WHERE relnamespace = 'rocket'::regnamespace AND relkind = 'r' AND relname <> 'schema_migrations' ORDER BY oid
            """)
        for table in tables {
            let name = try table.text("name")
            // The earlier program compared the AUC of fewer nets.
            let filter =
                name == "model_comparisons"
                ? "WHERE metric = 'auc' AND comparison IN ('light_minus_live', 'light_minus_booster', 'gap_closed')"
                : ""
            let rows = try source.execute("SELECT coalesce(jsonb_agg(t), '[]') AS rows FROM rocket.\(name) t \(filter)")
                .first
            try connection.execute(
                """
                INSERT INTO rocket.\(name) OVERRIDING SYSTEM VALUE
                SELECT * FROM jsonb_populate_recordset(NULL::rocket.\(name), $1)
                """, [.json(try rows?.text("rows") ?? "[]")])
        }
        let counters = try connection.execute(
            """
            SELECT format('SELECT setval(%L, (SELECT max(%I) FROM rocket.%I))',
                          pg_get_serial_sequence('rocket.' || c.relname, a.attname), a.attname, c.relname) AS sql
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attidentity <> ''
            WHERE c.relnamespace = 'rocket'::regnamespace
            """)
        for counter in counters { try connection.script(try counter.text("sql")) }
        try connection.script("COMMIT")
    }

    @Test(
        "A version of an earlier program is read, pulled, sealed, evaluated and rolled back from after rocket migrate")
    func upgrade() throws {
        try TestJob.withJob { url, job in
            let session = try TestJob.session(url, job)
            #expect(try session.nightly(asOf: .instant("2026-01-08 01:00+00")).version == 1)
            try TestDatabase.run(.empty) { old in
                try Self.withMigrations(upTo: 17) { folder in
                    let connection = try TestDatabase.connect(old)
                    #expect(try Migrations(directory: folder).apply(on: connection).count == 17)
                }
                try Self.copy(from: url, to: old)
                let before = try RocketProgram.rocket(["nightly", "--job", job], database: old)
                #expect(before.code == 7 && before.errors.contains("rocket migrate"), "\(before.errors)")
                let migrated = try RocketProgram.rocket(
                    ["migrate", "--directory", "\(TestDatabase.repository)/migrations"], database: old)
                #expect(migrated.code == 0 && migrated.output.contains("0018_"), "\(migrated.errors)")

                let report = try #require(try ReportReader(database: old).reports(version: 1).first)
                let original = try #require(try ReportReader(database: url).reports(version: 1).first)
                #expect(report.state == "live" && report.light.auc == original.light.auc && report.artifact != nil)
                try withTemporaryFolder { folder in
                    let pulled = try RocketProgram.rocket(["models", "pull", "1", "--to", folder], database: old)
                    #expect(pulled.code == 0, "\(pulled.errors)")
                }
                try TestLogins.with(old) { logins in
                    let writer = try TestDatabase.connect(logins.writer)
                    for sql in [
                        "INSERT INTO rocket.artifact_chunks VALUES (1, 'model.safetensors', 99, 'x')",
                        "UPDATE rocket.evaluation_reports SET auc = 1",
                        "UPDATE rocket.gate_verdicts SET verdict = 'promoted'",
                    ] {
                        #expect(throws: PostgresError.self, "\(sql)") { try writer.execute(sql) }
                    }
                    let deployments = try Deployments(database: logins.writer)
                    _ = try deployments.retire(1, reason: nil)
                    #expect(try deployments.promote(1, force: true, reason: "again").version == 1)
                }
                let again = try RocketProgram.rocket(
                    ["evaluate", "--quiet", "--job", job, "--model-version", "1", "--day", "2026-01-07"], database: old,
                    environment: ["SOURCE_DATABASE_URL": url])
                #expect(again.code == 0, "\(again.errors)")
            }
        }
    }
}
