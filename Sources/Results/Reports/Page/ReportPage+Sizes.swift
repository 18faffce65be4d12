import Plots

// Several light nets: quality over latency.
extension ReportPage {
    var sizes: Markup {
        guard let curve = report.curve else { return "" }
        let advice: Markup = curve.advice.map { "<p>\($0.prefix(1).uppercased() + $0.dropFirst())</p>\n" } ?? ""
        let cost: Markup =
            curve.cost.map {
                """
                <p class="quiet">One booster taught all of them in one training; the nets beyond the first took \
                \(NumberText.percent($0)) of the time of all else.</p>

                """
            } ?? ""
        return "\(advice)\(table(curve).html)\(grid([plot(curve)]))\(cost)"
    }

    private func table(_ curve: QualityCurve) -> DataTable {
        DataTable(
            "Nets from the smallest to the largest",
            [
                .text("Net"), .text("Layers"), .number("Parameters"), .number("Bytes"), .number("AUC"), .number("s.e."),
                .number("Log loss"), .number("NE"), .number("PCOC"), .number("p50"), .number("p99"),
                .number("AUC over the next smaller"),
            ],
            text: curve.nets.map { net in
                let gain = curve.neighbours.first { $0.net == net.net && $0.metric == "auc" }
                return [
                    name(net, curve), net.layers ?? NumberText.unknown, NumberText.grouped(net.parameters),
                    NumberText.grouped(net.bytes), NumberText.fixed(net.auc), NumberText.fixed(net.aucStandardError),
                    NumberText.fixed(net.logLoss), NumberText.fixed(net.normalizedEntropy),
                    NumberText.fixed(net.pcoc, decimals: 3), NumberText.microseconds(net.p50),
                    NumberText.microseconds(net.p99),
                    gain.map { "\(NumberText.signed($0.estimate)) ± \(NumberText.fixed($0.standardError))" }
                        ?? NumberText.unknown,
                ]
            })
    }

    private func name(_ net: QualityCurve.Net, _ curve: QualityCurve) -> String {
        net.net == curve.served ? "\(net.net), served" : net.net.replacing("_", with: " ")
    }

    private func plot(_ curve: QualityCurve) -> Figure? {
        func point(_ net: QualityCurve.Net) -> LinePlot.Point? {
            guard let p99 = net.p99, let auc = net.auc else { return nil }
            let half = net.aucStandardError.map { Self.normalQuantile * $0 }
            return LinePlot.Point(
                p99, auc, interval: half.map { auc - $0...auc + $0 },
                label: "\(net.net): p99 \(NumberText.microseconds(p99)), AUC \(NumberText.fixed(auc))")
        }
        let lights = curve.lights.compactMap(point)
        guard lights.count > 1 else { return nil }
        var series = [LinePlot.Series("light nets", .blue, .lineWithMarkers, lights)]
        if let served = curve.lights.first(where: { $0.net == curve.served }).flatMap(point) {
            // Markers of the first series are drawn over others.
            series.insert(LinePlot.Series(servedName(curve), .green, .markers, [served]), at: 0)
        }
        if let booster = curve.nets.first(where: { $0.net == "booster" }).flatMap(point) {
            series.append(LinePlot.Series("booster", .vermilion, .markers, [booster]))
        }
        let regression = curve.nets.first { $0.net == "logistic_regression" }?.auc
        let points = series.flatMap(\.points)
        let aucs = points.flatMap { point -> [Double] in
            point.interval.map { [$0.lowerBound, $0.upperBound] } ?? [point.y].compactMap(\.self)
        }
        let plot = LinePlot(
            "AUC over latency",
            text: curve.nets
                .map { "\($0.net): AUC \(NumberText.fixed($0.auc)), p99 \(NumberText.microseconds($0.p99))" }
                .joined(separator: "; "),
            x: Axis(
                "p99 of \(NumberText.grouped(curve.candidates)) candidates in µs, logarithmic",
                holding: points.map(\.x) + (curve.limitMicroseconds.map { [$0] } ?? []), spacing: .logarithmic),
            y: Axis("AUC", holding: aucs + (regression.map { [$0] } ?? [])), series: series,
            references: (regression.map { [.level($0)] } ?? []) + (curve.limitMicroseconds.map { [.upTo($0)] } ?? []))
        let line: Markup = regression == nil ? "" : " The dashed line is logistic regression."
        let limit: Markup =
            curve.limitMicroseconds.map {
                " What serve.largest_within_p99_us allows is shaded: up to \(NumberText.microseconds($0))."
            } ?? ""
        return Figure(
            plot.title, note: "With 95 % intervals (DeLong); up and to the left is better.\(line)\(limit)",
            svg: plot.svg(id: "auc-latency"), key: plot.key,
            table: DataTable(
                "AUC over latency, in numbers", [.text("Net"), .number("p99"), .number("AUC")],
                text: curve.nets.map {
                    [name($0, curve), NumberText.microseconds($0.p99), NumberText.fixed($0.auc)]
                }))
    }

    private func servedName(_ curve: QualityCurve) -> String {
        "\(curve.served), served" + (report.state == "live" ? " and live" : "")
    }
}
