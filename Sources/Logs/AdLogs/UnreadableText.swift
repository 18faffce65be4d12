import Foundation
import Postgres

/// A search for the stored text that the server could not send. A database in SQL_ASCII keeps any bytes; the first that
/// are not UTF-8 end a whole statement, and the server's message names neither row nor column.
public struct UnreadableText {
    private let relation: String
    private let keys, columns: [String]

    /// - Parameters:
    ///   - relation: The relation, `schema.table`.
    ///   - keys: Columns that identify a row to people.
    ///   - columns: The columns that the job reads.
    public init(in relation: String, keys: [String], columns: [String]) {
        self.relation = relation
        self.keys = keys
        self.columns = columns
    }

    /// Finds the first unreadable text and returns the error that names it; nil if there is none, or if the database
    /// keeps no such bytes.
    ///
    /// - Parameters:
    ///   - time: A column and the range of its times to search.
    ///   - most: The number of rows to examine; nil for all.
    public func first(
        at time: (column: String, range: Range<Instant>)? = nil, most: Int? = nil, on connection: Connection
    ) throws -> AdLogError? {
        let encoding = try connection.execute("SELECT pg_catalog.getdatabaseencoding() AS name").first?.text("name")
        guard let encoding, encoding == "SQL_ASCII" else { return nil }
        let names = keys + columns.filter { !keys.contains($0) }
        // Bytes, which nothing converts in transit.
        let expressions = try names.map { name in
            "pg_catalog.convert_to(i.\(try connection.quoteIdentifier(name))::text, 'SQL_ASCII')"
        }
        var condition = ""
        if let time {
            let column = try connection.quoteIdentifier(time.column)
            condition =
                " WHERE i.\(column) >= '\(time.range.lowerBound)'::timestamptz"
                + " AND i.\(column) < '\(time.range.upperBound)'::timestamptz"
        }
        var found: AdLogError?
        let select = "SELECT \(expressions.joined(separator: ", ")) FROM \(try connection.quoteRelation(relation)) i"
        do {
            try connection.copyOut(
                "COPY (\(select)\(condition)\(most.map { " LIMIT \($0)" } ?? "")) TO STDOUT (FORMAT binary)"
            ) { row in
                var values: [String?] = []
                for name in names {
                    let value = try row.bytes { Self.text($0) }
                    values.append(value?.shown)
                    guard found == nil, let value, !value.isValid else { continue }
                    found = .unreadable(table: relation, column: name, bytes: value.shown, key: "", encoding: encoding)
                }
                guard case .unreadable(let table, let column, let bytes, _, _)? = found else { return }
                let key = zip(keys, values).map { "\($0) = \($1 ?? "NULL")" }.joined(separator: ", ")
                throw Found(
                    error: .unreadable(table: table, column: column, bytes: bytes, key: key, encoding: encoding))
            }
        } catch let end as Found {
            return end.error
        }
        return nil
    }

    private struct Found: Error {
        let error: AdLogError
    }

    /// Returns a value as a message may show it: bytes that are not text as hexadecimal digits.
    private static func text(_ bytes: UnsafeRawBufferPointer) -> (shown: String, isValid: Bool) {
        if let text = String(validating: bytes.prefix(200), as: UTF8.self), bytes.count <= 200 { return (text, true) }
        let isValid = String(validating: bytes, as: UTF8.self) != nil
        let shown = bytes.prefix(24).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        return ("\\x\(shown)\(bytes.count > 24 ? "…" : "")", isValid)
    }
}
