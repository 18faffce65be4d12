import Evaluation
import ModelRegistry
import Plots

// The headline: whether rocket helped, whether it is fast, and whether it is live.
extension ReportPage {
    var headline: Markup {
        let day = report.evaluatedDay.map {
            "judged on \($0), which it had not seen: \(NumberText.grouped(report.impressions)) impressions, "
                + "\(NumberText.grouped(report.clicks)) clicks"
        }
        return """
            <h1>\(report.model) <span class="version">version \(report.version)</span></h1>
            <p class="state \(report.state)"><strong>\(stateText.short)</strong>\(stateText.why)</p>
            <p class="lead">\(answer)</p>
            <p class="quiet">Trained on \(report.trainedFrom.description) … \(report.trainedTo.description)\
            \(day.map { ", \($0)" } ?? "").</p>
            \(tiles)\(gate)
            """
    }

    /// Whether the version is live, and if not, why.
    private var stateText: (short: String, why: Markup) {
        switch report.state {
        case "live":
            let since = deployments.first { $0.version == report.version }
            return ("✓ Live", since.map { " since \($0.at) UTC." } ?? "")
        case "candidate" where decision?.verdict == .held:
            return ("✕ Held back by the gate", stillLive)
        case "candidate":
            return ("○ Candidate", decision == nil ? ": the gate was not asked." : ": never live so far.")
        case "retired":
            return ("○ Retired", ": it was live, or was put away by hand.")
        case "rejected":
            return ("✕ Rejected", ": it was live and was rolled back.")
        default:
            return (report.state, "")
        }
    }

    private var stillLive: Markup {
        guard let live = decision?.liveVersion else { return ": nothing was live." }
        return ": version \(live) stayed live."
    }

    /// The answer to the method's question, as far as the day's data allow.
    private var answer: String {
        guard report.evaluatedDay != nil else {
            return "Not judged yet: run rocket evaluate --model-version \(report.version)."
        }
        let gains = report.gains.map { $0.prefix(1).uppercased() + $0.dropFirst() + "." }
        return (gains + [gapAnswer]).joined(separator: " ")
    }

    private var gapAnswer: String {
        guard let light = report.lightAloneAUC, let booster = report.boosterAloneAUC else {
            return "What rocket closed of the gap to the booster is not known: the nets were not trained alone "
                + "(evaluation.baselines in the job file)."
        }
        guard let gap = report.gapClosed else {
            return
                "How much of the gap was closed is unknown: \(report.gapClosedNote ?? "it is not known") (AUC "
                + "alone: light \(NumberText.fixed(light)), booster \(NumberText.fixed(booster)))."
        }
        let share = NumberText.percent(gap)
        guard let bounds = comparison(.gapClosed)?.figures else {
            return "Rocket closed \(share) of the gap between light and booster."
        }
        let range = NumberText.range(bounds.lowerBound, bounds.upperBound) { NumberText.percent($0, decimals: 0) }
        return "Rocket closed \(share) of the gap between light and booster (\(range))."
    }

    /// Returns a difference in AUC.
    func comparison(_ kind: ModelComparison.Kind) -> ModelComparison? {
        details.comparisons.first { $0.kind == kind && $0.metric == .auc }
    }

    private var tiles: Markup {
        var tiles: [(name: String, figure: String, note: String)] = []
        if report.evaluatedDay != nil {
            if let gain = report.comparison("light_minus_light_alone", "auc") {
                tiles.append(
                    (
                        "Gain of the light net", NumberText.signed(gain.estimate),
                        "AUC against the same net alone, ± \(NumberText.fixed(gain.standardError)) (s.e. over "
                            + "\(report.light.gauc == nil ? "impressions" : "users"))"
                    ))
            }
            tiles.append(("Gap closed", NumberText.percent(report.gapClosed), gapNote))
            tiles.append(
                (
                    "AUC of the light net", NumberText.fixed(report.light.auc),
                    "± \(NumberText.fixed(report.light.aucStandardError)) (s.e.); "
                        + "booster \(NumberText.fixed(report.booster.auc))"
                ))
            if let live = comparison(.lightMinusLive) {
                let name = live.liveVersion.map { "Against live version \($0)" } ?? "Against the live version"
                tiles.append(
                    (
                        name, NumberText.signed(live.figures.estimate),
                        "AUC, " + bounds(of: .lightMinusLive) { NumberText.signed($0) }
                    ))
            } else {
                tiles.append(
                    (
                        "Against the live version", NumberText.unknown,
                        "not compared: nothing was live, or it cannot score the day"
                    ))
            }
            tiles.append(
                (
                    "PCOC", NumberText.fixed(report.light.pcoc, decimals: 3),
                    "predicted over observed clicks; 1 is calibrated"
                ))
        }
        if let p99 = report.light.p99 {
            let times =
                report.timesFaster.map { "; \(NumberText.fixed($0, decimals: 1)) times as fast (medians)" } ?? ""
            tiles.append(
                (
                    "p99 of the largest request", NumberText.microseconds(p99),
                    "booster \(NumberText.microseconds(report.booster.p99))\(times)"
                ))
        }
        guard !tiles.isEmpty else { return "" }
        let items = tiles.map { tile -> Markup in
            """
            <div><dt>\(tile.name)</dt><dd><span class="figure">\(tile.figure)</span>
            <span class="quiet">\(tile.note)</span></dd></div>

            """
        }
        return "<dl class=\"tiles\">\n\(items.joined())</dl>\n"
    }

    private var gapNote: String {
        if report.gapClosed != nil { return bounds(of: .gapClosed) { NumberText.percent($0, decimals: 0) } }
        return report.gapClosedNote ?? "the nets were not trained alone"
    }

    private func bounds(of kind: ModelComparison.Kind, _ text: (Double) -> String) -> String {
        guard let figures = comparison(kind)?.figures else { return "no interval was measured" }
        return NumberText.range(figures.lowerBound, figures.upperBound, text)
            + ", each bound at \(NumberText.percent(figures.confidence, decimals: 0))"
    }

    /// The rules with their numbers, those that failed first.
    private var gate: Markup {
        guard let decision else { return "" }
        let rows = decision.rules.map { rule -> [Markup] in
            [
                "\(rule.name)", rule.passed ? "✓ passed" : "<strong>✕ failed</strong>",
                "\(rule.value.map { NumberText.significant($0) } ?? "undefined")", "\(rule.expectation)",
                "\(rule.detail)",
            ]
        }
        let table = DataTable(
            "Rules of the promotion gate",
            [.text("Rule"), .text("Came out"), .number("Found"), .text("Expected"), .prose("What it is")], rows: rows)
        return decision.verdict == .held ? table.html : table.folded
    }
}

extension PromotionGate.Rule {
    /// `0.8 … 1.25`, `at least 100`
    var expectation: String {
        switch (lowest, highest) {
        case (let low?, let high?): "\(NumberText.significant(low)) … \(NumberText.significant(high))"
        case (let low?, nil): "at least \(NumberText.significant(low))"
        case (nil, let high?): "at most \(NumberText.significant(high))"
        case (nil, nil): "a number"
        }
    }
}
