import Foundation
import OperationsSupport
import Postgres
import Reports
import TestSupport
import Testing

/// A version is what the transaction wrote that made it. Each attack is made as the role that could try it.
@Suite struct SealTests {
    /// A statement that makes a version, but for the rest of its values.
    private static func version(_ fingerprint: String, state: String = "candidate") -> String {
        """
        INSERT INTO rocket.model_versions (
            model, trained_from, trained_to, fingerprint, specification_hash, seed, job_file, training,
            light_parameters, booster_parameters, embedding_parameters, program_version, state)
        VALUES ('test', '2026-01-01', '2026-01-02', '\(fingerprint)', 's', '1', '', '{}', 1, 1, 1, 'test', '\(state)')
        """
    }

    /// A job with a night that a writer ran, whose version is 1 and live.
    private static func withNight(_ body: (_ url: String, _ job: String, TestLogins) throws -> Void) throws {
        try TestJob.withJob { url, job in
            try TestLogins.with(url) { logins in
                let session = try TestJob(
                    jobFile: job, database: logins.writer, sourceDatabase: logins.logs, log: TestJob.log)
                #expect(try session.nightly(asOf: .instant("2026-01-08 01:00+00")).version == 1)
                try body(url, job, logins)
            }
        }
    }

    /// Everything of the versions, to see that an attack changed nothing.
    private static func contents(_ url: String) throws -> String {
        let connection = try TestDatabase.connect(url)
        let tables = [
            "model_versions", "version_inputs", "artifacts", "artifact_chunks", "evaluation_reports",
            "reliability_bins",
            "slice_reports", "roc_points", "latency_reports", "model_comparisons", "live_reports", "gate_verdicts",
            "gate_rules", "deployments", "report_changes", "open_versions", "version_nets", "net_comparisons",
        ]
        return try tables.map { table in
            let row = try connection.execute(
                "SELECT count(*) || md5(coalesce(string_agg(md5(t::text), '' ORDER BY t::text), '')) AS sum FROM rocket.\(table) t"
            )
            return "\(table) \(try row.first?.text("sum") ?? "")"
        }.joined(separator: "\n")
    }

    private static func expectRefused(
        _ sql: String, _ url: String, states: Set<String> = ["23000", "42501"]
    ) throws {
        let connection = try TestDatabase.connect(url)
        let error = #expect(throws: PostgresError.self, "\(sql)") { try connection.script(sql) }
        #expect(states.contains(error?.sqlState ?? ""), "\(sql): \(String(describing: error))")
    }

