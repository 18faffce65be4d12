import Foundation
import OperationsSupport
import TestSupport
import Testing

/// The program as a script sees it: output, exit codes, JSON keys.
@Suite struct CommandTests {
    @Test("Connection settings of the environment and of a service file go before the program's own")
    func connectionSettings() throws {
        try TestDatabase.run { url in
            // A value that libpq refuses shows whose it took.
            let variable = try RocketProgram.rocket(
                ["status", "--no-logs"], database: url, environment: ["PGCONNECT_TIMEOUT": "many"])
            #expect(
                variable.code == 7 && variable.errors.contains("\"many\" for connection option \"connect_timeout\""))
            try withTemporaryFolder { folder in
                try "[ads]\nconnect_timeout=plenty\n".write(
                    toFile: "\(folder)/services", atomically: true, encoding: .utf8)
                let service = try RocketProgram.rocket(
                    ["status", "--no-logs"], database: url + "&service=ads",
                    environment: ["PGSERVICEFILE": "\(folder)/services"])
                #expect(service.code == 7 && service.errors.contains("\"plenty\""), "\(service.errors)")
            }
        }
    }

    @Test("A password on the command line is warned of, and not shown")
    func passwordOnCommandLine() throws {
        for option in ["--database", "--source-database"] {
            let result = try RocketProgram.rocket(
                ["status", option, "postgresql://someone:hunter2@/x?host=/nowhere"], database: "host=/nowhere")
            #expect(result.code == 7 && result.errors.contains("list of processes"), "\(result.errors)")
            #expect(!result.errors.contains("hunter2"))
        }
        #expect(
            try !RocketProgram.rocket(["status"], database: "postgresql://a:b@/x?host=/nowhere").errors.contains(
                "warning"))
    }

    @Test("With --log-format json that warning is a JSON line, too, wherever the option stands")
    func passwordInJSON() throws {
        let url = ["--database", "postgresql://someone:hunter2@/x?host=/nowhere"]
        let format = ["--log-format", "json"]
        for arguments in [["nightly", "--job", "x"] + format + url, ["nightly", "--job", "x"] + url + format] {
            let result = try RocketProgram.rocket(arguments, database: "")
            let lines = try result.errors.split(separator: "\n").map { line in
                try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
            }
            let warning = try #require(lines.first)
            #expect(warning["level"] as? String == "warning" && warning["time"] is String)
            #expect((warning["message"] as? String)?.contains("list of processes") == true)
            #expect(!result.errors.contains("hunter2"))
        }
    }

    @Test("A version that is not there is named by every command, with those that are; so is one of another model")
    func absentVersion() throws {
        try TestJob.withJob { url, job in
            func expect(_ arguments: [String], says: String) throws {
                let result = try RocketProgram.rocket(arguments, database: url)
                #expect(result.code == 6 && result.errors.contains(says), "\(arguments): \(result.errors)")
            }
            let commands = [
                ["report", "--model-version", "99"], ["report", "--all", "--model-version", "99"],
                ["report", "--html", "/nowhere/x.html", "--model-version", "99"], ["models", "show", "99"],
                ["models", "show", "99", "--job-file"], ["models", "pull", "99"],
                ["models", "pull", "99", "--format", "onnx"], ["predict", "--model", "99"],
                ["predict", "--model", "99", "--day", "2026-01-06"],
                ["evaluate", "--job", job, "--model-version", "99"],
            ]
            try expect(["report"], says: "no version of any model yet; run: rocket nightly")
            try expect(["report", "--model", "m"], says: "no version of model ‘m’ yet; run: rocket nightly")
            for command in commands { try expect(command, says: "no model version 99, nor any other yet") }
            _ = try TestJob.session(url, job).train(
                days: TestJob.day("2026-01-05")...TestJob.day("2026-01-06"))
            for command in commands { try expect(command, says: "no model version 99; the newest: 1; see") }
            try expect(
                ["report", "--model", "m", "--model-version", "1"], says: "version 1 is one of model ‘test’, not of ‘m’"
            )
        }
    }

    @Test("nightly --json has the documented keys; a second run says nothing to do with code 3")
    func nightlyJSON() throws {
        try TestJob.withJob { url, job in
            let arguments = ["nightly", "--quiet", "--json", "--job", job, "--as-of", "2026-01-08T01:00Z"]
            let first = try RocketProgram.rocket(arguments, database: url)
            #expect(first.code == 0, "\(first.errors)")
            let report = try #require(try JSONSerialization.jsonObject(with: Data(first.output.utf8)) as? [String: Any])
            for key in [
                "status", "model", "version", "trained_from", "trained_to", "evaluated_day", "impressions", "clicks",
                "light", "booster", "light_alone_auc", "booster_alone_auc", "oracle_auc", "times_faster", "latency",
                "artifact",
            ] {
                #expect(report[key] != nil, "\(key)")
            }
            for net in ["light", "booster"] {
                let figures = try #require(report[net] as? [String: Any])
                for key in ["auc", "gauc", "log_loss", "normalized_entropy", "pcoc", "p50_us", "p99_us", "parameters"] {
                    #expect(figures[key] is NSNumber, "\(net).\(key)")
                }
            }
            let second = try RocketProgram.rocket(arguments, database: url)
            #expect(second.code == 3 && second.output.contains("\"nothing_to_do\""))
            for command in [["report"], ["models", "list"], ["status"], ["models", "show", "1"]] {
                let result = try RocketProgram.rocket(command + ["--json"], database: url)
                #expect(result.code == 0)
                #expect(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? NSNull == nil)
                #expect(try RocketProgram.rocket(command, database: url).output.contains("test"))
            }
        }
    }

    @Test("rocket runs show has a run's stages and the whole of its error; a number that is not there is said")
    func runs() throws {
        try TestJob.withJob { url, job in
            let night = try RocketProgram.rocket(
                ["nightly", "--job", job, "--as-of", "2026-01-08T01:00Z"], database: url)
            #expect(night.code == 0, "\(night.errors)")
            #expect(night.output.contains("server:\n  rocket report --model test --html test.html\n"))
            let failed = try RocketProgram.rocket(
                ["nightly", "--quiet", "--job", job, "--as-of", "2030-01-01"], database: url)
            #expect(failed.code == 5)
            let shown = try RocketProgram.rocket(["runs", "show", "2"], database: url)
            let error = try #require(failed.errors.split(separator: "find out").last)
            #expect(shown.output.contains(error.trimmingCharacters(in: .whitespacesAndNewlines)), "\(shown.output)")
            let first = try RocketProgram.rocket(["runs", "show", "1"], database: url)
            for word in ["nightly", "extract", "2026-01-07", "train", "evaluate", "publish"] {
                #expect(first.output.contains(word), "\(word): \(first.output)")
            }
            let json = try RocketProgram.rocket(["runs", "show", "1", "--json"], database: url)
            let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
            #expect(object?["run"] as? Int == 1 && (object?["stages"] as? [Any])?.isEmpty == false)
            #expect(try RocketProgram.rocket(["runs", "list"], database: url).output.contains("failed"))
            let none = try RocketProgram.rocket(["runs", "show", "99"], database: url)
            #expect(none.code == 6 && none.errors.contains("no run 99"))
        }
    }

    @Test("After a rollback report shows the live version, and the one rolled back from where it is asked for")
    func reportAfterRollback() throws {
        let change = { (text: String) in
            text + "\npromotion: {margin: 0.5, lowest_pcoc: 0.01, highest_pcoc: 100, least_clicks: 1}\n"
        }
        try TestJob.withJob(days: 4, change: change) { url, job in
            for day in ["08", "09"] {
                _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-\(day) 01:00+00"))
            }
            func report(_ arguments: [String] = []) throws -> String {
                try RocketProgram.rocket(["report"] + arguments, database: url).output
            }
            #expect(try report().contains("version 2, live"))
            _ = try RocketProgram.rocket(["models", "rollback", "--model", "test"], database: url)
            #expect(try report().contains("version 1, live"))
            #expect(try report(["--model-version", "2"]).contains("version 2, rejected"))
            // A newer version is the newest again.
            let text = try String(contentsOfFile: job, encoding: .utf8)
            try text.replacing("batch_size: 128", with: "batch_size: 64").write(
                toFile: job, atomically: true, encoding: .utf8)
            _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-09 01:00+00"))
            #expect(try report().contains("version 3"))
        }
    }

    @Test("Each kind of failure has its documented code and one message")
    func exitCodes() throws {
        try TestJob.withJob { url, job in
            let cases: [(arguments: [String], database: String, code: Int32, says: String)] = [
                (["nightly", "--job", "/nowhere.yaml"], url, 6, "/nowhere.yaml"),
                (["nightly", "--job", job, "--as-of", "someday"], url, 6, "someday"),
                (["nightly", "--job", job, "--as-of", "2030-01-01"], url, 5, "no impressions"),
                (["status"], "postgresql:///x?host=/nowhere", 7, "no connection"),
                (["extract", "--job", job, "--day", "2026-02-30"], url, 64, "2026-02-30"),
                (["models", "show", "99"], url, 6, "99"),
                (["migrate", "--directory", "/nowhere"], url, 7, "/nowhere"),
            ]
            for (arguments, database, code, says) in cases {
                let result = try RocketProgram.rocket(arguments, database: database)
                #expect(result.code == code, "\(arguments): \(result.errors)")
                #expect(result.errors.contains(says), "\(arguments): \(result.errors)")
            }
        }
    }

    @Test("Before migrations, a job says that they are missing")
    func notMigrated() throws {
        try TestDatabase.run(.empty) { url in
            let result = try RocketProgram.rocket(
                ["nightly", "--job", "\(TestDatabase.repository)/jobs/quickstart.yaml"], database: url)
            #expect(result.code == 7 && result.errors.contains("rocket migrate"))
        }
    }

    @Test(
        "Every command's help has an example",
        arguments: [
            "init", "doctor", "migrate", "import", "sample-logs", "extract", "train", "evaluate", "nightly", "backfill",
            "report",
            "status",
            "models list", "models show", "config check", "runs list", "runs show",
        ])
    func help(_ command: String) throws {
        let result = try RocketProgram.rocket(command.split(separator: " ").map(String.init) + ["--help"], database: "")
        #expect(result.code == 0 && result.output.contains("rocket \(command)") && result.output.contains("Example"))
    }

    @Test(
        "--version after a command is refused with what to type instead; alone it prints the program's",
        arguments: [
            ("evaluate --version 2", "did you mean --model-version 2?"),
            ("report --version=12 --json", "did you mean --model-version 12?"),
            ("predict --version live --day 2026-01-05", "did you mean --model-version live?"),
            ("models show --version 3", "no option: rocket models show 3."),
            ("models pull --version 3", "no option: rocket models pull 3."),
            ("models promote 3 --version", "rocket models promote NUMBER."),
            ("nightly --version", "rocket nightly has no option --version; it belongs to no command."),
            ("runs show 3 --version", "rocket runs show has no option --version"),
        ])
    func versionOption(_ line: String, _ says: String) throws {
        let arguments = line.split(separator: " ").map(String.init)
        let result = try RocketProgram.rocket(arguments, database: "host=/nowhere")
        #expect(result.code == 64 && result.output.isEmpty, "\(result.output)")
        #expect(result.errors.contains(says) && result.errors.contains("rocket --version"), "\(result.errors)")
        let json = try RocketProgram.rocket(arguments + ["--log-format", "json"], database: "host=/nowhere")
        #expect(json.code == 64, "\(json.errors)")
        let program = try RocketProgram.rocket(["--version"], database: "")
        #expect(program.code == 0 && program.output.contains(/^\d+\.\d+\.\d+\n$/))
        let help = try RocketProgram.rocket(arguments.prefix { !$0.hasPrefix("-") } + ["--help"], database: "")
        #expect(help.code == 0 && !help.output.contains("  --version"), "\(help.output)")
    }

    @Test("The job files of the project are valid", arguments: ["quickstart", "open-bandit", "amexpert", "movielens"])
    func jobFiles(_ name: String) throws {
        let result = try RocketProgram.rocket(
            ["config", "check", "\(TestDatabase.repository)/jobs/\(name).yaml"], database: "")
        #expect(result.code == 0, "\(result.errors)")
    }
}
