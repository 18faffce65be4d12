import CacheUpkeep
import Reports

// The columns of each kind of row, named as in its JSON; a dot stands for an object within.

extension CSVColumn {
    /// Reports. Their latency at other batch sizes is in `rocket.latency_by_version`.
    static var reports: [CSVColumn<ModelReport>] {
        let head: [CSVColumn<ModelReport>] = [
            .init("model") { $0.model }, .init("version") { $0.version }, .init("state") { $0.state },
            .init("backfilled") { $0.backfilled }, .init("trained_from") { $0.trainedFrom },
            .init("trained_to") { $0.trainedTo },
            .init("evaluated_day") { $0.evaluatedDay }, .init("impressions") { $0.impressions },
            .init("clicks") { $0.clicks }, .init("served_net") { $0.servedNet },
        ]
        let tail: [CSVColumn<ModelReport>] = [
            .init("light_alone_auc") { $0.lightAloneAUC }, .init("booster_alone_auc") { $0.boosterAloneAUC },
            .init("gap_closed") { $0.gapClosed }, .init("gap_closed_low") { $0.gapClosedLow },
            .init("gap_closed_high") { $0.gapClosedHigh }, .init("gap_closed_note") { $0.gapClosedNote },
            .init("oracle_auc") { $0.oracleAUC },
            .init("times_faster") { $0.timesFaster }, .init("artifact.name") { $0.artifact?.name },
            .init("artifact.bytes") { $0.artifact?.bytes }, .init("artifact.sha256") { $0.artifact?.sha256 },
            .init("epochs") { $0.epochs }, .init("booster_epochs") { $0.boosterEpochs },
            .init("epochs_origin") { $0.epochsOrigin },
        ]
        return head + net("light") { $0.light } + speed("light", \.light) + net("booster") { $0.booster }
            + speed("booster", \.booster) + [.init("live_version") { $0.liveVersion }] + net("live") { $0.live }
            + net("logistic_regression") { $0.logisticRegression } + tail + gains
    }

    /// The nets of a version with several light nets.
    static var nets: [CSVColumn<(report: ModelReport, curve: QualityCurve, net: QualityCurve.Net)>] {
        [
            .init("model") { $0.report.model }, .init("version") { $0.report.version },
            .init("evaluated_day") { $0.report.evaluatedDay }, .init("net") { $0.net.net },
            .init("served") { $0.net.net == $0.curve.served }, .init("layers") { $0.net.layers },
            .init("parameters") { $0.net.parameters }, .init("bytes") { $0.net.bytes }, .init("auc") { $0.net.auc },
            .init("auc_standard_error") { $0.net.aucStandardError }, .init("gauc") { $0.net.gauc },
            .init("log_loss") { $0.net.logLoss }, .init("normalized_entropy") { $0.net.normalizedEntropy },
            .init("pcoc") { $0.net.pcoc }, .init("candidates") { $0.curve.candidates }, .init("p50_us") { $0.net.p50 },
            .init("p99_us") { $0.net.p99 }, .init("limit_us") { $0.curve.limitMicroseconds },
        ]
    }

    /// The paired differences that the headline is made of.
    private static var gains: [CSVColumn<ModelReport>] {
        ["light_minus_light_alone", "booster_minus_booster_alone", "light_minus_logistic_regression"].flatMap { name in
            ["auc", "log_loss"].flatMap { metric -> [CSVColumn<ModelReport>] in
                [
                    .init("\(name).\(metric)") { $0.comparison(name, metric)?.estimate },
                    .init("\(name).\(metric)_standard_error") { $0.comparison(name, metric)?.standardError },
                ]
            }
        }
    }

    private static func net(
        _ name: String, _ net: @escaping (ModelReport) -> ModelReport.NetReport?
    ) -> [CSVColumn<ModelReport>] {
        [
            .init("\(name).auc") { net($0)?.auc }, .init("\(name).auc_standard_error") { net($0)?.aucStandardError },
            .init("\(name).gauc") { net($0)?.gauc },
            .init("\(name).gauc_standard_error") { net($0)?.gaucStandardError },
            .init("\(name).log_loss") { net($0)?.logLoss },
            .init("\(name).normalized_entropy") { net($0)?.normalizedEntropy },
            .init("\(name).normalized_entropy_standard_error") { net($0)?.normalizedEntropyStandardError },
            .init("\(name).pcoc") { net($0)?.pcoc }, .init("\(name).oracle_share") { net($0)?.oracleShare },
            .init("\(name).parameters") { net($0)?.parameters },
        ]
    }

