import AdLogs
import Days
import Extract
import JobFile
import Logging

/// Makes the cache files of days valid, as stages of a run.
package struct DayExtraction {
    private let context: JobContext
    private let databases: Databases
    private let recorder: RunRecorder

    package init(_ context: JobContext, _ databases: Databases, _ recorder: RunRecorder) {
        (self.context, self.databases, self.recorder) = (context, databases, recorder)
    }

    /// Returns the days' valid cache files, building the missing ones now.
    package func days(_ days: [Day], rebuild: Bool = false) throws -> [ExtractSummary] {
        let hash = context.specification.hash
        var summaries: [Day: ExtractSummary] = [:]
        var elsewhere: [String: (days: [Day], origin: String)] = [:]
        for day in days where !rebuild {
            guard let known = try databases.manifest.day(day, specificationHash: hash) else { continue }
            let lookup = try databases.extraction.find(known)
            if let found = lookup.day { summaries[day] = ExtractSummary(day: found, account: nil, built: false) }
            switch lookup {
            case .here: break
            case .elsewhere(_, let folder, let origin):
                elsewhere[folder, default: ([], origin)].days.append(day)
            case .nowhere(let reason): context.log.warning("\(day): building it again, because: \(reason)")
            }
        }
        for (folder, found) in elsewhere.sorted(by: { $0.key < $1.key }) {
            context.log.notice(
                """
                the cache files of \(found.days.stretches) are read from \(folder): \(found.origin); this job builds its \
                own in \(context.jobFile.cacheDirectory)
                """)
        }
        let wanted = days.filter { summaries[$0] == nil }
        let warnings = DayWarnings(context, databases)
        // One day after another, so that each day's features can be compared with those of the day before.
        for day in wanted {
            guard let built = try build(day) else { continue }
            try warnings.tell(of: built)
            summaries[day] = ExtractSummary(day: built.cached, account: built.account, built: true)
        }
        return days.compactMap { summaries[$0] }
    }

    private func build(_ day: Day) throws -> BuiltDay? {
        func size(_ built: BuiltDay?) -> (rows: Int?, bytes: Int?) { (built?.cached.rows, built?.cached.bytes) }
        return try recorder.stage("extract", detail: day.description, size: size) {
            let estimate = try context.logDays.estimatedImpressions(of: day, on: databases.source)
            return try databases.extraction.build([day]) { day, rows in
                try recorder.progress(
                    StageProgress(
                        title: "extract \(day)", done: rows, total: estimate.map { max($0, rows + 1) }, unit: "rows"))
            }.first
        }
    }

    /// The days' valid cache files, where enough of each day's impressions can be used.
    ///
    /// - Throws: `JobError.repeatedIDs`, `.tooManyRejected`.
    package func usable(_ wanted: [Day]) throws -> [CachedDay] {
        let days = try days(wanted).map(\.day)
        for day in days { try check(day) }
        return days
    }

    /// Stops the job where too many impressions of a day could not be used, or share their ids.
    private func check(_ day: CachedDay) throws {
        let jobFile = context.jobFile
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

extension JobContext {
    /// Says which days have no impressions.
    package func nameMissing(_ days: [Day]) {
        guard !days.isEmpty else { return }
        log.warning("no impressions on \(days.stretches)")
    }
}

/// The outcome of one day.
public struct ExtractSummary: Sendable {
    public var day: CachedDay
    /// Nil when the files were valid already, or another process led the build.
    public var account: DayAccount?
    public var built: Bool
}
