import Foundation
import Postgres
import TestSupport
import Testing

/// Whatever database and role have set, a session of the program reads and writes values in one way.
@Suite struct PinnedSettingsTests {
    /// Settings that any role may have, each with what PostgreSQL would make of it if it were followed.
    static let odd: [(name: String, value: String)] = [
        ("datestyle", "'SQL, DMY'"), ("intervalstyle", "iso_8601"), ("timezone", "'Asia/Tokyo'"),
        ("timezone_abbreviations", "'India'"), ("extra_float_digits", "-10"), ("bytea_output", "escape"),
        ("lc_monetary", "'C.UTF-8'"), ("lc_numeric", "'C.UTF-8'"), ("lc_time", "'C.UTF-8'"), ("xmlbinary", "hex"),
        ("xmloption", "document"), ("array_nulls", "off"), ("quote_all_identifiers", "on"), ("row_security", "on"),
        ("search_path", "odd, public, pg_catalog"), ("standard_conforming_strings", "off"), ("backslash_quote", "off"),
        ("transform_null_equals", "on"), ("gin_fuzzy_search_limit", "1"), ("synchronize_seqscans", "on"),
        ("default_transaction_isolation", "serializable"), ("default_text_search_config", "'pg_catalog.english'"),
        ("client_encoding", "LATIN1"),
    ]

    private static let expected = [
        "datestyle": "ISO, MDY", "intervalstyle": "postgres", "timezone": "UTC", "timezone_abbreviations": "Default",
        "extra_float_digits": "1", "bytea_output": "hex", "lc_monetary": "C", "lc_numeric": "C", "lc_time": "C",
        "xmlbinary": "base64", "xmloption": "content", "array_nulls": "on", "quote_all_identifiers": "off",
        "row_security": "off", "search_path": "", "standard_conforming_strings": "on",
        "backslash_quote": "safe_encoding",
        "transform_null_equals": "off", "gin_fuzzy_search_limit": "0", "synchronize_seqscans": "off",
        "transaction_isolation": "read committed", "default_text_search_config": "pg_catalog.simple",
        "client_encoding": "UTF8",
    ]

    /// A database with all odd settings.
    static func withOddDatabase(_ contents: TestDatabase.Contents = .empty, _ body: (String) throws -> Void) throws {
        try TestDatabase.run(contents) { url in
            try set(odd, on: url)
            try body(url)
        }
    }

    static func set(_ settings: [(name: String, value: String)], on url: String) throws {
        let admin = try TestDatabase.connect(url)
        let name = try #require(try admin.execute("SELECT current_database() AS name").first).text("name")
        for (setting, value) in settings { try admin.script("ALTER DATABASE \(name) SET \(setting) = \(value)") }
    }

    private static func psql(_ url: String, _ sql: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["psql", url, "-XAtqc", sql]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func expectPinned(_ connection: Connection, _ place: String) throws {
        for (name, value) in Self.expected {
            let found = try connection.execute("SELECT current_setting('\(name)') AS value").first?.text("value")
            #expect(found == value, "\(place): \(name)")
        }
        let row = try #require(
            try connection.execute(
                """
                SELECT '\\x00ff'::bytea::text AS bytes, 0.1::float8::text AS number,
                       interval '1 day 2 hours'::text AS span,
                       '2026-01-02 03:04:05+00'::timestamptz::text AS at, '{NULL}'::text[] AS list,
                       format_type('text'::regtype, NULL) AS type, NULL = NULL AS same
                """
            ).first)
        #expect(try row.bytes("bytes") == [0, 255] && row.text("number") == "0.1")
        #expect(try row.text("span") == "1 day 02:00:00" && row.text("at") == "2026-01-02 03:04:05+00")
        #expect(try row.text("type") == "text" && row.textOrNil("same") == nil && row.text("list") == "{NULL}")
    }

    @Test("Every setting that changes what values read as is the program's own, in a transaction too")
    func direct() throws {
        try Self.withOddDatabase { url in
            let connection = try Connection(ConnectionSettings(url), applicationName: "tests")
            try Self.expectPinned(connection, "a session")
            try connection.transaction { try Self.expectPinned($0, "a transaction") }
            let reader = try Connection(ConnectionSettings(url, access: .readOnly), applicationName: "tests")
            let error = #expect(throws: PostgresError.self) { try reader.script("CREATE TABLE public.t (x int)") }
            #expect(error?.sqlState == "25006")
        }
    }

