import Backfill
import CacheUpkeep
import Deployment
import Foundation
import OperationsSupport
import Postgres
import Reports
import TestSupport
import Testing

/// The job's roles: they can do what a job needs, and nothing else.
@Suite struct RoleTests {
    @Test("Every command of a job runs with a reader of the logs, a writer of the results and a reader of the reports")
    func job() throws {
        try TestJob.withJob { url, job in
            try TestLogins.with(url) { logins in
                func session() throws -> TestJob {
                    try TestJob(
                        jobFile: job, database: logins.writer, sourceDatabase: logins.logs, log: TestJob.log)
                }
                let days = try (5...7).map { try TestJob.day("2026-01-0\($0)") }
                _ = try session().extract(days: days[0]...days[2], rebuild: true)
                let version = try #require(try session().nightly(asOf: .instant("2026-01-08 01:00+00")).version)
                _ = try session().backfill(BackfillRequest(days: days[0]...days[2]))
                _ = try session().evaluate(version: version, day: nil)
                _ = try session().train(days: days[0]...days[1])
                _ = try session().experiment(day: days[2], arms: [.nets(.light)], seeds: 1)
                _ = try session().pruneCache(retentionDays: 1, dryRun: false)
                #expect(try logHealth(model: nil, database: logins.reports, sourceDatabase: logins.logs).count == 1)

                let deployments = try Deployments(database: logins.writer, sourceDatabase: logins.logs)
                #expect(
                    try deployments.predict(.number(version), of: nil, day: days[2], progress: { _ in }).problems == 0)
                _ = try? deployments.retire(version, reason: nil)
                let forced = try deployments.promote(version, force: true, reason: "a test")
                #expect(forced.version == version)
                let connection = try TestDatabase.connect(url)
                let by = try connection.execute(
                    "SELECT deployed_by FROM rocket.deployments ORDER BY deployment_id DESC LIMIT 1")
                #expect(try by.first?.text("deployed_by").hasSuffix("_writer") == true)
                _ = try deployments.retire(version, reason: nil)

                for arguments in [
                    ["report"], ["report", "--json"], ["models", "list"], ["models", "show", "\(version)"],
                    ["status", "--no-logs"],
                ] {
                    let result = try RocketProgram.rocket(arguments, database: logins.reports)
                    #expect(result.code == 0, "\(arguments): \(result.errors)")
                }
                try Self.fetch(version, logins, admin: connection)
            }
        }
    }

    /// A version's examples are impressions with their values, so its files take a right of their own.
    private static func fetch(_ version: Int, _ logins: TestLogins, admin: Connection) throws {
        let reader = try TestDatabase.connect(logins.reports)
        #expect(try reader.execute("SELECT FROM rocket.artifacts WHERE name = 'examples.jsonl'").count >= 1)
        let error = #expect(throws: PostgresError.self) {
            try reader.execute("SELECT data FROM rocket.artifact_chunks WHERE name = 'examples.jsonl'")
        }
        #expect(error?.sqlState == "42501")
        let name = try #require(try reader.execute("SELECT quote_ident(current_user) AS name").first?.text("name"))
        try withTemporaryFolder { folder in
            func pull() throws -> RocketProgram.Result {
                try RocketProgram.rocket(["models", "pull", "\(version)", "--to", folder], database: logins.reports)
            }
            let refused = try pull()
            #expect(
                refused.code == 7 && refused.errors.contains("SELECT on rocket.artifact_chunks"), "\(refused.errors)")
            try admin.script("GRANT SELECT ON rocket.artifact_chunks TO \(name)")
            #expect(try pull().code == 0)
            try admin.script("REVOKE SELECT ON rocket.artifact_chunks FROM \(name)")
        }
    }

    @Test("A role is refused what is not its own")
    func refused() throws {
        try TestDatabase.run { url in
            try TestDatabase.connect(url).script(
                """
                CREATE TABLE ad_log.later (x int);
                CREATE TABLE rocket.later (x int);
                INSERT INTO rocket.model_versions (
                    model, trained_from, trained_to, fingerprint, specification_hash, seed, job_file, training,
                    light_parameters, booster_parameters, embedding_parameters, program_version)
                VALUES ('m', '2026-01-01', '2026-01-02', 'f', 's', '1', '', '{}', 1, 1, 1, 'test');
                """)
            try TestLogins.with(url) { logins in
                let allowed = [
                    (logins.logs, "SELECT * FROM ad_log.impressions"), (logins.logs, "SELECT * FROM ad_log.later"),
                    (logins.writer, "INSERT INTO rocket.later VALUES (1)"),
                    (logins.reports, "SELECT * FROM rocket.later"),
                    (logins.reports, "SELECT * FROM rocket.live_models"),
                    (logins.reports, "SELECT count(*) FROM rocket.quarantine_rows"),
                ]
                for (url, sql) in allowed { try TestDatabase.connect(url).execute(sql) }
                let refused = [
                    (logins.logs, "SELECT * FROM rocket.runs"), (logins.logs, "DELETE FROM ad_log.impressions"),
                    (logins.logs, "SELECT rocket.promote_version(1, 'x', true)"),
                    (logins.writer, "SELECT * FROM ad_log.impressions"),
                    (logins.writer, "CREATE TABLE rocket.mine (x int)"),
                    (logins.writer, "UPDATE rocket.model_versions SET state = 'live'"),
                    (logins.writer, "UPDATE rocket.model_versions SET job_file = ''"),
                    (logins.writer, "DELETE FROM rocket.model_versions"), (logins.writer, "DELETE FROM rocket.runs"),
                    (logins.writer, "DELETE FROM rocket.artifacts"),
                    (logins.writer, "DELETE FROM rocket.artifact_chunks"),
                    (logins.writer, "UPDATE rocket.artifact_chunks SET data = ''"),
                    (logins.writer, "INSERT INTO rocket.deployments (model, action) VALUES ('m', 'retire')"),
                    (logins.writer, "SELECT rocket.deploy('m', 'promote', 1, 'retired', true, 'x')"),
                    (logins.writer, "SELECT raw FROM rocket.quarantine_rows"),
                    (logins.writer, "INSERT INTO rocket.schema_migrations VALUES (99, 'x', 'x')"),
                    (logins.writer, "TRUNCATE rocket.predictions"),
                    (logins.reports, "SELECT * FROM ad_log.impressions"), (logins.reports, "DELETE FROM rocket.runs"),
                    (logins.reports, "INSERT INTO rocket.later VALUES (1)"),
                    (logins.reports, "SELECT rocket.promote_version(1, 'x', true)"),
                    (logins.reports, "SELECT raw FROM rocket.quarantine_rows"),
                ]
                for (url, sql) in refused {
                    let error = #expect(throws: PostgresError.self, "\(sql)") {
                        try TestDatabase.connect(url).execute(sql)
                    }
                    #expect(error?.sqlState == "42501", "\(sql): \(String(describing: error))")
                }
                // A version that is live from its birth, by the word that the functions use among themselves.
                let error = #expect(throws: PostgresError.self) {
                    try TestDatabase.connect(logins.writer).script(
                        """
                        BEGIN;
                        SET LOCAL rocket.deploying = 'm';
                        INSERT INTO rocket.model_versions (
                            model, trained_from, trained_to, fingerprint, specification_hash, seed, job_file, training,
                            light_parameters, booster_parameters, embedding_parameters, program_version, state)
                        VALUES ('m', '2026-01-01', '2026-01-02', 'g', 's', '1', '', '{}', 1, 1, 1, 'test', 'live');
                        """)
                }
                #expect(error?.sqlState == "23000")
            }
        }
    }

    @Test("The holder of a lock is named to another role too")
    func lockHolder() throws {
        try TestDatabase.run { url in
            try TestLogins.with(url) { logins in
                let holder = try Connection(ConnectionSettings(logins.writer), applicationName: "a night")
                _ = try holder.tryAdvisoryLock("job")
                let other = try TestDatabase.connect(logins.reports)
                #expect(try other.tryAdvisoryLock("job") == nil)
                let text = try #require(try AdvisoryLock.holder(of: "job", on: other)).description
                #expect(text.contains("‘a night’"))
                withExtendedLifetime(holder) {}
            }
        }
    }

    @Test("A function that runs with its owner's rights is nobody's but the writer's, and finds names in fixed schemas")
    func definers() throws {
        try TestDatabase.run { url in
            let rows = try TestDatabase.connect(url).execute(
                """
                SELECT p.proname, array_to_string(p.proconfig, ',') AS settings,
                       has_function_privilege('rocket_writer', p.oid, 'EXECUTE') AS writer,
                       has_function_privilege('rocket_report_reader', p.oid, 'EXECUTE') AS reader,
                       p.prorettype = 'trigger'::regtype AS is_trigger
                FROM pg_proc p WHERE p.pronamespace IN ('rocket'::regnamespace, 'ad_log'::regnamespace) AND p.prosecdef
                """)
            #expect(rows.count >= 3)
            for row in rows {
                #expect(try row.text("settings") == "search_path=pg_catalog, pg_temp")
                #expect(try row.bool("writer") != row.bool("is_trigger") && !row.bool("reader"))
            }
        }
    }

    @Test(
        "Who may not create roles is told which; once they are there, a database's owner migrates without being superuser"
    )
    func missingRoles() throws {
        try TestCluster.run { _, url in
            let admin = try TestDatabase.connect(url)
            try admin.script("CREATE ROLE owner LOGIN")
            try admin.script("CREATE DATABASE ads OWNER owner")
            let ads = url.replacing("/rocket?", with: "/ads?")
            let connection = try TestDatabase.connect(ads.replacing("user=rocket", with: "user=owner"))
            let migrations = try Migrations(directory: TestDatabase.repository + "/migrations")
            let error = #expect(throws: PostgresError.self) { try migrations.apply(on: connection) }
            let roles = ["rocket_log_reader", "rocket_writer", "rocket_report_reader"].map {
                "CREATE ROLE \($0) NOLOGIN"
            }
            for statement in roles {
                #expect("\(try #require(error))".contains(statement))
                try admin.script(statement)
            }
            #expect(try migrations.apply(on: connection).contains { $0.name == "0012_roles.sql" })
        }
    }
}
