import Foundation
import OperationsSupport
import Postgres
import Runs
import TestSupport
import Testing

/// What the ledger and the locks are worth when processes and sessions die.
@Suite struct RunLedgerTests {
    /// A job that trains for some seconds, and the command line of its night.
    private static func withLongJob(
        more: String = "", _ body: (_ database: Connection, _ url: String, _ night: [String]) throws -> Void
    ) throws {
        let long = { (text: String) in
            text.replacing("batch_size: 128}", with: "batch_size: 128, epochs: 60}")
                .replacing("  baselines: [light, booster]\n", with: "") + "\n" + more
        }
        try TestJob.withJob(change: long) { url, job in
            try body(TestDatabase.connect(url), url, ["nightly", "--job", job, "--as-of", "2026-01-08T01:00Z"])
        }
    }

    /// Starts the night and waits until it trains.
    private static func training(_ night: [String], _ database: Connection, _ url: String) throws -> Process {
        let process = try RocketProgram.started(night, database: url)
        while process.isRunning,
            try database.execute("SELECT FROM rocket.nightly_history WHERE stage LIKE 'train%'").isEmpty
        { usleep(5_000) }
        #expect(process.isRunning)
        return process
    }

    private static func errors(of process: Process) throws -> String {
        let pipe = try #require(process.standardError as? Pipe)
        let text = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: text, as: UTF8.self)
    }

    /// Ends the database sessions of a name.
    private static func endSessions(named name: String, _ database: Connection) throws {
        let ended = try database.execute(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = $1 AND datname = current_database()
            """, [.text(name)])
        #expect(!ended.isEmpty)
    }

    @Test("A run whose process was killed is dead in the view at once, and marked so by the next one, which names it")
    func killed() throws {
        try Self.withLongJob { database, url, night in
            let process = try Self.training(night, database, url)
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            func status(_ table: String) throws -> String? {
                try database.execute("SELECT status FROM rocket.\(table) WHERE run_id = 1").first?.text("status")
            }
            // The server notices within a moment that its client is gone.
            var seen = try status("nightly_history")
            for _ in 0..<500 where seen == "running" {
                usleep(10_000)
                seen = try status("nightly_history")
            }
            #expect(seen == "died")
            #expect(try status("runs") == "running")
            let next = try RocketProgram.rocket(night, database: url)
            #expect(
                next.code == 0
                    && next.errors.contains("run 1 (nightly of test, process \(process.processIdentifier) on"))
            #expect(try status("runs") == "died")
            let row = try #require(
                try database.execute("SELECT ended_at = heartbeat_at AS same, error FROM rocket.runs WHERE run_id = 1")
                    .first)
            #expect(try row.bool("same") && row.text("error").contains("without a word"))
            #expect(
                try database.execute("SELECT FROM rocket.run_stages WHERE run_id = 1 AND status = 'failed'").count == 1)
        }
    }

    @Test(
        "SIGTERM and SIGINT end a training after its batch with a checkpoint and code 9; the next run ends with the same weights",
        arguments: [SIGTERM, SIGINT])
    func stopped(_ signal: Int32) throws {
        try Self.withLongJob { database, url, night in
            func weights() throws -> [String] {
                try database.execute(
                    "SELECT sha256 FROM rocket.artifacts WHERE name = 'model.safetensors' ORDER BY version"
                ).map { try $0.text("sha256") }
            }
            let process = try Self.training(night, database, url)
            kill(process.processIdentifier, signal)
            let errors = try Self.errors(of: process)
            #expect(process.terminationReason == .exit && process.terminationStatus == 9)
            #expect(
                errors.contains("a checkpoint was saved") && errors.contains(signal == SIGTERM ? "SIGTERM" : "SIGINT"))
            let run = try #require(try database.execute("SELECT status, exit_code FROM rocket.runs").first)
            #expect(try run.text("status") == "interrupted" && run.int("exit_code") == 9)
            #expect(try weights().isEmpty)
            let next = try RocketProgram.rocket(night, database: url)
            #expect(next.code == 0 && next.errors.contains("resumes from a checkpoint"))
            let job = night[2]
            let other = job.replacing("job.yaml", with: "undisturbed.yaml")
            try String(contentsOfFile: job, encoding: .utf8).replacing("model: test", with: "model: undisturbed")
                .write(toFile: other, atomically: true, encoding: .utf8)
            let undisturbed = try RocketProgram.rocket(night.map { $0 == job ? other : $0 }, database: url)
            #expect(undisturbed.code == 0)
            let both = try weights()
            #expect(both.count == 2 && both[0] == both[1])
        }
    }

    @Test("A second start leaves at once with code 4 and names the run, its process and its machine")
    func second() throws {
        try Self.withLongJob { database, url, night in
            let process = try Self.training(night, database, url)
            let second = try RocketProgram.rocket(night, database: url)
            #expect(second.code == 4)
            let host = ProcessInfo.processInfo.hostName
            #expect(second.errors.contains("run 1 (nightly), process \(process.processIdentifier) on \(host)"))
            #expect(try database.execute("SELECT count(*) AS n FROM rocket.runs").first?.int("n") == 1)
            kill(process.processIdentifier, SIGTERM)
            process.waitUntilExit()
        }
    }

    @Test("A run whose database sessions end goes on with new ones and makes one version, at its second attempt")
    func sessionsEnded() throws {
        try Self.withLongJob { database, url, night in
            let process = try Self.training(night, database, url)
            try Self.endSessions(named: "rocket test", database)
            try Self.endSessions(named: "rocket test, reading", database)
            let errors = try Self.errors(of: process)
            #expect(process.terminationStatus == 0, "\(errors)")
            #expect(errors.contains("trying again in 1.0 seconds") && errors.contains("opened again"))
            let run = try #require(
                try database.execute("SELECT status, attempts, peak_memory_bytes FROM rocket.runs").first)
            #expect(try run.text("status") == "done" && run.int("attempts") == 2)
            #expect(try run.int("peak_memory_bytes") > 10_000_000)
            #expect(try database.execute("SELECT count(*) AS n FROM rocket.model_versions").first?.int("n") == 1)
            // The training was not done again.
            let trained = try database.execute(
                "SELECT seconds FROM rocket.run_stages WHERE name = 'train' ORDER BY stage")
            #expect(trained.count == 2)
            #expect(errors.contains("resumes from a checkpoint"))
        }
    }

    @Test("With database.retry 0s a lost database ends the run with code 7")
    func noRetry() throws {
        try Self.withLongJob(more: "database: {retry: 0s}") { database, url, night in
            let process = try Self.training(night, database, url)
            try Self.endSessions(named: "rocket test", database)
            let errors = try Self.errors(of: process)
            #expect(process.terminationStatus == 7 && errors.contains("the connection to PostgreSQL was lost"))
            let run = try #require(try database.execute("SELECT status, exit_code FROM rocket.runs").first)
            #expect(try run.text("status") == "failed" && run.int("exit_code") == 7)
            #expect(try database.execute("SELECT FROM rocket.model_versions").isEmpty)
        }
    }

    @Test(
        "A run whose lock somebody else took while the session was broken ends with code 4 and leaves nothing half done"
    )
    func lockLost() throws {
        try Self.withLongJob { database, url, night in
            let process = try Self.training(night, database, url)
            // It waits in line for the lock, so that it has it the moment the run's session ends.
            let (taken, over) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            Thread.detachNewThread {
                let thief = try? TestDatabase.connect(url)
                _ = try? thief?.execute("SELECT pg_advisory_lock(hashtextextended('rocket/test', 0))")
                taken.signal()
                over.wait()
            }
            defer { over.signal() }
            while try database.execute("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").isEmpty {
                usleep(5_000)
            }
            try Self.endSessions(named: "rocket test", database)
            taken.wait()
            let errors = try Self.errors(of: process)
            #expect(process.terminationStatus == 4, "\(errors)")
            #expect(errors.contains("‘rocket/test’ was lost") && errors.contains("‘tests’"))
            #expect(try database.execute("SELECT FROM rocket.model_versions").isEmpty)
        }
    }

    @Test("Pauses double up to a minute and add up to what is allowed")
    func pauses() {
        var plan = RetryPlan(allowed: .seconds(300))
        var pauses: [Duration] = []
        while let pause = plan.pause() { pauses.append(pause) }
        #expect(Array(pauses.prefix(7)) == [1, 2, 4, 8, 16, 32, 60].map { .seconds($0) })
        #expect(pauses.reduce(.zero, +) == .seconds(300))
        #expect(pauses.allSatisfy { $0 <= RetryPlan.longestPause })
        var none = RetryPlan(allowed: .zero)
        #expect(none.pause() == nil)
    }
}
