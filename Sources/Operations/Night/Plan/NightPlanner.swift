import AdLogs
import Days
import Logging
import Postgres
import Runs

/// Finds the nights that a log allows.
package struct NightPlanner {
    private let context: JobContext
    private let source: Connection

    package init(_ context: JobContext, _ source: Connection) {
        (self.context, self.source) = (context, source)
    }

    /// The night that is judged on the last mature day; where the log ends before it, as a copy of some older weeks
    /// does, the error says which day there is.
    ///
    /// - Throws: `JobError.emptyLog`, `.logEnded`, `.noImpressions`, `.nothingToTrainOn`.
    func last(asOf: AsOf) throws -> Night {
        let (days, table) = (context.logDays, context.jobFile.source.impressions.table)
        guard try !days.isEmpty(on: source) else { throw JobError.emptyLog(table: table) }
        // No job ever reads these as such.
        for rows in try days.rowsAhead(on: source) { context.log.warning("\(rows)") }
        do {
            return try night(evaluated: days.lastMature(asOf: asOf, on: source))
        } catch JobError.noImpressions(let day, let table) {
            guard let newest = try days.newest(before: day, on: source) else {
                throw JobError.noImpressions(day: day, table: table)
            }
            throw JobError.logEnded(day: day, table: table, newest: newest, asOf: days.maturity(of: newest))
        }
    }

    /// The night that is judged on a day, or why there is none.
    ///
    /// - Throws: `JobError.noImpressions`, `.nothingToTrainOn`.
    package func night(evaluated: Day) throws -> Night {
        let window = NightPlan.window(before: evaluated, days: context.jobFile.training.window.days)
        let present = try context.logDays.present(in: window.lowerBound...evaluated, on: source)
        let plan = NightPlan(windowDays: context.jobFile.training.window.days, present: present)
        if let night = plan.night(evaluated: evaluated) { return night }
        guard present.contains(evaluated) else {
            throw JobError.noImpressions(day: evaluated, table: context.jobFile.source.impressions.table)
        }
        throw JobError.nothingToTrainOn(evaluated: evaluated, window: window)
    }

    /// Makes sure that all clicks of a day are in.
    ///
    /// - Throws: `JobError.immature`.
    package func checkMature(_ day: Day) throws {
        let mature = try context.logDays.lastMature(asOf: .now, on: source)
        guard day <= mature else { throw JobError.immature(day: day, lastMature: mature) }
    }
}
