import Names
import Postgres

extension AdLogError {
    /// The error of a relation that is not there, with the one that was probably meant.
    ///
    /// - Throws: `PostgresError`.
    public static func missing(_ relation: String, on connection: Connection) throws -> AdLogError {
        let rows = try connection.execute(
            """
            SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
              AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rocket')
            ORDER BY 1, 2 LIMIT 10000
            """)
        var tables: [String: [String]] = [:]
        var names: [String] = []
        for row in rows {
            let (schema, table) = (try row.text("nspname"), try row.text("relname"))
            let name = SQLName.relation("\(SQLName.quoted(schema)).\(SQLName.quoted(table))")
            names.append(name)
            tables[table, default: []].append(name)
        }
        let wanted = SQLName.relation(relation)
        let table = SQLName.parts(wanted)?.last ?? wanted
        // The table's own name decides: a schema is often forgotten, or another one.
        let near =
            tables[table]?.first ?? nearest(to: wanted, among: names)
            ?? nearest(to: table, among: tables.keys).flatMap { tables[$0]?.first }
        return .noRelation(relation, near: near == relation ? nil : near)
    }
}
