import AdLogs
import Days
import Extract
import Logging

extension JobSession {
    /// `rocket extract`: makes the cache files of a range of days valid. Takes no lock of the job: several processes share
    /// the work, and a running job only gains by it.
    ///
    /// - Returns: an outcome that did no work when every file was valid already.
    public func extract(days: ClosedRange<Day>, rebuild: Bool) throws -> [ExtractSummary] {
        var summaries: [ExtractSummary] = []
        _ = try run("extract", evaluatedDay: nil) { recorder in
            let mature = try logDays.lastMature(asOf: .now, on: source)
            guard days.upperBound <= mature else {
                throw JobError.immature(day: days.upperBound, lastMature: mature)
            }
            let present = try logDays.present(in: days, on: source)
            guard !present.isEmpty else {
                throw JobError.noImpressions(day: days.lowerBound, table: jobFile.source.impressions.table)
            }
            nameMissing(days.filter { !present.contains($0) })
            summaries = try cached(present, recorder: recorder, rebuild: rebuild)
            return RunOutcome(didWork: summaries.contains { $0.built }, version: nil)
        }
        return summaries
    }

    /// `rocket backfill --stale`: builds exactly the cached days again whose logs have changed since.
    ///
    /// - Parameter days: of which; nil: of all that are cached.
    public func rebuildStale(in days: ClosedRange<Day>? = nil) throws -> [RebuiltDay] {
        var rebuilt: [RebuiltDay] = []
        _ = try run("backfill", evaluatedDay: nil) { recorder in
            let stale = try staleDays(in: days)
            for day in stale.map(\.day) {
                let previous = try manifest.day(day, specificationHash: specification.hash)
                guard let summary = try cached([day], recorder: recorder, rebuild: true).first else { continue }
                let difference = try RowDifference.between(
                    previous?.entries.map(\.path) ?? [], summary.day.entries.map(\.path))
                try difference.record(specification.hash, day, on: connection)
                log.notice("\(day): rebuilt, \(difference)")
                rebuilt.append(RebuiltDay(day: day, difference: difference))
            }
            return RunOutcome(didWork: !rebuilt.isEmpty, version: nil)
        }
        return rebuilt
    }

    /// The cached days whose logs have changed since.
    func staleDays(in days: ClosedRange<Day>?) throws -> [StaleDays.Found] {
        try StaleDays(connection, logs: source).find(specificationHash: specification.hash, in: days)
    }

    /// The days' valid cache files, built now where need be.
    func cached(_ days: [Day], recorder: RunRecorder, rebuild: Bool = false) throws -> [ExtractSummary] {
        var summaries: [Day: ExtractSummary] = [:]
        for day in days where !rebuild {
            guard let known = try manifest.day(day, specificationHash: specification.hash) else { continue }
            if let damage = extraction.damage(of: known) {
                log.warning("\(day): building it again, because: \(damage)")
            } else {
                summaries[day] = ExtractSummary(day: known, account: nil, built: false)
            }
        }
        let wanted = days.filter { summaries[$0] == nil }
        // One day after another, so that each day's features can be compared with those of the day before.
        for day in wanted {
            let built = try recorder.stage(
                "extract", detail: day.description, size: { ($0?.cached.rows, $0?.cached.bytes) }
            ) {
                let estimate = try logDays.estimatedImpressions(of: day, on: source)
                return try extraction.build([day]) { day, rows in
                    try progress(
                        StageProgress(
                            title: "extract \(day)", done: rows, total: estimate.map { max($0, rows + 1) }, unit: "rows"))
                }.first
            }
            guard let built else { continue }
            try report(built)
            summaries[day] = ExtractSummary(day: built.cached, account: built.account, built: true)
        }
        return days.compactMap { summaries[$0] }
    }

    /// Stops the job where too many impressions of a day could not be used, or share their ids.
    func checkRejected(_ days: [CachedDay]) throws {
        for day in days {
            // Rows without an id are rejected too, but not among the impressions that were seen.
            let all = day.readImpressions ?? max(day.seenImpressions, day.rows + day.rejectedRows)
            if let shared = day.sharedIDs, Double(shared) > jobFile.extraction.repeatedShare * Double(all) {
                throw JobError.repeatedIDs(
                    day: day.day, table: jobFile.source.impressions.table, id: "\(jobFile.source.impressions.id)",
                    shared: shared, of: all, allowed: jobFile.extraction.repeatedShare)
            }
            guard Double(day.rejectedRows) <= jobFile.extraction.rejectedShare * Double(all) else {
                throw JobError.tooManyRejected(
                    day: day.day, rejected: day.rejectedRows, of: all, allowed: jobFile.extraction.rejectedShare)
            }
        }
    }

    func nameMissing(_ days: [Day]) {
        guard !days.isEmpty else { return }
        log.warning("no impressions on \(days.stretches)")
    }

    private func report(_ built: BuiltDay) throws {
        let cached = built.cached
        guard let account = built.account else {
            log.info("\(cached.day): built by another process, \(cached.rows) impressions")
            return
        }
        let clicks = account.clicks
        log.info(
            """
            extracted \(cached.day): \(cached.rows) impressions, \(cached.clicks) clicked; of the day's \(clicks.events) \
            click events \(clicks.first) labels, \(clicks.duplicates) duplicate, \(clicks.late) late, \(clicks.early) \
            early, \(clicks.orphans) orphan, \(clicks.ambiguous) ambiguous
            """)
        if cached.rejectedRows > 0 {
            log.warning("\(cached.day): \(cached.rejectedRows) impressions left out; see rocket.rejected_rows")
        }
        if account.repeated.leftOut > 0 {
            log.warning(
                "\(cached.day): \(account.repeated.leftOut) impressions left out that have the id and the time of another")
        }
        warnOfMissedClicks(built, clicks)
        warnOfStrayClicks(on: cached.day, clicks)
        try warnOfFeatures(on: cached.day)
    }

    /// A window that misses more clicks than it used to calls for a longer window, or for a look at the logging.
    private func warnOfMissedClicks(_ built: BuiltDay, _ account: ClickAccount) {
        guard let now = account.missedShare, account.late >= 10,
            let before = try? manifest.missedShare(before: built.cached.day, specificationHash: specification.hash)
        else { return }
        // Two standard errors, so that a small day does not cry wolf.
        let error = (max(before, 1e-4) * (1 - before) / Double(account.first + account.late)).squareRoot()
        guard now > 1.2 * before, now > before + 2 * error else { return }
        func percent(_ share: Double) -> String { "\((share * 1_000).rounded() / 10) %" }
        log.warning(
            """
            \(built.cached.day): the attribution window misses \(percent(now)) of the clicks, \(percent(before)) in the \
            week before; see rocket.click_delay_curve
            """)
    }
}

/// What became of one day.
public struct ExtractSummary: Sendable {
    public var day: CachedDay
    /// Nil when the files were valid already, or another process led the build.
    public var account: DayAccount?
    public var built: Bool
}

/// A stale day that was built again.
public struct RebuiltDay: Sendable {
    public var day: Day
    public var difference: RowDifference
}
