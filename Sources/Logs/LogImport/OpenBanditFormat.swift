import AdLogs
import Foundation

/// The Open Bandit Dataset (https://research.zozo.com/data.html): a csv of one logging policy and campaign, and a csv
/// of the campaign's items. Of a user's affinities to all items, only the one to the shown item is kept.
struct OpenBanditFormat: RowFormat {
    let columns: [LogColumn]
    let hasTime = true
    private let stem: String
    private let policy: String
    private let campaign: String
    private let width: Int
    private let time, item, position, click, propensity: Int
    private let userFeatures: [Int]
    private let affinities: [String: Int]
    private let items: [String: [LogRow.Cell]]

    static let userFeatureCount = 4

    /// - Parameters:
    ///   - items: Item features by item id; the first is a number, the others texts.
    ///   - name: The file's name, `random-all`: policy and campaign.
    ///   - stem: The beginning of ids.
    init(
        header: [String], items: [String: [LogRow.Cell]], file: String, name: String, stem: String
    ) throws(ImportError) {
        let header = FileHeader(header, file: file)
        time = try header.position("timestamp")
        item = try header.position("item_id")
        self.position = try header.position("position")
        click = try header.position("click")
        propensity = try header.position("propensity_score")
        var userFeatures: [Int] = []
        for index in 0..<Self.userFeatureCount { userFeatures.append(try header.position("user_feature_\(index)")) }
        self.userFeatures = userFeatures
        let prefix = "user-item_affinity_"
        affinities = Dictionary(
            header.names.enumerated().filter { $1.hasPrefix(prefix) }.map { (String($1.dropFirst(prefix.count)), $0) },
            uniquingKeysWith: { first, _ in first })
        self.items = items
        self.stem = stem
        let parts = name.split(separator: "-", maxSplits: 1).map(String.init)
        policy = parts.first ?? name
        campaign = parts.count > 1 ? parts[1] : name
        width = header.names.count
        columns = Self.columns
    }

    private static let columns: [LogColumn] =
        [
            LogColumn(name: "policy", type: .text, comment: "Logging policy: random or bts."),
            LogColumn(name: "campaign", type: .text, comment: "Campaign: all, men or women."),
            LogColumn(name: "item_id", type: .text, comment: "The item shown, within its campaign."),
            LogColumn(name: "position", type: .text, comment: "Where on the page: 1 left, 2 centre, 3 right."),
            LogColumn(
                name: "propensity_score", type: .doublePrecision, comment: "Probability of the policy to show it."),
        ]
        + (0..<userFeatureCount).map {
            LogColumn(name: "user_feature_\($0)", type: .text, comment: "Anonymous feature of the user.")
        }
        + [
            LogColumn(
                name: "user_item_affinity", type: .doublePrecision, comment: "Affinity of the user to the shown item."),
            LogColumn(name: "item_feature_0", type: .doublePrecision, comment: "Anonymous number of the item."),
        ]
        + (1...3).map { LogColumn(name: "item_feature_\($0)", type: .text, comment: "Anonymous feature of the item.") }

    func id(_ record: FileRecord) -> String? {
        record.fields.first.flatMap { Int($0) }.map { "\(stem)-\($0)" }
    }

    func row(_ record: FileRecord) throws(RowProblem) -> LogRow {
        let fields = record.fields
        guard fields.count == width else { throw RowProblem("it has \(fields.count) fields, the header has \(width)") }
        guard let id = id(record) else {
            throw RowProblem("row number is ‘\(fields[0])’, expected a whole number")
        }
        guard let instant = FieldParsing.time(fields[time]) else {
            throw RowProblem("timestamp is ‘\(fields[time])’, expected such as 2019-11-24 00:03:24.68+00:00")
        }
        guard let clicked = FieldParsing.label(fields[click]) else {
            throw RowProblem("click is ‘\(fields[click])’, expected 0 or 1")
        }
        guard let score = FieldParsing.number(fields[propensity]) else {
            throw RowProblem("propensity_score is ‘\(fields[propensity])’, expected a number")
        }
        guard let features = items[fields[item]] else {
            throw RowProblem("item ‘\(fields[item])’ is not in the item file")
        }
        var affinity = LogRow.Cell.null
        if let column = affinities[fields[item]] {
            guard let value = FieldParsing.number(fields[column]) else {
                throw RowProblem("user-item affinity is ‘\(fields[column])’, expected a number")
            }
            affinity = .double(value)
        }
        var values: [LogRow.Cell] = [
            .text(policy), .text(campaign), .text(fields[item]), .text(fields[position]), .double(score),
        ]
        values += userFeatures.map { fields[$0].isEmpty ? .null : .text(fields[$0]) }
        values.append(affinity)
        values += features
        return LogRow(
            id: id, time: instant, user: nil, values: values, click: clicked ? .atImpression : .none)
    }

    /// Reads an item file: item_id, item_feature_0 (a number), item_feature_1…3.
    static func items(path: String) throws -> [String: [LogRow.Cell]] {
        var header: [String] = []
        var items: [String: [LogRow.Cell]] = [:]
        try RecordReader(path: path, delimiter: UInt8(ascii: ",")).forEachRecord { record in
            if header.isEmpty {
                header = record.fields
                return
            }
            func field(_ name: String) throws -> String {
                guard let position = header.firstIndex(of: name), position < record.fields.count else {
                    throw ImportError.noColumn(file: path, column: name, has: header)
                }
                return record.fields[position]
            }
            guard let number = FieldParsing.number(try field("item_feature_0")) else {
                throw ImportError.header(file: path, reason: "line \(record.line): item_feature_0 is not a number")
            }
            items[try field("item_id")] =
                [.double(number)] + (try (1...3).map { .text(try field("item_feature_\($0)")) })
        }
        guard !items.isEmpty else { throw ImportError.empty(file: path) }
        return items
    }
}
