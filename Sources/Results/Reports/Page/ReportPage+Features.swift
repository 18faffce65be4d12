import Plots

// The features on the unseen day and their drift.
extension ReportPage {
    var features: Markup {
        guard !details.features.isEmpty else { return "" }
        return "\(grid([drift]))\(featureTable.html)"
    }

    /// Above the first bound a feature drifts, above the second its distribution has changed:
    /// rocket.feature_statistics.
    private static let driftBounds = (some: 0.1, much: 0.25)
    /// The number of features drawn; the table has all.
    private static let drawn = 20

    private func mark(_ psi: Double?) -> String {
        switch psi {
        case nil: "no day before"
        case .some(..<Self.driftBounds.some): "stable"
        case .some(..<Self.driftBounds.much): "▲ drifts"
        default: "▲▲ another distribution"
        }
    }

    /// Returns the share of values whose id or embedding row is shared.
    private func sharing(_ share: Double?) -> String {
        NumberText.percent(share) + (share ?? 0 > Self.mostSharing ? " ▲" : "")
    }

    /// The share above which embeddings suffer: rocket doctor says what to do.
    private static let mostSharing = 0.01

    private var drift: Figure? {
        let shown = details.features.filter { $0.psi != nil }.prefix(Self.drawn)
        guard let day = shown.first?.day else { return nil }
        let rows = shown.map { feature in
            RangePlot.Row(
                feature.feature, figures: "\(NumberText.fixed(feature.psi, decimals: 3)), \(mark(feature.psi))",
                style: (feature.psi ?? 0) < Self.driftBounds.some ? .blue : .vermilion,
                range: feature.lowestPSI.flatMap { low in feature.highestPSI.map { low...max(low, $0) } },
                values: feature.psi.map { [$0] } ?? [])
        }
        let plot = RangePlot(
            "Drift of the features", text: rows.map { "\($0.name): \($0.figures)" }.joined(separator: "; "),
            axis: Axis(
                "population stability index",
                holding: shown.flatMap { [$0.psi ?? 0, $0.highestPSI ?? 0] } + [0, Self.driftBounds.much]),
            rows: Array(rows), references: [Self.driftBounds.some, Self.driftBounds.much])
        return Figure(
            plot.title,
            note: """
                On \(day.description) against the cached day before; the line is the range over the days that the \
                version was trained and judged on. Dashed: \(NumberText.significant(Self.driftBounds.some)), where \
                drift begins, and \(NumberText.significant(Self.driftBounds.much)), where the distribution is \
                another one.
                """,
            svg: plot.svg(id: "drift"),
            table: DataTable(
                "Drift by feature", [.text("Feature"), .number("PSI"), .number("Lowest"), .number("Highest")],
                text: shown.map { feature in
                    [feature.feature]
                        + [feature.psi, feature.lowestPSI, feature.highestPSI].map { NumberText.fixed($0) }
                }))
    }

    private var featureTable: DataTable {
        DataTable(
            "Features on \(details.features.first?.day.description ?? "")",
            [
                .text("Feature"), .text("Drift"), .number("PSI"), .number("Coverage"), .number("Ids"),
                .number("New ids"), .number("Collisions"), .number("Rows"), .number("Share a row"), .number("Mean"),
                .number("s.d."),
            ],
            text: details.features.map { feature in
                [
                    feature.feature, mark(feature.psi), NumberText.fixed(feature.psi),
                    NumberText.percent(feature.coverage),
                    NumberText.grouped(feature.distinctIDs), NumberText.percent(feature.unseenShare),
                    sharing(feature.collisionRate), NumberText.grouped(feature.tableRows), sharing(feature.sharedShare),
                    NumberText.significant(feature.mean), NumberText.significant(feature.standardDeviation),
                ]
            })
    }
}
