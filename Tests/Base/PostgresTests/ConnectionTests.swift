import Days
import Foundation
import Postgres
import TestSupport
import Testing

@Suite struct ConnectionTests {
    @Test("Parameters of every kind arrive as they were")
    func parameters() throws {
        try TestDatabase.run(.empty) { url in
            let connection = try TestDatabase.connect(url)
            let rows = try connection.execute(
                "SELECT $1::text AS t, $2::bigint AS i, $3::float8 AS d, $4::boolean AS b, $5::bytea AS y, "
                    + "$6::text AS n",
                [.text("O'Brien \"x\" ü"), .int(-5), .double(0.1), .bool(true), .bytes([0, 1, 255]), .null])
            let row = try #require(rows.first)
            #expect(try row.text("t") == "O'Brien \"x\" ü")
            #expect(try row.int("i") == -5)
            #expect(try row.double("d") == 0.1)
            #expect(try row.bool("b"))
            #expect(try row.bytes("y") == [0, 1, 255])
            #expect(try row.textOrNil("n") == nil)
        }
    }

    @Test("A refused statement says SQLSTATE and statement, and the connection goes on")
    func refusal() throws {
        try TestDatabase.run(.empty) { url in
            let connection = try TestDatabase.connect(url)
            let error = #expect(throws: PostgresError.self) { try connection.execute("SELECT * FROM nowhere") }
            #expect(error?.sqlState == "42P01")
            #expect("\(try #require(error))".contains("SELECT * FROM nowhere"))
            #expect(try connection.execute("SELECT 1 AS one").first?.int("one") == 1)
        }
    }

    @Test("A transaction that throws leaves nothing")
    func rollback() throws {
        struct Stop: Error {}
        try TestDatabase.run(.empty) { url in
            let connection = try TestDatabase.connect(url)
            try connection.script("CREATE TABLE t (x int)")
            #expect(throws: Stop.self) {
                try connection.transaction { connection in
                    try connection.execute("INSERT INTO t VALUES (1)")
                    throw Stop()
                }
            }
            #expect(try connection.execute("SELECT count(*) AS n FROM t").first?.int("n") == 0)
        }
    }

    @Test("A lock is one session's, names its holder, and ends with the session")
    func lock() throws {
        try TestDatabase.run(.empty) { url in
            let second = try TestDatabase.connect(url)
            do {
                let first = try Connection(ConnectionSettings(url), applicationName: "first holder")
                #expect(try first.tryAdvisoryLock("job") != nil)
                #expect(try second.tryAdvisoryLock("job") == nil)
                #expect(try AdvisoryLock.holder(of: "job", on: second)?.applicationName == "first holder")
                withExtendedLifetime(first) {}
            }
            var taken: AdvisoryLock?
            for _ in 0..<100 where taken == nil {
                taken = try second.tryAdvisoryLock("job")
                if taken == nil { usleep(20_000) }
            }
            #expect(taken != nil)
        }
    }
}

@Suite struct BinaryCopyTests {
    @Test("Rows written by binary COPY are read back by binary COPY, NULLs and arrays included")
    func roundTrip() throws {
        try TestDatabase.run(.empty) { url in
            let connection = try TestDatabase.connect(url)
            try connection.script("CREATE TABLE t (a text, b bigint, c float8, d boolean, e text[], f timestamptz)")
            let writer = try connection.copyIn("COPY t FROM STDIN (FORMAT binary)")
            writer.row(6)
            writer.text("é")
            writer.int64(-7)
            writer.double(1.5)
            writer.bool(true)
            writer.textArray(["x", ""])
            writer.timestamptz(microsecondsSince1970: 1_574_553_600_000_001)
            writer.row(6)
            for _ in 0..<4 { writer.null() }
            writer.textArray([])
            writer.null()
            #expect(try writer.finish() == 2)
            var texts: [String?] = []
            var arrays: [[String?]] = []
            try connection.copyOut("COPY (SELECT a, b, c, d, e FROM t ORDER BY b NULLS LAST) TO STDOUT (FORMAT binary)")
            { row in
                texts.append(try row.text())
                let (number, real, flag) = (try row.int64(), try row.double(), try row.bool())
                if texts.count == 1 { #expect(number == -7 && real == 1.5 && flag == true) }
                var items: [String?] = []
                _ = try row.bytes { value in
                    try WireArray.forEach(value) { items.append($0.map { String(decoding: $0, as: UTF8.self) }) }
                }
                arrays.append(items)
            }
            #expect(texts == ["é", nil])
            #expect(arrays == [["x", ""], []])
            #expect(
                try connection.execute("SELECT f::text AS f FROM t WHERE b = -7").first?.text("f")
                    == "2019-11-24 00:00:00.000001+00")
        }
    }

