import Foundation
import Postgres
import TestSupport
import Testing

@Suite struct ConnectionTextTests {
    static func failure(_ conninfo: String) throws -> ConnectionFailure? {
        let error = #expect(throws: PostgresError.self) {
            try Connection(ConnectionSettings(conninfo), applicationName: "tests")
        }
        guard case .connection(let failure) = error else { return nil }
        return failure
    }

    @Test(
        "What looks like a URL and is none is refused before anything is sent, unshown",
        arguments: [
            "\"postgresql://u:s3cret@h/db\"", "'postgresql://u:s3cret@h/db'", " postgresql://u:s3cret@h/db",
            "jdbc:postgresql://h/db?user=u&password=s3cret", "POSTGRESQL://u:s3cret@h/db", "Postgres://u:s3cret@h/db",
            "postgres:/u:s3cret@h/db", "postgresql//u:s3cret@h/db", "“postgresql://u:s3cret@h/db”", "u:s3cret@h/db",
            "postgresql://u:s3cret@h/db\"", "postgresql://u:s3cret@h/db ",
            "postgresql+psycopg2://u:s3cret@h/db?sslmode=require",
            "mysql://u:s3cret@h/db", "postgresql%3A%2F%2Fu%3As3cret%40h%2Fdb", "postgresql://u:s3cret@h/db\n",
            "dbname=postgresql://u:s3cret@h/db", "host=postgresql://u:s3cret@h/db", "<postgresql://u:s3cret@h/db>",
            "\u{FEFF}postgresql://u:s3cret@h/db", "postgresql：//u:s3cret@h/db", "s3cret@h",
            "\"host=h password=s3cret\"",
        ])
    func refused(_ conninfo: String) throws {
        let failure = try #require(try Self.failure(conninfo))
        #expect(failure.cause == .settings && !failure.isTransient)
        #expect(!"\(failure)".contains("s3cret") && "\(failure)".contains("DATABASE_URL"))
        #expect(!"\(failure)".contains("u:") || conninfo.isEmpty)
    }

    @Test("URIs, pairs and the name of a database are taken as they were")
    func taken() throws {
        try TestDatabase.run { url in
            for text in [url, url.replacing("postgresql://", with: "postgres://")] {
                _ = try Connection(ConnectionSettings(text), applicationName: "tests")
            }
            // Names that lead to no server, but are not refused for how they look.
            for text in ["nowhere-db_1", "host=/nowhere dbname=x", "  host = /nowhere dbname=x", "näh", "a.b$c"] {
                #expect(try Self.failure(text)?.message.contains("connection string (") != true)
            }
        }
    }
}