    private static func speed(
        _ name: String, _ net: KeyPath<ModelReport, ModelReport.NetReport>
    ) -> [CSVColumn<ModelReport>] {
        [.init("\(name).p50_us") { $0[keyPath: net].p50 }, .init("\(name).p99_us") { $0[keyPath: net].p99 }]
    }

    static var runs: [CSVColumn<RunReport>] {
        [
            .init("run") { $0.run }, .init("model") { $0.model }, .init("command") { $0.command },
            .init("evaluated_day") { $0.evaluatedDay }, .init("status") { $0.status },
            .init("exit_code") { $0.exitCode }, .init("version") { $0.version }, .init("started_at") { $0.startedAt },
            .init("seconds") { $0.seconds }, .init("attempts") { $0.attempts },
            .init("peak_memory_bytes") { $0.peakMemoryBytes }, .init("host") { $0.host }, .init("pid") { $0.pid },
            .init("stage") { $0.stage }, .init("heartbeat_age_seconds") { $0.heartbeatAgeSeconds },
            .init("error") { $0.error },
        ]
    }

    static var accounts: [CSVColumn<DayAccountLine>] {
        [
            .init("model") { $0.model }, .init("day") { $0.day }, .init("impressions.read") { $0.impressions.read },
            .init("impressions.used") { $0.impressions.used },
            .init("impressions.rejected") { $0.impressions.rejected },
            .init("impressions.rejected_reasons") { reasonText($0) },
            .init("impressions.repeated") { $0.impressions.repeated },
            .init("impressions.shared_id") { $0.impressions.sharedID }, .init("clicks.events") { $0.clicks.events },
            .init("clicks.labels") { $0.clicks.labels }, .init("clicks.duplicate") { $0.clicks.duplicate },
            .init("clicks.late") { $0.clicks.late }, .init("clicks.early") { $0.clicks.early },
            .init("clicks.orphan") { $0.clicks.orphan }, .init("clicks.ambiguous") { $0.clicks.ambiguous },
        ]
    }

    static var trials: [CSVColumn<SearchLine>] {
        [
            .init("rung") { $0.rung }, .init("most_epochs") { $0.mostEpochs }, .init("changes") { $0.changes },
            .init("light_log_loss") { $0.lightLogLoss }, .init("difference") { $0.difference },
            .init("booster_log_loss") { $0.boosterLogLoss }, .init("epochs") { $0.epochs },
            .init("seconds") { $0.seconds }, .init("seeds") { $0.seeds },
            .init("standard_error") { $0.standardError }, .init("decision") { $0.decision },
        ]
    }

    static var experiments: [CSVColumn<ExperimentLine>] {
        [
            .init("arm") { $0.arm }, .init("net") { $0.net }, .init("seeds") { $0.seeds }, .init("auc") { $0.auc },
            .init("auc_standard_error") { $0.aucStandardError }, .init("gap_closed") { $0.gapClosed },
            .init("gap_closed_low") { $0.gapClosedLow }, .init("gap_closed_high") { $0.gapClosedHigh },
            .init("gap_closed_note") { $0.gapClosedNote }, .init("gain.auc") { $0.gain?.auc },
            .init("gain.auc_standard_error") { $0.gain?.aucStandardError }, .init("gain.log_loss") { $0.gain?.logLoss },
            .init("gain.log_loss_standard_error") { $0.gain?.logLossStandardError },
            .init("over_logistic_regression.auc") { $0.overLogisticRegression?.auc },
            .init("over_logistic_regression.auc_standard_error") { $0.overLogisticRegression?.aucStandardError },
            .init("over_logistic_regression.log_loss") { $0.overLogisticRegression?.logLoss },
            .init("over_logistic_regression.log_loss_standard_error") {
                $0.overLogisticRegression?.logLossStandardError
            },
            .init("validation_auc") { $0.validationAUC }, .init("gauc") { $0.gauc },
            .init("log_loss") { $0.logLoss }, .init("pcoc") { $0.pcoc }, .init("oracle_auc") { $0.oracleAUC },
            .init("seconds") { $0.seconds },
        ]
    }

    /// A line for each column of each file.
    static var cacheColumns: [CSVColumn<(file: CacheFileReport, column: CacheFileReport.Column)>] {
        [
            .init("path") { $0.file.path }, .init("specification_hash") { $0.file.specificationHash },
            .init("day") { $0.file.day }, .init("part") { $0.file.part }, .init("rows") { $0.file.rows },
            .init("clicks") { $0.file.clicks }, .init("columns.name") { $0.column.name },
            .init("columns.bytes") { $0.column.bytes }, .init("columns.fewest_bits") { $0.column.fewestBits },
            .init("columns.most_bits") { $0.column.mostBits },
            .init("columns.dictionary_blocks") { $0.column.dictionaryBlocks },
        ]
    }
}
