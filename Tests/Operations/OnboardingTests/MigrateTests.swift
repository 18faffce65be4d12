import Foundation
import OperationsSupport
import Postgres
import TestSupport
import Testing

/// What `rocket migrate` says where it cannot do its work.
@Suite struct MigrateTests {
    private static func migrate(_ url: String, wait: Int) throws -> RocketProgram.Result {
        try RocketProgram.rocket(
            ["migrate", "--wait", "\(wait)", "--directory", "\(TestDatabase.repository)/migrations"], database: url)
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