    @Test(
        "Behind a proxy that drops startup options it is the same, and no other client gets the program's settings",
        .enabled(if: Pgbouncer.isInstalled, "pgbouncer is not installed: apt-get install pgbouncer"),
        arguments: ["session", "transaction"])
    func pooled(_ mode: String) throws {
        try Self.withOddDatabase { url in
            let settings = ["pool_mode = \(mode)", PoolingTests.ignoresOptions, "default_pool_size = 1"]
            try Pgbouncer.run(settings, before: url) { pooled in
                do {
                    let connection = try Connection(ConnectionSettings(pooled), applicationName: "tests")
                    try Self.expectPinned(connection, mode)
                    try connection.transaction { try Self.expectPinned($0, "\(mode), a transaction") }
                    var rows = 0
                    try connection.copyOut("COPY (SELECT current_setting('search_path')) TO STDOUT (FORMAT binary)") {
                        let path = try $0.text()
                        #expect(path == "")
                        rows += 1
                    }
                    #expect(rows == 1)
                }
                do {
                    let reader = try Connection(ConnectionSettings(pooled, access: .readOnly), applicationName: "tests")
                    let error = #expect(throws: PostgresError.self) {
                        try reader.script("CREATE TABLE public.t (x int)")
                    }
                    #expect(error?.sqlState == "25006")
                }
                // The one session of the pool, as another program's client finds it.
                for (name, value) in [("bytea_output", "escape"), ("search_path", "odd, public, pg_catalog")] {
                    #expect(try Self.psql(pooled, "SHOW \(name)") == value)
                }
            }
        }
    }

    @Test(
        "A setting that a role cannot change and under which triggers or rows are passed over is refused by name",
        arguments: ["session_replication_role = replica", "zero_damaged_pages = on", "ignore_checksum_failure = on"])
    func refused(_ setting: String) throws {
        try TestDatabase.run(.empty) { url in
            let admin = try TestDatabase.connect(url)
            let name = try #require(try admin.execute("SELECT current_database() AS name").first).text("name")
            try admin.script("ALTER DATABASE \(name) SET \(setting)")
            let error = #expect(throws: PostgresError.self) { try TestDatabase.connect(url) }
            guard case .session = try #require(error) else {
                Issue.record("another error: \(String(describing: error))")
                return
            }
            #expect("\(try #require(error))".contains(setting))
        }
    }

    @Test("Functions, operators and types of other schemas are not run in the place of the server's own")
    func shadows() throws {
        try TestDatabase.run(.empty) { url in
            let admin = try TestDatabase.connect(url)
            let name = try #require(try admin.execute("SELECT current_database() AS name").first).text("name")
            try admin.script(
                """
                CREATE TABLE public.caught (who text);
                CREATE FUNCTION public.hashtextextended(text, integer) RETURNS bigint LANGUAGE plpgsql AS
                    $$ BEGIN INSERT INTO public.caught VALUES (current_user); RETURN 1; END $$;
                CREATE FUNCTION public.pg_backend_pid() RETURNS integer LANGUAGE plpgsql AS
                    $$ BEGIN INSERT INTO public.caught VALUES (current_user); RETURN 1; END $$;
                CREATE FUNCTION public.current_setting(text, boolean) RETURNS text LANGUAGE plpgsql AS
                    $$ BEGIN INSERT INTO public.caught VALUES (current_user); RETURN 'x'; END $$;
                CREATE FUNCTION public.same(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS
                    $$ BEGIN INSERT INTO public.caught VALUES (current_user); RETURN true; END $$;
                CREATE OPERATOR public.= (LEFTARG = bigint, RIGHTARG = bigint, PROCEDURE = public.same);
                ALTER DATABASE \(name) SET search_path = public, pg_catalog;
                """)
            let settings = ConnectionSettings(url)
            let connection = try Connection(settings, applicationName: "tests")
            try connection.requireSession()
            let lock = try #require(try connection.tryAdvisoryLock("job"))
            #expect(try lock.isStillHeld())
            #expect(try AdvisoryLock.holder(of: "job", on: connection)?.user == "rocket")
            try lock.release()
            let migrations = try Migrations(directory: TestDatabase.repository + "/migrations")
            #expect(try migrations.apply(on: connection).count == migrations.all.count)
            let key = try connection.execute(
                "SELECT rocket.deployment_lock('m') = pg_catalog.hashtextextended('rocket deployment m', 0) AS same")
            #expect(try key.first?.bool("same") == true)
            #expect(try connection.execute("SELECT FROM public.caught").isEmpty)
        }
    }

    @Test("Rows that a policy hides are an error that names the table and what to grant")
    func rowSecurity() throws {
        try TestDatabase.run(.empty) { url in
            let admin = try TestDatabase.connect(url)
            let name = try #require(try admin.execute("SELECT current_database() AS name").first).text("name")
            defer { try? admin.script("DROP OWNED BY \(name)_reader; DROP ROLE \(name)_reader") }
            try admin.script(
                """
                CREATE ROLE \(name)_reader LOGIN;
                CREATE TABLE public.shown AS SELECT generate_series(1, 9) AS id;
                GRANT SELECT ON public.shown TO \(name)_reader;
                ALTER TABLE public.shown ENABLE ROW LEVEL SECURITY;
                CREATE POLICY few ON public.shown USING (id % 3 = 0);
                """)
            let settings = ConnectionSettings(url.replacing("user=rocket", with: "user=\(name)_reader"))
            let reader = try Connection(settings, applicationName: "tests")
            let error = #expect(throws: PostgresError.self) { try reader.execute("SELECT * FROM public.shown") }
            let text = "\(try #require(error))"
            #expect(text.contains("\"shown\"") && text.contains("BYPASSRLS"), "\(text)")
        }
    }
}
