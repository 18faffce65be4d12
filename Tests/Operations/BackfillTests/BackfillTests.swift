import Backfill
import Foundation
import OperationsSupport
import Postgres
import Reports
import TestSupport
import Testing

/// Backfills against a database: what they make, whom they wait for, and what is left when they are stopped.
@Suite struct BackfillTests {
    /// A job without baselines, over four nights and the day before them, and its command line.
    private static func withJob(
        change: (String) -> String = { $0 },
        _ body: (_ database: Connection, _ url: String, _ job: String, _ command: [String]) throws -> Void
    ) throws {
        let alone = { (text: String) in change(text.replacing("  baselines: [light, booster]\n", with: "")) }
        try TestJob.withJob(days: 5, change: alone) { url, job in
            let command = ["backfill", "--job", job, "--from", "2026-01-06", "--to", "2026-01-09"]
            try body(TestDatabase.connect(url), url, job, command)
        }
    }

    /// A gate that nets of a test pass.
    private static func easilyPromoted(_ text: String) -> String {
        text + "\npromotion: {margin: 0.5, lowest_pcoc: 0.01, highest_pcoc: 100, least_clicks: 1}\n"
    }

    private static func request(_ reprocess: Reprocess = .none, jobs: Int = 1) throws -> BackfillRequest {
        let days = try TestJob.day("2026-01-06")...TestJob.day("2026-01-09")
        return BackfillRequest(days: days, reprocess: reprocess, jobs: jobs)
    }

    /// A version's night and the SHA-256 of its weights, in the order of the nights.
    private static func weights(_ database: Connection) throws -> [String] {
        try database.execute(
            """
            SELECT v.evaluated_day::text || ' ' || a.sha256 AS line
            FROM rocket.model_versions v JOIN rocket.artifacts a USING (version)
            WHERE a.name = 'model.safetensors' ORDER BY v.evaluated_day, v.version
            """
        ).map { try $0.text("line") }
    }

    private static func count(_ sql: String, _ database: Connection) throws -> Int {
        try database.execute("SELECT count(*) AS n FROM \(sql)").first?.int("n") ?? -1
    }

