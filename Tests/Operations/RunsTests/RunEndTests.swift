import Alerts
import Foundation
import JobFile
import Logging
import OperationsSupport
import Runs
import TestSupport
import Testing

/// What the program tells at the end of a run: JSON lines, the metrics file, the job file's `on_failure`.
@Suite struct RunEndTests {
    private static let moment = ["--as-of", "2026-01-08T01:00Z"]
    private static let future = ["--as-of", "2030-01-01"]

    /// A lost database is not waited for.
    private static let atOnce = "\ndatabase: {retry: 0s}"

    private static func changeAtOnce(_ text: String) -> String { text + atOnce }

    private func objects(_ text: String) throws -> [[String: Any]] {
        try text.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
        }
    }

    @Test("With --log-format json every line is an object, also the error that ends the command")
    func jsonLines() throws {
        try TestJob.withJob(change: Self.changeAtOnce) { url, job in
            let format = ["--log-format", "json", "--job", job]
            let good = try RocketProgram.rocket(["nightly"] + format + Self.moment, database: url)
            #expect(good.code == 0, "\(good.errors)")
            let lines = try objects(good.errors)
            #expect(!lines.isEmpty)
            for line in lines {
                #expect(line["model"] as? String == "test" && line["command"] as? String == "nightly")
                #expect(line["time"] is String && line["level"] is String && line["message"] is String)
            }
            let cases: [(arguments: [String], database: String, code: Int)] = [
                (["nightly"] + format + Self.future, url, 5), (["nightly"] + format, "postgresql:///x?host=/none", 7),
                (["nightly", "--log-format=json", "--job", "/nowhere.yaml"], url, 6),
                (["nightly", "--log-format", "json", "--no-such-flag"], url, 64),
            ]
            for (arguments, database, code) in cases {
                let bad = try RocketProgram.rocket(arguments, database: database)
                #expect(bad.code == code, "\(bad.errors)")
                let last = try #require(try objects(bad.errors).last)
                #expect(last["level"] as? String == "error" && last["exit_code"] as? Int == code, "\(bad.errors)")
            }
            let help = try RocketProgram.rocket(["nightly", "--log-format", "json", "--help"], database: url)
            #expect(help.code == 0 && help.output.contains("OVERVIEW"))
        }
    }

    @Test("The metrics file is written when a run is done, has nothing to do, fails, or finds no database")
    func metricsFile() throws {
        try TestJob.withJob(change: Self.changeAtOnce) { url, job in
            let path = URL(fileURLWithPath: job).deletingLastPathComponent().path + "/rocket.prom"
            func run(_ arguments: [String], database: String) throws -> (code: Int32, samples: [MetricSample]) {
                let result = try RocketProgram.rocket(
                    ["nightly", "--quiet", "--job", job, "--metrics-file", path] + arguments, database: database)
                return (result.code, MetricText.samples(try String(contentsOfFile: path, encoding: .utf8)))
            }
            func value(_ samples: [MetricSample], _ metric: Metric) -> Double? {
                samples.first { $0.metric == metric }?.value
            }
            let done = try run(Self.moment, database: url)
            #expect(done.code == 0)
            // All that can be known, and the stages once each.
            #expect(Set(done.samples.map(\.metric)) == Set(Metric.allCases))
            #expect(value(done.samples, .rowsExtracted) == 12_000)
            #expect(try #require(value(done.samples, .lightAUC)) > 0.5 && value(done.samples, .liveVersion) == 1)
            // The end of 2026-01-06.
            #expect(value(done.samples, .liveTrainedTo) == 1_767_744_000)
            let stages = done.samples.filter { $0.metric == .stageSeconds }.compactMap { $0.labels.last?.value }
            #expect(Set(stages).isSuperset(of: ["extract", "train", "evaluate", "publish"]))
            #expect(Set(stages).count == stages.count)
            let again = try run(Self.moment, database: url)
            #expect(again.code == 3 && value(again.samples, .rowsExtracted) == 0)
            let success = try #require(value(again.samples, .lastSuccess))
            let failed = try run(Self.future, database: url)
            #expect(failed.code == 5 && value(failed.samples, .exitCode) == 5)
            // The ledger's clock is the server's.
            #expect(abs(try #require(value(failed.samples, .lastSuccess)) - success) < 60)
            let unreachable = try run(Self.moment, database: "postgresql:///x?host=/nowhere")
            #expect(unreachable.code == 7 && value(unreachable.samples, .exitCode) == 7)
            #expect(value(unreachable.samples, .lastSuccess) == value(failed.samples, .lastSuccess))
            #expect(value(unreachable.samples, .lightAUC) == value(done.samples, .lightAUC))
        }
    }

    @Test("A metrics file that cannot be written is a warning, not a failed run")
    func unwritableMetrics() throws {
        try TestJob.withJob { url, job in
            let result = try RocketProgram.rocket(
                ["extract", "--job", job, "--day", "2026-01-05", "--metrics-file", "/nowhere/rocket.prom"],
                database: url)
            #expect(result.code == 0 && result.errors.contains("warning no metrics: /nowhere/rocket.prom"))
        }
    }

    /// A program that writes its environment to a file.
    private static func witness(_ folder: String, then: String = "") throws -> String {
        let path = "\(folder)/witness"
        try "#!/bin/sh\nenv > '\(folder)/told'\necho \"got $1\"\n\(then)\n".write(
            toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }

    @Test("on_failure's command is told what failed, without a password, and only of failures")
    func command() throws {
        try withTemporaryFolder { folder in
            let program = try Self.witness(folder)
            try TestJob.withJob(change: { $0 + "\non_failure: {command: [\(program), hello]}" }) { url, job in
                let good = try RocketProgram.rocket(
                    ["extract", "--job", job, "--day", "2026-01-05"], database: url)
                #expect(good.code == 0 && !FileManager.default.fileExists(atPath: "\(folder)/told"))
                let bad = try RocketProgram.rocket(
                    ["nightly", "--job", job] + Self.future, database: url + "&password=secret",
                    environment: ["PGPASSWORD": "secret"])
                #expect(bad.code == 5 && bad.errors.contains("on_failure: command \(program) was called"))
                let told = try String(contentsOfFile: "\(folder)/told", encoding: .utf8)
                for line in ["ROCKET_MODEL=test", "ROCKET_COMMAND=nightly", "ROCKET_EXIT_CODE=5"] {
                    #expect(told.contains("\(line)\n"))
                }
                #expect(told.contains("ROCKET_ERROR=ad_log.impressions has no impressions on 2029-12-31"))
                #expect(!told.contains("secret") && told.contains("PATH="))
            }
        }
    }

    @Test(
        "A hook that fails, is missing or writes without end leaves the exit code as it was",
        arguments: [
            "exit 3", "kill -9 $$", "head -c 3000000 /dev/zero; exit 1",
        ])
    func failingCommand(_ then: String) throws {
        try withTemporaryFolder { folder in
            let program = try Self.witness(folder, then: then)
            let job = "\(folder)/job.yaml"
            try "\(try Self.shortJob())\non_failure: {command: [\(program)]}".write(
                toFile: job, atomically: true, encoding: .utf8)
            let result = try RocketProgram.rocket(
                ["nightly", "--job", job], database: "postgresql://me:Xw7-hidden-Qz@/x?host=/nowhere")
            #expect(result.code == 7 && result.errors.contains("warning on_failure: command \(program) failed"))
            #expect(!(try String(contentsOfFile: "\(folder)/told", encoding: .utf8)).contains("Xw7-hidden-Qz"))
        }
    }

    @Test("The gate's verdict is told where the job file asks for it")
    func held() throws {
        try withTemporaryFolder { folder in
            let program = try Self.witness(folder)
            let hook =
                "\npromotion: {lowest_pcoc: 90, highest_pcoc: 99}\non_failure: {command: [\(program)], also: [held]}"
            try TestJob.withJob(change: { $0 + hook }) { url, job in
                let result = try RocketProgram.rocket(["nightly", "--job", job] + Self.moment, database: url)
                #expect(result.code == 8)
                let told = try String(contentsOfFile: "\(folder)/told", encoding: .utf8)
                #expect(told.contains("ROCKET_EXIT_CODE=8\n") && told.contains("ROCKET_RUN=1\n"))
                #expect(told.contains("ROCKET_ERROR=the promotion gate holds"))
            }
        }
    }

    @Test("The webhook gets one JSON object; its address may stand in the environment")
    func webhook() throws {
        try withTemporaryFolder { folder in
            let server = try Receiver(folder: folder)
            defer { server.stop() }
            let job = "\(folder)/job.yaml"
            try "\(try Self.shortJob())\non_failure: {webhook: $HOOK}".write(
                toFile: job, atomically: true, encoding: .utf8)
            func run(_ url: String?) throws -> RocketProgram.Result {
                try RocketProgram.rocket(
                    ["nightly", "--job", job], database: "postgresql:///x?host=/nowhere%22quoted%22",
                    environment: url.map { ["HOOK": $0] } ?? [:])
            }
            let good = try run("http://127.0.0.1:\(server.port)/hook?token=x")
            #expect(good.code == 7 && good.errors.contains("on_failure: webhook was called"), "\(good.errors)")
            let received = try server.received()
            #expect(received.path == "/hook?token=x" && received.type == "application/json")
            let body = try #require(
                try JSONSerialization.jsonObject(with: Data(received.body.utf8)) as? [String: Any])
            #expect(body["model"] as? String == "tiny" && body["command"] as? String == "nightly")
            #expect(body["exit_code"] as? Int == 7 && body["host"] is String && body["run"] == nil)
            #expect((body["error"] as? String)?.contains("/nowhere\"quoted\"") == true)
            let refused = try run("http://127.0.0.1:\(server.port)/refuse")
            #expect(refused.code == 7 && refused.errors.contains("warning on_failure: webhook failed"))
            #expect(!refused.errors.contains("/refuse"), "the address may be a secret")
            let unset = try run(nil)
            #expect(unset.code == 7 && unset.errors.contains("environment variable HOOK holds no http or https URL"))
        }
    }

    @Test("A command that takes too long is stopped with all that it started")
    func endlessCommand() throws {
        try withTemporaryFolder { folder in
            let lines = LogLines()
            let script = "echo begun; trap '' TERM; sleep 1000 & echo $! > '\(folder)/pid'; wait; wait"
            FailureHook(FailureNotice(command: ["sh", "-c", script]), commandLimit: .milliseconds(500)).tell(
                .init(model: "m", command: "nightly", exit: .internalError, error: "", run: nil), log: lines.log)
            #expect(lines.all.contains { $0.contains("warning on_failure: command sh failed: sh: stopped after 0.5") })
            #expect(lines.all.contains { $0.hasSuffix("begun\n") })
            let pid = try String(contentsOfFile: "\(folder)/pid", encoding: .utf8)
            let number = try #require(Int32(pid.trimmingCharacters(in: .whitespacesAndNewlines)))
            // Where nobody reaps it, a process that was killed stays as a zombie.
            let state = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8)
            #expect(state == nil || state?.contains(") Z ") == true)
        }
    }

    @Test(
        "Failures are told always; a lock, the gate and a signal where the job file asks for it; success never",
        arguments: [Runs.ExitStatus.done, .nothingToDo], [Runs.ExitStatus.internalError, .database])
    func due(good: Runs.ExitStatus, bad: Runs.ExitStatus) {
        let plain = FailureHook(FailureNotice(command: ["x"]))
        let curious = FailureHook(FailureNotice(command: ["x"], also: FailureNotice.Occasion.allCases))
        for hook in [plain, curious] { #expect(!hook.isDue(good) && hook.isDue(bad)) }
        for exit in [Runs.ExitStatus.locked, .held, .interrupted] {
            #expect(!plain.isDue(exit) && curious.isDue(exit))
        }
    }

    @Test("The command is called whatever the error and the environment are, with 4,000 bytes of the error at most")
    func largeError() throws {
        try withTemporaryFolder { folder in
            for name in ["HOOK_A", "HOOK_B"] { setenv(name, String(repeating: "a", count: 120_000), 1) }
            defer { for name in ["HOOK_A", "HOOK_B"] { unsetenv(name) } }
            let grapheme = "e" + String(repeating: "\u{301}", count: 150_000)
            for error in [grapheme, String(repeating: "\u{1}", count: 300_000), "short"] {
                let script = "printf %s \"$ROCKET_ERROR\" > '\(folder)/told'"
                FailureHook(FailureNotice(command: ["sh", "-c", script])).tell(
                    FailureHook.Failure(model: "m", command: "nightly", exit: .database, error: error, run: 1),
                    log: LogLines().log)
                let told = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/told"))
                #expect(told.count <= 4_000 && error.utf8.starts(with: told) && !told.isEmpty)
                try FileManager.default.removeItem(atPath: "\(folder)/told")
            }
        }
    }

    @Test(
        "Passwords are looked for in time that grows with the text",
        arguments: [
            "a", "://", "x://a:", "password", "password ", "password='", "x://a:@", "postgres://u:p ",
        ])
    func linear(_ part: String) {
        // What is quadratic takes minutes.
        let text = String(repeating: part, count: 50_000)
        #expect(Passwords.hidden(in: text).utf8.count > 0)
        #expect(Passwords.hidden(in: text + " postgres://u:s3cret@h").contains("s3cret") == false)
    }

    @Test("A password that holds what should have been escaped is hidden to its end")
    func oddPasswords() {
        for text in [
            "postgres://u:s3@cret@h/db", "x postgres://u:s3:cret/@h", "a password=s3cret", "PASSWORD='s3 cret'",
            "sslpassword=s3cret",
        ] {
            let hidden = Passwords.hidden(in: text)
            #expect(!hidden.contains("s3") && !hidden.contains("cret") && hidden.contains("***"))
        }
        #expect(
            Passwords.hidden(in: "password authentication failed for user \"u\"")
                == "password authentication failed for user \"u\"")
    }

    @Test("Passwords are hidden in texts and taken out of environments")
    func passwords() {
        #expect(
            Passwords.hidden(in: "no postgresql://me:a:b%40@db/x and http://x/a")
                == "no postgresql://me:***@db/x and http://x/a")
        #expect(Passwords.hidden(in: "host=db PASSWORD = 'a \\'b' user=me") == "host=db PASSWORD = *** user=me")
        #expect(Passwords.hidden(in: "postgresql://db/x?password=a&user=b") == "postgresql://db/x?password=***&user=b")
        let kept = ["PGHOST": "db", "DATABASE_URL": "postgresql://me@db/x", "PGPASSFILE": "/x", "PATH": "/bin"]
        let secret = ["PGPASSWORD": "a", "SOURCE_DATABASE_URL": "postgresql://me:a@db/x", "X": "password=a"]
        #expect(Passwords.removed(from: kept.merging(secret) { $1 }) == kept)
    }

    private static func shortJob() throws -> String {
        """
        model: tiny
        source:
          impressions: {table: shown, id: id, time: at}
          clicks: {table: clicked, impression_id: id, time: at}
          attribution_window: 1d
        features: [{name: user_id, kind: categorical}]
        nets: {embedding_dim: 4, light: [8], booster: [32]}
        database: {retry: 0s}
        """
    }
}

/// An HTTP server that writes down what is posted to it, and refuses one path.
private struct Receiver {
    let port: Int
    private let process = Process()
    private let folder: String

    private static let program = """
        import http.server, json, sys
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if self.path == "/refuse":
                    return self.send_error(500)
                with open(sys.argv[1], "w") as file:
                    json.dump({"path": self.path, "type": self.headers["Content-Type"], "body": body}, file)
                self.send_response(204)
                self.end_headers()
            def log_message(self, *arguments): pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        print(server.server_address[1], flush=True)
        server.serve_forever()
        """

    init(folder: String) throws {
        self.folder = folder
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.program, "\(folder)/received"]
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    func stop() {
        // Not SIGTERM, which the threads of the tests block, and with them what they start.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    func received() throws -> (path: String, type: String, body: String) {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/received"))
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: String])
        return (object["path"] ?? "", object["type"] ?? "", object["body"] ?? "")
    }
}
