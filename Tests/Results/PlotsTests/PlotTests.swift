import Foundation
import Plots
import Testing

@Suite struct PlotTests {
    @Test(
        "A linear axis goes from one round number to another, holds all values, and its labels tell the ticks apart",
        arguments: [
            [0.71, 0.735], [0, 1], [-0.0031, 0.0007], [0.5, 0.5], [0, 0], [12_345, 12_346], [1e-7, 3e-7],
            [-5, 1_000_000],
            [0.7, 0.70001], [100],
        ])
    func linear(_ values: [Double]) throws {
        let axis = Axis("", holding: values)
        for value in values { #expect(axis.domain.contains(value) || abs(axis.position(value)) < 1e-6) }
        let step = axis.ticks[1].value - axis.ticks[0].value
        #expect(try #require(values.min()) - axis.domain.lowerBound < step, "\(axis.ticks)")
        #expect((2...9).contains(axis.ticks.count), "\(axis.ticks)")
        #expect(Set(axis.ticks.map(\.label)).count == axis.ticks.count, "\(axis.ticks)")
        #expect(axis.position(axis.domain.lowerBound) == 0 && axis.position(axis.domain.upperBound) == 1)
        for tick in axis.ticks {
            let shown = try #require(Double(tick.label.replacing("−", with: "-")))
            #expect(abs(shown - tick.value) <= 1e-9 * max(1, abs(tick.value)), "\(tick)")
        }
    }

    @Test("A logarithmic axis has round ticks, equal steps for equal factors, and leaves out what is not above 0")
    func logarithmic() throws {
        let axis = Axis("", holding: [3, 0, 480, -1, .infinity], spacing: .logarithmic)
        #expect(axis.ticks.map(\.label) == ["2", "5", "10", "20", "50", "100", "200", "500"])
        #expect(abs(axis.position(20) - axis.position(2) - (axis.position(200) - axis.position(20))) < 1e-12)
        let wide = Axis("", holding: [0.4, 90_000], spacing: .logarithmic)
        #expect(wide.ticks.map(\.label) == ["0.1", "1", "10", "100", "1000", "10000", "100000"])
        let narrow = Axis("", holding: [5.2], spacing: .logarithmic)
        #expect(narrow.domain.contains(5.2) && narrow.ticks.count >= 2)
    }

    @Test("No label of a horizontal axis lies on another, however many factors the values span")
    func labelsApart() {
        for most in [15.0, 90, 900, 9_500, 20_000, 900_000, 9e8] {
            let axis = Axis.times("latency", holding: [12, most])
            let plot = RangePlot(
                "Latency", text: "", axis: axis, rows: [.init("net", figures: "", style: .blue, values: [12, most])])
            let text = plot.svg(id: "a").text
            let label = /<text class="middle" x="([0-9.]+)" y="[0-9.]+">([^<]+)</
            let labels = text.matches(of: label).compactMap { match in
                Double(match.output.1).map { (middle: $0, half: Double(match.output.2.count) * 8.3 / 2) }
            }
            #expect(labels.count > 1)
            for (label, next) in zip(labels, labels.dropFirst()) {
                #expect(label.middle + label.half <= next.middle - next.half + 0.2, "\(most)")
            }
        }
    }

    @Test("An axis of times says its unit at every tick")
    func times() {
        #expect(
            Axis.times("", holding: [60, 4_000]).ticks.map(\.label) == [
                "50 µs", "100 µs", "200 µs", "500 µs", "1 ms", "2 ms", "5 ms",
            ])
    }

    @Test("The line passes points aside by; their markers are there")
    func aside() {
        var points = [(1.0, 0.4), (2, 0.6), (2, 0.5), (3, 0.5)].map { LinePlot.Point($0, $1, label: "") }
        points[1].isAside = true
        let plot = LinePlot(
            "t", text: "d", x: Axis("x", over: 0...4, ticks: []), y: Axis("y", over: 0...1, ticks: []),
            series: [LinePlot.Series("s", .blue, .lineWithMarkers, points)])
        let svg = plot.svg(id: "p").text
        #expect(svg.split(separator: "<circle").count - 1 == 4)
        let line = svg.split(separator: "class=\"line\"").last?.split(separator: " d=\"").dropFirst().first
        #expect(line?.prefix { $0 != "\"" }.filter { $0 == "L" }.count == 2)
    }

    @Test("Without values an axis is still drawn")
    func empty() {
        #expect(Axis("", holding: []).ticks.count == 2)
        #expect(Axis("", holding: [.nan], spacing: .logarithmic).ticks.count == 2)
    }

