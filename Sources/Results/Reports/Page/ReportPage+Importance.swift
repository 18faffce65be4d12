import ModelRegistry
import Plots

// What drives the light net: how much worse it is without each feature.
extension ReportPage {
    var importance: Markup {
        guard let first = details.importance.first else { return "" }
        let seconds = details.stages.first { $0.name == "importance" }?.seconds
        let cost = seconds.map { " It took \(NumberText.seconds($0)) of the run." } ?? ""
        return """
            <p>The light net scored \(NumberText.grouped(first.impressions)) impressions of the day once for each feature, \
            with that feature’s values dealt among them at random.\(cost) A cross or a history of a column counts as a \
            feature of its own: it still knows the column.</p>
            \(grid([importancePlot]))
            """
    }

    /// Features drawn; the table has all.
    private static let mostDrawn = 20

    private var importancePlot: Figure? {
        let rows = details.importance.prefix(Self.mostDrawn).map { line in
            let half = line.standardError.map { Self.normalQuantile * $0 }
            return RangePlot.Row(
                line.feature, figures: "AUC " + fall(line), style: .blue,
                range: half.map { line.logLossRise - $0...line.logLossRise + $0 }, values: [line.logLossRise])
        }
        guard !rows.isEmpty else { return nil }
        let plot = RangePlot(
            "What the light net needs", text: rows.map { "\($0.name): \($0.figures)" }.joined(separator: "; "),
            axis: Axis(
                "rise of log loss without the feature, nats",
                holding: rows.flatMap { ($0.range.map { [$0.lowerBound, $0.upperBound] } ?? []) + $0.values } + [0]),
            rows: Array(rows), references: [0])
        return Figure(
            plot.title,
            note: """
                How much log loss rises without each feature, with 95 % intervals over impressions; at the right, what \
                becomes of AUC. At the dashed line the net does not need the feature.
                """,
            svg: plot.svg(id: "importance"), table: importanceTable)
    }

    private var importanceTable: DataTable {
        DataTable(
            "Importance of every feature",
            [
                .text("Feature"), .number("Log loss rises by"), .number("s.e."), .number("AUC with it"),
                .number("AUC without"), .number("AUC changes by"),
            ],
            text: details.importance.map { line in
                [
                    line.feature, NumberText.signed(line.logLossRise, decimals: 5),
                    NumberText.fixed(line.standardError, decimals: 5), NumberText.fixed(line.auc),
                    NumberText.fixed(line.aucWithout), fall(line),
                ]
            })
    }

    private func fall(_ line: ImportanceMeasurement) -> String {
        NumberText.signed(line.auc.flatMap { auc in line.aucWithout.map { $0 - auc } })
    }
}
