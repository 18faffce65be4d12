import Postgres

/// A column of an id, and how its values are compared.
///
/// Ids are equal where their text forms are equal byte by byte: that is how the client joins clicks to impressions. The
/// server may compare in the type's own way only where that comes to the same, and a type whose own equality is another
/// (`citext`, `1.0` and `1.00` as `numeric`) is none for ids.
struct KeyColumn: Sendable {
    /// Quoted.
    let name: String
    let family: Family
    /// What the binary form of the column's values is; nil: the server is asked for text.
    let form: WireForm?
    /// Of a text's order; joins of two columns need the same.
    let collation: String

    /// Types whose values are equal exactly where their texts are, across the family.
    enum Family: Equatable, Sendable {
        case integer
        case uuid
        case text
        /// Any other type with such a text; equal within the type, compared as text with another.
        case other(String)
    }

    /// The column's text form.
    func text(_ alias: String) -> String { "\(alias).\(name)::text" }

    /// That the value is an id: neither NULL nor empty.
    func isPresent(_ alias: String) -> String {
        switch family {
        case .integer, .uuid: "\(alias).\(name) IS NOT NULL"
        case .text: "\(alias).\(name) <> ''"
        case .other: "\(alias).\(name)::text <> ''"
        }
    }

    /// What both columns of a pair are compared by: `left` of this one equals `right` of the other where the ids are equal.
    func pair(_ alias: String, with other: KeyColumn, _ otherAlias: String) -> (left: String, right: String) {
        let (left, right) = ("\(alias).\(name)", "\(otherAlias).\(other.name)")
        if family == other.family {
            if collation == other.collation { return (left, right) }
            return ("\(left)::text COLLATE \"C\"", "\(right)::text COLLATE \"C\"")
        }
        return ("\(left)::text COLLATE \"C\"", "\(right)::text COLLATE \"C\"")
    }

    /// That the column equals an id's text, by the column's own index where it has one. A text that is no value of the
    /// column's type equals none.
    func equals(_ text: String, _ alias: String) -> String {
        let column = "\(alias).\(name)"
        switch family {
        case .text: return "\(column) = \(text)"
        case .integer:
            return """
                \(column) = CASE WHEN \(text) ~ '^(0|-?[1-9][0-9]{0,18})$' THEN
                    CASE WHEN \(text)::numeric BETWEEN -9223372036854775808 AND 9223372036854775807 THEN \(text)::bigint END END
                """
        case .uuid:
            return """
                \(column) = CASE WHEN \(text) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN \(text)::uuid END
                """
        case .other: return "\(column)::text = \(text)"
        }
    }
}

extension KeyColumn {
    /// The columns of a key in a relation.
    ///
    /// - Throws: `AdLogError.noRelation`, `.noColumn`, `.idType`; `PostgresError`.
    static func of(_ key: LogKey, in relation: String, on connection: Connection) throws -> [KeyColumn] {
        let types = try IDType.columns(of: relation, on: connection)
        guard !types.isEmpty else { throw AdLogError.noRelation(relation) }
        return try key.columns.map { column in
            guard let type = types[column] else {
                throw AdLogError.noColumn(relation: relation, column: column, has: Array(types.keys))
            }
            if let reason = type.objection {
                throw AdLogError.idType(table: relation, column: column, type: type.name, reason: reason)
            }
            return KeyColumn(
                name: try connection.quoteIdentifier(column), family: type.family, form: type.form,
                collation: type.collation)
        }
    }
}