    @Test(
        "Numbers carry their units and no more digits than they have",
        arguments: [
            (NumberText.fixed(0.73126), "0.7313"), (NumberText.fixed(nil), "–"), (NumberText.fixed(-0.5), "−0.5000"),
            (NumberText.signed(0.00214), "+0.0021"), (NumberText.percent(0.6123), "61.2 %"),
            (NumberText.percent(-1.2, decimals: 0), "−120 %"), (NumberText.grouped(1_234_567), "1,234,567"),
            (NumberText.grouped(999), "999"), (NumberText.grouped(-1_000), "−1,000"),
            (NumberText.microseconds(8.26), "8.3 µs"), (NumberText.microseconds(123.4), "123 µs"),
            (NumberText.microseconds(1_520), "1.52 ms"), (NumberText.seconds(12.34), "12.3 s"),
            (NumberText.seconds(185), "3 min 05 s"), (NumberText.bytes(812), "812 bytes"),
            (NumberText.bytes(1_540_000), "1.5 MB"), (NumberText.significant(0.0012345), "0.001234"),
            (NumberText.significant(48_123), "48123"),
        ])
    func numbers(_ found: String, _ expected: String) {
        #expect(found == expected)
    }

    /// An element's path data, by the class of the element.
    private static func paths(_ svg: Markup, _ name: String) -> [String] {
        svg.text.matches(of: /<path class="([a-z]+)"[^>]* d="([^"]*)"/).filter { $0.1 == name }.map { String($0.2) }
    }

    @Test("A line has a hole where a value is not known, and what lies outside the axes is not drawn")
    func holes() throws {
        let points = [0, 1, 2, 3, 4, 5].map { x in
            LinePlot.Point(x, x == 2 ? nil : x == 4 ? 70 : x, label: "at \(x)")
        }
        let ticks = [0.0, 5].map { Axis.Tick($0, "\($0)") }
        let plot = LinePlot(
            "t", text: "d", x: Axis("x", over: 0...5, ticks: ticks), y: Axis("y", over: 0...5, ticks: ticks),
            series: [LinePlot.Series("s", .blue, .lineWithMarkers, points)])
        let svg = plot.svg(id: "p")
        let line = try #require(Self.paths(svg, "line").first)
        #expect(line.count { $0 == "M" } == 3 && line.count { $0 == "L" } == 1, "\(line)")
        #expect(svg.text.matches(of: /<circle/).count == 4)
    }

    @Test("Points lie where their values are: equal steps for equal differences, upwards for larger ones")
    func places() throws {
        let ticks = [0.0, 1].map { Axis.Tick($0, "\($0)") }
        let axis = Axis("", over: 0...1, ticks: ticks)
        let plot = LinePlot(
            "t", text: "d", x: axis, y: axis,
            series: [LinePlot.Series("s", .blue, .markers, [0, 0.5, 1].map { LinePlot.Point($0, $0, label: "") })])
        let circles = plot.svg(id: "p").text.matches(of: /<circle cx="([0-9.]+)" cy="([0-9.]+)"/).map {
            (x: Double($0.1) ?? 0, y: Double($0.2) ?? 0)
        }
        try #require(circles.count == 3)
        #expect(abs(circles[1].x - (circles[0].x + circles[2].x) / 2) < 0.02)
        #expect(abs(circles[1].y - (circles[0].y + circles[2].y) / 2) < 0.02)
        #expect(circles[0].x < circles[2].x && circles[0].y > circles[2].y)
    }

    @Test("Every picture has a role, a title and a description; no two series look alike without colour")
    func accessible() throws {
        let row = RangePlot.Row("<b>", figures: "1 ± 2", style: .green, range: -1...3, values: [1, 2])
        let svg = RangePlot("t < u", text: "what & why", axis: Axis("x", holding: [-1, 3]), rows: [row]).svg(id: "r")
            .text
        #expect(svg.contains("role=\"img\"") && svg.contains("aria-labelledby=\"r-title r-desc\""))
        #expect(svg.contains("<title id=\"r-title\">t &lt; u</title><desc id=\"r-desc\">what &amp; why</desc>"))
        #expect(svg.contains("&lt;b&gt;") && !svg.contains("<b>"))
        let parser = XMLWellFormedness(svg)
        #expect(parser.isWellFormed, "\(svg)")
        let axis = Axis("", holding: [0, 1])
        let looks = SeriesStyle.allCases.map { style in
            LinePlot(
                "t", text: "", x: axis, y: axis,
                series: [
                    LinePlot.Series("s", style, .lineWithMarkers, [LinePlot.Point(0.5, 0.5, label: "")])
                ]
            ).svg(id: "p").text.replacing(style.rawValue, with: "")
        }
        #expect(Set(looks).count == SeriesStyle.allCases.count)
    }

    @Test("A table has a header for each column and row, and names that could be markup are text")
    func table() {
        let table = DataTable("T", [.text("name"), .number("n")], text: [["<i>", "1"]]).html.text
        #expect(table.contains("<th scope=\"col\">name</th><th scope=\"col\" class=\"n\">n</th>"))
        #expect(table.contains("<th scope=\"row\">&lt;i&gt;</th><td class=\"n\">1</td>"))
    }
}

/// Whether every element that begins ends, in order.
private struct XMLWellFormedness {
    let isWellFormed: Bool

    init(_ text: String) {
        var open: [Substring] = []
        var isWellFormed = true
        for match in text.matches(of: /<(\/?)([a-z]+)[^>]*?(\/?)>/) {
            if match.1 == "/" {
                isWellFormed = isWellFormed && open.popLast() == match.2
            } else if match.3.isEmpty {
                open.append(match.2)
            }
        }
        self.isWellFormed = isWellFormed && open.isEmpty
    }
}
