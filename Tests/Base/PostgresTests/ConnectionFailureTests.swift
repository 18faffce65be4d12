import Foundation
import Postgres
import TestSupport
import Testing

@Suite struct ConnectionFailureTests {
    static func failure(_ conninfo: String) throws -> ConnectionFailure {
        let error = #expect(throws: PostgresError.self) {
            _ = try Connection(ConnectionSettings(conninfo), applicationName: "tests")
        }
        guard case .connection(let failure) = try #require(error) else { throw try #require(error) }
        return failure
    }

    @Test("What was refused is told apart, and whether it can pass by itself")
    func causes() throws {
        try TestDatabase.run(.empty) { url in
            let role = try Self.failure(url.replacing("user=rocket", with: "user=nobody_of_this_name"))
            #expect(role.cause == .notAdmitted && role.sqlState == "28000" && !role.isTransient)
            let database = try Self.failure(url.replacing("/test_", with: "/no_such_"))
            #expect(try Self.failure(url + "&connect_timeout=many").cause == .settings)
            #expect(database.cause == .noDatabase && database.sqlState == "3D000" && !database.isTransient)
        }
        for nobody in ["host=127.0.0.1 port=1", "host=/nowhere", "host=127.0.0.1,127.0.0.1 port=1,1"] {
            let failure = try Self.failure(nobody)
            #expect(failure.cause == .unreachable && failure.sqlState == nil && failure.isTransient)
        }
        #expect(try Self.failure("postgresql://nowhere.invalid/x").cause == .unknownHost)
        for wrong in ["service=nowhere", "sslmode=sometimes", "port=many", "prot=5432", "host=a port=1,2,3"] {
            let failure = try Self.failure(wrong)
            #expect(failure.cause == .settings && !failure.isTransient)
        }
    }

    @Test("A server that is full, or shuts down, is worth waiting for")
    func notReady() throws {
        try TestDatabase.run(.empty) { url in
            let admin = try TestDatabase.connect(url)
            let name = try #require(try admin.execute("SELECT current_database() AS name").first).text("name")
            try admin.script("CREATE ROLE \(name) LOGIN CONNECTION LIMIT 0")
            defer { try? admin.script("DROP ROLE \(name)") }
            let failure = try Self.failure(url.replacing("user=rocket", with: "user=\(name)"))
            #expect(failure.cause == .notReady && failure.sqlState == "53300" && failure.isTransient)
        }
    }

    @Test("A wrong password, and a missing one, are not retried, and no password is shown")
    func passwords() throws {
        try TestCluster.run { _, url in
            let admin = try TestDatabase.connect(url)
            try admin.script(
                """
                CREATE ROLE guarded LOGIN PASSWORD 'right-one';
                COPY (SELECT 'local all guarded scram-sha-256' UNION ALL SELECT 'local all all trust')
                TO PROGRAM 'cat > "$PGDATA/pg_hba.conf"';
                SELECT pg_reload_conf();
                """)
            // A new connection is let in by the new rules once the server has read them.
            let guarded = url.replacing("user=rocket", with: "user=guarded")
            while (try? TestDatabase.connect(guarded)) != nil { usleep(10_000) }
            _ = try TestDatabase.connect(guarded + "&password=right-one")
            let wrong = try Self.failure(guarded + "&password=hunter2")
            #expect(wrong.cause == .notAdmitted && wrong.sqlState == "28P01" && !wrong.isTransient)
            #expect(!"\(wrong)".contains("hunter2"))
            #expect(try Self.failure(guarded).cause == .notAdmitted)
        }
    }

    @Test(
        "A password is in no message, whether its connection string is well-formed or not",
        arguments: [
            "postgresql://someone:hunter2@/x?host=/nowhere",
            "postgresql://someone:hunter2@127.0.0.1:1/x",
            "postgresql://someone:hunter2@nowhere.invalid/x",
            "postgresql://someone:p@hunter2@127.0.0.1:1/x",
            "postgresql://someone:p/hunter2@127.0.0.1:1/x",
            "postgresql://someone:hunter2/@127.0.0.1:1/x",
            "postgresql://someone:p?hunter2@127.0.0.1:1/x",
            "postgresql://someone:p?hunter2=1@127.0.0.1:1/x",
            "postgresql://someone:p%zzhunter2@127.0.0.1:1/x",
            "postgresql://someone:p\"%zz\"hunter2@127.0.0.1:1/x",
            "postgresql://someone:hunter2",
            "postgresql://[::1/someone:hunter2@x",
            "postgresql://127.0.0.1:1/x?password=p&hunter2",
            "postgresql://127.0.0.1:1/x?password=p&hunter2=1",
            "postgresql://127.0.0.1:1/x?pasword=hunter2",
            "host=/nowhere password=hunter2",
            "host=/nowhere password=p hunter2",
            "host=/nowhere password=p hunter2=1",
            "host=/nowhere password='hunter2",
            "host=/nowhere password=p'hunter2'x sslmode=sometimes",
            "host=127.0.0.1 port=1 password = hunter2",
            "host=/nowhere sslpassword=hunter2",
            "host=/nowhere passwordhunter2",
        ])
    func redaction(conninfo: String) throws {
        let settings = ConnectionSettings(conninfo)
        let failure = try Self.failure(conninfo)
        for text in ["\(failure)", failure.message, "\(settings)", String(reflecting: settings)] {
            #expect(!text.contains("hunter2"))
        }
        #expect(settings.holdsPassword || conninfo.contains("pasword="))
    }

    @Test("A connection string without a password is shown as libpq shows it")
    func shown() throws {
        #expect(try Self.failure("prot=5432").message.contains("\"prot\""))
        #expect(try Self.failure("postgresql://nowhere.invalid/x").message.contains("nowhere.invalid"))
        #expect(try Self.failure("postgresql://someone:hunter2@nowhere.invalid/x").message.contains("nowhere.invalid"))
        for conninfo in ["", "ads", "postgresql:///ads", "postgresql://someone@host:5433/ads", "host=a passfile=/b"] {
            #expect(!ConnectionSettings(conninfo).holdsPassword)
        }
    }
}
