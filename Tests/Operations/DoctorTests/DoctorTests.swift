import Deployment
import Doctor
import Foundation
import OperationsSupport
import Postgres
import TestSupport
import Testing

/// Each thing that can be wrong is a finding with what to do; a job that is well has none.
@Suite struct DoctorTests {
    static func examine(
        _ url: String, job: String? = nil, logs: String? = nil, depth: Doctor.Depth = .quick
    ) -> [Finding] {
        Doctor(
            Doctor.Request(
                jobFile: job, database: url, sourceDatabase: logs, migrations: "\(TestDatabase.repository)/migrations",
                depth: depth)
        ).findings()
    }

    /// The findings that are not ok.
    private static func complaints(_ findings: [Finding]) -> [Finding] { findings.filter { $0.state != .ok } }

    @Test("Before migrations the database is the problem, and rocket migrate fixes it")
    func notMigrated() throws {
        try TestDatabase.run(.empty) { url in
            let findings = Self.examine(url)
            let complaint = try #require(Self.complaints(findings).first)
            #expect(complaint.topic == .migrations && complaint.fix == "rocket migrate")
            #expect(findings.exitStatus == .database)
        }
    }

    @Test("Migrations that are pending, edited or of a newer program are told apart")
    func migrations() throws {
        for (sql, says) in [
            ("DELETE FROM rocket.schema_migrations WHERE number >= 12", "to apply, from 0012_roles.sql"),
            ("UPDATE rocket.schema_migrations SET checksum = 'x' WHERE number = 3", "0003_views.sql was edited"),
            ("INSERT INTO rocket.schema_migrations VALUES (999, '0999_later.sql', 'x')", "0999_later.sql"),
        ] {
            try TestDatabase.run { url in
                try TestDatabase.connect(url).script(sql)
                let findings = Self.examine(url)
                #expect(Self.complaints(findings).first?.found.contains(says) == true, "\(findings)")
                #expect(findings.exitStatus == .database)
            }
        }
    }

