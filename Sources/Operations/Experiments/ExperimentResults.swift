import Days
import ModelRegistry
import Postgres
import RocketLaunching
import Training

/// The table of what experiments came to.
struct ExperimentResults {
    private let connection: Connection

    /// What all nets of one training have in common.
    struct Run {
        let fingerprint: String
        let arm: String
        let seed: UInt64
        let model: String
        let trained: ClosedRange<Day>
        let jobFile: String
        let programVersion: String
    }

    /// How one training went.
    struct Training {
        let steps: Int
        let seconds: Double
        /// The step whose weights a net kept, and its AUC on the held-out rows then; nil: the last.
        let kept: (_ net: String) -> (step: Int?, validationAUC: Double?)

        init(_ report: TrainingReport) {
            (steps, seconds) = (report.steps, report.seconds)
            kept = { net in
                let step = net == Net.servedLight.name ? report.lightStep : report.boosterStep
                let point = report.validations.first { $0.step == step }
                return (step, net == Net.servedLight.name ? point?.light : point?.booster)
            }
        }

        init(_ report: LogisticRegression.Report) {
            (steps, seconds) = (report.steps, report.seconds)
            kept = { _ in (nil, nil) }
        }
    }

    init(_ connection: Connection) {
        self.connection = connection
    }

    /// The arms whose results are there.
    func arms(fingerprint: String, seed: UInt64) throws -> Set<String> {
        Set(
            try connection.execute(
                "SELECT DISTINCT arm FROM rocket.experiment_results WHERE fingerprint = $1 AND seed = $2",
                [.text(fingerprint), .text(String(seed))]
            ).map { try $0.text("arm") })
    }

    /// Writes the nets of one arm, in one transaction.
    func write(_ evaluations: [NetEvaluation], of training: Training, _ run: Run) throws {
        func number(_ value: Double?) -> Value { value.map { .double($0) } ?? .null }
        try connection.transaction { connection in
            for evaluation in evaluations {
                let kept = training.kept(evaluation.net)
                try connection.execute(
                    """
                    INSERT INTO rocket.experiment_results (
                        fingerprint, arm, net, seed, model, trained_from, trained_to, evaluated_day, auc, gauc, log_loss,
                        pcoc, oracle_auc, steps, kept_step, validation_auc, seconds, job_file, program_version)
                    VALUES ($1, $2, $3, $4, $5, $6::text::date, $7::text::date, $8::text::date, $9, $10, $11, $12, $13,
                        $14, $15, $16, $17, $18, $19)
                    """,
                    [
                        .text(run.fingerprint), .text(run.arm), .text(evaluation.net), .text(String(run.seed)),
                        .text(run.model), .text(run.trained.lowerBound.description),
                        .text(run.trained.upperBound.description), .text(evaluation.day.description),
                        number(evaluation.report.auc), number(evaluation.report.gauc),
                        .double(evaluation.report.logLoss), number(evaluation.report.pcoc),
                        number(evaluation.oracleAUC), .int(training.steps), kept.step.map { .int($0) } ?? .null,
                        number(kept.validationAUC), .double(training.seconds), .text(run.jobFile), .text(run.programVersion),
                    ])
            }
        }
    }
}
