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
            #expect(first.trained == lines.count && Set(lines.map(\.rung)).isSuperset(of: [0, 1, 2]))
            for rung in 0..<3 {
                let trials = lines.filter { $0.rung == rung }
                #expect(trials.contains { $0.changes.isEmpty && $0.difference == 0 } && trials.count > 1)
            }
            #expect(lines.count { $0.rung == 0 } == 4)
            let best = try #require(lines.first { $0.rung == 2 })
            #expect(lines.filter { $0.rung == 2 }.allSatisfy { $0.lightLogLoss >= best.lightLogLoss })
            #expect(first.changes.isEmpty || first.changes == best.changes)
            #expect(first.decision.hasPrefix(first.changes.isEmpty ? "kept" : "changed"))
            if !best.changes.isEmpty { try Self.checkFinal(lines, of: best, first) }

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

    /// The winner of the trials meets the job file as it is once more, and is handed out only if it is clearly better.
    static func checkFinal(_ lines: [SearchLine], of best: SearchLine, _ result: SettingSearchResult) throws {
        let final = lines.filter { $0.rung == 3 }
        #expect(Set(final.map(\.changes)) == ["", best.changes] && final.allSatisfy { $0.seeds == 5 })
        let variant = try #require(final.first { $0.changes == best.changes })
        let (difference, error) = (try #require(variant.difference), try #require(variant.standardError))
        #expect(result.changes.isEmpty == (difference >= -2 * error) && result.rung == 3)
        #expect(result.decision.contains("no trial saw") && result.decision.contains(best.changes))
    }

    @Test("A variant that wins the trials and is worse on rows that no trial saw is not handed out")
    func luckyVariant() throws {
        try TestJob.withJob { url, job in
            let first = try TestJob.session(url, job).search(Self.request())
            let connection = try TestDatabase.connect(url)
            // A trial that was lucky: on the rows that judge the trials the worst one of the last rung did best.
            let unlucky = try connection.execute(
                """
                SELECT changes FROM rocket.search_trials WHERE rung = 2 AND changes <> ''
                ORDER BY light_log_loss DESC LIMIT 1
                """)
            let changes = try #require(unlucky.first).text("changes")
            _ = try connection.execute("DELETE FROM rocket.search_trials WHERE rung = 3")
            _ = try connection.execute(
                "UPDATE rocket.search_trials SET light_log_loss = 0.001 WHERE rung = 2 AND changes = $1",
                [.text(changes)])
            let again = try TestJob.session(url, job).search(Self.request())
            let lines = try Self.lines(url, again)
            #expect(again.fingerprint == first.fingerprint && again.trained == 2)
            let variant = try #require(lines.first { $0.rung == 3 && $0.changes == changes })
            let (difference, error) = (try #require(variant.difference), try #require(variant.standardError))
            // Whatever the trial said, the rows that it did not see decide.
            #expect(variant.lightLogLoss > 0.01)
            #expect(again.changes == (difference < -2 * error ? changes : ""))
            if again.changes.isEmpty { #expect(again.best == (try JobFile(path: job).text)) }
            // A final that is done is not held again.
            let third = try TestJob.session(url, job).search(Self.request())
            #expect(third.trained == 0 && third.decision == again.decision)
        }
    }

    @Test("A variant that is clearly better is handed out, and the line of its job file says why")
    func better() throws {
        // A step size with which the nets jump about.
        let wild = { (text: String) in
            text.replacing("window_days: 2, batch_size: 128", with: "window_days: 4, batch_size: 128")
                .replacing("batch_size: 128}", with: "batch_size: 128, dense_learning_rate: 0.3}")
        }
        try TestJob.withJob(days: 5, change: wild) { url, job in
            let arguments = [
                "experiment", "--job", job, "--day", "2026-01-09", "--search", "--trials", "4", "--keys",
                "training.dense_learning_rate", "--output", job.replacing("job.yaml", with: "best.yaml"), "--json",
            ]
            let run = try RocketProgram.rocket(arguments, database: url)
            let lines = try JSONDecoder().decode([SearchLine].self, from: Data(run.output.utf8))
            let told = lines.filter { $0.decision != nil }
            let line = try #require(told.first)
            #expect(told.count == 1 && line.rung == 3 && !line.changes.isEmpty, "\(run.errors)")
            #expect(line.decision?.hasPrefix("changed training.dense_learning_rate: ") == true)
            let best = try JobFile(path: job.replacing("job.yaml", with: "best.yaml"))
            #expect(best.training.optimisation.dense.learningRate < 0.01)
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
