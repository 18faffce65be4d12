import Evaluation
import ModelRegistry
import Plots

// The quality of each net on the unseen day.
extension ReportPage {
    var quality: Markup {
        guard report.evaluatedDay != nil else { return "" }
        let plots = grid([aucs, differences, lossDifferences, gaucs, entropies, roc, reliability])
        return "\(metrics.html)\(oracle)\(plots)"
    }

    /// The live version's light net. Earlier programs stored only its paired difference, which gives its AUC.
    private var live: VersionDetails.NetFigures? {
        if let live = details.live { return live }
        guard let difference = comparison(.lightMinusLive)?.figures.estimate else { return nil }
        return report.light.auc.map { VersionDetails.NetFigures(arm: "live", net: "light", auc: $0 - difference) }
    }

    private var nets: [VersionDetails.NetFigures] { details.nets + [live].compactMap(\.self) }

    private func look(_ net: VersionDetails.NetFigures) -> NetLook {
        guard net.arm == "live" else { return NetLook(arm: net.arm, net: net.net, served: report.servedNet) }
        return .live(net.net, version: report.liveVersion ?? comparison(.lightMinusLive)?.liveVersion)
    }

    private var metrics: DataTable {
        let rows = nets.map { net in
            [
                look(net).name, NumberText.fixed(net.auc), NumberText.fixed(net.aucStandardError),
                NumberText.fixed(net.gauc), NumberText.fixed(net.gaucStandardError), NumberText.fixed(net.logLoss),
                NumberText.fixed(net.normalizedEntropy), NumberText.fixed(net.normalizedEntropyStandardError),
                NumberText.fixed(net.pcoc, decimals: 3), NumberText.fixed(net.prAUC),
                NumberText.fixed(net.calibrationError),
            ]
        }
        let gauc = groups > 0 ? "; GAUC is over \(NumberText.grouped(groups)) groups that have both classes" : ""
        return DataTable(
            "Each net on \(report.evaluatedDay?.description ?? "")\(gauc)",
            [
                .text("Net"), .number("AUC"), .number("s.e."), .number("GAUC"), .number("s.e."), .number("Log loss"),
                .number("NE"), .number("s.e."), .number("PCOC"), .number("PR AUC"), .number("Calibration error"),
            ], text: rows)
    }

    /// The number of groups that GAUC covers; 0 if the job file names none.
    private var groups: Int { details.nets.compactMap(\.gaucGroups).max() ?? 0 }

    private var oracle: Markup {
        guard let oracle = report.oracleAUC else { return "" }
        return """
            <p>The true click probabilities of these generated logs reach AUC \(NumberText.fixed(oracle)): the light \
            net comes \(NumberText.percent(report.light.oracleShare)) of the way from 0.5, the booster \
            \(NumberText.percent(report.booster.oracleShare)).</p>

            """
    }

    private var aucs: Figure? {
        intervals(
            "AUC", \.auc, \.aucStandardError, id: "aucs",
            note: """
                With 95 % intervals (DeLong). The nets are judged on the same impressions, so their paired differences \
                are surer than these intervals look.
                """)
    }

    private var gaucs: Figure? {
        intervals(
            "GAUC", \.gauc, \.gaucStandardError, id: "gaucs",
            note: "How well a net orders what one user saw, with 95 % intervals over users (delta method).")
    }

    private var entropies: Figure? {
        intervals(
            "NE", \.normalizedEntropy, \.normalizedEntropyStandardError, id: "entropies",
            note: """
                Log loss over that of always predicting the click rate: less is better, 1 is worth nothing. With 95 % \
                intervals over \(groups > 0 ? "users" : "impressions") (delta method).
                """)
    }

