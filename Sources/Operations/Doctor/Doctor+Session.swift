import Postgres

extension Doctor {
    /// Whether the texts of a database can be read, and what its own settings would have made of values.
    static func texts(
        _ connection: Connection, _ subject: String, access: ConnectionSettings.Access
    ) throws -> [Finding] {
        try [encoding(connection, subject, access), overridden(connection, subject)].compactMap { $0 }
    }

    private static func encoding(
        _ connection: Connection, _ subject: String, _ access: ConnectionSettings.Access
    ) throws -> Finding {
        let encoding = try connection.execute("SELECT getdatabaseencoding() AS name").first?.text("name") ?? ""
        switch (encoding, access) {
        case ("UTF8", _): return .ok(.database, subject, "its texts are in UTF8")
        case ("SQL_ASCII", _):
            return .warning(
                .database, subject,
                "its encoding is SQL_ASCII, which keeps any bytes; a night ends at the first text that is not UTF-8",
                fix:
                    "move it to a database in UTF8: createdb --encoding UTF8 --template template0 NAME, then pg_dump and "
                    + "pg_restore; or give the job views that convert what is not ASCII")
        case (_, .readOnly):
            return .ok(.database, subject, "its texts are in \(encoding); the server converts them to UTF-8")
        case (_, .readWrite):
            return .warning(
                .database, subject,
                "its encoding is \(encoding), which lacks characters that names and values may have",
                fix: "move the job's tables to a database in UTF8: createdb --encoding UTF8 --template template0 NAME")
        }
    }

    /// Settings of server, database or role that give values another text than the job's sessions do. Programs before
    /// 0018_seals.sql followed some of them.
    private static func overridden(_ connection: Connection, _ subject: String) throws -> Finding? {
        let names = try connection.execute(
            """
            SELECT name || ' = ' || reset_val AS setting FROM pg_settings
            WHERE name IN ('bytea_output', 'extra_float_digits', 'intervalstyle', 'quote_all_identifiers', 'xmlbinary',
                           'array_nulls', 'transform_null_equals', 'lc_monetary')
              AND reset_val <> setting AND (name <> 'lc_monetary' OR reset_val !~ '^(en_US|C|POSIX)')
            ORDER BY name
            """
        ).map { try $0.text("setting") }
        guard !names.isEmpty else { return nil }
        return .ok(
            .database, subject,
            "\(names.joined(separator: ", ")) of the server, database or role does not reach the job; days cached by "
                + "earlier versions of the program may hold other ids of such values: rocket extract --rebuild")
    }
}
