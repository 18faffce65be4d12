import AdLogs
import Names
import Postgres
import Runs

/// Which columns of a team's tables are an impression's id and time, and a click's, with what else they could be.
struct SourceProposal: Sendable {
    var impressions, clicks: SurveyedLog
    var impressionID: SurveyedKey
    var impressionTime: SurveyedColumn
    var clickImpression: SurveyedKey
    var clickTime: SurveyedColumn
    /// Share of some clicks whose impression was found; nil without clicks, or where it could not be found out.
    var found: Double?
    /// What a person should look at.
    var remarks: [String] = []

    /// The columns that can be features: not the time, nor a column that is the id alone. Of several that make the id,
    /// the place of an ad among others is worth knowing.
    var featureColumns: [SurveyedColumn] {
        let id = impressionID.columns.count == 1 ? impressionID.names : []
        return impressions.table.columns.filter { !id.contains($0.name) && $0.name != impressionTime.name }
    }

    /// What the user names; the rest is looked for.
    struct Given: Sendable {
        var impressionID, impressionTime, clickImpression, clickTime: String?
        /// What tells impressions and clicks of one table apart.
        var impressionConditions: [RowCondition] = []
        var clickConditions: [RowCondition] = []
    }
}

/// Finds the columns of a source.
struct SourceSearch {
    let impressions, clicks: SurveyedTable
    let given: SourceProposal.Given
    let connection: Connection
    var limits = ReadingLimits()
    /// Told of each step before it is taken.
    let notice: (String) -> Void
    /// Told of rows while they are read.
    var rows: ProgressHandler = { _ in }

    /// Whether one table has both events.
    var isOneTable: Bool { impressions.name == clicks.name }

    /// - Throws: `JobDraftError`, `PostgresError`.
    func proposal() throws -> SourceProposal {
        var remarks: [String] = []
        for (conditions, table, option) in [
            (given.impressionConditions, impressions, "--impressions-where"),
            (given.clickConditions, clicks, "--clicks-where"),
        ] {
            for condition in conditions { _ = try column(condition.column, of: table, option: option) }
        }
        let (impressionTime, clickTime) = try times(&remarks)
        var source = SourceProposal(
            impressions: SurveyedLog(table: impressions, conditions: given.impressionConditions),
            clicks: SurveyedLog(table: clicks, conditions: given.clickConditions),
            impressionID: SurveyedKey([]), impressionTime: impressionTime, clickImpression: SurveyedKey([]),
            clickTime: clickTime)
        if isOneTable, given.impressionConditions.isEmpty, given.clickConditions.isEmpty,
            impressionTime.name == clickTime.name
        {
            try EventSearch(search: self).split(&source, &remarks)
        }
        try KeySearch(search: self).find(&source, &remarks)
        source.remarks = remarks
        return source
    }

    // MARK: Time

    private static let shown: Set = [
        "impression", "seen", "shown", "view", "viewed", "display", "displayed", "served", "impressed",
    ]
    private static let clicked: Set = ["click", "clicked", "tap", "tapped"]

    private func times(_ remarks: inout [String]) throws -> (SurveyedColumn, SurveyedColumn) {
        var zoneless: [ZonedView] = []
        let impressionTime = try time(
            of: impressions, given.impressionTime, "--impression-time", near: Self.shown, &remarks, &zoneless)
        let clickTime: SurveyedColumn?
        if isOneTable, given.clickTime == nil, given.clickConditions.isEmpty, clickTimes.isEmpty {
            // Both events are rows with one time.
            clickTime = impressionTime
        } else {
            // Of one table, only the click's own time will do, with a zone or still without.
            let own = isOneTable && !clickTimes.contains { $0.type == Self.moment } ? clickTimes.first?.name : nil
            clickTime = try time(
                of: clicks, given.clickTime ?? own, "--click-time", near: Self.clicked, &remarks, &zoneless)
        }
        guard let impressionTime, let clickTime else { throw JobDraftError.zonelessTimes(zoneless) }
        return (impressionTime, clickTime)
    }

    /// Times of the one table that are there only where there was a click.
    private var clickTimes: [SurveyedColumn] {
        impressions.columns.filter {
            ($0.type == Self.moment || Self.zoneless.contains($0.type)) && !$0.isRequired && $0.canBeTime
                && !Self.clicked.isDisjoint(with: $0.words)
        }
    }

