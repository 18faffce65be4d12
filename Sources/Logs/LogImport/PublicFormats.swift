import AdLogs
import Days

/// Criteo's display advertising challenge: tab separated, no header; label, 13 integers, 26 hashed categories; missing
/// values; no time.
struct CriteoFormat: RowFormat {
    let hasTime = false
    let stem: String
    private static let numbers = 13
    private static let categories = 26

    let columns: [LogColumn] =
        (1...numbers).map { LogColumn(name: "i\($0)", type: .doublePrecision, comment: "Integer feature I\($0).") }
        + (1...categories).map { LogColumn(name: "c\($0)", type: .text, comment: "Hashed category C\($0).") }

    func id(_ record: FileRecord) -> String? { "\(stem)-\(record.line)" }

    func row(_ record: FileRecord) throws(RowProblem) -> LogRow {
        let fields = record.fields
        let width = 1 + Self.numbers + Self.categories
        guard fields.count == width else { throw RowProblem("it has \(fields.count) fields, expected \(width)") }
        guard let clicked = FieldParsing.label(fields[0]) else {
            throw RowProblem("label is ‘\(fields[0])’, expected 0 or 1")
        }
        var values: [LogRow.Cell] = []
        for (index, text) in fields.dropFirst().enumerated() {
            if text.isEmpty {
                values.append(.null)
            } else if index < Self.numbers {
                guard let number = Int(text) else {
                    throw RowProblem("I\(index + 1) is ‘\(text)’, expected a whole number")
                }
                values.append(.double(Double(number)))
            } else {
                values.append(.text(text))
            }
        }
        return LogRow(
            id: "\(stem)-\(record.line)", time: nil, user: nil, values: values, click: clicked ? .atImpression : .none)
    }
}

/// Avazu's click-through-rate challenge: csv with a header; `hour` is YYMMDDHH in UTC.
struct AvazuFormat: RowFormat {
    let columns: [LogColumn]
    let hasTime = true
    private let id, click, hour: Int
    private let positions: [Int]
    private let device: Int?
    private let width: Int

    init(header: [String], file: String) throws(ImportError) {
        let header = FileHeader(header, file: file)
        id = try header.position("id")
        click = try header.position("click")
        hour = try header.position("hour")
        device = header.names.firstIndex(of: "device_id")
        let taken = Set([id, click, hour])
        positions = header.names.indices.filter { !taken.contains($0) }
        columns = zip(try header.columnNames(positions), positions).map {
            LogColumn(name: $0, type: .text, comment: "Column ‘\(header.names[$1])’ of Avazu.")
        }
        width = header.names.count
    }

    func id(_ record: FileRecord) -> String? { record.fields.count == width ? record.fields[id] : nil }

    func row(_ record: FileRecord) throws(RowProblem) -> LogRow {
        let fields = record.fields
        guard fields.count == width else { throw RowProblem("it has \(fields.count) fields, the header has \(width)") }
        guard !fields[id].isEmpty else { throw RowProblem("its id is empty") }
        guard let clicked = FieldParsing.label(fields[click]) else {
            throw RowProblem("click is ‘\(fields[click])’, expected 0 or 1")
        }
        let stamp = fields[hour]
        let pairs = stride(from: 0, to: 8, by: 2).compactMap { start -> String? in
            stamp.utf8.count == 8 ? String(stamp.dropFirst(start).prefix(2)) : nil
        }
        guard pairs.count == 4, stamp.utf8.allSatisfy({ (48...57).contains($0) }),
            let day = Day("20\(pairs[0])-\(pairs[1])-\(pairs[2])"), let hours = Int64(pairs[3]),
            (0..<24).contains(hours)
        else { throw RowProblem("hour is ‘\(stamp)’, expected YYMMDDHH") }
        return LogRow(
            id: fields[id], time: Int64(day.ordinal) * 86_400_000_000 + hours * 3_600_000_000,
            user: device.map { fields[$0] },
            values: positions.map { fields[$0].isEmpty ? .null : .text(fields[$0]) },
            click: clicked ? .atImpression : .none)
    }
}

/// libfm: `label index:value …` with one-hot fields; the command line says which index belongs to which field.
struct LibFMFormat: RowFormat {
    let hasTime = false
    let columns: [LogColumn]
    private let fields: [Field]
    private let stem: String

    /// A field and its indices; nil if the n-th pair of each row is the n-th field.
    struct Field: Equatable, Sendable {
        var name: String
        var indices: ClosedRange<Int>?
    }

    init(fields: [Field], stem: String) {
        self.fields = fields
        self.stem = stem
        columns = fields.map { LogColumn(name: $0.name, type: .text, comment: "One-hot field of a libfm file.") }
    }

    /// Parses `user:0-942,item:943-2624`, or `user,item` if each row has one pair per field in this order.
    static func fields(_ text: String) throws(ImportError) -> [Field] {
        var fields: [Field] = []
        for part in text.split(separator: ",") {
            let pieces = part.split(separator: ":").map(String.init)
            let name = FileHeader.columnName(pieces.first ?? "", fields.count)
            if pieces.count == 1 {
                fields.append(Field(name: name, indices: nil))
                continue
            }
            let bounds = pieces[1].split(separator: "-").compactMap { Int($0) }
            guard pieces.count == 2, bounds.count == 2, bounds[0] <= bounds[1] else {
                throw .option("--fields has ‘\(part)’, expected name:first-last such as user:0-942, or name")
            }
            fields.append(Field(name: name, indices: bounds[0]...bounds[1]))
        }
        guard !fields.isEmpty, Set(fields.map { $0.indices == nil }).count == 1,
            Set(fields.map(\.name)).count == fields.count
        else {
            throw .option(
                "--fields needs names that differ, either all with index ranges or none: user:0-942,item:943-2624")
        }
        _ = try FileHeader(fields.map(\.name), file: "--fields").columnNames(Array(fields.indices))
        return fields
    }

    func id(_ record: FileRecord) -> String? { "\(stem)-\(record.line)" }

    func row(_ record: FileRecord) throws(RowProblem) -> LogRow {
        let parts = record.fields.filter { !$0.isEmpty }
        guard let label = parts.first.flatMap(FieldParsing.number) else {
            throw RowProblem("label is ‘\(parts.first ?? "")’, expected a number")
        }
        var values = [LogRow.Cell](repeating: .null, count: fields.count)
        for (order, part) in parts.dropFirst().enumerated() {
            let pair = part.split(separator: ":").map(String.init)
            guard pair.count == 2, let index = Int(pair[0]), index >= 0, FieldParsing.number(pair[1]) != nil else {
                throw RowProblem("‘\(part)’ is not index:value")
            }
            let position =
                fields[0].indices == nil
                ? order : fields.firstIndex { $0.indices?.contains(index) ?? false } ?? -1
            guard fields.indices.contains(position) else {
                throw RowProblem("index \(index) belongs to no field of --fields")
            }
            guard values[position] == .null else {
                throw RowProblem("field \(fields[position].name) has two indices, expected one-hot")
            }
            values[position] = .text("\(index)")
        }
        // In the public files, ratings of −1 and 0 mean “not clicked”.
        return LogRow(
            id: "\(stem)-\(record.line)", time: nil, user: nil, values: values, click: label > 0 ? .atImpression : .none
        )
    }
}
