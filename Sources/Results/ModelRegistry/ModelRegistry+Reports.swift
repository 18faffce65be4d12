import Days
import Evaluation
import Postgres

// A version's measurements. Earlier figures of the same day are replaced.
extension ModelRegistry {
    func insert(_ evaluations: [NetEvaluation], version: Int) throws {
        for evaluation in evaluations {
            let report = evaluation.report
            try connection.execute(
                """
                INSERT INTO rocket.evaluation_reports (
                    version, day, arm, net, impressions, clicks, auc, auc_standard_error, gauc, gauc_groups, log_loss,
                    normalized_entropy, pcoc, pr_auc, calibration_error, mean_prediction, oracle_auc,
                    gauc_standard_error, normalized_entropy_standard_error)
                VALUES (
                    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
                ON CONFLICT (version, day, arm, net) DO UPDATE SET
                    impressions = excluded.impressions, clicks = excluded.clicks, auc = excluded.auc,
                    auc_standard_error = excluded.auc_standard_error, gauc = excluded.gauc,
                    gauc_groups = excluded.gauc_groups, log_loss = excluded.log_loss,
                    normalized_entropy = excluded.normalized_entropy, pcoc = excluded.pcoc,
                    pr_auc = excluded.pr_auc, calibration_error = excluded.calibration_error,
                    mean_prediction = excluded.mean_prediction, oracle_auc = excluded.oracle_auc,
                    gauc_standard_error = excluded.gauc_standard_error,
                    normalized_entropy_standard_error = excluded.normalized_entropy_standard_error,
                    evaluated_at = now()
                """,
                [
                    .int(version), .day(evaluation.day), .text(evaluation.arm), .text(evaluation.net),
                    .int(report.impressions), .int(report.clicks), Value(report.auc), Value(report.aucStandardError),
                    Value(report.gauc), .int(report.gaucGroups), Value(report.logLoss),
                    Value(report.normalizedEntropy), Value(report.pcoc), Value(report.prAUC),
                    Value(report.calibrationError), Value(report.meanPrediction), Value(evaluation.oracleAUC),
                    Value(report.gaucStandardError), Value(report.normalizedEntropyStandardError),
                ])
            try insertReliability(of: evaluation, version: version)
            try insertROC(of: evaluation, version: version)
        }
    }

    /// Writes the figures of the live version. Those measured when a version was compared with it stay, as the
    /// comparison does.
    func insert(_ live: LiveEvaluation, version: Int, day: Day) throws {
        let report = live.report
        try connection.execute(
            """
            INSERT INTO rocket.live_reports (
                version, day, live_version, auc, auc_standard_error, gauc, gauc_standard_error, gauc_groups, log_loss,
                normalized_entropy, normalized_entropy_standard_error, pcoc, pr_auc, calibration_error)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            ON CONFLICT DO NOTHING
            """,
            [
                .int(version), .day(day), .int(live.version), Value(report.auc),
                Value(report.aucStandardError), Value(report.gauc), Value(report.gaucStandardError),
                .int(report.gaucGroups), Value(report.logLoss), Value(report.normalizedEntropy),
                Value(report.normalizedEntropyStandardError), Value(report.pcoc), Value(report.prAUC),
                Value(report.calibrationError),
            ])
    }

    /// Returns the latencies that are stored of a version.
    public func latencies(of version: Int) throws -> [LatencyReport] {
        try connection.execute(
            "SELECT * FROM rocket.latency_reports WHERE version = $1 ORDER BY batch_size, mode, net", [.int(version)]
        ).compactMap { row in
            guard let mode = LatencyReport.Mode(rawValue: try row.text("mode")) else { return nil }
            var latency = LatencyReport(
                net: try row.text("net"), batchSize: try row.int("batch_size"), mode: mode,
                callsPerSecond: try row.doubleOrNil("calls_per_second"), calls: try row.int("calls"),
                cpuModel: try row.text("cpu_model"))
            latency.meanMicroseconds = try row.double("mean_us")
            latency.p50Microseconds = try row.double("p50_us")
            latency.p90Microseconds = try row.double("p90_us")
            latency.p99Microseconds = try row.double("p99_us")
            latency.p999Microseconds = try row.double("p999_us")
            latency.scoresPerSecond = try row.double("scores_per_second")
            if let operations = try row.intOrNil("operations_per_example"),
                let bytes = try row.doubleOrNil("bytes_per_example")
            {
                latency.cost = ExampleCost(operations: operations, bytes: bytes)
            }
            return latency
        }
    }

