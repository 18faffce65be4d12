import Postgres

/// The type of a column, as far as it matters for ids. The one place that says which types ids may have.
public struct IDType: Equatable, Sendable {
    /// The type's name as `format_type` writes it, with domains resolved: `numeric(10,2)`.
    public let name: String
    /// The name without its modifier.
    let base: String
    /// `typtype`: `b` base, `e` enumeration, `c` composite, …
    let kind: String
    let isBuiltIn: Bool
    /// The collation, `schema.name`; empty if the type has none.
    let collation: String
    let isDeterministic: Bool

    /// The reason why ids cannot have this type; nil if they can.
    public var objection: String? {
        guard isDeterministic else {
            return "its collation \(collation) treats different texts as equal"
        }
        if kind == "e" { return nil }
        guard kind == "b", isBuiltIn else {
            return base == "citext"
                ? "it treats texts as equal that differ in case" : "its equality may not be that of its text"
        }
        switch base {
        case _ where Self.textual.contains(base): return nil
        case "numeric":
            return hasScale
                ? nil : "1.0 and 1.00 are equal as numeric, and different as text; a numeric(p,s) has one text"
        case "real", "double precision": return "floating-point numbers have no exact text"
        case "character": return "it treats texts as equal that differ in trailing blanks"
        case "json", "jsonb", "xml": return "a document is no id"
        default: return "its equality may not be that of its text"
        }
    }

    /// Returns why the columns of a pair, each fit to be an id, cannot be compared; nil if they can.
    public func objection(against other: IDType) -> String? {
        guard base == "numeric" || other.base == "numeric", scale != other.scale else { return nil }
        guard other.base != "text", other.base != "character varying", base != "text", base != "character varying"
        else {
            return nil
        }
        return "\(name) and \(other.name) write equal numbers differently"
    }

    var family: KeyColumn.Family {
        switch base {
        case "smallint", "integer", "bigint": .integer
        case "uuid": .uuid
        case "text", "character varying": .text
        default: .other(name)
        }
    }

    var form: WireForm? { WireForm(type: base).flatMap { $0 == .float ? nil : $0 } }

    private var hasScale: Bool { name.contains("(") }

    /// Digits after the point: 0 for whole numbers, nil for types without a fixed number of them.
    private var scale: Int? {
        if family == .integer { return 0 }
        guard base == "numeric", let inside = name.split(separator: "(").last else { return nil }
        let parts = inside.dropLast().split(separator: ",")
        return parts.count == 2 ? Int(parts[1]) : 0
    }

    /// Built-in types whose values are equal exactly when their texts are, under the session's settings.
    private static let textual: Set = [
        "smallint", "integer", "bigint", "text", "character varying", "uuid", "boolean", "date", "bytea", "oid", "name",
        "\"char\"", "timestamp with time zone", "timestamp without time zone", "macaddr", "macaddr8", "xid8", "pg_lsn",
    ]
}

extension IDType {
    /// Reads the types of a relation's columns by name; empty if there is no such relation.
    ///
    /// - Throws: `PostgresError`.
    public static func columns(of relation: String, on connection: Connection) throws -> [String: IDType] {
        // Domains are resolved to their underlying type.
        let rows = try connection.execute(
            """
            WITH RECURSIVE columns AS (
                SELECT a.attname, a.atttypid AS type, a.atttypmod AS modifier, a.attcollation AS collation
                FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
                UNION ALL
                SELECT c.attname, t.typbasetype, CASE WHEN c.modifier >= 0 THEN c.modifier ELSE t.typtypmod END,
                       c.collation
                FROM columns c JOIN pg_catalog.pg_type t ON t.oid = c.type WHERE t.typtype = 'd')
            SELECT c.attname, pg_catalog.format_type(c.type, c.modifier) AS name,
                   pg_catalog.format_type(c.type, NULL) AS base, t.typname, t.typtype::text AS kind,
                   t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace AS is_built_in,
                   coalesce(l.collnamespace::pg_catalog.regnamespace || '.' || l.collname, '') AS collation,
                   coalesce(l.collisdeterministic, true) AS is_deterministic
            FROM columns c
            JOIN pg_catalog.pg_type t ON t.oid = c.type
            LEFT JOIN pg_catalog.pg_collation l ON l.oid = c.collation
            WHERE t.typtype <> 'd'
            """, [.text(try connection.quoteRelation(relation))])
        var types: [String: IDType] = [:]
        for row in rows {
            let isBuiltIn = try row.bool("is_built_in")
            types[try row.text("attname")] = IDType(
                name: try row.text("name"), base: try isBuiltIn ? row.text("base") : row.text("typname"),
                kind: try row.text("kind"), isBuiltIn: isBuiltIn, collation: try row.text("collation"),
                isDeterministic: try row.bool("is_deterministic"))
        }
        return types
    }
}
