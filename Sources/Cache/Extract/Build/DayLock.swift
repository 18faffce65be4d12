import Days
import Foundation
import Postgres

/// The lock of a day that is extracted or counted, together with a second one that tells the others that its holder
/// works on the day.
struct DayLock {
    private let day: AdvisoryLock
    /// Nil if somebody else has it.
    private let work: AdvisoryLock?

    /// Returns the name of the lock that the process has that leads or counts a day.
    static func name(_ specificationHash: String, _ day: Day) -> String { "rocket/extract/\(specificationHash)/\(day)" }

    /// Takes a day's lock if it is free; nil if another session holds it.
    init?(_ specificationHash: String, _ day: Day, on connection: Connection) throws {
        let name = Self.name(specificationHash, day)
        guard let lock = try connection.tryAdvisoryLock(name) else { return nil }
        self.day = lock
        work = try connection.tryAdvisoryLock(Self.work(name))
    }

    func release() throws {
        try work?.release()
        try day.release()
    }

    /// Returns whether the session that holds a day's lock works on the day.
    static func isAtWork(_ specificationHash: String, _ day: Day, on connection: Connection) throws -> Bool {
        let name = name(specificationHash, day)
        guard let worker = try AdvisoryLock.holder(of: work(name), on: connection) else { return false }
        return try AdvisoryLock.holder(of: name, on: connection)?.pid == worker.pid
    }

    private static func work(_ name: String) -> String { "\(name)/work" }
}

/// The wait for days that other processes lead or count. It ends when a day's lock is held for long although nobody
/// works on the day: any login of the database can take a lock.
struct DayWait {
    let specificationHash: String
    /// How long a lock may be held by somebody who does not work on its day.
    let patience: Duration
    let connection: Connection
    /// Since when nobody has been seen at work on a day.
    private var idle: [Day: ContinuousClock.Instant] = [:]

    init(_ specificationHash: String, patience: Duration, on connection: Connection) {
        self.specificationHash = specificationHash
        self.patience = patience
        self.connection = connection
    }

    /// Forgets how long the wait has been.
    mutating func restart() { idle = [:] }

    /// Waits a moment for any of some days whose locks others hold.
    ///
    /// - Throws: `PostgresError.lockHeld`.
    mutating func wait(for days: [Day]) throws {
        for day in days {
            if try isAtWork(day) {
                idle[day] = nil
            } else if let start = idle[day] {
                guard ContinuousClock.now - start <= patience else {
                    throw try connection.held(DayLock.name(specificationHash, day), since: start)
                }
            } else {
                idle[day] = .now
            }
        }
        usleep(100_000)
    }

    /// A process of an earlier version has no second lock, only its build's row.
    private func isAtWork(_ day: Day) throws -> Bool {
        if try DayLock.isAtWork(specificationHash, day, on: connection) { return true }
        return try BuildTable(connection: connection).find(day, specificationHash: specificationHash) != nil
    }
}