    func insert(_ latencies: [LatencyReport], version: Int) throws {
        for latency in latencies {
            try connection.execute(
                """
                INSERT INTO rocket.latency_reports (
                    version, net, batch_size, calls, mean_us, p50_us, p90_us, p99_us, p999_us, scores_per_second,
                    cpu_model, mode, calls_per_second, operations_per_example, bytes_per_example)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
                ON CONFLICT (version, net, batch_size, mode) DO UPDATE SET
                    calls = excluded.calls, mean_us = excluded.mean_us, p50_us = excluded.p50_us,
                    p90_us = excluded.p90_us, p99_us = excluded.p99_us, p999_us = excluded.p999_us,
                    scores_per_second = excluded.scores_per_second, cpu_model = excluded.cpu_model,
                    calls_per_second = excluded.calls_per_second,
                    operations_per_example = excluded.operations_per_example,
                    bytes_per_example = excluded.bytes_per_example, measured_at = now()
                """,
                [
                    .int(version), .text(latency.net), .int(latency.batchSize), .int(latency.calls),
                    .double(latency.meanMicroseconds), .double(latency.p50Microseconds),
                    .double(latency.p90Microseconds), .double(latency.p99Microseconds),
                    .double(latency.p999Microseconds), .double(latency.scoresPerSecond), .text(latency.cpuModel),
                    .text(latency.mode.rawValue), Value(latency.callsPerSecond),
                    Value(latency.cost?.operations), Value(latency.cost?.bytes),
                ])
        }
    }

    private func insertReliability(of evaluation: NetEvaluation, version: Int) throws {
        let key: [Value] = [
            .int(version), .day(evaluation.day), .text(evaluation.arm), .text(evaluation.net),
        ]
        try connection.execute(
            """
            DELETE FROM rocket.reliability_bins
            WHERE version = $1 AND day = $2 AND arm = $3 AND net = $4
            """, key)
        for (index, bin) in evaluation.report.reliability.enumerated() {
            try connection.execute(
                """
                INSERT INTO rocket.reliability_bins (
                    version, day, arm, net, bin, impressions, clicks, lowest, highest, mean_prediction, click_rate)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                """,
                key + [
                    .int(index + 1), .int(bin.impressions), .double(bin.clicks), .double(bin.lowest),
                    .double(bin.highest), .double(bin.meanPrediction), .double(bin.clickRate),
                ])
        }
    }

    private func insertROC(of evaluation: NetEvaluation, version: Int) throws {
        let key: [Value] = [
            .int(version), .day(evaluation.day), .text(evaluation.arm), .text(evaluation.net),
        ]
        try connection.execute(
            "DELETE FROM rocket.roc_points WHERE version = $1 AND day = $2 AND arm = $3 AND net = $4", key)
        func array(_ rates: [Double]) -> Value {
            .text("{" + rates.map { "\($0)" }.joined(separator: ",") + "}")
        }
        try connection.execute(
            """
            INSERT INTO rocket.roc_points (version, day, arm, net, point, false_positive_rate, true_positive_rate)
            SELECT $1, $2, $3, $4, point, false_positive_rate, true_positive_rate
            FROM unnest($5::text::double precision[], $6::text::double precision[])
                WITH ORDINALITY AS points (false_positive_rate, true_positive_rate, point)
            """,
            key + [
                array(evaluation.report.roc.map(\.falsePositiveRate)),
                array(evaluation.report.roc.map(\.truePositiveRate)),
            ])
    }

    func insert(_ slices: [SliceEvaluation], version: Int) throws {
        for day in Set(slices.map(\.day)) {
            try connection.execute(
                "DELETE FROM rocket.slice_reports WHERE version = $1 AND day = $2",
                [.int(version), .day(day)])
        }
        for slice in slices {
            let report = slice.report
            try connection.execute(
                """
                INSERT INTO rocket.slice_reports (
                    version, day, net, feature, slice, id, value, impressions, clicks, auc, auc_standard_error,
                    log_loss, normalized_entropy, pcoc, calibration_error, mean_prediction)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
                """,
                [
                    .int(version), .day(slice.day), .text(slice.net), .text(slice.feature),
                    .int(slice.slice), Value(slice.id.map(Int.init)),
                    Value(slice.value), .int(report.impressions), .int(report.clicks),
                    Value(report.auc), Value(report.aucStandardError), Value(report.logLoss),
                    Value(report.normalizedEntropy), Value(report.pcoc), Value(report.calibrationError),
                    Value(report.meanPrediction),
                ])
        }
    }
}
