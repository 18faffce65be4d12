import Plots

// The latency of all nets at each batch size.
extension ReportPage {
    var latency: Markup {
        guard let first = report.latency.first else { return "" }
        let figures = grid([distribution(mode: "back_to_back"), distribution(mode: "paced")])
        return "<p>On one thread of \(first.cpuModel); all nets were measured in turn in the same run.</p>\n\(figures)"
    }

    private func distribution(mode: String) -> Figure? {
        let lines = report.latency.filter { $0.mode == mode }
        guard let slowest = lines.compactMap(\.callsPerSecond).min() ?? lines.first.map({ _ in 0 }) else { return nil }
        let isPaced = mode == "paced"
        let rows = lines.map { line in
            RangePlot.Row(
                "\(NumberText.grouped(line.batchSize)) candidate\(line.batchSize == 1 ? "" : "s"), \(line.net)",
                figures: "\(NumberText.microseconds(line.p50)), p99 \(NumberText.microseconds(line.p99))",
                style: line.net == report.servedNet ? .blue : line.net == "booster" ? .vermilion : .slate,
                range: line.p50...max(line.p50, line.p999),
                values: [line.p50, line.p90, line.p99])
        }
        let plot = RangePlot(
            isPaced ? "Latency at a fixed rate" : "Latency back to back",
            text: rows.map { "\($0.name): median \($0.figures)" }.joined(separator: "; "),
            axis: .times("one call, logarithmic", holding: lines.flatMap { [$0.p50, $0.p999] }),
            rows: rows)
        let rate: Markup =
            isPaced
            ? """
            Calls begin at a fixed rate (\(NumberText.grouped(Int(slowest))) a second or more), and a stall counts for \
            every call that it delays.
            """ : "A call begins when the one before has ended."
        return Figure(
            plot.title,
            note: "\(rate) Marker: median; strokes: p90, p99, p99.9.", svg: plot.svg(id: "latency-\(mode)"),
            table: DataTable(
                isPaced ? "Latency at a fixed rate, percentiles" : "Latency back to back, percentiles",
                [
                    .text("Net"), .number("Candidates a call"), .number("Calls a second"), .number("p50"),
                    .number("p90"),
                    .number("p99"), .number("p99.9"), .number("Scores a second"), .number("Operations an example"),
                ],
                text: lines.map { line in
                    [
                        line.net, NumberText.grouped(line.batchSize),
                        line.callsPerSecond.map { NumberText.grouped(Int($0)) } ?? "back to back",
                        NumberText.microseconds(line.p50), NumberText.microseconds(line.p90),
                        NumberText.microseconds(line.p99), NumberText.microseconds(line.p999),
                        NumberText.grouped(Int(line.scoresPerSecond)), NumberText.grouped(line.operationsPerExample),
                    ]
                }))
    }
}
