import AdLogs
import JobFile
import Postgres

extension Doctor {
    /// Whether the columns of the log tables may be read.
    static func logRights(_ job: JobFile, on connection: Connection) throws -> [Finding] {
        let source = job.source
        var columns: [String: [String]] = [:]
        columns[source.impressions.table, default: []] +=
            source.impressions.id.columns + [source.impressions.time] + source.impressions.conditions.map(\.column)
            + job.features.features.filter(\.kind.readsColumn).map(\.column)
            + [job.evaluation.group, job.evaluation.trueProbability].compactMap { $0 }
        columns[source.clicks.table, default: []] +=
            source.clicks.impressionID.columns + [source.clicks.time] + source.clicks.conditions.map(\.column)
        return try [source.impressions.table, source.clicks.table].map { table in
            guard let right = try ReadingRight(of: table, on: connection) else {
                return .problem(
                    .job, table, "there is no such table or view in this database",
                    fix: "correct source: in the job file, or --source-database; psql lists tables by \\dt *.*")
            }
            let grants = right.grants(for: columns[table] ?? [])
            guard grants.isEmpty else {
                return .problem(.rights, table, "\(right.role) may not read it", fix: grants.joined(separator: " "))
            }
            guard !right.mayHideRows else {
                return .problem(
                    .rights, table,
                    "row-level security may hide rows of it from \(right.role), so the server refuses to read it",
                    fix:
                        "ALTER ROLE \(right.role) BYPASSRLS;  -- by a superuser; or name a view of the table's owner in "
                        + "the job file")
            }
            return .ok(.rights, table, "may be read, all rows of it")
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
