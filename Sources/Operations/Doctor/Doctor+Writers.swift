import Postgres

extension Doctor {
    /// Whether anybody but the owner of the job's tables may write more of them than the migrations grant.
    static func writers(on connection: Connection) throws -> [Finding] {
        let rows = try connection.execute(
            """
            WITH rights AS (
                SELECT 'rocket.' || quote_ident(c.relname) AS object, a.privilege_type AS privilege, a.grantee,
                       c.relowner AS owner, 'ON TABLE' AS kind, c.relname AS name
                FROM pg_class c, aclexplode(c.relacl) a
                WHERE c.relnamespace = 'rocket'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
                UNION ALL
                SELECT 'rocket.' || quote_ident(c.relname),
                       a.privilege_type || ' (' || quote_ident(t.attname) || ')', a.grantee, c.relowner, 'ON TABLE', c.relname
                FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
                WHERE c.relnamespace = 'rocket'::regnamespace
                UNION ALL
                SELECT 'rocket', a.privilege_type, a.grantee, n.nspowner, 'ON SCHEMA', ''
                FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = 'rocket' AND a.privilege_type = 'CREATE'
                UNION ALL
                SELECT p.oid::regprocedure::text, a.privilege_type, a.grantee, p.proowner, 'ON FUNCTION', ''
                FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                WHERE p.pronamespace = 'rocket'::regnamespace AND p.prosecdef)
            SELECT object, privilege, kind, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END AS role
            FROM rights LEFT JOIN pg_roles r ON r.oid = grantee
            WHERE grantee <> owner AND (privilege NOT LIKE 'SELECT%' AND privilege <> 'USAGE')
              AND CASE WHEN r.rolname = 'rocket_writer' AND kind = 'ON TABLE'
                  THEN privilege IN ('TRUNCATE', 'TRIGGER', 'REFERENCES')
                    OR name IN ('deployments', 'report_changes', 'open_versions', 'schema_migrations')
                    OR name IN ('model_versions', 'version_inputs', 'artifacts', 'artifact_chunks', 'gate_verdicts',
                                'gate_rules')
                       AND privilege NOT LIKE 'INSERT%'
                  ELSE r.rolname IS DISTINCT FROM 'rocket_writer' END
            ORDER BY 4, 1, 2
            """)
        if rows.isEmpty {
            return [.ok(.rights, "others", "no role may write more of the job's tables than a job needs")]
        }
        return try Dictionary(grouping: rows) { try $0.text("role") }.sorted { $0.key < $1.key }.map { role, rows in
            let rights = try rows.map { "\(try $0.text("privilege").lowercased()) on \(try $0.text("object"))" }
            let shown = rights.prefix(4).joined(separator: ", ")
            let revokes = try rows.map {
                "REVOKE \(try $0.text("privilege")) \(try $0.text("kind")) \(try $0.text("object")) FROM \(role);"
            }
            return .warning(
                .rights, "others", "\(role) may \(shown)\(rights.count > 4 ? ", …" : ""), which no job needs",
                fix: revokes.joined(separator: " "))
        }
    }
}