    @Test("A writer adds nothing to a finished version, changes nothing of it and takes nothing away")
    func finished() throws {
        try Self.withNight { url, _, logins in
            let before = try Self.contents(url)
            let inserts = [
                "artifact_chunks VALUES (1, 'model.safetensors', 99, 'x')",
                "artifacts VALUES (1, 'optimiser.safetensors', 0, 'x')",
                "version_inputs VALUES (1, 'training', '2026-01-01', 9, 1, 1, 'x')",
                "gate_rules (version, rule, passed, detail) VALUES (1, 'mine', true, '')",
                "model_comparisons VALUES (1, '2026-01-20', 'gap_closed', 1, 1, 1, 1, 1, 1, 1, 1)",
                "live_reports (version, day, live_version, gauc_groups, log_loss) VALUES (1, '2026-01-20', 1, 1, 1)",
                """
                evaluation_reports (version, day, arm, net, impressions, clicks, gauc_groups)
                VALUES (1, '2026-01-20', 'rocket', 'light', 1, 1, 1)
                """,
                """
                latency_reports (version, net, batch_size, calls, mean_us, p50_us, p90_us, p99_us, p999_us,
                    scores_per_second, cpu_model) VALUES (1, 'light', 7, 1, 1, 1, 1, 1, 1, 1, 'mine')
                """,
                "roc_points VALUES (1, '2026-01-20', 'rocket', 'light', 1, 0, 0)",
                "version_nets VALUES (1, 'mine', 9, '', 1, 1)",
                "net_comparisons VALUES (1, '2026-01-20', 'mine', 'light', 'auc', 1, 1, 1, 1, 1)",
                "reliability_bins VALUES (1, '2026-01-20', 'rocket', 'light', 1, 1, 1, 0, 1, 0.5, 0.5)",
            ]
            for insert in inserts { try Self.expectRefused("INSERT INTO rocket.\(insert)", logins.writer) }
            let changes = [
                "UPDATE rocket.evaluation_reports SET auc = 1", "UPDATE rocket.latency_reports SET p99_us = 1",
                "UPDATE rocket.evaluation_reports SET version = 2", "DELETE FROM rocket.reliability_bins",
                "DELETE FROM rocket.roc_points", "UPDATE rocket.gate_verdicts SET verdict = 'promoted'",
                "UPDATE rocket.gate_rules SET passed = true", "DELETE FROM rocket.gate_rules",
                "DELETE FROM rocket.gate_verdicts", "DELETE FROM rocket.evaluation_reports",
                "UPDATE rocket.artifact_chunks SET data = ''", "DELETE FROM rocket.artifacts",
                "DELETE FROM rocket.version_nets", "UPDATE rocket.model_versions SET served_net = 'mine'",
                "DELETE FROM rocket.version_inputs", "UPDATE rocket.version_inputs SET checksum = 'x'",
                "TRUNCATE rocket.roc_points", "TRUNCATE rocket.artifacts CASCADE", "TRUNCATE rocket.report_changes",
                "UPDATE rocket.model_versions SET job_file = ''", "DELETE FROM rocket.model_versions",
            ]
            for change in changes { try Self.expectRefused(change, logins.writer) }
            #expect(try Self.contents(url) == before)
        }
    }

    @Test("A version begins as a candidate, whatever temporary tables and settings its transaction makes up")
    func candidates() throws {
        try Self.withNight { url, _, logins in
            let before = try Self.contents(url)
            let shadows = """
                BEGIN;
                CREATE TEMP TABLE pg_class AS SELECT c.oid, 'rocket_writer'::regrole::oid AS relowner, c.relname
                    FROM pg_catalog.pg_class c;
                CREATE TEMP TABLE pg_roles AS SELECT * FROM pg_catalog.pg_roles;
                CREATE TEMP TABLE open_versions (opening_id bigint, version bigint, purpose text, day date);
                INSERT INTO pg_temp.open_versions VALUES (1, 1, 'version', NULL);
                SET LOCAL search_path = pg_temp, rocket, pg_catalog;
                SET LOCAL rocket.deploying = 'test';
                """
            for state in ["live", "retired", "rejected"] {
                try Self.expectRefused("\(shadows) \(Self.version("x", state: state)); COMMIT", logins.writer)
            }
            for statement in [
                "UPDATE rocket.model_versions SET state = 'retired'",
                "INSERT INTO rocket.artifact_chunks VALUES (1, 'model.safetensors', 99, 'x')",
                "INSERT INTO rocket.gate_rules (version, rule, passed, detail) VALUES (1, 'mine', true, '')",
            ] {
                try Self.expectRefused("\(shadows) \(statement); COMMIT", logins.writer)
            }
            #expect(try Self.contents(url) == before)
        }
    }

    @Test("Ledgers and openings are written by the functions alone")
    func ledgers() throws {
        try Self.withNight { url, _, logins in
            for login in [logins.writer, logins.reports] {
                for sql in [
                    "INSERT INTO rocket.open_versions (version, purpose) VALUES (1, 'version')",
                    "INSERT INTO rocket.report_changes (version, purpose, day) VALUES (1, 'reports', '2026-01-20')",
                    "INSERT INTO rocket.deployments (model, action, version) VALUES ('test', 'promote', 1)",
                    "DELETE FROM rocket.report_changes", "UPDATE rocket.deployments SET deployed_by = 'me'",
                    "SELECT rocket.open_sealed(1, 'version', '2026-01-20')",
                    "SELECT rocket.deploy('test', 'promote', 1, 'retired', false, NULL)",
                ] {
                    try Self.expectRefused(sql, login, states: ["42501"])
                }
            }
            // Not even by their owner.
            let owner = try TestDatabase.connect(url)
            try owner.script(
                "INSERT INTO rocket.report_changes (version, purpose, day) VALUES (1, 'reports', '2026-01-20')")
            try Self.expectRefused("UPDATE rocket.report_changes SET changed_by = 'x'", url, states: ["23000"])
            try Self.expectRefused("TRUNCATE rocket.report_changes", url, states: ["23000"])
        }
    }

