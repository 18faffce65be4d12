import AdLogs
import Days
import Logging

extension JobSession {
    /// `rocket nightly`: trains up to and judges on the last mature day.
    ///
    /// - Throws: `JobError.emptyLog`, `.logEnded`, `.noImpressions`, `.nothingToTrainOn`, `.oneClass`, `.locked`.
    public func nightly(asOf: AsOf) throws -> RunOutcome {
        try locked {
            let night = try planning("nightly") {
                guard try !logDays.isEmpty(on: source) else {
                    throw JobError.emptyLog(table: jobFile.source.impressions.table)
                }
                try warnOfRowsAhead()
                return try lastNight(evaluated: logDays.lastMature(asOf: asOf, on: source))
            }
            return try runNight(night, .nightly, promotion: .byGate)
        }
    }

    /// The night that is judged on the last mature day; where the log ends before it, as a copy of some older weeks does,
    /// the error says which day there is.
    private func lastNight(evaluated: Day) throws -> Night {
        do {
            return try night(evaluated: evaluated)
        } catch JobError.noImpressions(let day, let table) {
            guard let newest = try logDays.newest(before: day, on: source) else {
                throw JobError.noImpressions(day: day, table: table)
            }
            throw JobError.logEnded(day: day, table: table, newest: newest, asOf: logDays.maturity(of: newest))
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
}
