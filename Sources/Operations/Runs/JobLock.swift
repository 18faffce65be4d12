import Days
import Postgres

/// What of a model's work a process does alone.
package enum JobLock {
    /// All of it.
    case model
    /// The night that is judged on a day.
    case night(Day)
    /// Nights that follow from one another.
    case backfill
    /// Building stale days again.
    case rebuild

    /// The advisory lock's name.
    package func name(of model: String) -> String {
        switch self {
        case .model: "rocket/\(model)"
        case .night(let day): "rocket/\(model)/night/\(day)"
        case .backfill: "rocket/\(model)/backfill"
        case .rebuild: "rocket/\(model)/rebuild"
        }
    }

    fileprivate var night: Day? {
        if case .night(let day) = self { day } else { nil }
    }
}

extension OpenJob {
    /// Takes a lock without waiting.
    ///
    /// - Returns: nil when it was taken, otherwise who holds it.
    package func take(_ lock: JobLock) throws -> String? { try locks.take(lock.name(of: context.jobFile.model)) }

    package func release(_ lock: JobLock) { locks.release(lock.name(of: context.jobFile.model)) }

    /// Who holds a lock, by its run where that is known; nil: nobody.
    package func holder(of lock: JobLock, on results: Connection) throws -> String? {
        let model = context.jobFile.model
        guard let holder = try AdvisoryLock.holder(of: lock.name(of: model), on: results) else { return nil }
        return try ledger.living(model: model, night: lock.night) ?? "\(holder)"
    }

    /// Holds a lock while the body runs.
    ///
    /// - Throws: `JobError.locked` at once when another process holds it.
    package func holding<Result>(_ lock: JobLock, _ body: () throws -> Result) throws -> Result {
        let model = context.jobFile.model
        if let holder = try take(lock) {
            throw JobError.locked(model: model, holder: try ledger.living(model: model, night: lock.night) ?? holder)
        }
        defer { release(lock) }
        return try body()
    }
}