    @Test("In the transaction that makes it a version is written whole; its last word, or SET CONSTRAINTS, seals it")
    func transaction() throws {
        try TestDatabase.run { url in
            try TestLogins.with(url) { logins in
                let artifact =
                    "INSERT INTO rocket.artifacts SELECT max(version), 'features.json', 1, 'x' FROM rocket.model_versions"
                let chunk =
                    "INSERT INTO rocket.artifact_chunks SELECT max(version), 'features.json', 0, 'x' FROM rocket.model_versions"
                let rule =
                    "INSERT INTO rocket.gate_rules SELECT max(version), 'r', true, 1, 1, 1, '' FROM rocket.model_versions"
                let verdict =
                    "INSERT INTO rocket.gate_verdicts (version, verdict) SELECT max(version), 'held' FROM rocket.model_versions"
                let writer = try TestDatabase.connect(logins.writer)
                try writer.script(
                    "BEGIN; \(Self.version("a")); SAVEPOINT s; \(artifact); \(chunk); \(verdict); \(rule); COMMIT")
                for sql in [chunk.replacing(", 0,", with: ", 1,"), rule.replacing("'r'", with: "'s'")] {
                    try Self.expectRefused(sql, logins.writer)
                }
                try Self.expectRefused(
                    "BEGIN; \(Self.version("b")); SET CONSTRAINTS ALL IMMEDIATE; \(artifact); COMMIT", logins.writer)
                try Self.expectRefused(
                    "BEGIN; \(Self.version("c")); \(artifact.replacing("features.json", with: "../../x")); COMMIT",
                    logins.writer, states: ["23514"])
                let left = try TestDatabase.connect(url).execute(
                    "SELECT (SELECT count(*) FROM rocket.open_versions) + count(*) AS n FROM rocket.model_versions")
                #expect(try left.first?.int("n") == 1)
            }
        }
    }

    @Test(
        "What is measured later is written through a function: of that day alone, for that transaction, and in the ledger"
    )
    func reports() throws {
        try Self.withNight { url, job, logins in
            let report = """
                INSERT INTO rocket.roc_points VALUES (1, '2026-01-20', 'rocket', 'light', 1, 0, 0)
                """
            let open = "SELECT rocket.open_reports(1, '2026-01-20')"
            for day in ["'2026-01-06'", "'2026-01-05'", "NULL", "'-infinity'"] {
                try Self.expectRefused("SELECT rocket.open_reports(1, \(day))", logins.writer, states: ["22023"])
            }
            try Self.expectRefused("SELECT rocket.open_reports(99, '2026-01-20')", logins.writer, states: ["P0002"])
            try Self.expectRefused(open, logins.reports, states: ["42501"])
            try Self.expectRefused(
                "BEGIN; \(open); \(report.replacing("01-20", with: "01-21")); COMMIT", logins.writer)
            try Self.expectRefused(
                "BEGIN; \(open); INSERT INTO rocket.artifact_chunks VALUES (1, 'model.safetensors', 99, 'x'); COMMIT",
                logins.writer)
            try Self.expectRefused(
                "BEGIN; \(open); INSERT INTO rocket.gate_rules (version, rule, passed, detail) VALUES (1, 'x', true, ''); COMMIT",
                logins.writer)
            try Self.expectRefused("SELECT rocket.open_gate(1, '2026-01-20')", logins.writer, states: ["55000"])
            try TestDatabase.connect(logins.writer).script("BEGIN; \(open); \(report); COMMIT")
            try Self.expectRefused(report.replacing(" 1, 0, 0)", with: " 2, 0, 0)"), logins.writer)

            let session = try TestJob(
                jobFile: job, database: logins.writer, sourceDatabase: logins.logs, log: TestJob.log)
            _ = try session.evaluate(version: 1, day: TestJob.day("2026-01-07"))
            let ledger = try TestDatabase.connect(url).execute(
                "SELECT day, changed_by LIKE '%_writer' AS is_writer FROM rocket.report_changes ORDER BY change_id")
            #expect(try ledger.map { try $0.text("day") } == ["2026-01-20", "2026-01-07"])
            #expect(try ledger.allSatisfy { try $0.bool("is_writer") })
        }
    }