    @Test(
        "A job that has run finds nothing wrong, with the least rights too; missing rights are named with their GRANT")
    func rights() throws {
        try TestJob.withJob { url, job in
            _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00"))
            try TestLogins.with(url) { logins in
                let findings = Self.examine(logins.writer, job: job, logs: logins.logs, depth: .deep)
                // The generated log ends long ago, and the job gives some features so few bits that their values share
                // ids.
                let subjects = Set(Self.complaints(findings).map(\.subject))
                #expect(
                    subjects == ["ad_log.impressions", "ids of category", "ids of interests", "ids of slot"],
                    "\(findings)")
                #expect(findings.contains { $0.topic == .models && $0.found.contains("whole") })

                let reader = Self.examine(logins.reports, job: job, logs: logins.logs)
                let lacking = try #require(Self.complaints(reader).first { $0.topic == .rights })
                #expect(lacking.fix?.hasPrefix("GRANT rocket_writer TO ") == true && lacking.state == .problem)
                let blind = Self.examine(logins.writer, job: job, logs: logins.writer)
                let grants = Self.complaints(blind).filter { $0.topic == .rights }.compactMap(\.fix)
                #expect(
                    grants.count == 2 && grants.allSatisfy { $0.contains("GRANT SELECT ON \"ad_log\".") }, "\(grants)")
                #expect(blind.exitStatus == .database)
            }
        }
    }

    @Test("A seal that is disabled, gone or replaced is found, and the statement that puts it back does")
    func seals() throws {
        try TestDatabase.run { url in
            let connection = try TestDatabase.connect(url)
            func broken() -> [Finding] { Self.complaints(Self.examine(url)).filter { $0.subject == "seals" } }
            #expect(broken().isEmpty)
            for (sql, says) in [
                ("ALTER TABLE rocket.artifacts DISABLE TRIGGER artifacts_seal", "artifacts_seal .* is disabled"),
                (
                    "ALTER TABLE rocket.gate_rules ENABLE REPLICA TRIGGER gate_rules_seal",
                    "gate_rules_seal .* is disabled"
                ),
                ("DROP TRIGGER model_versions_state ON rocket.model_versions", "model_versions_state .* is gone"),
                ("DROP TRIGGER open_versions_end ON rocket.open_versions", "open_versions_end .* is gone"),
                (
                    """
                    DROP TRIGGER deployments_append_only ON rocket.deployments;
                    CREATE TRIGGER deployments_append_only BEFORE DELETE ON rocket.deployments
                        FOR EACH ROW EXECUTE FUNCTION rocket.refuse_change()
                    """, "deployments_append_only .* is not the one"
                ),
            ] {
                try connection.script(sql)
                let found = broken()
                #expect(found.count == 1 && found[0].state == .problem, "\(sql): \(found)")
                let finding = try #require(found.first)
                #expect(try finding.found.contains(Regex(says)), "\(finding)")
                try connection.script(try #require(finding.fix))
                #expect(broken().isEmpty, "\(sql)")
            }
            // All triggers that the migrations make are looked at.
            let names = try connection.execute(
                """
                SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', tgrelid::regclass, tgname) AS sql FROM pg_trigger
                WHERE tgrelid::regclass::text LIKE 'rocket.%' AND NOT tgisinternal
                """
            ).map { try $0.text("sql") }
            for name in names { try connection.script(name) }
            #expect(broken().count == names.count && names.count >= 20)
        }
    }

    @Test("Missing, damaged and forgotten cache files are told apart; a flipped byte is found by reading all of them")
    func cache() throws {
        try TestJob.withJob { url, job in
            _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00"))
            let rows = try TestDatabase.connect(url).execute(
                "SELECT path FROM rocket.cache_manifest WHERE rows > 100 ORDER BY day, part")
            let files = try rows.map { try $0.text("path") }
            func cache(_ depth: Doctor.Depth = .quick) -> [Finding] {
                Self.complaints(Self.examine(url, job: job, depth: depth)).filter { $0.topic == .cache }
            }
            #expect(cache().isEmpty)
            // Within a block, which opening a file does not read.
            var bytes = try Data(contentsOf: URL(fileURLWithPath: files[0]))
            bytes[bytes.count / 3] ^= 1
            try bytes.write(to: URL(fileURLWithPath: files[0]))
            #expect(cache().isEmpty)
            #expect(cache(.deep).contains { $0.found.contains(files[0]) })
            try Data(bytes.dropLast()).write(to: URL(fileURLWithPath: files[0]))
            #expect(cache().contains { $0.found.contains("the manifest says") })
            try FileManager.default.removeItem(atPath: files[1])
            #expect(cache().contains { $0.found.contains("not on this machine") })
            let folder = URL(fileURLWithPath: files[1]).deletingLastPathComponent().path
            let random = String(repeating: "0123456789abcdef", count: 2)
            try Data().write(to: URL(fileURLWithPath: "\(folder)/part-0.\(random).tmp"))
            #expect(cache().contains { $0.fix?.contains("rocket cache prune") == true })
            #expect(Self.examine(url, job: job).exitStatus == .done)
        }
    }

    @Test("A live model whose bytes have changed is a problem of the machine; rollback is advised only where it helps")
    func liveModel() throws {
        try TestJob.withJob(days: 4) { url, job in
            let connection = try TestDatabase.connect(url)
            func complaint() throws -> Finding {
                let findings = Self.examine(url, job: job)
                #expect(findings.exitStatus == .internalError)
                return try #require(
                    Self.complaints(findings).first { $0.topic == .models && $0.state == .problem })
            }
            func flip(_ versions: String) throws {
                try connection.script(
                    """
                    UPDATE rocket.artifact_chunks SET data = set_byte(data, 5, (get_byte(data, 5) + 1) % 256)
                    WHERE version IN (\(versions))
                    """)
            }
            _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00"))
            try flip("1")
            #expect(try complaint().fix?.contains("rollback") == false)
            #expect(try complaint().fix?.contains("no earlier version") == true)

            try connection.script(
                "UPDATE rocket.artifact_chunks SET data = set_byte(data, 5, (get_byte(data, 5) + 255) % 256)")
            let second = try #require(
                try TestJob.session(url, job).nightly(asOf: .instant("2026-01-09 01:00+00")).version)
            let live = try connection.execute("SELECT version FROM rocket.model_versions WHERE state = 'live'").first
            if try live?.int("version") != second {
                _ = try Deployments(database: url).promote(second, force: true, reason: "a test")
            }
            try flip("\(second)")
            #expect(try complaint().fix?.hasPrefix("rocket models rollback --model test") == true)
            try flip("1")
            #expect(try complaint().fix?.contains("rollback") == false)
            #expect(try complaint().found.contains("so is version 1"))
        }
    }

    @Test("Row-level security on a log table, and roles that may write more than a job needs, are named with the fix")
    func rowSecurityAndWriters() throws {
        try TestJob.withJob { url, job in
            try TestLogins.with(url) { logins in
                let admin = try TestDatabase.connect(url)
                try admin.script(
                    "ALTER TABLE ad_log.impressions ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON ad_log.impressions USING (true)"
                )
                let findings = Self.examine(logins.writer, job: job, logs: logins.logs)
                let hidden = try #require(Self.complaints(findings).first { $0.topic == .rights })
                #expect(
                    hidden.subject == "ad_log.impressions" && hidden.found.contains("row-level security"), "\(hidden)")
                #expect(hidden.fix?.contains("BYPASSRLS") == true && findings.exitStatus == .database)
                let night = try RocketProgram.rocket(
                    ["nightly", "--quiet", "--job", job, "--as-of", "2026-01-08T01:00Z"], database: logins.writer,
                    environment: ["SOURCE_DATABASE_URL": logins.logs])
                #expect(
                    night.code == 7 && night.errors.contains("\"impressions\"") && night.errors.contains("BYPASSRLS"))
                try admin.script("ALTER TABLE ad_log.impressions DISABLE ROW LEVEL SECURITY")

                #expect(!Self.examine(url).contains { $0.subject == "others" && $0.state != .ok })
                try admin.script(
                    """
                    GRANT UPDATE ON rocket.gate_verdicts TO rocket_writer;
                    GRANT DELETE ON rocket.model_versions TO rocket_report_reader;
                    GRANT CREATE ON SCHEMA rocket TO PUBLIC;
                    GRANT EXECUTE ON FUNCTION rocket.retire_version(bigint, text) TO PUBLIC;
                    """)
                let others = Self.complaints(Self.examine(url)).filter { $0.subject == "others" }
                #expect(others.count == 3, "\(others)")
                for fix in others.compactMap(\.fix) { try admin.script(fix) }
                #expect(!Self.examine(url).contains { $0.subject == "others" && $0.state != .ok })
            }
        }
    }

    @Test("A wrong job file or column is the job file's problem; a large table without indexes is warned of")
    func jobFile() throws {
        try TestJob.withJob { url, job in
            #expect(Self.examine(url, job: "/nowhere.yaml").exitStatus == .configuration)
            let text = try String(contentsOfFile: job, encoding: .utf8)
            func examined(_ text: String) throws -> [Finding] {
                try text.write(toFile: job, atomically: true, encoding: .utf8)
                return Self.examine(url, job: job)
            }
            #expect(try examined(text.replacing("hash_bits: 6", with: "hash_bits: many")).exitStatus == .configuration)
            let missing = try examined(text.replacing("name: slot", with: "name: slots"))
            #expect(missing.exitStatus == .configuration)
            #expect(Self.complaints(missing).contains { $0.found.contains("slots") })
            try TestDatabase.connect(url).script(
                """
                CREATE TABLE public.big AS SELECT i.* FROM ad_log.impressions i, generate_series(1, 12);
                ANALYZE public.big;
                """)
            let big = try examined(text.replacing("ad_log.impressions", with: "public.big"))
            let fixes = Self.complaints(big).filter { $0.topic == .logs }.compactMap(\.fix)
            #expect(fixes.contains("CREATE INDEX CONCURRENTLY ON \"public\".\"big\" (\"impressed_at\");"), "\(big)")
        }
    }

    @Test("A day's statement that reads a whole table through a view is named, with the index that the view needs")
    func plans() throws {
        try TestJob.withJob { url, job in
            let connection = try TestDatabase.connect(url)
            try connection.script(
                """
                CREATE TABLE public."Zoneless" AS
                SELECT i.*, i.impressed_at AT TIME ZONE 'UTC' AS "When" FROM ad_log.impressions i, generate_series(1, 60);
                CREATE VIEW public.zoned AS SELECT z.*, z."When" AT TIME ZONE 'UTC' AS shown_at FROM public."Zoneless" z;
                """)
            let text = try String(contentsOfFile: job, encoding: .utf8)
            try text.replacing("ad_log.impressions", with: "public.zoned").replacing(
                "time: impressed_at", with: "time: shown_at"
            )
            .write(toFile: job, atomically: true, encoding: .utf8)
            func complaint() -> Finding? {
                Self.complaints(Self.examine(url, job: job)).first { $0.subject == "a day's impressions" }
            }
            let found = try #require(complaint())
            #expect(found.found.contains("rows of public.Zoneless are read") && found.state == .warning)
            let fix = try #require(found.fix)
            #expect(fix.hasPrefix("CREATE INDEX CONCURRENTLY ON \"public\".\"Zoneless\" (("), "\(fix)")
            for statement in fix.split(separator: ";") { try connection.script(String(statement)) }
            #expect(complaint() == nil)
        }
    }

    @Test("A run whose process is gone, and one that runs with its lock, are named")
    func runs() throws {
        try TestDatabase.run { url in
            let connection = try TestDatabase.connect(url)
            let rows = try connection.execute(
                """
                INSERT INTO rocket.runs (command, model, host, pid, program_version, job_file)
                VALUES ('nightly', 'm', 'here', 1, 'test', 'm.yaml') RETURNING run_id
                """)
            let run = try #require(rows.first).int("run_id")
            #expect(Self.complaints(Self.examine(url)).contains { $0.found.contains("ended without a word") })
            _ = try connection.tryAdvisoryLock("rocket/run/\(run)")
            _ = try connection.tryAdvisoryLock("rocket/migrate")
            let alive = Self.examine(url)
            #expect(Self.complaints(alive).isEmpty, "\(alive)")
            #expect(alive.contains { $0.found.hasPrefix("running: nightly of m") })
            #expect(alive.contains { $0.subject == "lock rocket/migrate" && $0.found.contains("tests") })
            withExtendedLifetime(connection) {}
        }
    }

    @Test(
        "A proxy that pools by transaction is a problem of the database",
        .enabled(if: Pgbouncer.isInstalled, "pgbouncer is not installed: apt-get install pgbouncer"))
    func proxy() throws {
        try TestDatabase.run { url in
            let settings = ["pool_mode = transaction", "ignore_startup_parameters = options"]
            try Pgbouncer.run(settings, before: url) { pooled in
                let findings = Self.examine(pooled)
                #expect(Self.complaints(findings).contains { $0.topic == .database && $0.found.contains("proxy") })
                #expect(findings.exitStatus == .database)
            }
        }
    }

    @Test("The list is plain words without a terminal, --json has the documented keys, and the code is the findings'")
    func output() throws {
        try TestDatabase.run { url in
            let environment = ["ROCKET_MIGRATIONS": "\(TestDatabase.repository)/migrations"]
            let text = try RocketProgram.rocket(["doctor"], database: url, environment: environment)
            #expect(text.code == 0 && text.output.contains("all is well"), "\(text.output)")
            #expect(
                !text.output.contains("\u{1B}") && text.output.contains("libpq") && text.output.contains("oneDNN "))
            let json = try RocketProgram.rocket(["doctor", "--json"], database: url, environment: environment)
            let object = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
            #expect(object["exit_code"] as? Int == 0)
            let findings = try #require(object["findings"] as? [[String: Any]])
            #expect(findings.allSatisfy { $0["topic"] is String && $0["state"] is String && $0["found"] is String })
            let away = try RocketProgram.rocket(["doctor"], database: "host=/nowhere", environment: environment)
            #expect(away.code == 7 && away.output.contains("problem database") && away.output.contains("1 problem,"))
        }
    }
}
