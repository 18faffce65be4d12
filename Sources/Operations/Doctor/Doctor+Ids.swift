import AdLogs
import JobFile
import Postgres

extension Doctor {
    /// Impressions of the newest day by which ids are judged.
    private static let idSample = 100_000

    /// Whether an id names one impression, on the newest day that has any.
    static func ids(_ job: JobFile, on connection: Connection) throws -> [Finding] {
        let days = LogDays(job.source)
        let tomorrow = try days.lastMature(asOf: .now, on: connection).advanced(by: 1)
        guard let day = try days.newest(before: tomorrow, on: connection) else { return [] }
        let found = try Attribution(job.source, on: connection).sharedIDs(
            in: days.instants(of: day, on: connection), most: idSample, on: connection)
        let subject = "\(job.source.impressions.table).\(job.source.impressions.id)"
        let said = "\(found.shared) of \(found.rows) impressions of \(day) share their id with others"
        guard found.shared > 0 else { return [.ok(.logs, subject, "names one impression each: \(said)")] }
        guard Double(found.shared) > job.extraction.repeatedShare * Double(found.rows) else {
            return [.ok(.logs, subject, "\(said); source.repeated_share allows \(job.extraction.repeatedShare)")]
        }
        return [
            .problem(
                .logs, subject, "\(said); a night ends where more than source.repeated_share do",
                fix: "name all columns that make the id, in \(job.path): "
                    + "impressions: {id: [request_id, position]}, clicks: {impression_id: [request_id, position]}")
        ]
    }
}
