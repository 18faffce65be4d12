import Plots

// The arms of the model's newest experiment.
extension ReportPage {
    var arms: Markup {
        guard let day = experimentDay, !experiment.isEmpty else { return "" }
        let table = DataTable(
            "Arms, means over the seeds",
            [
                .text("Arm"), .text("Net"), .number("AUC"), .number("s.e."), .number("Gain over alone"),
                .number("s.e."), .number("Log loss gain"), .number("s.e."), .number("Gap closed"), .number("95 %"),
                .number("Validation AUC"), .number("GAUC"), .number("Log loss"), .number("PCOC"), .number("Seeds"),
                .number("A training"),
            ],
            text: experiment.map { line in
                [
                    line.arm.replacing("_", with: " "), line.net, NumberText.fixed(line.auc),
                    NumberText.fixed(line.aucStandardError), NumberText.signed(line.gain?.auc),
                    NumberText.fixed(line.gain?.aucStandardError), NumberText.signed(line.gain?.logLoss),
                    NumberText.fixed(line.gain?.logLossStandardError), NumberText.percent(line.gapClosed),
                    line.gapClosedLow.flatMap { low in
                        line.gapClosedHigh.map { high in
                            NumberText.range(low, high) { NumberText.percent($0, decimals: 0) }
                        }
                    } ?? NumberText.unknown,
                    NumberText.fixed(line.validationAUC), NumberText.fixed(line.gauc), NumberText.fixed(line.logLoss),
                    NumberText.fixed(line.pcoc, decimals: 3), "\(line.seeds)", NumberText.seconds(line.seconds),
                ]
            })
        let note = experiment.first { $0.arm == "booster" }?.gapClosedNote
            .map { " No share of a gap is given: \($0)." }
        return """
            <p>The newest experiment with this model’s job file (<code>rocket experiment</code>), judged on \
            <span class="day">\(day.description)</span>.\(note ?? "")</p>
            \(grid([armPlot]))\(table.html)
            """
    }

    private var armPlot: Figure? {
        let rows = experiment.compactMap { line -> RangePlot.Row? in
            guard let auc = line.auc else { return nil }
            let half = line.aucStandardError.map { Self.normalQuantile * $0 }
            let look = NetLook(arm: line.arm, net: line.net)
            return RangePlot.Row(
                look.name, figures: NumberText.fixed(auc) + (half.map { " ± \(NumberText.fixed($0))" } ?? ""),
                style: look.style, range: half.map { auc - $0...auc + $0 }, values: [auc])
        }
        guard !rows.isEmpty else { return nil }
        let references = experiment.filter { $0.arm == $0.net }.compactMap(\.auc)
        let plot = RangePlot(
            "AUC of each arm", text: rows.map { "\($0.name): \($0.figures)" }.joined(separator: "; "),
            axis: Axis(
                "AUC, mean over the seeds",
                holding: rows.flatMap { ($0.range.map { [$0.lowerBound, $0.upperBound] } ?? []) + $0.values }),
            rows: rows, references: references)
        return Figure(
            plot.title,
            note: """
                Means over the seeds ± 1.96 standard errors; dashed: the light net and the booster alone; grey: the \
                nets of other arms and of rocket with another hint.
                """,
            svg: plot.svg(id: "arms-auc"),
            table: DataTable(
                "AUC of each arm, ± 1.96 standard errors",
                [.text("Arm"), .number("AUC"), .number("From"), .number("To")],
                text: rows.map {
                    [
                        $0.name, NumberText.fixed($0.values[0]), NumberText.fixed($0.range?.lowerBound),
                        NumberText.fixed($0.range?.upperBound),
                    ]
                }))
    }
}
