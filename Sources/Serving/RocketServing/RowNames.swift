/// What is done with a name that is no column of the model, and with a row that names none of its columns.
public enum UnknownColumns: Sendable {
    /// Both are errors: a mistyped column would score as missing, silently.
    case refused
    /// Such names are ignored, and all columns of such a row are missing.
    case ignored
}

/// The names that a row of values may have.
struct RowNames: Sendable {
    let columns: [String]
    /// Which of a request's parts the row is; nil for rows without a model.
    var part: ServingError.Part?
    /// Columns of the other part of a request, which this one must not have.
    var otherPart: Set<String> = []
    /// Columns of the log that no feature reads; their values are ignored.
    var unread: Set<String> = []
    let unknown: UnknownColumns
    private let places: [String: Int]
    /// Longer names are compared with none. Swift compares texts by canonical equivalence, whose cost grows with the
    /// square of a run of combining marks: a megabyte of them would keep a thread busy for minutes.
    private let mostBytes: Int

    init(_ columns: [String], unknown: UnknownColumns) {
        self.columns = columns
        self.unknown = unknown
        places = Dictionary(zip(columns, columns.indices), uniquingKeysWith: { first, _ in first })
        mostBytes = max(1_024, columns.map(\.utf8.count).max() ?? 0)
    }

    @inline(__always)
    func place(of name: String) -> Int? { name.utf8.count <= mostBytes ? places[name] : nil }

    /// Returns the reason why a row may not have a name that is none of the columns; nil if it may.
    func problem(with name: String, row: Int) -> ServingError? {
        if unknown == .ignored { return nil }
        guard name.utf8.count <= mostBytes else { return .unknownName(row: row, name: name, known: columns) }
        if unread.contains(name) { return nil }
        if let part, otherPart.contains(name) { return .misplacedColumn(row: row, column: name, part: part) }
        return .unknownName(row: row, name: name, known: columns)
    }

    /// Returns the values in the columns' order.
    ///
    /// - Parameter row: Its number, for messages.
    /// - Throws: `ServingError.unknownName`, `.misplacedColumn`, `.noColumns`.
    func values(of values: [String: RawValue], row: Int) throws(ServingError) -> [RawValue] {
        var ordered = [RawValue](repeating: .missing, count: columns.count)
        var named = 0
        var problem: (name: String, error: ServingError)?
        for (name, value) in values {
            if let place = place(of: name) {
                ordered[place] = value
                named += 1
            } else if let error = self.problem(with: name, row: row), name < problem?.name ?? "\u{10FFFF}" {
                // A dictionary has no order; the message is the same each time.
                problem = (name, error)
            }
        }
        if let problem { throw problem.error }
        try require(named, row: row)
        return ordered
    }

    /// - Parameter named: How many of the columns a row names.
    /// - Throws: `ServingError.noColumns` if it should name some.
    func require(_ named: Int, row: Int) throws(ServingError) {
        guard named > 0 || columns.isEmpty || unknown == .ignored else { throw .noColumns(row: row, known: columns) }
    }

    /// Reads an object of JSON: the values in the columns' order, nil for columns that it does not name.
    ///
    /// - Parameter number: The row's, for messages.
    /// - Returns: A failure for a name that a row may not have, and for a row that names no column.
    func read(
        _ json: inout JSONRow, number: Int
    ) throws(JSONRow.Problem) -> Result<[RawValue?], ServingError> {
        var row = [RawValue?](repeating: nil, count: columns.count)
        var problem: ServingError?
        try json.members { name, json throws(JSONRow.Problem) in
            guard let column = place(of: name) else {
                problem = problem ?? self.problem(with: name, row: number)
                return try json.skipValue()
            }
            let value = try json.value(of: name)
            guard row[column] == nil else {
                throw JSONRow.Problem(what: "it names column \(name.beginning) twice")
            }
            row[column] = value
        }
        if let problem { return .failure(problem) }
        do throws(ServingError) {
            try require(row.count { $0 != nil }, row: number)
        } catch {
            return .failure(error)
        }
        return .success(row)
    }
}