    /// Returns the plot of one metric for each net that has it.
    private func intervals(
        _ metric: String, _ value: KeyPath<VersionDetails.NetFigures, Double?>,
        _ error: KeyPath<VersionDetails.NetFigures, Double?>, id: String, note: Markup
    ) -> Figure? {
        let rows = nets.compactMap { net -> RangePlot.Row? in
            guard let value = net[keyPath: value] else { return nil }
            let half = net[keyPath: error].map { Self.normalQuantile * $0 }
            let look = look(net)
            return RangePlot.Row(
                look.name, figures: NumberText.fixed(value) + (half.map { " ± \(NumberText.fixed($0))" } ?? ""),
                style: look.style, range: half.map { value - $0...value + $0 }, values: [value])
        }
        guard !rows.isEmpty else { return nil }
        let plot = RangePlot(
            "\(metric) of each net", text: rows.map { "\($0.name): \($0.figures)" }.joined(separator: "; "),
            axis: Axis(
                metric, holding: rows.flatMap { ($0.range.map { [$0.lowerBound, $0.upperBound] } ?? []) + $0.values }),
            rows: rows)
        return Figure(
            plot.title, note: note, svg: plot.svg(id: id),
            table: DataTable(
                "\(metric) with 95 % intervals", [.text("Net"), .number(metric), .number("From"), .number("To")],
                text: rows.map { row in
                    [
                        row.name, NumberText.fixed(row.values[0]), NumberText.fixed(row.range?.lowerBound),
                        NumberText.fixed(row.range?.upperBound),
                    ]
                }))
    }

    /// Returns a comparison's name and style.
    private func look(_ comparison: ModelComparison) -> (name: String, style: SeriesStyle) {
        let light = report.servedNet
        return switch comparison.kind {
        case .lightMinusLive: ("\(light) − live\(comparison.liveVersion.map { " version \($0)" } ?? "")", .green)
        case .lightMinusBooster: ("\(light) − booster, both in rocket", .vermilion)
        case .lightMinusLightAlone: ("\(light) in rocket − \(light) alone", .neutral)
        case .boosterMinusBoosterAlone: ("booster in rocket − booster alone", .purple)
        case .lightMinusLogisticRegression: ("\(light) − logistic regression", .silver)
        case .boosterAloneMinusLightAlone: ("booster − \(light), each alone", .slate)
        case .gapClosed: ("gap closed", .slate)
        }
    }

    private var differences: Figure? { differences(of: .auc, "AUC", id: "differences") }
    private var lossDifferences: Figure? { differences(of: .logLoss, "log loss", id: "loss-differences") }

    private func differences(of metric: ModelComparison.Metric, _ title: String, id: String) -> Figure? {
        let shown = details.comparisons.filter { $0.kind != .gapClosed && $0.metric == metric }
        guard let first = shown.first else { return nil }
        let rows = shown.map { comparison in
            let figures = comparison.figures
            let range = NumberText.range(figures.lowerBound, figures.upperBound) { NumberText.signed($0) }
            let look = look(comparison)
            return RangePlot.Row(
                look.name, figures: "\(NumberText.signed(figures.estimate)) (\(range))", style: look.style,
                range: figures.lowerBound...figures.upperBound, values: [figures.estimate])
        }
        let margin = metric == .auc ? decision?.rules.first { $0.name == "not_inferior" }?.lowest : nil
        let plot = RangePlot(
            "Differences of \(title)", text: rows.map { "\($0.name): \($0.figures)" }.joined(separator: "; "),
            axis: Axis(
                "\(title) of the first minus the second",
                holding: rows.flatMap { [$0.range?.lowerBound ?? 0, $0.range?.upperBound ?? 0] } + [0, margin ?? 0]),
            rows: rows, references: [0] + (margin.map { [$0] } ?? []))
        let confidence = NumberText.percent(first.figures.confidence, decimals: 0)
        let rule =
            margin.map {
                "The gate wants the lower bound of \(report.servedNet) − live above \(NumberText.fixed($0))."
            } ?? ""
        let clusters = "\(NumberText.grouped(first.figures.clusters)) \(groups > 0 ? "users" : "impressions")"
        let method = metric == .auc ? "a paired bootstrap over \(clusters)" : "the delta method over \(clusters)"
        return Figure(
            plot.title,
            note: """
                On the same rows, by \(method); each \
                bound holds with \(confidence). \(metric == .auc ? rule : "Below 0 is better.")
                """,
            svg: plot.svg(id: id),
            table: DataTable(
                "Paired differences of \(title)",
                [
                    .text("Comparison"), .number("Estimate"), .number("From"), .number("To"), .number("s.e."),
                    .number("Replicates"),
                ],
                text: details.comparisons.filter { $0.metric == metric }.map { comparison in
                    let figures = comparison.figures
                    return [
                        comparison.kind.rawValue.replacing("_", with: " "), NumberText.signed(figures.estimate),
                        NumberText.signed(figures.lowerBound), NumberText.signed(figures.upperBound),
                        NumberText.fixed(figures.standardError), NumberText.grouped(figures.replicates),
                    ]
                }))
    }

