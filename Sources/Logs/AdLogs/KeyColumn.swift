import Postgres

/// A column of an id, and the way its values are compared.
///
/// Ids are equal when their text forms are equal byte by byte: that is how the client joins clicks to impressions. The
/// server may use the type's own comparison only if the result is the same; a type with a different equality (`citext`,
/// or `1.0` and `1.00` as `numeric`) is refused for ids.
struct KeyColumn: Sendable {
    /// The column's name, quoted.
    let name: String
    let family: Family
    /// The binary form of the column's values; nil if the server is asked for text.
    let form: WireForm?
    /// The collation of a text column; two columns to be joined need the same.
    let collation: String

    /// Types whose values are equal exactly when their texts are, across the family.
    enum Family: Equatable, Sendable {
        case integer
        case uuid
        case text
        /// Any other such type; compared as text with another type.
        case other(String)
    }

    /// Returns the SQL of the column's text form.
    func text(_ alias: String) -> String { "\(alias).\(name)::text" }

    /// Returns the condition that the value is an id: neither NULL nor empty.
    func isPresent(_ alias: String) -> String {
        switch family {
        case .integer, .uuid: "\(alias).\(name) IS NOT NULL"
        case .text: "\(alias).\(name) <> ''"
        case .other: "\(alias).\(name)::text <> ''"
        }
    }

    /// Returns the expressions by which a pair of columns is compared: `left` of this one equals `right` of the other
    /// exactly when the ids are equal.
    func pair(_ alias: String, with other: KeyColumn, _ otherAlias: String) -> (left: String, right: String) {
        let (left, right) = ("\(alias).\(name)", "\(otherAlias).\(other.name)")
        if family == other.family {
            if collation == other.collation { return (left, right) }
            return ("\(left)::text COLLATE \"C\"", "\(right)::text COLLATE \"C\"")
        }
        return ("\(left)::text COLLATE \"C\"", "\(right)::text COLLATE \"C\"")
    }

    /// Returns the condition that the column equals an id's text, through the column's own index if it has one. A text
    /// that is no value of the column's type equals none.
    func equals(_ text: String, _ alias: String) -> String {
        let column = "\(alias).\(name)"
        switch family {
        case .text: return "\(column) = \(text)"
        case .integer:
            return """
                \(column) = CASE WHEN \(text) ~ '^(0|-?[1-9][0-9]{0,18})$' THEN
                    CASE WHEN \(text)::numeric BETWEEN -9223372036854775808 AND 9223372036854775807
                    THEN \(text)::bigint END END
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
    /// Looks up a key's columns in a relation.
    ///
    /// - Throws: `AdLogError.noRelation`, `.noColumn`, `.idType`; `PostgresError`.
    static func of(_ key: LogKey, in relation: String, on connection: Connection) throws -> [KeyColumn] {
        let types = try IDType.columns(of: relation, on: connection)
        guard !types.isEmpty else { throw try AdLogError.missing(relation, on: connection) }
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
