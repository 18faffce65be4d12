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
            \(worth)
            <p class="quiet">Trained on \(report.trainedFrom.description) … \(report.trainedTo.description)\
            \(day.map { ", \($0)" } ?? "").</p>
            \(tiles)\(gate)\(jobFileChange)
            """
    }

    /// Whether the version is live, and if not, why.
    private var stateText: (short: String, why: Markup) {
        switch report.state {
        case "live":
            let since = deployments.first { $0.version == report.version }
            return ("✓ Live", since.map { " since \($0.at) UTC." } ?? "")
        case "candidate" where decision?.verdict == .held:
            let now: Markup = successor.map { " Version \($0) is live now." } ?? ""
            return ("✕ Held back by the gate", "\(stillLive)\(now)")
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

    /// A newer version that is live now; nil if there is none.
    private var successor: Int? { deployments.first?.version.flatMap { $0 > report.version ? $0 : nil } }

    private var stillLive: Markup {
        guard let live = decision?.liveVersion else { return ": nothing was live." }
        return ": version \(live) stayed live."
    }

    /// The answer to the method's question, as far as the day's data allow.
    private var answer: String {
        guard report.evaluatedDay != nil else {
            return "Not judged yet: run rocket evaluate --job FILE --model-version \(report.version)."
        }
        let gains = report.gains.map { $0.prefix(1).uppercased() + $0.dropFirst() + "." }
        return (gains + [gapAnswer]).joined(separator: " ")
    }

    /// Whether the net is any good, in clicks rather than in metrics.
    private var worth: Markup {
        guard let impressions = report.impressions, let clicks = report.clicks, impressions > 0 else { return "" }
        let rate = Double(clicks) / Double(impressions)
        var sentences = ["\(NumberText.percent(rate, decimals: 2)) of the day’s impressions were clicked"]
        if let top = topTenth, rate > 0 {
            sentences.append(
                "of the tenth that the light net scores highest, \(NumberText.percent(top, decimals: 2)) were: "
                    + "\(NumberText.fixed(top / rate, decimals: 1)) times as many")
        }
        if let auc = report.logisticRegression?.auc {
            sentences.append(
                "logistic regression on the same rows reaches AUC \(NumberText.fixed(auc)), the light net "
                    + NumberText.fixed(report.light.auc))
        } else if report.logisticRegression == nil {
            sentences.append(
                "what a logistic regression of the same features would reach is not known (evaluation.baselines)")
        }
        let text = sentences.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined(separator: ". ")
        return "<p>\(text).</p>"
    }

    /// The click rate of the tenth of the impressions that the served net scores highest; nil if it is not known.
    private var topTenth: Double? {
        let bins = details.reliability.filter { $0.net == report.servedNet }
            .sorted { $0.meanPrediction > $1.meanPrediction }
        let wanted = Double(bins.reduce(0) { $0 + $1.impressions }) / 10
        var (rows, clicks) = (0.0, 0.0)
        for bin in bins where rows < wanted {
            let share = min(1, (wanted - rows) / Double(max(1, bin.impressions)))
            rows += share * Double(bin.impressions)
            clicks += share * Double(bin.impressions) * bin.clickRate
        }
        return rows > 0 ? clicks / rows : nil
    }

    private var gapAnswer: String {
        guard let light = report.lightAloneAUC, let booster = report.boosterAloneAUC else {
            return "What rocket closed of the gap to the booster is not known: the nets were not trained alone "
                + "(evaluation.baselines in the job file)."
        }
        guard let gap = report.gapClosed else {
            return
                "How much of the gap was closed is unknown: \(report.gapClosedNote ?? "it is not known") (AUC "
                + "alone: \(report.servedNet) \(NumberText.fixed(light)), booster \(NumberText.fixed(booster)))."
        }
        let share = NumberText.percent(gap)
        guard let bounds = comparison(.gapClosed)?.figures else {
            return "Rocket closed \(share) of the gap between \(report.servedNet) and booster."
        }
        let range = NumberText.range(bounds.lowerBound, bounds.upperBound) { NumberText.percent($0, decimals: 0) }
        return "Rocket closed \(share) of the gap between \(report.servedNet) and booster (\(range))."
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
                    "p99 of the largest request, back to back", NumberText.microseconds(p99),
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

    /// The rules with their numbers, those that failed first. Before them, of a version that is still held, why, and
    /// what to type: of one that was live since or has a successor, the advice to force it would be wrong.
    private var gate: Markup {
        guard let decision else { return "" }
        let rows = decision.rules.map { rule -> [Markup] in
            [
                "<code>\(rule.name)</code>", rule.passed ? "✓ passed" : "<strong>✕ failed</strong>",
                "\(rule.value.map { NumberText.significant($0) } ?? "undefined")", "\(rule.expectation)",
                "\(rule.meaning) \(rule.detail.prefix(1).uppercased() + rule.detail.dropFirst()).",
            ]
        }
        let table = DataTable(
            "Rules of the promotion gate",
            [.text("Rule"), .text("Came out"), .number("Found"), .text("Expected"), .prose("What it is")], rows: rows)
        guard decision.verdict == .held, report.state == "candidate", successor == nil else { return table.folded }
        let failed = decision.rules.filter { !$0.passed }.map { rule -> Markup in
            """
            <li><code>\(rule.name)</code> is \(rule.value.map { NumberText.significant($0) } ?? "undefined"), expected \
            \(rule.expectation): \(rule.detail). What now: \(rule.advice(version: report.version)).</li>

            """
        }
        let kept = decision.liveVersion.map { "Version \($0) stayed live." } ?? "Nothing was live."
        return """
            <h2>Why version \(report.version) is held, and what now</h2>
            <p>\(kept)</p>
            <ul class="held">\(failed.joined())</ul>
            \(table.folded)
            """
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
