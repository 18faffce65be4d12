import AdLogs
import Days
import Extract
import Foundation
import Postgres

/// What is wrong with the logs of a model.
public struct LogHealth: Sendable {
    public var model: String
    /// Cached days whose logs have changed since.
    public var stale: [Day]
    /// Days without impressions between the first and the last mature day that has any.
    public var missing: [Day]
}

/// Compares what is cached with the logs, for each model by the specification it was extracted with last.
///
/// - Parameter model: nil for all.
public func logHealth(model: String?, database: String?, sourceDatabase: String?) throws -> [LogHealth] {
    let connection = try Connection(.fromEnvironment(url: database), applicationName: "rocket status")
    let logs = try Connection(
        .source(url: sourceDatabase, results: database), applicationName: "rocket status, reading")
    let staleDays = StaleDays(connection, logs: logs)
    let stale = try staleDays.find(model: model)
    return try staleDays.sources(model: model).map { name, source in
        let days = LogDays(source)
        let last = try days.lastMature(asOf: .now, on: logs)
        return LogHealth(
            model: name, stale: stale.filter { $0.model == name }.map(\.day),
            missing: try days.missing(upTo: last, on: logs))
    }
}