    @Test("A version whose rules failed is not promoted without force, whatever its verdict says")
    func verdict() throws {
        try TestDatabase.run { url in
            try TestLogins.with(url) { logins in
                let writer = try TestDatabase.connect(logins.writer)
                try writer.script(
                    """
                    BEGIN; \(Self.version("a"));
                    INSERT INTO rocket.artifacts SELECT max(version), 'features.json', 1, encode(sha256('x'), 'hex')
                        FROM rocket.model_versions;
                    INSERT INTO rocket.artifact_chunks SELECT max(version), 'features.json', 0, 'x' FROM rocket.model_versions;
                    INSERT INTO rocket.gate_verdicts (version, verdict) SELECT max(version), 'promoted' FROM rocket.model_versions;
                    INSERT INTO rocket.gate_rules (version, rule, passed, detail)
                        SELECT max(version), 'pcoc', false, '' FROM rocket.model_versions;
                    COMMIT
                    """)
                try Self.expectRefused("SELECT rocket.promote_version(1)", logins.writer, states: ["55000"])
                try writer.script("SELECT rocket.promote_version(1, 'a reason', true)")
                let entry = try writer.execute("SELECT forced FROM rocket.deployments").first
                #expect(try entry?.bool("forced") == true)
            }
        }
    }

    @Test("Every function of the job's schemas finds names in pg_catalog first and temporary ones last")
    func functions() throws {
        try TestDatabase.run { url in
            let rows = try TestDatabase.connect(url).execute(
                """
                SELECT p.oid::regprocedure::text AS name, array_to_string(p.proconfig, ',') AS settings,
                       has_function_privilege('public', p.oid, 'EXECUTE') AS is_open
                FROM pg_proc p WHERE p.pronamespace = 'rocket'::regnamespace OR p.pronamespace = 'ad_log'::regnamespace
                """)
            #expect(rows.count >= 15)
            for row in rows {
                let path = try row.textOrNil("settings")
                let name = try row.text("name")
                #expect(path == "search_path=pg_catalog, pg_temp", "\(name)")
                if name.hasPrefix("rocket.") { #expect(try !row.bool("is_open"), "\(name)") }
            }
        }
    }

    @Test("Every table that belongs to a version is sealed; ledgers, openings and predictions have their own rules")
    func sealedTables() throws {
        try TestDatabase.run { url in
            let rows = try TestDatabase.connect(url).execute(
                """
                WITH RECURSIVE belongs AS (
                    SELECT 'rocket.model_versions'::regclass::oid AS id
                    UNION SELECT c.conrelid FROM pg_constraint c JOIN belongs b ON b.id = c.confrelid WHERE c.contype = 'f')
                SELECT c.relname AS name FROM belongs b JOIN pg_class c ON c.oid = b.id
                WHERE NOT EXISTS (
                    SELECT FROM pg_trigger t
                    WHERE t.tgrelid = c.oid AND t.tgfoid = 'rocket.check_seal'::regproc AND t.tgenabled = 'O'
                      AND t.tgtype & 31 = 31) -- before each row that is inserted, deleted or updated
                ORDER BY 1
                """
            ).map { try $0.text("name") }
            #expect(rows == ["deployments", "model_versions", "open_versions", "predictions", "report_changes"])
        }
    }
}
