import Days
import ModelRegistry
import Postgres

/// The table of the results of experiments: a row for each net of each training.
package struct ExperimentResults {
    private let connection: Connection

    /// What all trainings of an experiment have in common.
    package struct Origin {
        let fingerprint, model: String
        let trained: ClosedRange<Day>
        /// Its text.
        let jobFile: String
        let programVersion: String

        package init(
            fingerprint: String, model: String, trained: ClosedRange<Day>, jobFile: String, programVersion: String
        ) {
            (self.fingerprint, self.model, self.trained) = (fingerprint, model, trained)
            (self.jobFile, self.programVersion) = (jobFile, programVersion)
        }
    }

    /// What all nets of one training have in common.
    package struct Run {
        let origin: Origin
        let arm: String
        let seed: UInt64

        package init(_ origin: Origin, arm: String, seed: UInt64) {
            (self.origin, self.arm, self.seed) = (origin, arm, seed)
        }
    }

    /// How one training went.
    package struct Training {
        let steps: Int
        let seconds: Double
        /// The step whose weights a net kept, and its AUC on the held-out rows then; nil: the last.
        let kept: (_ net: String) -> (step: Int?, validationAUC: Double?)

        /// - Parameter kept: of a net; nil: its last step.
        package init(
            steps: Int, seconds: Double, kept: @escaping (_ net: String) -> (step: Int?, validationAUC: Double?)
        ) {
            (self.steps, self.seconds, self.kept) = (steps, seconds, kept)
        }
    }

    package init(_ connection: Connection) {
        self.connection = connection
    }

    /// The arms whose results are there.
    package func arms(fingerprint: String, seed: UInt64) throws -> Set<String> {
        Set(
            try connection.execute(
                "SELECT DISTINCT arm FROM rocket.experiment_results WHERE fingerprint = $1 AND seed = $2",
                [.text(fingerprint), .text(String(seed))]
            ).map { try $0.text("arm") })
    }

    /// Writes the nets of one arm, in one transaction.
    package func write(_ evaluations: [NetEvaluation], of training: Training, _ run: Run) throws {
        let origin = run.origin
        try connection.transaction { connection in
            for evaluation in evaluations {
                let kept = training.kept(evaluation.net)
                try connection.execute(
                    """
                    INSERT INTO rocket.experiment_results (
                        fingerprint, arm, net, seed, model, trained_from, trained_to, evaluated_day, auc, gauc, log_loss,
                        pcoc, oracle_auc, steps, kept_step, validation_auc, seconds, job_file, program_version)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
                        $14, $15, $16, $17, $18, $19)
                    """,
                    [
                        .text(origin.fingerprint), .text(run.arm), .text(evaluation.net), .text(String(run.seed)),
                        .text(origin.model), .day(origin.trained.lowerBound),
                        .day(origin.trained.upperBound), .day(evaluation.day),
                        Value(evaluation.report.auc), Value(evaluation.report.gauc),
                        .double(evaluation.report.logLoss), Value(evaluation.report.pcoc),
                        Value(evaluation.oracleAUC), .int(training.steps), Value(kept.step),
                        Value(kept.validationAUC), .double(training.seconds), .text(origin.jobFile),
                        .text(origin.programVersion),
                    ])
            }
        }
    }
}

/// The means over the seeds for one net of one arm of an experiment.
public struct ExperimentLine: Codable, Equatable, Sendable {
    public var arm: String
    public var net: String
    public var seeds: Int
    public var auc: Double?
    /// The standard error of the mean over seeds; nil with one seed.
    public var aucStandardError: Double?
    public var gauc: Double?
    /// AUC on the held-out training rows, by which settings may be chosen; nil if none were held out.
    public var validationAUC: Double?
    public var logLoss: Double
    public var pcoc: Double?
    public var oracleAUC: Double?
    /// The share of the gap that was closed, 0 at the light net alone, 1 at the booster alone; nil if the gap is within
    /// its own error.
    public var gapClosed: Double?
    /// Its 95 % interval over the seeds.
    public var gapClosedLow, gapClosedHigh: Double?
    /// The reason why `gapClosed` is nil.
    public var gapClosedNote: String?
    /// The gain over the same net trained alone, seed by seed; nil for nets trained alone.
    public var gain: Gain?
    /// The gain over logistic regression, likewise.
    public var overLogisticRegression: Gain?
    /// The mean training time.
    public var seconds: Double

    enum CodingKeys: String, CodingKey {
        case arm, net, seeds, auc, gauc, pcoc, seconds
        case aucStandardError = "auc_standard_error"
        case validationAUC = "validation_auc"
        case logLoss = "log_loss"
        case oracleAUC = "oracle_auc"
        case gapClosed = "gap_closed"
        case gapClosedLow = "gap_closed_low"
        case gapClosedHigh = "gap_closed_high"
        case gapClosedNote = "gap_closed_note"
        case gain
        case overLogisticRegression = "over_logistic_regression"
    }

    /// A difference and its standard error over the seeds; without an error if there is one seed.
    public struct Gain: Codable, Equatable, Sendable {
        public var auc, aucStandardError: Double?
        /// The difference in log loss, below 0 is better, and its standard error.
        public var logLoss, logLossStandardError: Double?

        enum CodingKeys: String, CodingKey {
            case auc
            case aucStandardError = "auc_standard_error"
            case logLoss = "log_loss"
            case logLossStandardError = "log_loss_standard_error"
        }
    }
}

extension ReportReader {
    /// Returns an experiment's arms: first the nets alone, then rocket, then its variants, ordered by λ.
    public func experiment(fingerprint: String) throws -> [ExperimentLine] {
        try connection.execute(
            """
            SELECT * FROM rocket.experiment_report WHERE fingerprint = $1
            ORDER BY arm <> 'logistic_regression', arm NOT IN ('light', 'booster'), arm <> 'rocket',
                     regexp_replace(arm, ' ?λ=.*', ''),
                     substring(arm FROM 'λ=(.*)')::double precision NULLS FIRST, net DESC
            """, [.text(fingerprint)]
        ).map { row in
            func gain(_ auc: String, _ logLoss: String) throws -> ExperimentLine.Gain? {
                guard let difference = try row.doubleOrNil(auc) else { return nil }
                return ExperimentLine.Gain(
                    auc: difference, aucStandardError: try row.doubleOrNil("\(auc)_standard_error"),
                    logLoss: try row.doubleOrNil(logLoss),
                    logLossStandardError: try row.doubleOrNil("\(logLoss)_standard_error"))
            }
            return ExperimentLine(
                arm: try row.text("arm"), net: try row.text("net"), seeds: try row.int("seeds"),
                auc: try row.doubleOrNil("auc"), aucStandardError: try row.doubleOrNil("auc_standard_error"),
                gauc: try row.doubleOrNil("gauc"),
                validationAUC: try row.doubleOrNil("validation_auc"), logLoss: try row.double("log_loss"),
                pcoc: try row.doubleOrNil("pcoc"), oracleAUC: try row.doubleOrNil("oracle_auc"),
                gapClosed: try row.doubleOrNil("gap_closed"), gapClosedLow: try row.doubleOrNil("gap_closed_low"),
                gapClosedHigh: try row.doubleOrNil("gap_closed_high"),
                gapClosedNote: try row.textOrNil("gap_closed_note"), gain: try gain("auc_gain", "log_loss_gain"),
                overLogisticRegression: try gain("auc_over_logistic_regression", "log_loss_over_logistic_regression"),
                seconds: try row.double("seconds"))
        }
    }
}
