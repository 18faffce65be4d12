import Logging
import Postgres

/// Repeats a piece of work, with growing pauses, as long as it fails for a reason of the database that may pass. The
/// work must be safe to do twice.
package struct Retrying {
    /// All pauses together.
    let allowed: Duration
    let log: Logger
    let interruption: Interruption

    /// - Parameter body: told which attempt it is, from 1.
    /// - Throws: what the last attempt threw, or `JobError.interrupted`.
    package func run<Result>(_ body: (_ attempt: Int) throws -> Result) throws -> Result {
        var plan = RetryPlan(allowed: allowed)
        var attempt = 1
        while true {
            do {
                return try body(attempt)
            } catch let error as PostgresError where error.isTransient {
                guard let pause = plan.pause() else { throw error }
                log.warning("\(error); trying again in \(pause)")
                try interruption.sleep(pause)
                attempt += 1
            }
        }
    }
}
