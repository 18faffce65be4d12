import Foundation
import OperationsSupport
import Postgres
import Runs
import TestSupport
import Testing

/// What `rocket migrate` says where it cannot do its work.
@Suite struct MigrateTests {
    private static func migrate(_ url: String, wait: Int) throws -> RocketProgram.Result {
        try RocketProgram.rocket(
            ["migrate", "--wait", "\(wait)", "--directory", "\(TestDatabase.repository)/migrations"], database: url)
    }

    @Test("The migrations in the program are the files of migrations/, byte for byte; if not, run: jobs/migrations")
    func embedded() throws {
        let files = try Migrations(directory: "\(TestDatabase.repository)/migrations").all
        #expect(try JobSchema.migrations().all == files)
    }

    @Test("rocket migrate needs no folder of migrations: a copy of the program does it from anywhere")
    func anywhere() throws {
        try TestDatabase.run(.empty) { url in
            try withTemporaryFolder { folder in
                let copy = URL(fileURLWithPath: "\(folder)/rocket")
                try FileManager.default.copyItem(at: RocketProgram.program(), to: copy)
                let process = Process()
                process.executableURL = copy
                process.arguments = ["migrate"]
                process.currentDirectoryURL = URL(fileURLWithPath: folder)
                process.environment = ProcessInfo.processInfo.environment.merging(["DATABASE_URL": url]) { $1 }
                process.standardOutput = FileHandle.nullDevice
                try process.run()
                process.waitUntilExit()
                #expect(process.terminationStatus == 0)
                let applied = try TestDatabase.connect(url).execute(
                    "SELECT name FROM rocket.schema_migrations ORDER BY number")
                #expect(try applied.map { try $0.text("name") } == JobSchema.migrations().all.map(\.name))
            }
        }
    }

    @Test("A database without the program's newest migration ends a night with 7, which says what to run")
    func older() throws {
        try TestJob.withJob { url, job in
            try TestDatabase.connect(url).script(
                "DELETE FROM rocket.schema_migrations WHERE number = (SELECT max(number) FROM rocket.schema_migrations)"
            )
            let night = try RocketProgram.rocket(["nightly", "--quiet", "--job", job], database: url)
            #expect(night.code == 7 && night.errors.contains("rocket migrate"), "\(night.errors)")
        }
    }

    @Test("Any login can hold the migrations' lock: migrate says who does, waits as long as told and leaves with 4")
    func lock() throws {
        try TestDatabase.run { url in
            try TestLogins.with(url) { logins in
                let holder = try Connection(ConnectionSettings(logins.reports), applicationName: "a stranger")
                let lock = try #require(try holder.tryAdvisoryLock(Migrations.lock))
                let result = try Self.migrate(url, wait: 1)
                #expect(result.code == 4, "\(result.errors)")
                for word in [
                    "‘a stranger’", "_report_reader’", "server process", "connected since", "within 1 seconds",
                ] {
                    #expect(result.errors.contains(word), "\(word): \(result.errors)")
                }
                try lock.release()
                #expect(try Self.migrate(url, wait: 1).code == 0)
            }
        }
    }

    @Test("A lock of the job that a stranger took is named with the login, and a deployment says who holds its lock")
    func strangers() throws {
        try TestJob.withJob { url, job in
            try TestLogins.with(url) { logins in
                let holder = try Connection(ConnectionSettings(logins.reports), applicationName: "a stranger")
                _ = try holder.tryAdvisoryLock("rocket/test")
                let night = try RocketProgram.rocket(
                    ["nightly", "--quiet", "--job", job], database: logins.writer,
                    environment: ["SOURCE_DATABASE_URL": logins.logs])
                #expect(night.code == 4 && night.errors.contains("‘a stranger’"), "\(night.errors)")
                #expect(night.errors.contains("_report_reader’"), "\(night.errors)")
                try holder.execute("SELECT pg_advisory_unlock_all()")

                let days = try TestJob.day("2026-01-05")...TestJob.day("2026-01-06")
                let version = try #require(try TestJob.session(url, job).train(days: days).version)
                try holder.script("SELECT pg_advisory_lock(rocket.deployment_lock('test'))")
                let promotion = try RocketProgram.rocket(
                    ["models", "promote", "\(version)", "--force", "--reason", "a test"], database: logins.writer)
                #expect(
                    promotion.code == 4 && promotion.errors.contains("application ‘a stranger’"), "\(promotion.errors)")
            }
        }
    }

    @Test("A database that does not answer is an error at once, or is tried again for as long as --wait says")
    func unreachable() throws {
        try withTemporaryFolder { folder in
            let url = "host=\(folder) dbname=rocket"
            let migrations = ["migrate", "--directory", "\(TestDatabase.repository)/migrations"]
            let once = try RocketProgram.rocket(migrations, database: url)
            #expect(once.code == 7 && !once.errors.contains("trying again"), "\(once.errors)")
            let waited = try RocketProgram.rocket(migrations + ["--wait", "2"], database: url)
            #expect(waited.code == 7 && waited.errors.matches(of: /trying again in 1.0 seconds/).count == 2)
            // What does not pass by itself is not waited for.
            let settings = try RocketProgram.rocket(migrations + ["--wait", "600"], database: "port=many")
            #expect(settings.code == 7 && !settings.errors.contains("trying again"), "\(settings.errors)")
        }
    }

    @Test("A server that is too old is told which versions the job's tables need, and where logs may be")
    func version() throws {
        let old = PostgresError.serverVersion(found: ServerVersion(number: 130_021), access: .readWrite)
        let supported = ServerVersion.tested(for: .readWrite)
        let oldest = "PostgreSQL \(supported.lowerBound) or newer"
        for word in ["is PostgreSQL 13.21;", oldest, "to \(supported.upperBound)", "SOURCE_DATABASE_URL"] {
            #expect("\(old)".contains(word), "\(word): \(old)")
        }
        #expect(!old.isTransient)
        let help = try RocketProgram.rocket(["migrate", "--help"], database: "")
        #expect(help.output.split(whereSeparator: \.isWhitespace).joined(separator: " ").contains(oldest))
        try TestDatabase.run(.empty) { url in
            let connection = try TestDatabase.connect(url)
            let number = try connection.execute("SELECT current_setting('server_version_num')::int AS number").first
            #expect(connection.serverVersion == ServerVersion(number: try #require(number).int("number")))
            try connection.requireSupportedServer()
        }
    }

    @Test("A database that is not in UTF-8 is refused before anything is made, with the encoding that is needed")
    func encoding() throws {
        let server = try #require(ProcessInfo.processInfo.environment["ROCKET_TEST_DATABASE_URL"])
        let admin = try TestDatabase.connect(server)
        for encoding in ["SQL_ASCII", "LATIN1"] {
            let name = "test_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
            try admin.script("CREATE DATABASE \(name) ENCODING '\(encoding)' LOCALE 'C' TEMPLATE template0")
            defer { try? admin.script("DROP DATABASE \(name) WITH (FORCE)") }
            let url = server.replacing("/rocket?", with: "/\(name)?")
            let result = try Self.migrate(url, wait: 1)
            #expect(
                result.code == 7 && result.errors.contains("has the encoding \(encoding), expected UTF8"),
                "\(result.errors)")
            let schemas = try TestDatabase.connect(url).execute("SELECT FROM pg_namespace WHERE nspname = 'rocket'")
            #expect(schemas.isEmpty)
        }
    }
}
