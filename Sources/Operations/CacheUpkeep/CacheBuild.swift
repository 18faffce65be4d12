import AdLogs
import Days
import Extract
import Runs

/// `rocket extract`: makes the cache files of a range of days valid. Takes no lock of the job: several processes share
/// the work, and a running job only gains by it.
public struct CacheBuild {
    private let job: OpenJob

    public init(_ job: OpenJob) {
        self.job = job
    }

    /// - Returns: a summary of each day that has impressions; `built` is false where its files were valid already.
    public func run(days: ClosedRange<Day>, rebuild: Bool) throws -> [ExtractSummary] {
        var summaries: [ExtractSummary] = []
        let context = job.context
        _ = try job.run("extract", evaluatedDay: nil) { databases, recorder in
            let mature = try context.logDays.lastMature(asOf: .now, on: databases.source)
            guard days.upperBound <= mature else {
                throw JobError.immature(day: days.upperBound, lastMature: mature)
            }
            let present = try context.logDays.present(in: days, on: databases.source)
            guard !present.isEmpty else {
                throw JobError.noImpressions(
                    day: days.lowerBound, table: context.jobFile.source.impressions.table)
            }
            context.nameMissing(days.filter { !present.contains($0) })
            summaries = try DayExtraction(context, databases, recorder).days(present, rebuild: rebuild)
            return RunOutcome(didWork: summaries.contains { $0.built })
        }
        return summaries
    }
}
