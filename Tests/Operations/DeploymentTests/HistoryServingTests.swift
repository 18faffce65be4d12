import Foundation
import OperationsSupport
import Postgres
import TestSupport
import Testing

/// Histories of earlier days from the night to the server.
@Suite struct HistoryServingTests {
    /// Every form of a window: one and several, a half-life, ids and numbers, one feature and two, a lag that is asked
    /// for.
    private static func withHistories(_ text: String) -> String {
        text.replacing(
            "nets: {",
            with: """
                  - {name: ad, column: ad_id, kind: categorical}
                  - {name: hour, kind: hour_of_day}
                  - {name: ad_history, kind: history, of: [ad], days: [1, 3]}
                  - {name: ad_recent, kind: history, of: [ad], half_life: 36h, form: numbers}
                  - {name: pair_history, kind: history, of: [slot, hour], days: 2, form: numbers}
                  - {name: slot_yesterday, kind: history, of: [slot], days: 1, lag: 1}
                nets: {
                """
        )
    }

    private static func probabilities(_ text: String) throws -> [Double] {
        struct Line: Decodable { var probability: Double? }
        return try text.split(separator: "\n").compactMap {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8)).probability
        }
    }

    private static func lines(_ connection: Connection, _ day: String) throws -> [(id: String, line: String)] {
        try connection.execute(
            """
            SELECT impression_id, row_to_json(i)::text AS line FROM ad_log.impressions i
            WHERE impressed_at >= $1::text::timestamptz AND impressed_at < $1::text::timestamptz + interval '1 day'
            ORDER BY impression_id LIMIT 500
            """, [.text(day)]
        ).map { (id: try $0.text("impression_id"), line: try $0.text("line")) }
    }

    private static func predict(_ arguments: String, _ lines: [String], _ url: String) throws -> [Double] {
        var found: [Double] = []
        try withTemporaryFolder { folder in
            try lines.joined(separator: "\n").write(toFile: "\(folder)/rows", atomically: true, encoding: .utf8)
            let process = Process()
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments = [
                "-c", "\"$0\" predict \(arguments) < \(folder)/rows", try RocketProgram.program().path(),
            ]
            process.environment = ProcessInfo.processInfo.environment.merging(["DATABASE_URL": url]) { $1 }
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            found = try probabilities(text)
        }
        return found
    }

    @Test("The pulled table scores the day that it is for as predict --day does, which scores as the night judged")
    func scores() throws {
        try TestJob.withJob(days: 8, change: Self.withHistories) { url, job in
            let night = try RocketProgram.rocket(
                ["nightly", "--quiet", "--job", job, "--as-of", "2026-01-11T01:00Z"], database: url)
            #expect(night.code == 0 || night.code == 8, "\(night.errors)")
            let connection = try TestDatabase.connect(url)

            // The judged day's log loss is that of the predictions of that day.
            for day in ["2026-01-10", "2026-01-11"] {
                let result = try RocketProgram.rocket(["predict", "--model", "1", "--day", day], database: url)
                #expect(result.code == 0, "\(result.errors)")
            }
            let judged = try connection.execute(
                """
                SELECT (SELECT log_loss FROM rocket.evaluation_reports
                        WHERE version = 1 AND arm = 'rocket' AND net = 'light' AND day = '2026-01-10') AS stored,
                    -avg(ln(CASE WHEN c.label THEN p.probability ELSE 1 - p.probability END)) AS found
                FROM rocket.predictions p JOIN (
                    SELECT i.impression_id, EXISTS (SELECT FROM ad_log.clicks c WHERE c.impression_id = i.impression_id
                        AND c.clicked_at < i.impressed_at + interval '30 minutes') AS label
                    FROM ad_log.impressions i) c USING (impression_id)
                WHERE p.shown_at >= '2026-01-10' AND p.shown_at < '2026-01-11'
                """
            ).first
            let (stored, found) = (try judged?.double("stored") ?? 0, try judged?.double("found") ?? 1)
            #expect(abs(stored - found) < 1e-6)

            // A lag of 1 is the least: the table is for the day after the judged one.
            try withTemporaryFolder { folder in
                let pull = try RocketProgram.rocket(["models", "pull", "1", "--to", folder], database: url)
                #expect(pull.code == 0 && pull.output.contains("history.safetensors"), "\(pull.errors)")
                let rows = try Self.lines(connection, "2026-01-11")
                let served = try Self.predict("--folder \(folder)/test-1", rows.map(\.line), "")
                let table = try connection.execute(
                    "SELECT impression_id, probability FROM rocket.predictions WHERE shown_at >= '2026-01-11'")
                let byID = try Dictionary(
                    uniqueKeysWithValues: table.map { (try $0.text("impression_id"), try $0.double("probability")) })
                #expect(served.count == 500 && Set(served).count > 100)
                for (row, probability) in zip(rows, served) {
                    #expect(abs((byID[row.id] ?? 0) - probability) < 1e-6)
                }
                #expect(try Self.predict("--model 1", rows.map(\.line), url) == served)

                // Without the table nothing is scored, and what to type is said.
                try FileManager.default.removeItem(atPath: "\(folder)/test-1/history.safetensors")
                let missing = try RocketProgram.rocket(["predict", "--folder", "\(folder)/test-1"], database: "")
                #expect(missing.code == 6 && missing.errors.contains("rocket models pull VERSION --history"))
            }
        }
    }

    @Test("A later night's table is fetched alone for the version that stays live, and an older night's is not kept")
    func refresh() throws {
        try TestJob.withJob(days: 8, change: Self.withHistories) { url, job in
            for night in ["2026-01-11", "2026-01-12", "2026-01-10"] {
                let result = try RocketProgram.rocket(
                    ["nightly", "--quiet", "--job", job, "--as-of", "\(night)T01:00Z"], database: url)
                #expect([0, 8].contains(result.code), "\(result.errors)")
            }
            let connection = try TestDatabase.connect(url)
            let kept = try connection.execute("SELECT as_of::text FROM rocket.served_history")
            #expect(try kept.map { try $0.text("as_of") } == ["2026-01-12"])
            try withTemporaryFolder { folder in
                let pull = ["models", "pull", "1", "--history", "--to", folder]
                let result = try RocketProgram.rocket(pull + ["--json"], database: url)
                #expect(result.code == 0 && result.output.contains("2026-01-12"), "\(result.errors)")
                #expect(
                    try FileManager.default.contentsOfDirectory(atPath: "\(folder)/test-1") == ["history.safetensors"])
                // A version whose own table is newer than the kept one gives its own.
                let own = try connection.execute(
                    "SELECT sha256 FROM rocket.artifacts WHERE version = 1 AND name = 'history.safetensors'"
                ).first?.text("sha256")
                try connection.execute("UPDATE rocket.served_history SET as_of = '2026-01-10'")
                let newer = try RocketProgram.rocket(pull + ["--json"], database: url)
                #expect(newer.code == 0 && newer.output.contains(own ?? "none"), "\(newer.errors)")
                #expect(!result.output.contains(own ?? ""))
                try connection.execute("UPDATE rocket.served_history SET as_of = '2026-01-12'")
                try connection.execute("UPDATE rocket.served_history_chunks SET data = data || '\\x00'")
                let damaged = try RocketProgram.rocket(pull, database: url)
                #expect(damaged.code == 5 && damaged.errors.contains("SHA-256"))
            }
        }
    }

    @Test("A table that was made again for the same day is newer than the one in the folder")
    func madeAgain() throws {
        try TestJob.withJob(days: 8, change: Self.withHistories) { url, job in
            let night = try RocketProgram.rocket(
                ["nightly", "--quiet", "--job", job, "--as-of", "2026-01-11T01:00Z"], database: url)
            #expect([0, 8].contains(night.code), "\(night.errors)")
            let connection = try TestDatabase.connect(url)
            if try connection.execute("SELECT FROM rocket.live_models").isEmpty {
                try connection.execute("SELECT rocket.promote_version(1, 'the test begins with it', true)")
            }
            try withTemporaryFolder { folder in
                func pull(_ more: String...) throws -> Int32 {
                    let arguments = ["models", "pull", "live", "--if-newer", "--to", folder]
                    return try RocketProgram.rocket(arguments + more, database: url).code
                }
                func size() throws -> Int {
                    try Data(contentsOf: URL(fileURLWithPath: "\(folder)/current/history.safetensors")).count
                }
                #expect(try [pull(), pull(), pull("--history")] == [0, 3, 3])
                let before = try size()
                try connection.script(
                    """
                    UPDATE rocket.served_history_chunks SET data = data || '\\x00';
                    UPDATE rocket.served_history SET bytes = bytes + 1,
                        sha256 = (SELECT encode(sha256(data), 'hex') FROM rocket.served_history_chunks)
                    """)
                #expect(try [pull(), pull()] == [0, 3])
                #expect(try size() == before + 1)
            }
        }
    }

    @Test("A night that cannot keep its table publishes nothing, so that the next run does both")
    func unkept() throws {
        try TestJob.withJob(days: 8, change: Self.withHistories) { url, job in
            let connection = try TestDatabase.connect(url)
            func night() throws -> Int32 {
                try RocketProgram.rocket(
                    ["nightly", "--quiet", "--job", job, "--as-of", "2026-01-11T01:00Z"], database: url
                ).code
            }
            func counts() throws -> [Int] {
                try ["model_versions", "served_history"].map { table in
                    try connection.execute("SELECT 1 FROM rocket.\(table)").count
                }
            }
            try connection.script("ALTER TABLE rocket.served_history ADD CONSTRAINT refused CHECK (false)")
            #expect(![0, 8].contains(try night()))
            #expect(try counts() == [0, 0])
            try connection.script("ALTER TABLE rocket.served_history DROP CONSTRAINT refused")
            #expect([0, 8].contains(try night()))
            #expect(try counts() == [1, 1])
        }
    }

    @Test(
        "predict --day counts days in the cache of the version's nights, wherever it runs, or beside the named job file"
    )
    func cacheFolder() throws {
        let relative = { (text: String) in
            Self.withHistories(text).replacing(/directory: .*\/cache/, with: "directory: kept/cache")
        }
        try TestJob.withJob(days: 9, change: relative) { url, job in
            let night = try RocketProgram.rocket(
                ["nightly", "--quiet", "--job", job, "--as-of", "2026-01-11T01:00Z"], database: url)
            #expect([0, 8].contains(night.code), "\(night.errors)")
            let kept = job.replacing("job.yaml", with: "kept/cache")
            func files() throws -> Int { try FileManager.default.subpathsOfDirectory(atPath: kept).count }
            let before = try files()
            try withTemporaryFolder { elsewhere in
                func predict(_ arguments: String) throws -> (code: Int32, errors: String) {
                    let process = Process()
                    process.executableURL = URL(filePath: "/bin/sh")
                    process.arguments = [
                        "-c", "cd \(elsewhere) && \"$0\" predict --quiet --model-version 1 \(arguments) 2>&1",
                        try RocketProgram.program().path(),
                    ]
                    process.environment = ProcessInfo.processInfo.environment.merging(["DATABASE_URL": url]) { $1 }
                    let output = Pipe()
                    process.standardOutput = output
                    try process.run()
                    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                    process.waitUntilExit()
                    return (process.terminationStatus, text)
                }
                // Needs the counts of January 11, which no night has made.
                let first = try predict("--day 2026-01-12")
                #expect(first.code == 0, "\(first.errors)")
                #expect(try files() > before)
                let connection = try TestDatabase.connect(url)
                try connection.script("UPDATE rocket.cache_copies SET host = 'elsewhere'")
                let unknown = try predict("--day 2026-01-13")
                #expect(unknown.code == 6 && unknown.errors.contains("name the file with --job"), "\(unknown.errors)")
                let between = try files()
                let named = try predict("--day 2026-01-13 --job \(job)")
                #expect(named.code == 0, "\(named.errors)")
                #expect(try files() > between)
                #expect(try FileManager.default.contentsOfDirectory(atPath: elsewhere).isEmpty)
            }
        }
    }

    @Test("A version without histories has no table to fetch")
    func none() throws {
        try TestJob.withJob { url, job in
            _ = try RocketProgram.rocket(
                ["nightly", "--quiet", "--job", job, "--as-of", "2026-01-08T01:00Z"], database: url)
            let result = try RocketProgram.rocket(["models", "pull", "1", "--history"], database: url)
            #expect(result.code == 6 && result.errors.contains("reads no histories"))
        }
    }
}
