import Days
import Postgres

/// How much a net needs a feature on an unseen day, as stored in `rocket.feature_importance`.
public struct ImportanceMeasurement: Sendable {
    public var day: Day
    public var feature: String
    /// Impressions that were scored.
    public var impressions: Int
    /// AUC on them, and with the feature's values dealt at random; nil if only one class occurs.
    public var auc, aucWithout: Double?
    /// The rise of log loss, in nats, and its standard error.
    public var logLossRise: Double
    public var standardError: Double?

    public init(
        day: Day, feature: String, impressions: Int, auc: Double?, aucWithout: Double?, logLossRise: Double,
        standardError: Double?
    ) {
        self.day = day
        self.feature = feature
        self.impressions = impressions
        self.auc = auc
        self.aucWithout = aucWithout
        self.logLossRise = logLossRise
        self.standardError = standardError
    }
}

extension ModelRegistry {
    func insert(_ importance: [ImportanceMeasurement], version: Int) throws {
        for line in importance {
            try connection.execute(
                """
                INSERT INTO rocket.feature_importance (
                    version, day, feature, impressions, auc, auc_without, log_loss_rise, log_loss_rise_standard_error)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                """,
                [
                    .int(version), .day(line.day), .text(line.feature), .int(line.impressions), Value(line.auc),
                    Value(line.aucWithout), .double(line.logLossRise), Value(line.standardError),
                ])
        }
    }

    /// Returns how much a version's light net needs each feature on a day, the most needed first; empty if it was not
    /// measured.
    public func importance(of version: Int, on day: Day) throws -> [ImportanceMeasurement] {
        try connection.execute(
            """
            SELECT * FROM rocket.feature_importance WHERE version = $1 AND day = $2
            ORDER BY log_loss_rise DESC, feature
            """, [.int(version), .day(day)]
        ).map { row in
            ImportanceMeasurement(
                day: day, feature: try row.text("feature"), impressions: try row.int("impressions"),
                auc: try row.doubleOrNil("auc"), aucWithout: try row.doubleOrNil("auc_without"),
                logLossRise: try row.double("log_loss_rise"),
                standardError: try row.doubleOrNil("log_loss_rise_standard_error"))
        }
    }
}
