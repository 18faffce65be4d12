import AdLogs
import Files
import Names
import Runs

/// Why no job file could be drafted.
public enum JobDraftError: Error, CustomStringConvertible {
    /// There is a file already.
    case exists(path: String)
    /// Nothing can be learned from a table without rows.
    case empty(table: String)
    /// No column can be a row's time, or the given one cannot.
    case noTime(table: String, others: [String], given: String?)
    /// Times without a zone would be the rows' times.
    case zonelessTimes([ZonedView])
    /// No row could be read within the limits of time.
    case unread(table: String, limit: String)
    /// One table is given for both events, and nothing tells them apart; `unknown`: columns whose values took too long
    /// to be counted; `areAll`: whether it is known which columns have few values.
    case oneTable(table: String, columns: [String], unknown: [String], areAll: Bool, limit: String)
    /// Nearly all impressions of the sample are clicked.
    case allClicked(AdLogError)
    /// No column of the clicks names an impression.
    case noReference(impressions: String, clicks: String, columns: [String], refused: [String], unknown: [String])
    /// Ids whose equality is not that of their text.
    case keyType(option: String, column: String, table: String, reason: String)
    /// A column that the command line names.
    case noColumn(option: String, column: String, table: String, has: [String])
    /// Every column was left out.
    case noFeatures(table: String, reasons: [String])
    /// A condition of the command line.
    case condition(option: String, text: String, reason: String)
    case cannotWrite(path: String, reason: String)

    public var description: String {
        switch self {
        case .exists(let path):
            "\(path) is there already; name another file with --output, or replace it with --force"
        case .empty(let table):
            "\(table) has no rows, and features are proposed from what rows hold; load some days of logs first, or see "
                + "rocket sample-logs --help"
        case .unread(let table, let limit):
            "no row of \(table) could be read within \(limit), so whether it has any is not known; an index on its time, or a "
                + "view or table of fewer days, makes that possible"
        case .noTime(let table, let others, let given):
            "\(given.map { "\($0) of \(table) is no moment" } ?? "\(table) has no column of a moment"): a row's time needs the "
                + "type timestamp with time zone"
                + (others.isEmpty ? "" : "; \(others.joined(separator: ", ")) cannot be made one")
        case .zonelessTimes(let views):
            VisibleText.escaped(views.map(\.complaint).joined(separator: "; "))
                + ". Make a view that says the zone, and the index by which a day is found through it, with the zone of "
                + "your times instead of UTC:\n"
                + views.flatMap(\.statements).map { "  \(VisibleText.escaped($0))\n" }.joined()
                + "Then name \(VisibleText.escaped(views.map(\.name).joined(separator: " and "))) instead of the table."
                + (views.contains { $0.statements.count == 1 }
                    ? " rocket doctor then names the index that the table below the view needs." : "")
        case .oneTable(let table, let columns, let unknown, let areAll, let limit):
            "\(table) is to hold both impressions and clicks, and "
                + Self.noneTellsApart(columns, unknown: unknown, areAll: areAll, limit: limit)
                + "; name one: --impressions-where COLUMN=VALUE --clicks-where COLUMN=VALUE; or name a table or view with a "
                + "row per click with --clicks"
        case .allClicked(let error):
            "\(error)"
        case .noReference(let impressions, let clicks, let columns, let refused, let unknown):
            (unknown.isEmpty
                ? "no column of \(clicks) (\(columns.joined(separator: ", "))) names rows of \(impressions): none has values "
                    + "of a unique column there, nor do several columns together"
                : "which column of \(clicks) (\(columns.joined(separator: ", "))) names rows of \(impressions) is not known: "
                    + unknown.joined(separator: "; "))
                + "; name the two with --impression-id and "
                + "--click-impression (several columns: request_id,position); or make a view that joins the clicks to "
                + "their impressions"
                + (impressions == clicks
                    ? "; where a row is an impression with a mark for its click, make a view that gives the click a time of "
                        + "its own: CASE WHEN clicked THEN shown_at END AS clicked_at" : "")
                + (refused.isEmpty ? "" : "; not taken for ids: " + refused.joined(separator: "; "))
        case .keyType(let option, let column, let table, let reason):
            "\(option): \(table).\(column) cannot hold ids, which are compared by their text: \(reason); name a column of type "
                + "text, uuid or a whole number, or make a view that casts it, such as: CREATE VIEW … AS SELECT *, "
                + "\(column)::text AS \(column)_text FROM \(table)"
        case .noColumn(let option, let column, let table, let has):
            "\(option): \(table) has no column ‘\(column)’"
                + (nearest(to: column, among: has).map { "; did you mean \($0)? It has " } ?? "; it has ")
                + "\(has.joined(separator: ", "))"
        case .noFeatures(let table, let reasons):
            "no column of \(VisibleText.escaped(table)) is fit to be a feature:\n"
                + reasons.map { "  - \(VisibleText.escaped($0))" }.joined(separator: "\n")
        case .condition(let option, let text, let reason):
            "\(option) is ‘\(text)’: \(reason); expected a column and the values that it has, such as event_type=click or "
                + "kind=2,3"
        case .cannotWrite(let path, let reason):
            "‘\(path)’ cannot be written: \(reason); expected a folder that is there and that this user may write to"
        }
    }
}

extension JobDraftError {
    private static func noneTellsApart(_ columns: [String], unknown: [String], areAll: Bool, limit: String) -> String {
        let known = columns.prefix(6).filter { !unknown.contains($0) }.joined(separator: ", ")
        if unknown.isEmpty, areAll {
            return "no column tells them apart by its values" + (known.isEmpty ? "" : " (looked at: \(known))")
        }
        var reasons = ["whether a column tells them apart is not known"]
        if !unknown.isEmpty {
            reasons.append("counting the values of \(unknown.joined(separator: ", ")) took longer than \(limit)")
        }
        if !areAll { reasons.append("finding the columns of few values took longer than \(limit)") }
        if !known.isEmpty { reasons.append("\(known) does not") }
        return reasons.joined(separator: "; ")
    }
}

extension JobDraftError: CommandError {
    package var exitStatus: ExitStatus { .configuration }
    package var hasLines: Bool {
        switch self {
        case .noFeatures, .zonelessTimes: true
        default: false
        }
    }
}
