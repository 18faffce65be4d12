import Postgres

/// A view that only renames, computes and filters the rows of one table, read by some of that table's pages: the view's
/// own text with a `TABLESAMPLE` in it. A view itself cannot be sampled.
struct SampledView {
    /// The `oid` of the table below the view: to look it up by name takes the right to its schema.
    let tableID: String
    private let beforeSample, afterSample: String

    /// Nil for a view of any other kind.
    ///
    /// - Throws: `PostgresError`.
    init?(_ view: String, on connection: Connection) throws {
        let rows = try connection.execute(
            """
            SELECT DISTINCT pg_catalog.pg_get_viewdef(v.oid, false) AS definition, t.oid::regclass::text AS name,
                   t.oid::text AS id, t.relkind::text
            FROM pg_catalog.pg_class v
            JOIN pg_catalog.pg_rewrite r ON r.ev_class = v.oid
            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid
            JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
            WHERE v.oid = pg_catalog.to_regclass($1) AND v.relkind = 'v'
            """, [.text(try connection.quoteRelation(view))])
        guard rows.count == 1, let row = rows.first, ["r", "p", "m"].contains(try row.text("relkind")) else {
            return nil
        }
        let table = try row.text("name")
        tableID = try row.text("id")
        let definition = try row.text("definition")
        let others = [
            "JOIN", "GROUP BY", "UNION", "EXCEPT", "INTERSECT", "DISTINCT", "LIMIT", " OVER ", "WITH ", "OFFSET",
        ]
        guard !others.contains(where: { definition.contains($0) }) else { return nil }
        // The table, perhaps with an alias, then the condition or the end.
        let parts = definition.split(separator: "\n   FROM \(table)", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].contains("FROM"),
            let rest = parts[1].wholeMatch(of: /(?<alias>(?: [A-Za-z_"][^\s,;]*)?)(?<rest>(?:\n  WHERE [\s\S]*)?);/)
        else { return nil }
        beforeSample = "\(parts[0])\n   FROM \(table)\(rest.alias)"
        afterSample = String(rest.rest)
    }

    /// The view's rows of some pages under an alias, for `FROM`.
    func from(_ alias: String, percent: Double) -> String {
        "(\(beforeSample) TABLESAMPLE SYSTEM (\(percent)) REPEATABLE (1)\(afterSample)) \(alias)"
    }
}
