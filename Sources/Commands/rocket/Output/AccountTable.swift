import Reports
import TextTable

/// Accounts of cached days as two tables: impressions, then clicks.
func accountTables(_ accounts: [DayAccountLine]) -> String {
    func number(_ value: Int?) -> String { value?.grouped ?? "–" }
    let impressions = TextTable<DayAccountLine> { line in
        [
            Column(title: "model", value: line.model), Column(title: "day", value: line.day.description),
            Column(title: "impressions read", value: number(line.impressions.read), align: .right),
            Column(title: "used", value: number(line.impressions.used), align: .right),
            Column(title: "rejected", value: number(line.impressions.rejected), align: .right),
            Column(title: "repeated", value: number(line.impressions.repeated), align: .right),
            Column(title: "id of several", value: number(line.impressions.sharedID), align: .right),
            Column(title: "rejected because", value: reasonText(line)),
        ]
    }
    let clicks = TextTable<DayAccountLine> { line in
        [
            Column(title: "model", value: line.model), Column(title: "day", value: line.day.description),
            Column(title: "click events", value: number(line.clicks.events), align: .right),
            Column(title: "labels", value: number(line.clicks.labels), align: .right),
            Column(title: "duplicate", value: number(line.clicks.duplicate), align: .right),
            Column(title: "late", value: number(line.clicks.late), align: .right),
            Column(title: "early", value: number(line.clicks.early), align: .right),
            Column(title: "orphan", value: number(line.clicks.orphan), align: .right),
            Column(title: "ambiguous", value: number(line.clicks.ambiguous), align: .right),
        ]
    }
    return [
        impressions.string(for: accounts, style: Style.psql), clicks.string(for: accounts, style: Style.psql),
    ].compactMap { $0 }.joined(separator: "\n")
}

/// `no_id=3 list=1`.
func reasonText(_ line: DayAccountLine) -> String {
    line.impressions.rejectedReasons.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
}
