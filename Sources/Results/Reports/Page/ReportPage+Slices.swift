import Plots

// Where the light net is good and bad: the impressions of each value of some features.
extension ReportPage {
    var slices: Markup {
        var names: [String] = []
        for slice in details.slices where names.last != slice.feature { names.append(slice.feature) }
        guard !names.isEmpty else { return "" }
        let tables = names.enumerated().map { index, name in
            index == 0 ? sliceTable(of: name).html : sliceTable(of: name).folded
        }
        return "\(worst)\(tables.joined())"
    }

    /// Fewest clicks of a value that is worth naming.
    private static let leastClicks = 50

    /// The ratios of predicted to observed clicks that are not worth naming.
    private static let fairPCOC = 0.9...1.1

    /// The values whose click rate the net gets most wrong. Says nothing of values with few clicks or an unknown ratio,
    /// and nothing at all if there are no others.
    private var worst: Markup {
        typealias Odd = (slice: VersionDetails.Slice, pcoc: Double, factor: Double)
        let known = details.slices.compactMap { slice -> Odd? in
            guard slice.clicks >= Self.leastClicks, slice.value != nil, let pcoc = slice.lightPCOC else { return nil }
            // Half as many is as wrong as twice as many.
            return (slice: slice, pcoc: pcoc, factor: max(pcoc, 1 / pcoc))
        }
        guard !known.isEmpty else { return "" }
        let odd = known.filter { !Self.fairPCOC.contains($0.pcoc) }.sorted { $0.factor > $1.factor }
        guard !odd.isEmpty else {
            return """
                <p>For no value with \(Self.leastClicks) clicks or more does the light net promise clicks that are more \
                than a tenth off.</p>

                """
        }
        let items = odd.prefix(5).map { entry -> Markup in
            let slice = entry.slice
            return """
                <li>\(slice.feature) = \(slice.value ?? ""): \(NumberText.fixed(entry.pcoc, decimals: 2)) times the clicks \
                that came (\(NumberText.grouped(slice.clicks)) of \(NumberText.grouped(slice.impressions)) \
                impressions)</li>

                """
        }
        return "<p>The light net promises most wrongly where</p>\n<ul class=\"held\">\(items.joined())</ul>\n"
    }

    private func sliceTable(of name: String) -> DataTable {
        let light = capitalised(report.servedNet)
        return DataTable(
            "By \(name)",
            [
                .text(name), .number("Impressions"), .number("Clicks"), .number("Click rate"), .number("\(light) AUC"),
                .number("Booster AUC"), .number("\(light) PCOC"), .number("Booster PCOC"),
            ],
            text: details.slices.filter { $0.feature == name }.map { slice in
                [
                    slice.value ?? "all others", NumberText.grouped(slice.impressions),
                    NumberText.grouped(slice.clicks),
                    NumberText.percent(
                        slice.impressions > 0 ? Double(slice.clicks) / Double(slice.impressions) : nil, decimals: 2),
                    NumberText.fixed(slice.lightAUC), NumberText.fixed(slice.boosterAUC),
                    NumberText.fixed(slice.lightPCOC, decimals: 3), NumberText.fixed(slice.boosterPCOC, decimals: 3),
                ]
            })
    }
}
