import Foundation
import Names
import Postgres

/// What a session's role may read of a table or view, by the catalog alone: asking is never refused, and a table that
/// may not be read is not taken for a missing one.
public struct ReadingRight: Sendable {
    /// The role as SQL has it.
    public let role: String
    /// Columns that it may not read.
    public let closedColumns: [String]
    /// Whether row-level security may hide rows from it.
    public let mayHideRows: Bool
    /// The statements that open the schema and the whole relation; none where some of it may be read.
    private let grants: [String]
    private let relation: String

    /// Nil if there is no such relation.
    ///
    /// - Throws: `PostgresError`.
    public init?(of name: String, on connection: Connection) throws {
        let parts = SQLName.parts(name) ?? [name]
        // By name: looking a relation up as regclass takes the right to its schema.
        let row = try connection.execute(
            """
            SELECT quote_ident(current_user) AS role, quote_ident(n.nspname) AS schema,
                   has_schema_privilege(n.oid, 'USAGE') AS schema_is_open,
                   has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT') AS is_open,
                   row_security_active(c.oid) AS may_hide_rows,
                   (SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                      AND NOT has_column_privilege(c.oid, a.attnum, 'SELECT'))::text AS closed
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname = $2
            """, [.text(parts.last ?? ""), .text(parts.count > 1 ? parts[0] : "public")]
        ).first
        guard let row else { return nil }
        role = try row.text("role")
        relation = try connection.quoteRelation(name)
        mayHideRows = try row.bool("may_hide_rows")
        closedColumns =
            try row.textOrNil("closed").map { try JSONDecoder().decode([String].self, from: Data($0.utf8)) } ?? []
        var grants: [String] = []
        if try !row.bool("schema_is_open") {
            grants.append("GRANT USAGE ON SCHEMA \(try row.text("schema")) TO \(role);")
        }
        if try !row.bool("is_open") { grants.append("GRANT SELECT ON \(relation) TO \(role);") }
        self.grants = grants
    }

    /// Returns the statements that let the role read some columns; none if it may read them.
    public func grants(for columns: [String]) -> [String] {
        let closed = closedColumns.filter { columns.contains($0) }
        if !grants.isEmpty || closed.isEmpty { return grants }
        return [
            "GRANT SELECT (\(closed.map(SQLName.quoted).joined(separator: ", "))) ON \(relation) TO \(role);"
        ]
    }

    /// Throws where nothing of the relation may be read; a relation that is not there is no matter of rights.
    ///
    /// - Throws: `AdLogError.noRight`, `PostgresError`.
    public static func require(_ name: String, on connection: Connection) throws {
        guard let right = try ReadingRight(of: name, on: connection), !right.grants.isEmpty else { return }
        throw AdLogError.noRight(relation: name, role: right.role, grants: right.grants)
    }
}
