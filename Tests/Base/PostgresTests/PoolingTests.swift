import Foundation
import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: Pgbouncer.isInstalled, "pgbouncer is not installed: apt-get install pgbouncer"))
struct PoolingTests {
    static let ignoresOptions = "ignore_startup_parameters = options"

    @Test("pgbouncer as it comes, which takes no startup options, is named, with what to do")
    func refusedOptions() throws {
        try TestDatabase.run(.empty) { url in
            try Pgbouncer.run(["pool_mode = transaction"], before: url) { pooled in
                let error = #expect(throws: PostgresError.self) { try TestDatabase.connect(pooled) }
                guard case .pooledByTransaction = try #require(error) else {
                    Issue.record("another error: \(String(describing: error))")
                    return
                }
                #expect("\(try #require(error))".contains("pgbouncer"))
                #expect(error?.isTransient == false)
            }
        }
    }

    @Test(
        "Pooling by transaction is found, also where idle server sessions are taken in turn",
        arguments: [[], ["server_round_robin = 1"]])
    func transactions(more: [String]) throws {
        try TestDatabase.run(.empty) { url in
            let settings = ["pool_mode = transaction", Self.ignoresOptions] + more
            try Pgbouncer.run(settings, before: url) { pooled in
                // Three server sessions that idle.
                let clients = try (0..<3).map { _ in try TestDatabase.connect(pooled) }
                for client in clients { try client.script("BEGIN") }
                for client in clients { try client.script("COMMIT") }
                let connection = try TestDatabase.connect(pooled)
                let error = #expect(throws: PostgresError.self) { try connection.requireSession() }
                guard case .pooledByTransaction = try #require(error) else {
                    Issue.record("another error: \(String(describing: error))")
                    return
                }
            }
        }
    }

    @Test("Pooling by session holds a lock, and times are in UTC though its options are dropped")
    func sessions() throws {
        try TestDatabase.run(.empty) { url in
            try TestDatabase.connect(url).script(
                """
                DO $$ BEGIN
                    EXECUTE format('ALTER DATABASE %I SET timezone = %L', current_database(), 'Asia/Tokyo');
                END $$
                """)
            try Pgbouncer.run(["pool_mode = session", Self.ignoresOptions], before: url) { pooled in
                let connection = try TestDatabase.connect(pooled)
                try connection.requireSession()
                let lock = try #require(try connection.tryAdvisoryLock("job"))
                #expect(try lock.isStillHeld())
                #expect(try TestDatabase.connect(url).tryAdvisoryLock("job") == nil)
                let time = try connection.execute("SELECT 'epoch'::timestamptz::text AS t").first?.text("t")
                #expect(time == "1970-01-01 00:00:00+00")
            }
        }
    }

    @Test("A lock that a proxy took away is not held any more")
    func lostLock() throws {
        try TestDatabase.run(.empty) { url in
            try Pgbouncer.run(["pool_mode = transaction", Self.ignoresOptions], before: url) { pooled in
                let holder = try TestDatabase.connect(pooled)
                let other = try TestDatabase.connect(pooled)
                let lock = try #require(try holder.tryAdvisoryLock("job"))
                #expect(try lock.isStillHeld())
                try other.script("BEGIN")
                #expect(try !lock.isStillHeld())
            }
        }
    }

    @Test("Without a proxy a session is one's own, and a lock is held until it is released")
    func direct() throws {
        try TestDatabase.run(.empty) { url in
            let connection = try TestDatabase.connect(url)
            try connection.requireSession()
            let lock = try #require(try connection.tryAdvisoryLock("job"))
            #expect(try lock.isStillHeld())
            try lock.release()
            #expect(try !lock.isStillHeld())
        }
    }
}