    /// Nil where only times without a zone could be it, which the list then has.
    private func time(
        of table: SurveyedTable, _ wanted: String?, _ option: String, near words: Set<String>,
        _ remarks: inout [String], _ zoneless: inout [ZonedView]
    ) throws -> SurveyedColumn? {
        if let wanted {
            let column = try column(wanted, of: table, option: option)
            if column.type == Self.moment { return column }
            guard let view = Self.view(of: column, table) else {
                throw JobDraftError.noTime(table: table.name, others: [], given: "\(column.name) \(column.type)")
            }
            Self.add(view, to: &zoneless)
            return nil
        }
        func ranked(_ isWanted: (SurveyedColumn) -> Bool) -> [(column: SurveyedColumn, score: Int)] {
            table.columns.filter { isWanted($0) && $0.canBeTime }
                .map { (column: $0, score: Self.timeScore($0, near: words)) }
                .sorted { $0.score > $1.score }
        }
        let candidates = ranked { $0.type == Self.moment }
        let others = ranked { Self.zoneless.contains($0.type) }
        let view = others.first.flatMap { Self.view(of: $0.column, table) }
        guard let best = candidates.first else {
            guard let view else {
                throw JobDraftError.noTime(
                    table: table.name,
                    others: table.columns.filter { $0.family == .moment }.map { "\($0.name) \($0.type)" }, given: nil)
            }
            Self.add(view, to: &zoneless)
            return nil
        }
        // A time without a zone is no moment. Where it is the event's, and the other the loading's, only it will do.
        if let view, let other = others.first, other.score > best.score {
            if best.score < 0 {
                Self.add(view, to: &zoneless)
                return nil
            }
            // A view that has both may well have made one of the other.
            if table.canBeSampled {
                remarks.append(
                    "\(other.column.name) of \(table.name) would be the time rather than \(best.column.name), but says no "
                        + "zone; to use it: \(view.statements.joined(separator: " ")) Then name the view \(view.name)")
            }
        }
        let more = candidates.dropFirst().map(\.column.name)
        if !more.isEmpty {
            remarks.append(
                "the time of \(table.name) is taken to be \(best.column.name); it could also be "
                    + "\(more.joined(separator: ", ")) (\(option))")
        }
        return best.column
    }

    private static let moment = "timestamp with time zone"
    private static let zoneless: Set = ["timestamp without time zone", "date"]

    private static func view(of column: SurveyedColumn, _ table: SurveyedTable) -> ZonedView? {
        guard zoneless.contains(column.type) else { return nil }
        return ZonedView(
            table: table.name, columns: [ZonedView.Column(name: column.name, isDate: column.type == "date")],
            isPartitioned: table.kind == "p", isView: !table.canBeSampled)
    }

    /// One view gives all times of a table their zone.
    private static func add(_ view: ZonedView, to views: inout [ZonedView]) {
        if let known = views.firstIndex(where: { $0.table == view.table }) {
            views[known].add(view.columns)
        } else {
            views.append(view)
        }
    }

    /// How much a moment looks like that of the event, and not of the row's loading.
    static func timeScore(_ column: SurveyedColumn, near words: Set<String>) -> Int {
        let loading: Set = [
            "created", "updated", "modified", "inserted", "loaded", "ingested", "processed", "deleted", "exported",
            "etl",
            "expires", "received", "valid", "converted", "purchased",
        ]
        var score = 0
        if column.isPartitionKey { score += 4 }
        if column.leadsIndex { score += 3 }
        if column.isRequired { score += 1 }
        if column.type == "date" { score -= 3 }
        if !words.isDisjoint(with: column.words) { score += 4 }
        if !Set(["event", "time", "ts", "timestamp", "occurred", "happened", "logged"]).isDisjoint(with: column.words) {
            score += 1
        }
        if !loading.isDisjoint(with: column.words) { score -= 4 }
        return score
    }

    /// - Throws: `JobDraftError.noColumn`, `AdLogError.noRight`.
    func column(_ name: String, of table: SurveyedTable, option: String) throws -> SurveyedColumn {
        guard let column = table.column(SQLName.column(name)) ?? table.column(name) else {
            throw JobDraftError.noColumn(
                option: option, column: name, table: table.name, has: table.columns.map(\.name))
        }
        if let grant = column.rightLacking, let right = try ReadingRight(of: table.name, on: connection) {
            throw AdLogError.noRight(relation: "\(table.name).\(column.name)", role: right.role, grants: [grant])
        }
        return column
    }
}

/// `3 %`, `99.8 %`
func shortPercent(_ share: Double) -> String {
    "\((100 * share).formatted(.number.precision(.fractionLength(0...1)).grouping(.never))) %"
}