    @Test("A reader that throws ends the COPY, and the connection goes on")
    func earlyEnd() throws {
        struct Stop: Error {}
        try TestDatabase.run(.empty) { url in
            let connection = try TestDatabase.connect(url)
            #expect(throws: Stop.self) {
                try connection.copyOut("COPY (SELECT generate_series(1, 1000000)) TO STDOUT (FORMAT binary)") { _ in
                    throw Stop()
                }
            }
            #expect(try connection.execute("SELECT 1 AS one").first?.int("one") == 1)
        }
    }

    @Test("A row that the table refuses is an error of finish(), and nothing is in the table")
    func refusedRow() throws {
        try TestDatabase.run(.empty) { url in
            let connection = try TestDatabase.connect(url)
            try connection.script("CREATE TABLE t (a text NOT NULL)")
            let writer = try connection.copyIn("COPY t FROM STDIN (FORMAT binary)")
            writer.row(1)
            writer.null()
            let error = #expect(throws: PostgresError.self) { _ = try writer.finish() }
            #expect(error?.sqlState == "23502")
            #expect(try connection.execute("SELECT count(*) AS n FROM t").first?.int("n") == 0)
        }
    }
}

@Suite struct MigrationsTests {
    @Test("Files are applied once, in order, and an edited applied file is named")
    func applyAndEdit() throws {
        try TestDatabase.run(.empty) { url in
            try withTemporaryFolder { folder in
                func write(_ name: String, _ sql: String) throws {
                    try sql.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
                }
                let connection = try TestDatabase.connect(url)
                try write("0001_first.sql", "CREATE TABLE a (x int);")
                #expect(try Migrations(directory: folder).apply(on: connection).map(\.name) == ["0001_first.sql"])
                try write("0002_second.sql", "CREATE TABLE b (x int); SELECT * FROM nowhere;")
                #expect(throws: PostgresError.self) { try Migrations(directory: folder).apply(on: connection) }
                #expect(try connection.execute("SELECT to_regclass('b') IS NULL AS gone").first?.bool("gone") == true)
                try write("0002_second.sql", "CREATE TABLE b (x int);")
                #expect(try Migrations(directory: folder).apply(on: connection).count == 1)
                #expect(try Migrations(directory: folder).apply(on: connection).isEmpty)
                try write("0001_first.sql", "CREATE TABLE a (x bigint);")
                let error = #expect(throws: PostgresError.self) {
                    try Migrations(directory: folder).apply(on: connection)
                }
                #expect(error.map { "\($0)".contains("0001_first.sql was edited") } == true)
            }
        }
    }

    @Test("A gap in the numbers is an error that names the file")
    func gap() throws {
        try withTemporaryFolder { folder in
            try "".write(toFile: "\(folder)/0002_x.sql", atomically: true, encoding: .utf8)
            let error = #expect(throws: PostgresError.self) { try Migrations(directory: folder) }
            #expect(error.map { "\($0)".contains("0002_x.sql") } == true)
        }
    }

    @Test("Every table, view and column of the project's own migrations carries a comment")
    func comments() throws {
        try TestDatabase.run { url in
            let bare = try TestDatabase.connect(url).execute(
                """
                SELECT c.oid::regclass::text AS relation, a.attname AS name
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                WHERE n.nspname IN ('rocket', 'ad_log') AND c.relkind IN ('r', 'p', 'v', 'm')
                  AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)
                """)
            #expect(try bare.map { "\(try $0.text("relation")).\(try $0.text("name"))" } == [])
        }
    }
}
