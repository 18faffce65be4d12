import CLibPQ

/// The rows of a statement's result in text form; freed with the last reference.
public struct Rows: RandomAccessCollection {
    private let answer: Answer

    init(_ answer: Answer) {
        self.answer = answer
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { Int(PQntuples(answer.result)) }
    public subscript(position: Int) -> Row { Row(answer: answer, row: Int32(position)) }
}

/// An owner of a libpq result.
final class Answer {
    let result: OpaquePointer

    init(_ result: OpaquePointer) {
        self.result = result
    }

    deinit { PQclear(result) }
}

/// One row, whose values are read by column name.
public struct Row {
    fileprivate let answer: Answer
    fileprivate let row: Int32

    /// Reads a column's text, nil for NULL.
    ///
    /// - Throws: `PostgresError.unexpectedValue` if there is no such column.
    public func textOrNil(_ column: String) throws(PostgresError) -> String? {
        let index = PQfnumber(answer.result, "\"\(column)\"")
        guard index >= 0 else { throw .unexpectedValue(column: column, found: nil, expected: "a column of the answer") }
        if PQgetisnull(answer.result, row, index) == 1 { return nil }
        return PQgetvalue(answer.result, row, index).map { String(cString: $0) }
    }

    public func text(_ column: String) throws(PostgresError) -> String {
        try required(column, textOrNil(column), "a text")
    }

    public func intOrNil(_ column: String) throws(PostgresError) -> Int? {
        try converted(column, "a whole number") { Int($0) }
    }

    public func int(_ column: String) throws(PostgresError) -> Int {
        try required(column, intOrNil(column), "a whole number")
    }

    public func doubleOrNil(_ column: String) throws(PostgresError) -> Double? {
        try converted(column, "a number") { Double($0) }
    }

    public func double(_ column: String) throws(PostgresError) -> Double {
        try required(column, doubleOrNil(column), "a number")
    }

    public func bool(_ column: String) throws(PostgresError) -> Bool {
        let value = try converted(column, "t or f") { $0 == "t" ? true : $0 == "f" ? false : nil }
        return try required(column, value, "a boolean")
    }

    /// Reads a `bytea` in the server's hex output format, `\x0a1b`.
    public func bytes(_ column: String) throws(PostgresError) -> [UInt8] {
        let text = try text(column).utf8
        guard text.count >= 2, text.count % 2 == 0, text.starts(with: "\\x".utf8) else {
            throw .unexpectedValue(column: column, found: "\(text.count) bytes", expected: "bytea in hex format")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2 - 1)
        var high: UInt8?
        for digit in text.dropFirst(2) {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            default:
                throw .unexpectedValue(column: column, found: "\(text.count) bytes", expected: "bytea in hex format")
            }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }

    private func required<Result>(
        _ column: String, _ value: Result?, _ expected: String
    ) throws(PostgresError) -> Result {
        guard let value else { throw .unexpectedValue(column: column, found: nil, expected: expected) }
        return value
    }

    private func converted<Result>(
        _ column: String, _ expected: String, _ convert: (String) -> Result?
    ) throws(PostgresError) -> Result? {
        guard let text = try textOrNil(column) else { return nil }
        guard let value = convert(text) else {
            throw .unexpectedValue(column: column, found: text, expected: expected)
        }
        return value
    }
}
