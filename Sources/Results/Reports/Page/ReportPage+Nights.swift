import Days
import Plots

// The model over its nights: figures, promotions, what the gate held back and why, and failures.
extension ReportPage {
    var history: Markup {
        let runs = failedRunsTable
        guard !nights.isEmpty else { return runs }
        let cut: Markup =
            nights.count == Self.nightLimit ? "<p>The newest \(Self.nightLimit) nights are shown.</p>\n" : ""
        return
            """
            \(cut)\(grid([aucOverNights, pcocOverNights, latencyOverNights]))\(held)\(everyNight)\(deploymentTable)\
            \(runs)
            """
    }

    /// The name of the light net that the nights serve; where it changes from night to night, what it is.
    private var servedNet: String {
        let names = Set(nights.map(\.servedNet))
        return names.count == 1 ? names.first ?? report.servedNet : "served net"
    }

    private var servedLook: NetLook { NetLook(arm: "rocket", net: servedNet, served: servedNet) }

    private var dayAxis: Axis {
        let days = nights.map(\.day)
        guard let first = days.min(), let last = days.max() else { return Axis("", over: 0...1, ticks: []) }
        let stride = max(1, (first.distance(to: last) + 5) / 6)
        let ticks = Swift.stride(from: first, through: last, by: stride).map { day in
            Axis.Tick(Double(day.ordinal), String(day.description.dropFirst(5)))
        }
        // A single night is centred.
        let margin = first == last ? 1 : 0.5
        return Axis(
            "judged on (\(first) … \(last))", over: Double(first.ordinal) - margin...Double(last.ordinal) + margin,
            ticks: ticks)
    }

    private var events: [LinePlot.Event] {
        nights.compactMap { night in
            switch night.verdict {
            case "promoted", "first_model":
                LinePlot.Event(
                    x: Double(night.day.ordinal), symbol: .triangle,
                    label: "\(night.day): version \(night.version) was promoted")
            case "held":
                LinePlot.Event(
                    x: Double(night.day.ordinal), symbol: .cross,
                    label: "\(night.day): version \(night.version) was held: "
                        + night.failed.map(\.name).joined(separator: ", "))
            default: nil
            }
        }
    }

    private var eventKey: [Figure.KeyEntry] {
        var key: [Figure.KeyEntry] = []
        if nights.contains(where: { ["promoted", "first_model"].contains($0.verdict) }) {
            key.append(Figure.KeyEntry("promoted", .triangle))
        }
        if nights.contains(where: { $0.verdict == "held" }) { key.append(Figure.KeyEntry("held by the gate", .cross)) }
        return key
    }

    private func points(
        _ text: (Double) -> String, _ figure: (NightReport) -> Double?
    ) -> [LinePlot.Point] {
        nights.enumerated().map { index, night in
            let value = figure(night)
            var point = LinePlot.Point(
                Double(night.day.ordinal), value,
                label: "\(night.day), version \(night.version): \(value.map(text) ?? "")")
            // Of several versions of a day the line goes through the newest; they come in order.
            point.isAside = index + 1 < nights.count && nights[index + 1].day == night.day
            return point
        }
    }

    private static func aucText(_ value: Double) -> String { NumberText.fixed(value) }
    private static func ratioText(_ value: Double) -> String { NumberText.fixed(value, decimals: 3) }

