import Experiments
import Foundation
import JobFile
import OperationsSupport
import Postgres
import Reports
import TestSupport
import Testing

@Suite struct SettingSearchTests {
    static func lines(_ url: String, _ result: SettingSearchResult) throws -> [SearchLine] {
        try ReportReader(database: url).search(fingerprint: result.fingerprint)
    }

    static func request() throws -> SettingSearchRequest {
        SettingSearchRequest(
            day: try TestJob.day("2026-01-07"), budget: .seconds(3_600), mostTrials: 4,
            keys: ["training.embedding_learning_rate", "nets.booster.dropout", "rocket.hint_weight"])
    }

    @Test("It tries the job file and variants of it, trains the better ones for longer, and does nothing twice")
    func search() throws {
        try TestJob.withJob { url, job in
            let first = try TestJob.session(url, job).search(Self.request())
            let lines = try Self.lines(url, first)
            #expect(first.trained == lines.count && Set(lines.map(\.rung)) == [0, 1, 2])
            for rung in 0..<3 {
                let trials = lines.filter { $0.rung == rung }
                #expect(trials.contains { $0.changes.isEmpty && $0.difference == 0 } && trials.count > 1)
            }
            #expect(lines.count { $0.rung == 0 } == 4)
            let best = try #require(lines.first)
            #expect(best.rung == 2 && best.changes == first.changes)
            #expect(lines.filter { $0.rung == 2 }.allSatisfy { $0.lightLogLoss >= best.lightLogLoss })

            // Its job file is the given one with these keys, and a night of it can be trained.
            let file = try JobFile(text: first.best, path: "best.yaml")
            #expect(try first.changes.isEmpty == (file.fingerprintText() == JobFile(path: job).fingerprintText()))
            for change in first.changes.split(separator: "; ") {
                let value = try #require(change.split(separator: ": ").last)
                #expect(first.best.contains(value))
            }
            let connection = try TestDatabase.connect(url)
            let removed = try connection.execute(
                "DELETE FROM rocket.search_trials WHERE rung = 0 AND changes <> '' AND ctid = (SELECT min(ctid) FROM "
                    + "rocket.search_trials WHERE rung = 0 AND changes <> '') RETURNING changes, light_log_loss")
            let again = try TestJob.session(url, job).search(Self.request())
            #expect(again.trained >= 1 && again.fingerprint == first.fingerprint)
            let back = try connection.execute(
                "SELECT light_log_loss FROM rocket.search_trials WHERE rung = 0 AND changes = $1",
                [.text(try #require(removed.first).text("changes"))])
            #expect(try back.first?.double("light_log_loss") == removed.first?.double("light_log_loss"))
        }
    }

    @Test("A minimum count is tried for every feature with a table of ids of its own, and for no other")
    func minimumCount() throws {
        let tables = { (text: String) in text.replacing(", hash_bits: 6}", with: "}") }
        try TestJob.withJob(days: 2, change: tables) { url, job in
            let request = SettingSearchRequest(
                day: try TestJob.day("2026-01-07"), budget: .seconds(3_600), mostTrials: 4,
                keys: ["features.minimum_count"])
            _ = try TestJob.session(url, job).search(request)
            let files = try TestDatabase.connect(url).execute(
                "SELECT job_file FROM rocket.search_trials WHERE rung = 0 AND changes = 'features.minimum_count: 20'"
            ).map { try JobFile(text: $0.text("job_file"), path: "trial.yaml").features.features }
            let counts = try #require(files.first).map { "\($0.name) \($0.minimumCount ?? 1)" }
            #expect(counts == ["category 20", "slot 1", "interests 20", "price 1"])
        }
    }

    @Test("The judged day is not read: it need not be there")
    func judgedDayUnread() throws {
        try TestJob.withJob(days: 2) { url, job in
            let result = try TestJob.session(url, job).search(Self.request())
            #expect(result.trained > 1)
            let days = try TestDatabase.connect(url).execute("SELECT max(day)::text AS day FROM rocket.cache_days")
            #expect(try days.first?.text("day") == "2026-01-06")
            #expect(try TestDatabase.connect(url).execute("SELECT FROM rocket.model_versions").isEmpty)
        }
    }

    @Test("The command prints the table, writes the best job file once, and refuses what does not go together")
    func command() throws {
        try TestJob.withJob { url, job in
            let output = job.replacing("job.yaml", with: "best.yaml")
            let arguments = ["experiment", "--job", job, "--day", "2026-01-07", "--search", "--trials", "2"]
            let first = try RocketProgram.rocket(arguments + ["--output", output], database: url)
            #expect(first.code == 0 && first.output.contains("(as it is)"), "\(first.errors)")
            #expect(try JobFile(path: output).model == "test")
            let there = try RocketProgram.rocket(arguments + ["--output", output], database: url)
            #expect(there.code == 64 && there.errors.contains("exists"))
            for (wrong, message) in [
                (["--keys", "training.sede"], "cannot be tried"), (["--budget", "soon"], "--budget"),
                (["--trials", "1"], "--trials"),
                (["--arms", "light"], "not arms"),
            ] {
                let refused = try RocketProgram.rocket(arguments.prefix(6) + wrong, database: url)
                #expect(refused.code == 64 && refused.errors.contains(message), "\(refused.errors)")
            }
        }
    }
}