    private static func plan(_ command: [String], _ url: String) throws -> (code: Int32, actions: [String]) {
        let result = try RocketProgram.rocket(command + ["--dry-run", "--json"], database: url)
        let lines = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]]
        return (result.code, try #require(lines).compactMap { $0["action"] as? String })
    }

    private static func errors(of process: Process) throws -> String {
        let pipe = try #require(process.standardError as? Pipe)
        let text = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: text, as: UTF8.self)
    }

    @Test("A day that an earlier release built with repeated rows is built again though its logs are as they were")
    func repeatedRows() throws {
        try TestJob.withJob { url, job in
            let day = try TestJob.day("2026-01-05")
            _ = try TestJob.session(url, job).extract(days: day...day, rebuild: false)
            #expect(try TestJob.session(url, job).rebuildStale().isEmpty)
            try TestDatabase.connect(url).script(
                """
                UPDATE rocket.cache_days
                SET impressions_read = NULL, ambiguous_clicks = NULL, duplicate_impressions = 3
                """)
            #expect(try TestJob.session(url, job).rebuildStale().map(\.day) == [day])
            #expect(try TestJob.session(url, job).rebuildStale().isEmpty)
        }
    }

    @Test("Weights are the same whichever night comes first, however many at a time, and as the nightly job makes them")
    func sameWeights() throws {
        // Boundaries are learned from data, so the order could matter.
        let bucketed = { (text: String) in
            text.replacing(
                "{name: price, kind: numeric, transform: log1p}", with: "{name: price, kind: bucketed, buckets: 4}")
        }
        try Self.withJob(change: bucketed) { database, url, job, command in
            #expect(try RocketProgram.rocket(command, database: url).code == 0)
            let once = try Self.weights(database)
            #expect(once.count == 4)
            for flags in [["--jobs", "2"], ["--order", "newest"], ["--order", "newest", "--jobs", "3"]] {
                try Self.withJob(change: bucketed) { database, url, _, command in
                    let result = try RocketProgram.rocket(command + flags, database: url)
                    #expect(result.code == 0 && result.errors.contains("backfill  4 of 4 nights"), "\(result.errors)")
                    #expect(try Self.weights(database) == once, "\(flags)")
                }
            }
            try Self.withJob(change: bucketed) { database, url, job, _ in
                _ = try TestJob.session(url, job).extract(
                    days: TestJob.day("2026-01-05")...TestJob.day("2026-01-05"), rebuild: false)
                _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-10 01:00+00"))
                #expect(try Self.weights(database) == once.suffix(1))
            }
        }
    }

    @Test("The plan changes nothing, names a reason for each day, and leaves with 3 when there is nothing to do")
    func dryRun() throws {
        try Self.withJob { database, url, job, command in
            let days = ["--from", "2026-01-05", "--to", "2026-01-10"]
            let plan = try RocketProgram.rocket(
                ["backfill", "--job", job, "--dry-run"] + days, database: url)
            #expect(plan.code == 0, "\(plan.errors)")
            for text in [
                "no earlier day to train on", "2026-01-05 … 2026-01-06", "there is no version yet", "no impressions",
            ] {
                #expect(plan.output.contains(text), "\(text)")
            }
            for table in ["runs", "model_versions", "cache_days", "extraction_specifications"] {
                #expect(try Self.count("rocket.\(table)", database) == 0, "\(table)")
            }
            let json = try RocketProgram.rocket(
                ["backfill", "--job", job, "--dry-run", "--json"] + days, database: url)
            let lines = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
            #expect(lines.map { $0["action"] as? String } == ["skip", "make", "make", "make", "make", "skip"])
            #expect(lines[2]["trained_from"] as? String == "2026-01-05" && lines[2]["trained_days"] as? Int == 2)
            _ = try TestJob.session(url, job).backfill(Self.request())
            let done = try Self.plan(command, url)
            #expect(done.code == 3 && done.actions == ["skip", "skip", "skip", "skip"])
            // Somebody else's night.
            let other = try Self.plan(["backfill", "--job", job, "--from", "2026-01-06", "--to", "2026-01-06"], url)
            #expect(other.code == 3)
            try database.script("DELETE FROM rocket.model_versions WHERE evaluated_day = '2026-01-08'")
            #expect(try database.tryAdvisoryLock("rocket/test/night/2026-01-08") != nil)
            let waiting = try Self.plan(command, url)
            #expect(waiting.code == 3 && waiting.actions == ["skip", "skip", "wait", "skip"])
        }
    }

    @Test("Nights whose logs or settings changed are stale: exactly those are made again, and all makes nothing twice")
    func reprocess() throws {
        try Self.withJob { database, url, job, command in
            _ = try TestJob.session(url, job).backfill(Self.request())
            let before = try Self.weights(database)
            let stale = command + ["--reprocess", "stale"]
            #expect(try Self.plan(stale, url).code == 3)
            let all = try RocketProgram.rocket(command + ["--reprocess", "all"], database: url)
            #expect(all.code == 3 && all.errors.contains("nothing to do"), "\(all.errors)")
            let judged = "'2026-01-08 00:00+00' AND impressed_at < '2026-01-09 00:00+00'"
            try database.script(
                """
                DELETE FROM ad_log.impressions WHERE impression_id IN (
                    SELECT impression_id FROM ad_log.impressions WHERE impressed_at >= \(judged) LIMIT 40)
                """)
            #expect(try Self.plan(command, url).code == 3)
            #expect(try Self.plan(command + ["--reprocess", "failed"], url).code == 3)
            #expect(try Self.plan(stale, url).actions == ["skip", "skip", "make", "make"])
            let result = try RocketProgram.rocket(stale, database: url)
            #expect(result.code == 0 && result.errors.contains("2026-01-08: rebuilt, "), "\(result.errors)")
            #expect(try Self.weights(database).count == 6)
            #expect(Set(before).isSubset(of: try Self.weights(database)))
            #expect(try Self.count("rocket.cache_rebuilds", database) == 1)
            #expect(try Self.plan(stale, url).code == 3)
            // A cached day that was removed is taken for what it was.
            try database.script("DELETE FROM rocket.cache_days WHERE day = '2026-01-05'")
            #expect(try Self.plan(stale, url).code == 3)
            let text = try String(contentsOfFile: job, encoding: .utf8)
            try text.replacing("batch_size: 128", with: "batch_size: 128, seed: 5")
                .write(toFile: job, atomically: true, encoding: .utf8)
            #expect(try Self.plan(command, url).code == 3)
            #expect(try Self.plan(stale, url).actions == ["make", "make", "make", "make"])
        }
    }

    @Test("A night that fails is listed and does not stop the others; the next backfill makes that one only")
    func failure() throws {
        try Self.withJob { database, url, job, command in
            try database.script(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF NEW.evaluated_day = '2026-01-07' THEN RAISE EXCEPTION 'not this one'; END IF;
                    RETURN NEW;
                END $$;
                CREATE TRIGGER refuse BEFORE INSERT ON rocket.model_versions FOR EACH ROW EXECUTE FUNCTION refuse()
                """)
            let result = try RocketProgram.rocket(command + ["--jobs", "2"], database: url)
            #expect(result.code == 7, "\(result.errors)")
            #expect(result.output.contains("2026-01-07: failed (7)") && result.output.contains("not this one"))
            #expect(try Self.weights(database).map { $0.prefix(10) } == ["2026-01-06", "2026-01-08", "2026-01-09"])
            let night = try #require(
                try database.execute("SELECT * FROM rocket.nights WHERE evaluated_day = '2026-01-07'").first)
            #expect(try night.textOrNil("version") == nil && night.text("last_status") == "failed")
            let plan = try TestJob.session(url, job).backfillPlan(Self.request(.failed))
            #expect(plan.entries.map(\.action) == [.skip, .make, .skip, .skip])
            guard case .lastRun = plan.entries[1].reason else {
                Issue.record("\(plan.entries[1].reason)")
                return
            }
            try database.script("DROP TRIGGER refuse ON rocket.model_versions")
            // A run that failed although there is a version: it is done again where that is asked for only.
            try database.script(
                """
                INSERT INTO rocket.runs (
                    command, model, evaluated_day, status, host, pid, program_version, job_file, ended_at)
                VALUES ('backfill', 'test', '2026-01-06', 'failed', '', 1, '', '', now())
                """)
            #expect(try Self.plan(command, url).actions == ["skip", "make", "skip", "skip"])
            #expect(
                try Self.plan(command + ["--reprocess", "failed"], url).actions == ["make", "make", "skip", "skip"])
            #expect(try RocketProgram.rocket(command, database: url).code == 0)
            #expect(try Self.weights(database).count == 4)
        }
    }

    @Test(
        "A backfilled version is marked and stays a candidate; the nightly job has the gate judge it, without training again"
    )
    func marked() throws {
        try Self.withJob(change: Self.easilyPromoted) {
            database, url, job, command in
            #expect(try RocketProgram.rocket(command, database: url).code == 0)
            #expect(try Self.count("rocket.live_models", database) == 0)
            #expect(try Self.count("rocket.gate_verdicts", database) == 0)
            let compared = "rocket.model_comparisons WHERE comparison = 'light_minus_booster' AND metric = 'auc'"
            #expect(try Self.count(compared, database) == 4)
            let reports = try ReportReader(database: url).reports()
            #expect(reports.count == 4 && reports.allSatisfy { $0.backfilled && $0.state == "candidate" })
            #expect(
                try RocketProgram.rocket(["models", "list"], database: url).output.contains("candidate, backfilled"))
            let first = try #require(reports.first).version
            #expect(try RocketProgram.rocket(["models", "promote", "\(first)"], database: url).code == 8)
            let trained = try Self.count("rocket.run_stages WHERE name = 'train'", database)
            let night = ["nightly", "--job", job, "--as-of", "2026-01-10T01:00Z"]
            let nightly = try RocketProgram.rocket(night, database: url)
            #expect(nightly.code == 0 && nightly.errors.contains("the gate judges it now"), "\(nightly.errors)")
            let live = try #require(try database.execute("SELECT version, evaluated_day FROM rocket.live_models").first)
            #expect(try live.int("version") == first && live.text("evaluated_day") == "2026-01-09")
            #expect(try Self.count("rocket.run_stages WHERE name = 'train'", database) == trained)
            #expect(try RocketProgram.rocket(night, database: url).code == 3)
            // An older night never takes the place of a version that has seen its day.
            let promote = try RocketProgram.rocket(command + ["--promote"], database: url)
            #expect(promote.code == 8, "\(promote.errors)")
            #expect(try Self.count("rocket.gate_verdicts WHERE verdict = 'held'", database) == 3)
            #expect(try Self.count("rocket.model_versions WHERE backfilled", database) == 4)
            let forced = ["models", "promote", "\(first - 1)", "--force", "--reason", "tried by hand"]
            #expect(try RocketProgram.rocket(forced, database: url).code == 0)
        }
    }

    @Test(
        "With --promote each night is judged against the one promoted before it, also where it was backfilled without")
    func promoted() throws {
        try Self.withJob(change: Self.easilyPromoted) {
            database, url, job, command in
            let start = Array(command.dropLast()) + ["2026-01-07"]
            #expect(try RocketProgram.rocket(start, database: url).code == 0)
            #expect(try Self.plan(command + ["--promote"], url).actions == ["judge", "judge", "make", "make"])
            let result = try RocketProgram.rocket(command + ["--promote"], database: url)
            #expect(result.code == 0, "\(result.errors)")
            let ledger = try database.execute(
                """
                SELECT v.evaluated_day::text AS day FROM rocket.deployments d JOIN rocket.model_versions v USING (version)
                ORDER BY d.deployment_id
                """
            ).map { try $0.text("day") }
            #expect(ledger == ["2026-01-06", "2026-01-07", "2026-01-08", "2026-01-09"])
            #expect(try Self.count("rocket.model_versions", database) == 4)
            #expect(try Self.plan(command + ["--promote"], url).code == 3)
            for flags in [["--order", "newest"], ["--jobs", "2"]] {
                #expect(try RocketProgram.rocket(command + ["--promote"] + flags, database: url).code == 64)
            }
            let lock = "rocket/test/backfill"
            #expect(try database.tryAdvisoryLock(lock) != nil)
            #expect(try RocketProgram.rocket(command + ["--promote"], database: url).code == 4)
            #expect(try RocketProgram.rocket(command, database: url).code == 3)
        }
    }

    @Test("Nights that go on from one another are refused newest first, or several at a time, with code 6")
    func incremental() throws {
        let change = { (text: String) in text.replacing("batch_size: 128", with: "batch_size: 128, start: incremental")
        }
        try Self.withJob(change: change) { database, url, job, command in
            for flags in [["--order", "newest"], ["--jobs", "2"]] {
                let result = try RocketProgram.rocket(command + flags, database: url)
                #expect(result.code == 6 && result.errors.contains("training.start incremental"), "\(result.errors)")
            }
            #expect(try RocketProgram.rocket(command, database: url).code == 0)
            #expect(try Self.plan(command + ["--reprocess", "stale"], url).code == 3)
            try database.script(
                "DELETE FROM ad_log.clicks WHERE clicked_at >= '2026-01-07' AND clicked_at < '2026-01-07 06:00'")
            // The night of the 6th is judged before, and all that follow go on from the night of the 7th.
            #expect(
                try Self.plan(command + ["--reprocess", "stale"], url).actions == ["skip", "make", "make", "make"])
            #expect(try RocketProgram.rocket(command + ["--reprocess", "stale"], database: url).code == 0)
            #expect(try Self.weights(database).count == 7)
            #expect(try Self.plan(command + ["--reprocess", "stale"], url).code == 3)
        }
    }

    @Test(
        "A backfill waits while the nightly job holds its lock, and comes back to a night that another process works on"
    )
    func waits() throws {
        try Self.withJob { database, url, job, command in
            let nightly = try TestDatabase.connect(url)
            let lock = try #require(try nightly.tryAdvisoryLock("rocket/test"))
            let night = try #require(try nightly.tryAdvisoryLock("rocket/test/night/2026-01-06"))
            let sessions = "pg_stat_activity WHERE application_name = 'rocket test' AND datname = current_database()"
            let process = try RocketProgram.started(command, database: url)
            while process.isRunning,
                try Self.count(sessions, database) < 2
            { usleep(5_000) }
            usleep(300_000)
            #expect(try process.isRunning && Self.count("rocket.runs", database) == 0)
            try lock.release()
            while process.isRunning, try Self.weights(database).count < 3 { usleep(5_000) }
            #expect(process.isRunning)
            #expect(try Self.weights(database).map { $0.prefix(10) } == ["2026-01-07", "2026-01-08", "2026-01-09"])
            try night.release()
            let errors = try Self.errors(of: process)
            #expect(
                process.terminationStatus == 0 && errors.contains("waiting for another run of model ‘test’: ‘tests’"))
            #expect(errors.contains("2026-01-06: another process works on it: ‘tests’"))
            #expect(try Self.weights(database).count == 4)
        }
    }

    @Test(
        "The nightly job takes its own lock beside a backfill; on the very night that is worked on it leaves with 4 and says who"
    )
    func sameNight() throws {
        let long = { (text: String) in text.replacing("batch_size: 128}", with: "batch_size: 128, epochs: 40}") }
        try Self.withJob(change: long) { database, url, job, _ in
            let process = try RocketProgram.started(
                ["backfill", "--job", job, "--from", "2026-01-09", "--to", "2026-01-09"], database: url)
            while process.isRunning,
                try database.execute("SELECT FROM rocket.nightly_history WHERE stage LIKE 'train%'").isEmpty
            { usleep(5_000) }
            let same = try RocketProgram.rocket(
                ["nightly", "--job", job, "--as-of", "2026-01-10T01:00Z"], database: url)
            #expect(same.code == 4)
            #expect(same.errors.contains("run 1 (backfill), process \(process.processIdentifier)"), "\(same.errors)")
            let other = try RocketProgram.rocket(
                ["nightly", "--job", job, "--as-of", "2026-01-09T01:00Z"], database: url)
            #expect(other.code == 0 || other.code == 8, "\(other.errors)")
            kill(process.processIdentifier, SIGTERM)
            _ = try Self.errors(of: process)
        }
    }

    @Test("Killed or stopped again and again, and several at once, a backfill ends with each night exactly once")
    func killed() throws {
        try Self.withJob { database, url, job, command in
            func started() throws -> Process {
                let process = try RocketProgram.started(command + ["--quiet", "--jobs", "2"], database: url)
                let before = try Self.count("rocket.run_stages", database)
                while process.isRunning, try Self.count("rocket.run_stages", database) < before + 4 { usleep(1_000) }
                return process
            }
            let first = try started()
            kill(first.processIdentifier, SIGKILL)
            first.waitUntilExit()
            let second = try started()
            kill(second.processIdentifier, SIGTERM)
            let errors = try Self.errors(of: second)
            #expect(second.terminationStatus == 9 && errors.contains("SIGTERM"), "\(errors)")
            #expect(try Self.count("rocket.runs WHERE status = 'running'", database) == 0)
            let (third, fourth) = (try started(), try RocketProgram.started(command + ["--quiet"], database: url))
            for process in [third, fourth] {
                let errors = try Self.errors(of: process)
                #expect([0, 3].contains(process.terminationStatus), "\(errors)")
            }
            let nights = try Self.weights(database).map { $0.prefix(10) }
            #expect(nights == ["2026-01-06", "2026-01-07", "2026-01-08", "2026-01-09"])
            #expect(try Self.count("rocket.runs WHERE status = 'done'", database) == 4)
            #expect(try Self.plan(command, url).code == 3)
        }
    }
}
