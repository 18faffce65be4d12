import Postgres

/// Means over the seeds of one net of one arm of an experiment.
public struct ExperimentLine: Codable, Equatable, Sendable {
    public var arm: String
    public var net: String
    public var seeds: Int
    public var auc: Double?
    /// Of the mean over seeds; nil with one seed.
    public var aucStandardError: Double?
    public var gauc: Double?
    /// On the held-out training rows: what settings may be chosen by. Nil where none were held out.
    public var validationAUC: Double?
    public var logLoss: Double
    public var pcoc: Double?
    public var oracleAUC: Double?
    /// 0 at the light net alone, 1 at the booster alone.
    public var gapClosed: Double?
    /// Of training, a mean.
    public var seconds: Double

    enum CodingKeys: String, CodingKey {
        case arm, net, seeds, auc, gauc, pcoc, seconds
        case aucStandardError = "auc_standard_error"
        case validationAUC = "validation_auc"
        case logLoss = "log_loss"
        case oracleAUC = "oracle_auc"
        case gapClosed = "gap_closed"
    }
}

extension ReportReader {
    /// An experiment's arms: first those alone, then rocket, then its variants, those of λ by λ.
    public func experiment(fingerprint: String) throws -> [ExperimentLine] {
        try connection.execute(
            """
            SELECT arm, net, seeds, auc, auc_standard_error, gauc, validation_auc, log_loss, pcoc, oracle_auc, gap_closed,
                   seconds
            FROM rocket.experiment_report WHERE fingerprint = $1
            ORDER BY arm NOT IN ('light', 'booster'), arm <> 'rocket', regexp_replace(arm, ' ?λ=.*', ''),
                     substring(arm FROM 'λ=(.*)')::double precision NULLS FIRST, net DESC
            """, [.text(fingerprint)]
        ).map { row in
            ExperimentLine(
                arm: try row.text("arm"), net: try row.text("net"), seeds: try row.int("seeds"),
                auc: try row.doubleOrNil("auc"), aucStandardError: try row.doubleOrNil("auc_standard_error"),
                gauc: try row.doubleOrNil("gauc"),
                validationAUC: try row.doubleOrNil("validation_auc"), logLoss: try row.double("log_loss"),
                pcoc: try row.doubleOrNil("pcoc"), oracleAUC: try row.doubleOrNil("oracle_auc"),
                gapClosed: try row.doubleOrNil("gap_closed"), seconds: try row.double("seconds"))
        }
    }
}
