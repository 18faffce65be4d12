import Foundation
import Postgres
import Runs

/// How long `rocket migrate` waits for others.
public struct MigratePatience: Sendable {
    /// For a database that does not answer yet, all pauses between tries together.
    public var database: Duration
    /// For another run's migrations.
    public var lock: Duration

    public init(database: Duration, lock: Duration) {
        (self.database, self.lock) = (database, lock)
    }
}

/// `rocket migrate`: applies what is pending and returns the names of the files applied.
///
/// - Parameters:
///   - directory: folder of the migrations; nil: those of the program.
///   - waiting: told what is waited for.
public func migrate(
    directory: String?, database: String?, patience: MigratePatience, waiting: (String) -> Void
) throws -> [String] {
    let connection = try connection(to: database, patience: patience.database, waiting: waiting)
    return try JobSchema.migrations(in: directory).apply(on: connection, patience: patience.lock) {
        waiting(
            "another session holds the migrations' lock: \($0); waiting up to \(patience.lock.components.seconds) s")
    }.map(\.name)
}

/// Connects, and again after a pause while nothing answers: a database that is started together with the job takes
/// longer.
private func connection(
    to database: String?, patience: Duration, waiting: (String) -> Void
) throws -> Connection {
    var plan = RetryPlan(allowed: patience)
    while true {
        do {
            return try session(on: database)
        } catch let error as PostgresError where error.isTransient {
            guard let pause = plan.pause() else { throw error }
            waiting("\(error); trying again in \(pause)")
            Thread.sleep(forTimeInterval: Double(pause.components.seconds))
        }
    }
}

private func session(on database: String?) throws -> Connection {
    let connection = try Connection(.fromEnvironment(url: database), applicationName: "rocket migrate")
    try connection.requireSession()
    return connection
}
