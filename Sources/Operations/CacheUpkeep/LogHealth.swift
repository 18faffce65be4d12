import AdLogs
import Days
import Extract
import Foundation
import Postgres

/// What is wrong with the logs of a model.
public struct LogHealth: Sendable {
    public var model: String
    /// Cached days whose logs have changed since.
    public var stale: [Day] = []
    /// Days without impressions between the first and the last mature day that has any.
    public var missing: [Day] = []
    /// Rows that are of no day, a sentence for each table that has some.
    public var oddTimes: [String] = []
    /// Why the logs could not be looked at; nil where they were.
    public var problem: String?
}

/// Compares what is cached with the logs, for each model by the specification it was extracted with last. A model whose
/// logs cannot be looked at says why, and the others are looked at all the same.
///
/// - Parameter model: nil for all.
/// - Throws: `PostgresError` where the databases themselves cannot be asked.
public func logHealth(model: String?, database: String?, sourceDatabase: String?) throws -> [LogHealth] {
    let connection = try Connection(.fromEnvironment(url: database), applicationName: "rocket status")
    let logs = try Connection(
        .source(url: sourceDatabase, results: database), applicationName: "rocket status, reading")
    let staleDays = StaleDays(connection, logs: logs)
    return try staleDays.sources(model: model).map { name, source in
        var health = LogHealth(model: name)
        do {
            try health.look(at: source, staleDays, on: logs)
        } catch PostgresError.connectionLost(let message) {
            throw PostgresError.connectionLost(message: message)
        } catch {
            health.problem = "\(error)"
        }
        return health
    }
}

extension LogHealth {
    fileprivate mutating func look(at source: LogSource, _ staleDays: StaleDays, on logs: Connection) throws {
        for table in [source.impressions.table, source.clicks.table] where try logs.columns(of: table).isEmpty {
            throw try AdLogError.missing(table, on: logs)
        }
        let days = LogDays(source)
        oddTimes = try days.oddTimes(on: logs).map(\.description)
        missing = try days.missing(upTo: days.lastMature(asOf: .now, on: logs), on: logs)
        stale = try staleDays.find(model: model).map(\.day)
    }
}