    private var aucOverNights: Figure {
        var light = points(Self.aucText) { $0.light.auc }
        for (index, night) in nights.enumerated() {
            guard let auc = night.light.auc, let error = night.light.aucStandardError else { continue }
            light[index].interval = auc - Self.normalQuantile * error...auc + Self.normalQuantile * error
        }
        var series = [
            LinePlot.Series(servedLook.name, servedLook.style, .lineWithMarkers, light),
            LinePlot.Series(
                NetLook.booster.name, .vermilion, .lineWithMarkers,
                points(Self.aucText) { $0.booster.auc }),
        ]
        if nights.contains(where: { $0.lightAloneAUC != nil }) {
            let alone = NetLook(arm: "light", net: servedNet, served: servedNet)
            series.append(
                LinePlot.Series(
                    alone.name, alone.style, .lineWithMarkers, points(Self.aucText) { $0.lightAloneAUC }))
        }
        let values =
            series.flatMap { $0.points.compactMap(\.y) }
            + light.compactMap(\.interval).flatMap { [$0.lowerBound, $0.upperBound] }
        let plot = LinePlot(
            "AUC over nights", text: "AUC on each night’s unseen day. \(eventText)", x: dayAxis,
            y: Axis("AUC", holding: values), series: series, events: events)
        return Figure(
            plot.title, note: "Each on its own unseen day; bars are 95 % intervals of the light net (DeLong).",
            svg: plot.svg(id: "auc-nights"), key: plot.key + eventKey,
            table: nightTable("AUC of each night") { night in
                [
                    NumberText.fixed(night.light.auc), NumberText.fixed(night.booster.auc),
                    NumberText.fixed(night.lightAloneAUC),
                ]
            } columns: {
                let name = capitalised(servedNet)
                return ["\(name), in rocket", "Booster, in rocket", "\(name), alone"]
            })
    }

    private var eventText: String {
        let promoted = nights.filter { ["promoted", "first_model"].contains($0.verdict) }.count
        let held = nights.filter { $0.verdict == "held" }.count
        return "\(promoted) of \(nights.count) versions were promoted, \(held) held."
    }

    private var pcocOverNights: Figure {
        let series = [
            LinePlot.Series(
                servedLook.name, servedLook.style, .lineWithMarkers,
                points(Self.ratioText) { $0.light.pcoc }),
            LinePlot.Series(
                NetLook.booster.name, .vermilion, .lineWithMarkers,
                points(Self.ratioText) { $0.booster.pcoc }),
        ]
        let plot = LinePlot(
            "Calibration over nights",
            text: "Predicted over observed clicks on each night’s unseen day; 1 is calibrated.",
            x: dayAxis, y: Axis("PCOC", holding: series.flatMap { $0.points.compactMap(\.y) } + [1]), series: series,
            references: [.level(1)], events: events)
        return Figure(
            plot.title, note: "Predicted over observed clicks: above the dashed line a net promises too much.",
            svg: plot.svg(id: "pcoc-nights"), key: plot.key + eventKey,
            table: nightTable("PCOC of each night") { night in
                [
                    NumberText.fixed(night.light.pcoc, decimals: 3),
                    NumberText.fixed(night.booster.pcoc, decimals: 3),
                ]
            } columns: {
                [capitalised(servedNet), "Booster"]
            })
    }

    private var latencyOverNights: Figure? {
        let series = [
            LinePlot.Series(
                "\(servedNet), p99", .blue, .lineWithMarkers, points(NumberText.microseconds) { $0.light.p99 }),
            LinePlot.Series(
                "\(servedNet), median", .green, .lineWithMarkers, points(NumberText.microseconds) { $0.light.p50 }),
            LinePlot.Series(
                "booster, p99", .vermilion, .lineWithMarkers, points(NumberText.microseconds) { $0.booster.p99 }),
            LinePlot.Series(
                "booster, median", .purple, .lineWithMarkers, points(NumberText.microseconds) { $0.booster.p50 }),
        ]
        let values = series.flatMap { $0.points.compactMap(\.y) }
        guard !values.isEmpty else { return nil }
        let plot = LinePlot(
            "Latency over nights", text: "Median and 99th percentile of the largest request, \(servedNet) and booster.",
            x: dayAxis, y: .times("one call, logarithmic", holding: values), series: series,
            events: events)
        return Figure(
            plot.title, note: "One call with the largest batch, back to back on one thread.",
            svg: plot.svg(id: "latency-nights"), key: plot.key + eventKey,
            table: nightTable("Latency of each night") { night in
                [night.light.p50, night.light.p99, night.booster.p50, night.booster.p99].map(NumberText.microseconds)
            } columns: {
                ["\(capitalised(servedNet)) p50", "\(capitalised(servedNet)) p99", "Booster p50", "Booster p99"]
            })
    }

