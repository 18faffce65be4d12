import AdLogs
import Postgres

extension Doctor {
    /// Whether the columns of the log tables may be read.
    static func logRights(_ source: LogSource, on connection: Connection) throws -> [Finding] {
        try [source.impressions.table, source.clicks.table].map { table in
            let parts = table.split(separator: ".", maxSplits: 1).map(String.init)
            // By name: looking a relation up as regclass takes the right to its schema.
            let row = try connection.execute(
                """
                SELECT n.nspname AS schema, quote_ident(current_user) AS role,
                       has_schema_privilege(n.oid, 'USAGE') AS schema_is_open,
                       has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT') AS is_open,
                       row_security_active(c.oid) AS may_hide_rows
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
                  AND n.nspname = $2
                """, [.text(parts.last ?? ""), .text(parts.count == 2 ? parts[0] : "public")]
            ).first
            guard let row else {
                return .problem(
                    .job, table, "there is no such table or view in this database",
                    fix: "correct source: in the job file, or --source-database; psql lists tables by \\dt *.*")
            }
            var grants: [String] = []
            let role = try row.text("role")
            if try !row.bool("schema_is_open") {
                grants.append("GRANT USAGE ON SCHEMA \(try connection.quoteIdentifier(row.text("schema"))) TO \(role);")
            }
            if try !row.bool("is_open") {
                grants.append("GRANT SELECT ON \(try connection.quoteRelation(table)) TO \(role);")
            }
            if grants.isEmpty, try row.bool("may_hide_rows") {
                return .problem(
                    .rights, table,
                    "row-level security may hide rows of it from \(role), so the server refuses to read it",
                    fix:
                        "ALTER ROLE \(role) BYPASSRLS;  -- by a superuser; or name a view of the table's owner in the "
                        + "job file")
            }
            return grants.isEmpty
                ? .ok(.rights, table, "may be read, all rows of it")
                : .problem(.rights, table, "\(role) may not read it", fix: grants.joined(separator: " "))
        }
    }

    /// Whether the role has all rights of `rocket_writer`, to which each migration grants what the job needs.
    static func resultRights(on connection: Connection) throws -> [Finding] {
        let rows = try connection.execute(
            """
            SELECT lower(p.name) || ' on ' || c.relname AS missing
            FROM pg_class c, unnest('{SELECT,INSERT,UPDATE}'::text[]) AS p (name)
            WHERE c.relnamespace = 'rocket'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
              AND has_any_column_privilege('rocket_writer', c.oid, p.name) AND NOT has_any_column_privilege(c.oid, p.name)
            UNION ALL
            SELECT 'delete on ' || c.relname
            FROM pg_class c
            WHERE c.relnamespace = 'rocket'::regnamespace AND c.relkind IN ('r', 'p')
              AND has_table_privilege('rocket_writer', c.oid, 'DELETE') AND NOT has_table_privilege(c.oid, 'DELETE')
            UNION ALL
            SELECT 'execute of ' || f.proname
            FROM pg_proc f
            WHERE f.pronamespace = 'rocket'::regnamespace
              AND has_function_privilege('rocket_writer', f.oid, 'EXECUTE') AND NOT has_function_privilege(f.oid, 'EXECUTE')
            ORDER BY 1
            """)
        guard
            let who = try connection.execute(
                """
                SELECT quote_ident(r.rolname) AS role, r.rolsuper, pg_has_role('rocket_writer', 'MEMBER') AS is_writer
                FROM pg_roles r WHERE r.rolname = current_user
                """
            ).first
        else { return [] }
        let role = try who.text("role")
        guard rows.isEmpty else {
            let missing = try rows.map { try $0.text("missing") }
            let shown = missing.prefix(4).joined(separator: ", ")
            return [
                .problem(
                    .rights, "schema rocket",
                    "\(role) lacks \(missing.count) rights: \(shown)\(missing.count > 4 ? ", …" : "")",
                    fix: "GRANT rocket_writer TO \(role);")
            ]
        }
        let isSuper = try who.bool("rolsuper")
        return [
            .ok(
                .rights, "schema rocket",
                isSuper
                    ? "\(role) is a superuser; a login with rocket_writer would be enough"
                    : "\(role) has all that a job needs")
        ]
    }
}
