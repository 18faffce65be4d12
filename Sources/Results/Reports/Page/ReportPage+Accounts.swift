import Plots

// The accounts of the impressions and clicks of the version's days.
extension ReportPage {
    var accountTables: Markup {
        guard !accounts.isEmpty else { return "" }
        return "\(impressionAccounts)\(clickAccounts)"
    }

    private var impressionAccounts: Markup {
        DataTable(
            "Impressions read: used, rejected or repeated",
            [
                .text("Day"), .number("Read"), .number("Used"), .number("Rejected"), .prose("Reasons"),
                .number("Repeated"), .number("With an id of several"),
            ],
            rows: accounts.map { account in
                let impressions = account.impressions
                let reasons = impressions.rejectedReasons.sorted { $0.key < $1.key }
                    .map { "\($0.key.replacing("_", with: " ")): \(NumberText.grouped($0.value))" }
                return [
                    "\(account.day.description)", Self.count(impressions.read), Self.count(impressions.used),
                    Self.count(impressions.rejected), "\(reasons.joined(separator: ", "))",
                    Self.count(impressions.repeated), Self.count(impressions.sharedID),
                ]
            }
        ).html
    }

    private var clickAccounts: Markup {
        DataTable(
            "Click events: each is one of these",
            [
                .text("Day"), .number("Events"), .number("Labels"), .number("Duplicate"), .number("Late"),
                .number("Early"), .number("Orphan"), .number("Ambiguous"),
            ],
            rows: accounts.map { account in
                let clicks = account.clicks
                return [
                    "\(account.day.description)", Self.count(clicks.events), Self.count(clicks.labels),
                    Self.count(clicks.duplicate), Self.count(clicks.late), Self.count(clicks.early),
                    Self.count(clicks.orphan), Self.count(clicks.ambiguous),
                ]
            }
        ).html
    }

    private static func count(_ number: Int?) -> Markup { "\(number.map(NumberText.grouped) ?? "–")" }
}
