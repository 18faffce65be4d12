import Files
import Runs

/// Why no job file could be drafted.
public enum JobDraftError: Error, CustomStringConvertible {
    /// There is a file already.
    case exists(path: String)
    /// Nothing can be learned from a table without rows.
    case empty(table: String)
    /// No column can be a row's time.
    case noTime(table: String, others: [String])
    /// No column of the clicks names an impression.
    case noReference(impressions: String, clicks: String, columns: [String], refused: [String])
    /// Ids whose equality is not that of their text.
    case keyType(option: String, column: String, table: String, reason: String)
    /// A column that the command line names.
    case noColumn(option: String, column: String, table: String, has: [String])
    /// Every column was left out.
    case noFeatures(table: String, reasons: [String])
    case cannotWrite(path: String, reason: String)

    public var description: String {
        switch self {
        case .exists(let path):
            "\(path) is there already; name another file with --output, or replace it with --force"
        case .empty(let table):
            "\(table) has no rows, and features are proposed from what rows hold; load some days of logs first, or see "
                + "rocket sample-logs --help"
        case .noTime(let table, let others):
            "\(table) has no column of type timestamp with time zone, which a row's time needs"
                + (others.isEmpty
                    ? ""
                    : " (\(others.joined(separator: ", ")) say no zone); make a view that gives it one, such as: "
                        + "CREATE VIEW … AS SELECT *, \(others[0].prefix { $0 != " " }) AT TIME ZONE 'UTC' AS "
                        + "happened_at FROM \(table)")
        case .noReference(let impressions, let clicks, let columns, let refused):
            "no column of \(clicks) (\(columns.joined(separator: ", "))) names rows of \(impressions): none has values "
                + "of a unique column there; name the two with --impression-id and --click-impression; where several "
                + "columns make the id, the job file takes them, source.impressions.id: [request_id, position]; or make "
                + "a view that joins the clicks to their impressions"
                + (refused.isEmpty ? "" : "; not taken for ids: " + refused.joined(separator: "; "))
        case .keyType(let option, let column, let table, let reason):
            "\(option): \(table).\(column) cannot hold ids, which are compared by their text: \(reason); name a column of type "
                + "text, uuid or a whole number, or make a view that casts it, such as: CREATE VIEW … AS SELECT *, "
                + "\(column)::text AS \(column)_text FROM \(table)"
        case .noColumn(let option, let column, let table, let has):
            "\(option): \(table) has no column ‘\(column)’; it has \(has.joined(separator: ", "))"
        case .noFeatures(let table, let reasons):
            "no column of \(VisibleText.escaped(table)) is fit to be a feature:\n"
                + reasons.map { "  - \(VisibleText.escaped($0))" }.joined(separator: "\n")
        case .cannotWrite(let path, let reason):
            "‘\(path)’ cannot be written: \(reason); expected a folder that is there and that this user may write to"
        }
    }
}

extension JobDraftError: CommandError {
    package var exitStatus: ExitStatus { .configuration }
    package var hasLines: Bool {
        if case .noFeatures = self { true } else { false }
    }
}
