/// The settings under which every statement of this program runs, whatever the server's configuration file, the
/// database, the role, the service file or `PGOPTIONS` say: everything that any role may set and that changes how a
/// value reads as text, how text is read as a value, which rows a query sees or what a name means. The list follows
/// https://www.postgresql.org/docs/current/runtime-config.html; settings that only change plans, costs, memory or
/// durability are left to those who run the server, as are the time limits (`SessionLimits`).
struct PinnedSettings {
    private let access: ConnectionSettings.Access

    init(_ access: ConnectionSettings.Access) {
        self.access = access
    }

    /// Names and values; the values are PostgreSQL's own defaults except for the search path, the time zone and the
    /// locales.
    private static let values: [(name: String, value: String)] = [
        // First: from here on, names and operators are those of pg_catalog; everything else is written with its schema.
        ("search_path", ""),
        // Rows that a policy hides cause an error that names the table, not an answer with fewer rows.
        ("row_security", "off"),
        // Values as text, and text as values.
        ("client_encoding", "UTF8"), ("datestyle", "ISO, MDY"), ("intervalstyle", "postgres"), ("timezone", "UTC"),
        ("timezone_abbreviations", "Default"), ("extra_float_digits", "1"), ("bytea_output", "hex"),
        ("lc_monetary", "C"), ("lc_numeric", "C"), ("lc_time", "C"), ("xmlbinary", "base64"),
        ("xmloption", "content"), ("array_nulls", "on"), ("quote_all_identifiers", "off"),
        ("default_text_search_config", "pg_catalog.simple"),
        // What a statement means.
        ("standard_conforming_strings", "on"), ("backslash_quote", "safe_encoding"), ("transform_null_equals", "off"),
        // Which rows are returned, and in which order if none is asked for.
        ("gin_fuzzy_search_limit", "0"), ("synchronize_seqscans", "off"),
    ]

    /// The same values for the transactions that a session begins; a transaction that has begun cannot change them.
    private var sessionValues: [(name: String, value: String)] {
        Self.values + [("default_transaction_isolation", "read committed"), ("default_transaction_deferrable", "off")]
            + (access == .readOnly ? [("default_transaction_read_only", "on")] : [])
    }

    /// Settings that only a superuser may change, with the values under which the job is reliable: under any other,
    /// triggers do not fire, or damaged pages read as empty ones.
    private static let required: [(name: String, value: String)] = [
        ("session_replication_role", "origin"), ("zero_damaged_pages", "off"), ("ignore_checksum_failure", "off"),
    ]

    /// Sets the values for the session, if the server process that answers is the one that the connection was opened
    /// with. Behind a proxy the session may soon be another client's, so nothing is set there.
    ///
    /// - Parameter process: The server process; nil for whichever answers.
    /// - Returns: Whether they were set.
    /// - Throws: `PostgresError.session` if a setting that the role cannot change makes the answers unreliable.
    func apply(on connection: Connection, process: Int?) throws(PostgresError) -> Bool {
        let condition = process.map { "pg_catalog.int4eq(pg_catalog.pg_backend_pid(), \($0))" } ?? "true"
        let row = try connection.unpinned(
            """
            SELECT \(condition) AS is_own, CASE WHEN \(condition) THEN \(Self.calls(sessionValues, isLocal: false)) END,
                   \(Self.requiredColumns)
            """
        ).first
        try Self.check(row)
        return try row?.bool("is_own") ?? false
    }

    /// Sets the values for the current transaction.
    ///
    /// - Throws: As `apply(on:process:)`.
    func applyToTransaction(on connection: Connection) throws(PostgresError) {
        let values = Self.values + (access == .readOnly ? [("transaction_read_only", "on")] : [])
        try Self.check(
            connection.unpinned("SELECT \(Self.calls(values, isLocal: true)), \(Self.requiredColumns)").first)
    }

    /// The statement that begins a transaction on a connection without a session of its own.
    var begin: String {
        "BEGIN ISOLATION LEVEL READ COMMITTED" + (access == .readOnly ? ", READ ONLY" : "")
    }

    /// Returns calls that use no operator or name which another schema could provide; settings that a server lacks are
    /// skipped.
    private static func calls(_ values: [(name: String, value: String)], isLocal: Bool) -> String {
        let calls = values.map { name, value in
            """
            CASE WHEN pg_catalog.current_setting('\(name)', true) IS NOT NULL \
            THEN pg_catalog.set_config('\(name)', '\(value)', \(isLocal)) END
            """
        }
        return "pg_catalog.concat(\(calls.joined(separator: ", ")))"
    }

    private static let requiredColumns = required.map { name, _ in
        "pg_catalog.current_setting('\(name)', true) AS \(name)"
    }.joined(separator: ", ")

    private static func check(_ row: Row?) throws(PostgresError) {
        guard let row else { return }
        for (name, value) in required {
            guard let found = try row.textOrNil(name), found != value else { continue }
            throw .session(setting: name, found: found, expected: value)
        }
    }
}
