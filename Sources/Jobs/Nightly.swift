import AdLogs
import Days
import Logging

extension JobSession {
    /// `rocket nightly`: trains up to and judges on the last mature day.
    ///
    /// - Throws: `JobError.emptyLog`, `.noImpressions`, `.nothingToTrainOn`, `.oneClass`, `.locked`.
    public func nightly(asOf: AsOf) throws -> RunOutcome {
        try locked {
            let night = try planning("nightly") {
                guard try !logDays.isEmpty(on: source) else {
                    throw JobError.emptyLog(table: jobFile.source.impressions.table)
                }
                try warnOfRowsAhead()
                return try self.night(evaluated: logDays.lastMature(asOf: asOf, on: source))
            }
            return try runNight(night, command: "nightly")
        }
    }

    /// The night that is judged on a day, or why there is none.
    func night(evaluated: Day) throws -> Night {
        let window = NightPlan.window(before: evaluated, days: jobFile.training.windowDays)
        let present = try logDays.present(in: window.lowerBound...evaluated, on: source)
        let plan = NightPlan(windowDays: jobFile.training.windowDays, present: present)
        if let night = plan.night(evaluated: evaluated) { return night }
        guard present.contains(evaluated) else {
            throw JobError.noImpressions(day: evaluated, table: jobFile.source.impressions.table)
        }
        throw JobError.nothingToTrainOn(evaluated: evaluated, window: window)
    }

    /// `rocket backfill`: one night after another, each judged on a day of the range, oldest first. A version sees only
    /// the days before the one it is judged on. Nights that were done before are skipped, so it is safe to repeat.
    public func backfill(days: ClosedRange<Day>) throws -> BackfillSummary {
        try locked {
            let mature = try logDays.lastMature(asOf: .now, on: source)
            let window = NightPlan.window(before: days.lowerBound, days: jobFile.training.windowDays)
            let present = try logDays.present(in: window.lowerBound...days.upperBound, on: source)
            let plan = NightPlan(windowDays: jobFile.training.windowDays, present: present)
            var summary = BackfillSummary()
            for day in days {
                guard day <= mature else {
                    summary.skipped.append((day, "not mature: clicks on it may still arrive"))
                    continue
                }
                guard let night = plan.night(evaluated: day) else {
                    summary.skipped.append(
                        (day, present.contains(day) ? "no earlier day to train on" : "no impressions"))
                    continue
                }
                do {
                    summary.nights.append((day, try runNight(night, command: "backfill")))
                } catch JobError.oneClass(let trained, let rows, let clicks) {
                    summary.skipped.append((day, "\(JobError.oneClass(days: trained, rows: rows, clicks: clicks))"))
                }
            }
            for (day, reason) in summary.skipped { log.notice("\(day): no version, \(reason)") }
            return summary
        }
    }
}

/// What a backfill came to.
public struct BackfillSummary {
    public var nights: [(day: Day, outcome: RunOutcome)] = []
    /// Days without a version, and why.
    public var skipped: [(day: Day, reason: String)] = []
}