    private func nightTable(
        _ caption: String, _ cells: (NightReport) -> [String], columns: () -> [String]
    ) -> DataTable {
        DataTable(
            caption, [.text("Judged on"), .number("Version")] + columns().map { .number($0) },
            text: nights.map { [$0.day.description, "\($0.version)"] + cells($0) })
    }

    /// The versions that the gate held back, newest first.
    private var held: Markup {
        let held = nights.reversed().filter { $0.verdict == "held" }
        guard !held.isEmpty else { return "" }
        return """
            <h3>Held back, and why</h3>
            \(DataTable(
                "Versions that the gate held back",
                [
                    .text("Judged on"), .number("Version"), .text("Rule"), .number("Found"), .text("Expected"),
                    .prose("What it is"),
                ],
                text: held.flatMap { night in
                    night.failed.map { rule in
                        [
                            night.day.description, "\(night.version)", rule.name,
                            rule.value.map { NumberText.significant($0) } ?? "undefined", rule.expectation, rule.detail,
                        ]
                    }
                }).html)
            """
    }

    private var everyNight: Markup {
        let name = capitalised(servedNet)
        // Of one net the headings say which it is.
        let hasSeveral = Set(nights.map(\.servedNet)).count > 1
        var columns: [DataTable.Column] = [.text("Judged on"), .number("Version"), .text("State"), .text("Gate")]
        if hasSeveral { columns.append(.text("Served net")) }
        columns += [
            .number("\(name) AUC"), .number("Booster AUC"), .number("Gap closed"), .number("\(name) PCOC"),
            .number("\(name) p99"),
        ]
        let rows = nights.reversed().map { night -> [String] in
            var cells = [
                night.day.description, "\(night.version)", night.state,
                (night.verdict ?? "not asked").replacing("_", with: " "),
            ]
            if hasSeveral { cells.append(night.servedNet) }
            return cells + [
                NumberText.fixed(night.light.auc), NumberText.fixed(night.booster.auc),
                NumberText.percent(night.gapClosed), NumberText.fixed(night.light.pcoc, decimals: 3),
                NumberText.microseconds(night.light.p99),
            ]
        }
        return DataTable("Every night", columns, text: rows).folded
    }

    private var deploymentTable: Markup {
        guard !deployments.isEmpty else { return "" }
        return DataTable(
            "What was live when",
            [
                .text("From (UTC)"), .text("What happened"), .text("Live from then"), .text("Live before"), .text("By"),
                .prose("Reason"),
            ],
            text: deployments.map { line in
                [
                    line.at, line.action + (line.isForced ? ", past the gate" : ""),
                    line.version.map { "version \($0)" } ?? "nothing",
                    line.previousVersion.map { "version \($0)" } ?? "nothing", line.by, line.reason ?? "",
                ]
            }
        ).folded
    }

    private var failedRunsTable: Markup {
        guard !failedRuns.isEmpty else { return "" }
        return """
            <h3>Runs that failed</h3>
            \(DataTable(
                "The newest runs that failed",
                [
                    .text("Started (UTC)"), .text("Command"), .text("Judged day"), .text("Ended"), .number("Exit code"),
                    .prose("Error"),
                ],
                text: failedRuns.map { run in
                    [
                        String(run.startedAt.replacing("T", with: " ").prefix(16)), run.command,
                        run.evaluatedDay?.description ?? NumberText.unknown, run.status,
                        run.exitCode.map(String.init) ?? NumberText.unknown, run.error ?? "",
                    ]
                }).html)
            """
    }
}
