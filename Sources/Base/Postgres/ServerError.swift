extension PostgresError {
    /// An error message of the server with all its fields. See
    /// https://www.postgresql.org/docs/current/errcodes-appendix.html
    public struct ServerError: Sendable {
        public var sqlState: String
        public var message: String
        public var detail: String?
        public var hint: String?
        public var context: String?
        /// The statement, without its parameters.
        public var statement: String
        /// The role that ran the statement.
        public var role: String?
        /// The server's own function that raised the error; never translated.
        public var routine: String?

        /// Whether row-level security would have hidden rows.
        public var isRowSecurity: Bool { sqlState == "42501" && routine == "check_enable_rls" }

        /// Whether stored bytes, or a character, cannot be represented in the session's encoding, UTF-8.
        public var isEncoding: Bool { ["22021", "22P05"].contains(sqlState) }
    }
}

extension PostgresError.ServerError: CustomStringConvertible {
    public var description: String {
        let parts: [String?] = [
            "PostgreSQL \(sqlState): \(message)", detail.map { "detail: \($0)" }, hint.map { "hint: \($0)" },
            context.map { "context: \($0)" }, advice,
            "statement: \(statement.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(300))",
        ]
        return parts.compactMap { $0 }.joined(separator: "; ")
    }

    /// Advice on what to do, if the server's own words do not give it.
    private var advice: String? {
        switch sqlState {
        // The job's own tables are missing or older than the program.
        case "42P01", "42703", "42883", "3F000": statement.contains("rocket.") ? "run: rocket migrate" : nil
        case "25006":
            "results are written to a primary server, and this one, or the session, is read-only: name the primary in "
                + "DATABASE_URL or --database, and a replica that only the logs are read from in SOURCE_DATABASE_URL "
                + "or --source-database"
        case "42501" where isRowSecurity:
            "row-level security may hide rows of it from the role\(role.map { " ‘\($0)’" } ?? ""), and labels or days "
                + "would be missing in silence: have a superuser run ALTER ROLE … BYPASSRLS, or name a view of the "
                + "table's owner that has all rows; a policy for the role is not enough, because the "
                + "server cannot tell that it hides nothing"
        case "22021", "22P05":
            "a stored text is not valid in the session's encoding, UTF-8: the database's own encoding (SQL_ASCII takes "
                + "any bytes) should be UTF8; correct the text, or convert it in a view: "
                + "convert_from(convert_to(column, getdatabaseencoding()), 'LATIN1')"
        case "42501":
            "the role\(role.map { " ‘\($0)’" } ?? "") lacks a right: grant it rocket_writer to run jobs, "
                + "rocket_report_reader to read results, with SELECT on rocket.artifact_chunks to fetch models, "
                + "rocket_log_reader and SELECT on the log tables to read logs; only their owner migrates"
        case "53100":
            "the disk of the database server is full: free or add space there, then run the command again, it "
                + "continues where it can"
        case "55P03":
            hint == nil
                ? "another session held what was needed for longer than lock_timeout; pg_stat_activity and "
                    + "pg_blocking_pids() show who" : nil
        case "57014":
            "statement_timeout is too short for it, or someone cancelled it; the time is set by ALTER ROLE … SET "
                + "statement_timeout or PGOPTIONS='-c statement_timeout=…'"
        default: nil
        }
    }
}
