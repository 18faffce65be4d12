import AdLogs
import Days
import Files
import Foundation
import JobFile
import Names
import Postgres
import Runs

/// What `rocket init` is asked for.
public struct DraftRequest: Sendable {
    /// `schema.table` each; the same twice: one table that holds both events.
    public var impressions, clicks: String
    /// Nil: named after the impressions' table.
    public var model: String?
    /// Nil: `jobs/MODEL.yaml` where there is a folder `jobs`, else `MODEL.yaml`.
    public var output: String?
    public var existing: Existing
    /// Columns that need not be looked for.
    public var impressionID, impressionTime, clickImpression, clickTime: String?
    /// What tells the rows of either kind from others of their table, each `column=value` or `column=value,value`.
    public var impressionsWhere: [String] = []
    public var clicksWhere: [String] = []

    /// What happens to a file that is there.
    public enum Existing: Sendable { case kept, replaced }

    public init(impressions: String, clicks: String, existing: Existing = .kept) {
        self.impressions = SQLName.relation(impressions)
        self.clicks = SQLName.relation(clicks)
        self.existing = existing
    }
}

/// What `rocket init` made.
public struct DraftedJob: Sendable {
    public var path: String
    /// Whether the path is a device or a pipe, such as standard output: no file is left there.
    public var isStreamed: Bool
    public var model: String
    /// As `rocket config check` says it.
    public var summary: String
    /// What a person should look at.
    public var remarks: [String]
    /// Where the log ends before the last mature day: the date for a first night's `--as-of`.
    public var asOf: Day?
}

/// `rocket init`: looks at a team's own log tables, reading only, writes a first job file, and checks it against them.
///
/// - Parameters:
///   - notice: Told of each step before it is taken.
///   - rows: Told of rows while they are read.
/// - Throws: `JobDraftError`, `AdLogError`, `PostgresError`, `JobFileError`, `JobError.source`.
public func draftJob(
    _ request: DraftRequest, database: String?, sourceDatabase: String?, notice: @escaping (String) -> Void,
    rows: @escaping ProgressHandler = { _ in }
) throws -> DraftedJob {
    let model = request.model ?? modelName(request.impressions)
    let path = request.output ?? defaultPath(model)
    let output = OutputFile(path, streams: .written)
    if request.existing == .kept, FileManager.default.fileExists(atPath: path), !output.isStream {
        throw JobDraftError.exists(path: path)
    }
    let connection = try Connection(
        .source(url: sourceDatabase, results: database), applicationName: "rocket init")
    let impressions = try SurveyedTable(request.impressions, referenced: request.clicks, on: connection)
    let clicks = try SurveyedTable(request.clicks, referenced: request.impressions, on: connection)
    let search = SourceSearch(
        impressions: impressions, clicks: clicks,
        given: SourceProposal.Given(
            impressionID: request.impressionID, impressionTime: request.impressionTime,
            clickImpression: request.clickImpression, clickTime: request.clickTime,
            impressionConditions: try [RowCondition](request.impressionsWhere, of: "--impressions-where"),
            clickConditions: try [RowCondition](request.clicksWhere, of: "--clicks-where")),
        connection: connection, notice: notice, rows: rows)
    let source = try search.proposal()
    let sample = try LogSample(search, source)
    guard sample.rows > 0 else {
        throw sample.limit.map { JobDraftError.unread(table: impressions.name, limit: $0) }
            ?? .empty(table: impressions.name)
    }
    if sample.rows >= 20, Double(sample.clicks) >= 0.99 * Double(sample.rows) {
        throw JobDraftError.allClicked(
            .allClicked(impressions: impressions.name, clicks: clicks.name, rows: sample.rows))
    }
    notice("choosing features")
    let draft = try JobDraft(model: model, impressions: impressions, clicks: clicks, source: source, sample: sample)
    let text = draft.yaml(today: today())
    // Before it is written: a name that YAML or the job file cannot hold is an error of this program.
    let job = try JobFile(text: text, path: path)
    notice("checking the draft")
    let summary = try checkedSummary(of: job, on: connection)
    let outcome: OutputFile.Outcome
    do throws(FileError) {
        outcome = try output.replace(with: Array(text.utf8))
    } catch {
        throw JobDraftError.cannotWrite(path: path, reason: error.reason)
    }
    return DraftedJob(
        path: path, isStreamed: outcome == .streamed, model: model, summary: summary, remarks: draft.remarks,
        asOf: try firstNight(job, newest: sample.hasAllDays ? sample.days.last : nil, on: connection))
}

/// - Parameter newest: the sample's newest day; the table is not read again.
private func firstNight(_ job: JobFile, newest: Day?, on connection: Connection) throws -> Day? {
    let days = LogDays(job.source)
    guard let newest, try newest < days.lastMature(asOf: .now, on: connection) else { return nil }
    return days.maturity(of: newest)
}

/// The table's name, in the letters of a model's name.
private func modelName(_ table: String) -> String {
    let name = JobDraft.featureName(SQLName.parts(table)?.last ?? table)
    return name.isEmpty ? "job" : name
}

private func defaultPath(_ model: String) -> String {
    var isFolder: ObjCBool = false
    let hasFolder = FileManager.default.fileExists(atPath: "jobs", isDirectory: &isFolder) && isFolder.boolValue
    return hasFolder ? "jobs/\(model).yaml" : "\(model).yaml"
}

private func today() -> String {
    Date().formatted(.iso8601.year().month().day())
}
