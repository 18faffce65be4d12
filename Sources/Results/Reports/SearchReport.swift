import Postgres

/// One trial of a search for settings.
public struct SearchLine: Codable, Equatable, Sendable {
    /// The rung, from 0; each trains longer than the one before, and has fewer trials. The last is the final: the best
    /// variant and the unchanged job file, trained as a night would and judged on rows that no trial saw.
    public var rung: Int
    public var mostEpochs: Int
    /// The keys that differ from the job file; empty for the unchanged job file.
    public var changes: String
    /// The log loss on the held-out rows, at the net's best point.
    public var lightLogLoss: Double
    public var boosterLogLoss: Double?
    /// The log loss minus that of the unchanged job file in the same rung; below 0 is better.
    public var difference: Double?
    /// The epochs up to the light net's best point.
    public var epochs: Double
    public var seconds: Double
    /// Of the final: the number of seeds, whose mean the log losses are.
    public var seeds: Int?
    /// Of the final's variant: the standard error of `difference`, over users and seeds.
    public var standardError: Double?
    /// Of the job file that is handed out: why it is that one.
    public var decision: String?

    enum CodingKeys: String, CodingKey {
        case rung, changes, difference, epochs, seconds, seeds, decision
        case mostEpochs = "most_epochs"
        case lightLogLoss = "light_log_loss"
        case boosterLogLoss = "booster_log_loss"
        case standardError = "standard_error"
    }
}

extension ReportReader {
    /// Returns a search's trials, last rung first, best first within each.
    public func search(fingerprint: String) throws -> [SearchLine] {
        try connection.execute(
            """
            SELECT t.rung, t.most_epochs, t.changes, t.light_log_loss, t.booster_log_loss, t.epochs, t.seconds,
                   t.seeds, t.standard_error, t.light_log_loss - b.light_log_loss AS difference
            FROM rocket.search_trials t
            LEFT JOIN rocket.search_trials b ON b.fingerprint = t.fingerprint AND b.rung = t.rung AND b.changes = ''
            WHERE t.fingerprint = $1 ORDER BY t.rung DESC, t.light_log_loss, t.changes
            """, [.text(fingerprint)]
        ).map { row in
            SearchLine(
                rung: try row.int("rung"), mostEpochs: try row.int("most_epochs"), changes: try row.text("changes"),
                lightLogLoss: try row.double("light_log_loss"),
                boosterLogLoss: try row.doubleOrNil("booster_log_loss"),
                difference: try row.doubleOrNil("difference"), epochs: try row.double("epochs"),
                seconds: try row.double("seconds"), seeds: try row.intOrNil("seeds"),
                standardError: try row.doubleOrNil("standard_error"))
        }
    }
}
