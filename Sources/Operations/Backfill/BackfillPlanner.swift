import AdLogs
import Days
import Extract
import JobFile
import Night
import Runs

/// Plans a backfill from the log's days and what the database knows of their nights.
struct BackfillPlanner {
    private let job: OpenJob
    private let databases: Databases
    private let launch: RankedLaunch

    init(_ job: OpenJob, _ databases: Databases, _ launch: RankedLaunch) {
        (self.job, self.databases, self.launch) = (job, databases, launch)
    }

    /// Looks at the range's days and the windows before them.
    ///
    /// - Parameter stale: cached days whose logs have changed since.
    func plan(
        _ request: BackfillRequest, stale: Set<Day> = [], others: NightSurvey.OtherWork
    ) throws -> BackfillPlan {
        let context = job.context
        let windowDays = context.jobFile.training.window.days
        let span = request.span(windowDays: windowDays)
        let mature = try context.logDays.lastMature(asOf: .now, on: databases.source)
        let nights = NightPlan(
            windowDays: windowDays, present: try context.logDays.present(in: span, on: databases.source))
        let wanted = request.days.filter { $0 <= mature }.compactMap { nights.night(evaluated: $0) }
        return BackfillPlan(
            request, nights: nights, mature: mature, stale: stale, chained: context.isChained,
            facts: try NightSurvey(job, databases, launch).facts(of: wanted, for: request, others: others))
    }
}

extension BackfillRequest {
    /// The range and the window before it.
    func span(windowDays: Int) -> ClosedRange<Day> {
        NightPlan.window(before: days.lowerBound, days: windowDays).lowerBound...days.upperBound
    }
}
