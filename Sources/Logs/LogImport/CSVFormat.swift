import AdLogs

/// The meaning of the columns of a general csv file.
public struct CSVMapping: Equatable, Sendable {
    /// The id column; nil for generated ids, `<file>-<beginning of its SHA-256>-<line>`.
    public var id: String?
    /// The time column; nil to spread rows over days in file order.
    public var time: String?
    public var user: String?
    /// The label column, 0/1 or true/false; a click gets the impression's time.
    public var label: String?
    /// With `label`: the least number that is a click (4 for ratings of 4 or more, for example).
    public var labelAtLeast: Double?
    /// The column with the click's time, empty if there was none.
    public var clickTime: String?
    /// Columns of numbers; the others become text.
    public var numbers: Set<String>
    /// Columns whose text is a list, with the separator of its items; they become `text[]`.
    public var lists: Set<String>
    public var listSeparator: Character
    /// Columns to leave out.
    public var drop: Set<String>

    public init(
        id: String? = nil, time: String? = nil, user: String? = nil, label: String? = nil,
        labelAtLeast: Double? = nil, clickTime: String? = nil, numbers: Set<String> = [], lists: Set<String> = [],
        listSeparator: Character = " ", drop: Set<String> = []
    ) {
        self.id = id
        self.time = time
        self.user = user
        self.label = label
        self.labelAtLeast = labelAtLeast
        self.clickTime = clickTime
        self.numbers = numbers
        self.lists = lists
        self.listSeparator = listSeparator
        self.drop = drop
    }
}

/// A csv file with a header and a mapping.
struct CSVFormat: RowFormat {
    let columns: [LogColumn]
    let hasTime: Bool
    private let stem: String
    private let mapping: CSVMapping
    private let width: Int
    private let id, time, user, label, clickTime: Int?
    /// The position of each of `columns` in a record.
    private let positions: [Int]

    /// - Throws: `ImportError` if the header lacks a column of the mapping or names two alike.
    init(header: [String], mapping: CSVMapping, file: String, stem: String) throws(ImportError) {
        var index: [String: Int] = [:]
        for (position, name) in header.enumerated() where index.updateValue(position, forKey: name) != nil {
            throw .header(file: file, reason: "two columns are named ‘\(name)’")
        }
        let names = FileHeader(header, file: file)
        id = try names.position(mapping.id)
        time = try names.position(mapping.time)
        user = try names.position(mapping.user)
        label = try names.position(mapping.label)
        clickTime = try names.position(mapping.clickTime)
        for name in mapping.numbers.union(mapping.lists).union(mapping.drop).sorted() {
            _ = try names.position(name) as Int
        }
        guard label != nil || clickTime != nil else {
            throw .option("name the column that says whether there was a click: --label or --click-time")
        }
        let taken = Set([id, time, user, label, clickTime].compactMap { $0 })
        let positions = header.indices.filter { !taken.contains($0) && !mapping.drop.contains(header[$0]) }
        columns = zip(try names.columnNames(positions), positions).map { column, position in
            let name = header[position]
            let type: LogColumn.SQLType =
                mapping.numbers.contains(name) ? .doublePrecision : mapping.lists.contains(name) ? .textArray : .text
            return LogColumn(name: column, type: type, comment: "Column ‘\(name)’ of an imported csv file.")
        }
        self.positions = positions
        self.stem = stem
        self.mapping = mapping
        width = header.count
        hasTime = time != nil
    }

    func id(_ record: FileRecord) -> String? {
        guard record.fields.count == width else { return nil }
        return id.map { record.fields[$0] } ?? "\(stem)-\(record.line)"
    }

    func row(_ record: FileRecord) throws(RowProblem) -> LogRow {
        let fields = record.fields
        guard fields.count == width else {
            throw RowProblem("it has \(fields.count) fields, the header has \(width)")
        }
        var values: [LogRow.Cell] = []
        values.reserveCapacity(columns.count)
        for (column, position) in zip(columns, positions) {
            let text = fields[position]
            switch column.type {
            case .doublePrecision:
                if text.isEmpty {
                    values.append(.null)
                } else {
                    guard let number = FieldParsing.number(text) else {
                        throw RowProblem("\(column.name) is ‘\(text)’, expected a number")
                    }
                    values.append(.double(number))
                }
            case .textArray:
                values.append(.texts(text.split(separator: mapping.listSeparator).map(String.init)))
            case .text, .bigint:
                values.append(text.isEmpty ? .null : .text(text))
            }
        }
        guard let name = id(record), !name.isEmpty else { throw RowProblem("its id is empty") }
        return LogRow(
            id: name, time: try time.map { position throws(RowProblem) in try Self.time(fields[position], "time") },
            user: user.flatMap { fields[$0].isEmpty ? nil : fields[$0] }, values: values, click: try click(fields))
    }

    private func click(_ fields: [String]) throws(RowProblem) -> LogRow.Click {
        if let clickTime {
            return fields[clickTime].isEmpty ? .none : .at(try Self.time(fields[clickTime], "click time"))
        }
        guard let label else { return .none }
        let text = fields[label]
        if let least = mapping.labelAtLeast {
            guard let number = FieldParsing.number(text) else {
                throw RowProblem("label is ‘\(text)’, expected a number")
            }
            return number >= least ? .atImpression : .none
        }
        guard let clicked = FieldParsing.label(text) else { throw RowProblem("label is ‘\(text)’, expected 0 or 1") }
        return clicked ? .atImpression : .none
    }

    private static func time(_ text: String, _ what: String) throws(RowProblem) -> Int64 {
        guard let time = FieldParsing.time(text) else {
            throw RowProblem(
                "\(what) is ‘\(text)’, expected a time from 1900 to 2199 such as 2017-07-03 10:03 or 20170703, or "
                    + "epoch seconds or milliseconds from 1990 on")
        }
        return time
    }
}
