import AdLogs
import Days
import Extract
import Logging
import Runs

/// `rocket backfill --stale`: builds exactly the cached days again whose logs have changed since.
public struct StaleRebuild {
    private let job: OpenJob

    public init(_ job: OpenJob) {
        self.job = job
    }

    /// - Parameter days: of which; nil: of all that are cached.
    public func run(in days: ClosedRange<Day>? = nil) throws -> [RebuiltDay] {
        var rebuilt: [RebuiltDay] = []
        let context = job.context
        let hash = context.specification.hash
        _ = try job.run("backfill", evaluatedDay: nil) { databases, recorder in
            let extraction = DayExtraction(context, databases, recorder)
            let stale = try databases.stale(hash, in: days)
            let counted = StaleHistory(databases.results, logs: databases.source, specificationHash: hash)
            try databases.extraction.recount(counted.daysCountedOnly())
            for found in stale {
                let day = found.day
                // Counts that came out as they were change nothing.
                if !found.isChanged, try counted.changes(of: day).isEmpty { continue }
                let previous = try databases.extraction.valid(day)
                guard let summary = try extraction.days([day], rebuild: true).first else { continue }
                let difference = try RowDifference.between(
                    previous?.entries.map(\.path) ?? [], summary.day.entries.map(\.path))
                try difference.record(hash, day, on: databases.results)
                context.log.notice("\(day): rebuilt, \(difference)")
                rebuilt.append(RebuiltDay(day: day, difference: difference))
            }
            return RunOutcome(didWork: !rebuilt.isEmpty)
        }
        return rebuilt
    }
}

extension Databases {
    /// The cached days of a specification whose logs have changed since.
    func staleDays(_ specificationHash: String, in days: ClosedRange<Day>?) throws -> [Day] {
        try stale(specificationHash, in: days).map(\.day)
    }

    /// Those days and what changed.
    func stale(_ specificationHash: String, in days: ClosedRange<Day>?) throws -> [StaleDays.Found] {
        try StaleDays(results, logs: source).find(specificationHash: specificationHash, in: days)
    }
}

/// A stale day that was built again.
public struct RebuiltDay: Sendable {
    public var day: Day
    public var difference: RowDifference
}