    private var roc: Figure? {
        guard !details.curves.isEmpty else { return nil }
        let series = details.curves.map { curve in
            let look = NetLook(arm: curve.arm, net: curve.net, served: report.servedNet)
            return LinePlot.Series(
                look.name, look.style, .line,
                curve.points.map { LinePlot.Point($0.falsePositiveRate, $0.truePositiveRate, label: "") })
        }
        let most = details.curves.map(\.points.count).max() ?? 0
        let ticks = [0, 0.2, 0.4, 0.6, 0.8, 1].map { Axis.Tick($0, NumberText.fixed($0, decimals: 1)) }
        let plot = LinePlot(
            "ROC curves",
            text: "True positive rate over false positive rate of \(series.map(\.name).joined(separator: ", ")).",
            x: Axis("false positive rate", over: 0...1, ticks: ticks),
            y: Axis("true positive rate", over: 0...1, ticks: ticks), series: series, references: [.diagonal])
        return Figure(
            plot.title,
            note:
                "The dashed diagonal is guessing. Drawn through at most \(most) points of each exact curve.",
            svg: plot.svg(id: "roc"), key: plot.key,
            table: DataTable(
                "ROC curve of the light net", [.number("False positive rate"), .number("True positive rate")],
                text: details.curves[0].points.map {
                    [NumberText.fixed($0.falsePositiveRate), NumberText.fixed($0.truePositiveRate)]
                }))
    }

    private var reliability: Figure? {
        guard !details.reliability.isEmpty else { return nil }
        let series = [report.servedNet, "booster"].compactMap { net -> LinePlot.Series? in
            let look = NetLook(arm: "rocket", net: net, served: report.servedNet)
            let bins = details.reliability.filter { $0.net == net }
            guard !bins.isEmpty else { return nil }
            return LinePlot.Series(
                look.name, look.style, .lineWithMarkers,
                bins.map { bin in
                    LinePlot.Point(
                        100 * bin.meanPrediction, 100 * bin.clickRate,
                        label: "predicted \(NumberText.percent(bin.meanPrediction, decimals: 2)), "
                            + "observed \(NumberText.percent(bin.clickRate, decimals: 2)) "
                            + "of \(NumberText.grouped(bin.impressions))")
                })
        }
        let percent = details.reliability.flatMap { bin -> [Double] in [100 * bin.meanPrediction, 100 * bin.clickRate] }
        let plot = LinePlot(
            "Reliability",
            text: "Observed over predicted click rate in bins of equal mass; on the diagonal a net is calibrated.",
            x: Axis("predicted click rate, %", holding: percent + [0]),
            y: Axis("observed click rate, %", holding: percent + [0]), series: series, references: [.diagonal])
        return Figure(
            plot.title,
            note: "Each point is a twentieth of the impressions. On the dashed diagonal what was predicted came true.",
            svg: plot.svg(id: "reliability"), key: plot.key,
            table: DataTable(
                "Reliability bins",
                [.text("Net"), .number("Impressions"), .number("Predicted"), .number("Observed")],
                text: details.reliability.map { bin in
                    [
                        NetLook(arm: "rocket", net: bin.net, served: report.servedNet).name,
                        NumberText.grouped(bin.impressions),
                        NumberText.percent(bin.meanPrediction, decimals: 3),
                        NumberText.percent(bin.clickRate, decimals: 3),
                    ]
                }))
    }
}
