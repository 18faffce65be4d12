import AdLogs
import Days
import Files
import Foundation
import JobFile
import Postgres

/// What `rocket init` is asked for.
public struct DraftRequest: Sendable {
    /// `schema.table` each.
    public var impressions, clicks: String
    /// Nil: named after the impressions' table.
    public var model: String?
    /// Nil: `jobs/MODEL.yaml` where there is a folder `jobs`, else `MODEL.yaml`.
    public var output: String?
    public var existing: Existing
    /// Columns that need not be looked for.
    public var impressionID, impressionTime, clickImpression, clickTime: String?

    /// What happens to a file that is there.
    public enum Existing: Sendable { case kept, replaced }

    public init(impressions: String, clicks: String, existing: Existing = .kept) {
        self.impressions = impressions
        self.clicks = clicks
        self.existing = existing
    }
}

/// What `rocket init` made.
public struct DraftedJob: Sendable {
    public var path: String
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
/// - Parameter notice: is told before anything is read that may take long.
/// - Throws: `JobDraftError`, `AdLogError`, `PostgresError`, `JobFileError`, `JobError.source`.
public func draftJob(
    _ request: DraftRequest, database: String?, sourceDatabase: String?, notice: @escaping (String) -> Void
) throws -> DraftedJob {
    let model = request.model ?? modelName(request.impressions)
    let path = request.output ?? defaultPath(model)
    if request.existing == .kept, FileManager.default.fileExists(atPath: path) {
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
            clickImpression: request.clickImpression, clickTime: request.clickTime),
        connection: connection, notice: notice)
    let source = try search.proposal()
    let sample = try LogSample(search, source)
    guard sample.rows > 0 else { throw JobDraftError.empty(table: impressions.name) }
    let draft = try JobDraft(model: model, impressions: impressions, clicks: clicks, source: source, sample: sample)
    let text = draft.yaml(today: today())
    // Before it is written: a name that YAML or the job file cannot hold is an error of this program.
    let job = try JobFile(text: text, path: path)
    do throws(FileError) {
        try OutputFile(path, streams: .written).replace(with: Array(text.utf8))
    } catch {
        throw JobDraftError.cannotWrite(path: path, reason: error.reason)
    }
    let summary = try checkedSummary(of: job, on: connection)
    return DraftedJob(
        path: path, model: model, summary: summary, remarks: draft.remarks,
        asOf: try firstNight(job, newest: sample.days.last, on: connection))
}

/// - Parameter newest: the sample's newest day; the table is not read again.
private func firstNight(_ job: JobFile, newest: Day?, on connection: Connection) throws -> Day? {
    let days = LogDays(job.source)
    guard let newest, try newest < days.lastMature(asOf: .now, on: connection) else { return nil }
    return days.maturity(of: newest)
}

/// The table's name, in the letters of a model's name.
private func modelName(_ table: String) -> String {
    let name = JobDraft.featureName(String(table.split(separator: ".").last ?? "job"))
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
