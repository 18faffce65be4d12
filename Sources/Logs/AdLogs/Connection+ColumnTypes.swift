import Postgres

extension Connection {
    /// Returns the types of a table's or view's columns as features read them: the underlying type of a domain, `enum`
    /// for an enum, arrays with `[]`, others as `format_type` writes them, with their modifier: `numeric(10,2)`. Empty
    /// if there is no such relation.
    public func columnTypes(of relation: String) throws -> [String: String] {
        let rows = try execute(
            """
            WITH RECURSIVE part AS (
                SELECT a.attname::text AS name, a.atttypid AS type, a.atttypmod AS modifier, false AS is_array
                FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
              UNION ALL
                SELECT p.name, CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END,
                       CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE p.modifier END, p.is_array OR t.typtype <> 'd'
                FROM part p JOIN pg_catalog.pg_type t ON t.oid = p.type
                WHERE t.typtype = 'd' OR t.typcategory = 'A' AND t.typelem <> 0 AND NOT p.is_array)
            SELECT p.name, p.is_array,
                   CASE WHEN t.typtype = 'e' THEN 'enum'
                        WHEN t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace
                        THEN pg_catalog.format_type(t.oid, p.modifier)
                        ELSE t.typname::text END AS type
            FROM part p JOIN pg_catalog.pg_type t ON t.oid = p.type
            WHERE NOT (t.typtype = 'd' OR t.typcategory = 'A' AND t.typelem <> 0 AND NOT p.is_array)
            """, [.text(try quoteRelation(relation))])
        var types: [String: String] = [:]
        for row in rows {
            types[try row.text("name")] = try row.text("type") + (row.bool("is_array") ? "[]" : "")
        }
        return types
    }
}

extension String {
    /// A type's name without its modifier: `numeric` for `numeric(10,2)`.
    public var withoutModifier: String {
        guard let open = firstIndex(of: "("), let end = self[open...].firstIndex(of: ")") else { return self }
        return String(self[..<open] + self[index(after: end)...])
    }
}
