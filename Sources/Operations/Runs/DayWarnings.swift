import AdLogs
import Days
import Extract
import Features
import JobFile
import Logging

/// Says what is odd about a day that was just built.
struct DayWarnings {
    private let context: JobContext
    private let databases: Databases
    private let features: FeatureComparison

    init(_ context: JobContext, _ databases: Databases) {
        (self.context, self.databases) = (context, databases)
        features = FeatureComparison(databases.results, specificationHash: context.specification.hash)
    }

    private var log: Logger { context.log }

    /// Accounts for the day's impressions and clicks, and warns where they, or the features, are odd.
    func tell(of built: BuiltDay) throws {
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
                "\(cached.day): \(account.repeated.leftOut) impressions left out that have the id and the time of another"
            )
        }
        tellOfHistory(built)
        warnOfMissedClicks(on: cached.day, clicks)
        warnOfStrayClicks(on: cached.day, clicks)
        try warnOfFeatures(on: cached.day)
    }

    /// Days that histories lack: because the log is young, or has a gap.
    private func tellOfHistory(_ built: BuiltDay) {
        let (counted, all) = built.historyDays
        let missing = built.missingHistory
        if !missing.isEmpty {
            log.warning("\(built.cached.day): histories lack \(missing.stretches), which have no impressions")
        }
        guard counted + missing.count < all else { return }
        log.notice(
            "\(built.cached.day): histories have \(counted) of the \(all) days of their windows; the log is young")
    }

    /// A window that misses more clicks than it used to calls for a longer window, or for a look at the logging.
    private func warnOfMissedClicks(on day: Day, _ account: ClickAccount) {
        guard let now = account.missedShare, account.late >= 10,
            let before = try? databases.manifest.missedShare(
                before: day, specificationHash: context.specification.hash)
        else { return }
        // Two standard errors, so that a small day does not cry wolf.
        let error = (max(before, 1e-4) * (1 - before) / Double(account.first + account.late)).squareRoot()
        guard now > 1.2 * before, now > before + 2 * error else { return }
        func percent(_ share: Double) -> String { "\((share * 1_000).rounded() / 10) %" }
        log.warning(
            """
            \(day): the attribution window misses \(percent(now)) of the clicks, \(percent(before)) in the \
            week before; see rocket.click_delay_curve
            """)
    }

    /// Clicks that cannot be what they seem: the clocks of the two logs differ, or their ids.
    private func warnOfStrayClicks(on day: Day, _ account: ClickAccount) {
        let clicks = context.jobFile.source.clicks
        for (count, share, what) in [
            (account.early, 0.05, "come before their impression; the clocks of those who write the two logs differ"),
            (
                account.orphans, 0.2,
                "name no impression of the log; look at \(clicks.impressionID) of \(clicks.table)"
            ),
        ] where count >= 10 && Double(count) > share * Double(account.events) {
            log.warning("\(day): \(count) of the \(account.events) click events \(what)")
        }
    }

    /// Features without a value, with one value only, with values that share ids, or with numbers of quite another size
    /// than on the cached day before, unless they were so on that day too.
    private func warnOfFeatures(on day: Day) throws {
        for change in try features.changes(on: day) {
            let feature = change.feature
            // Histories have none where the log is young, and one where all keys are clicked alike.
            if histories.contains(feature) { continue }
            if change.isEmpty, change.wasThere {
                log.warning("\(day): feature \(feature) has no value in any row; look at its column")
            } else if change.isConstant, change.varied, !daysOfWeek.contains(feature) {
                log.warning(
                    "\(day): feature \(feature) has the same value in every row that has one; look at its column")
            }
            if let rate = change.collisions, rate > SharedIDs.most, change.collisionsBefore ?? 0 <= SharedIDs.most {
                log.warning(
                    """
                    \(day): \(SharedIDs.percent(rate)) of the values of feature \(feature) share their id with another; \
                    remove its hash_bits from the job file, so that every value has an embedding of its own
                    """)
            }
            guard let deviation = change.deviation, change.wasThere, let before = change.deviationBefore, before > 0,
                deviation > Self.wild * before
            else { continue }
            log.warning(
                """
                \(day): the standard deviation of feature \(feature) is \(deviation), \(before) on the day before; extreme \
                values drown all others: correct them, or use transform: log1p or kind: bucketed
                """)
        }
    }

    /// A day has one, always.
    private var daysOfWeek: [String] {
        context.jobFile.features.features.filter { $0.kind == .dayOfWeek }.map(\.name)
    }

    private var histories: [String] { context.jobFile.features.histories.map(\.name) }

    /// Times the standard deviation of the day before.
    private static let wild = 100.0
}
