/// Series over two axes.
public struct LinePlot: Sendable {
    public struct Point: Sendable {
        public var x: Double
        /// The value; nil if unknown, and the line has a gap.
        public var y: Double?
        /// The interval that is likely to contain the true value.
        public var interval: ClosedRange<Double>?
        /// The text shown under the pointer.
        public var label: String
        /// Whether the line passes it by: it has a marker only.
        public var isAside = false

        public init(_ x: Double, _ y: Double?, interval: ClosedRange<Double>? = nil, label: String) {
            self.x = x
            self.y = y
            self.interval = interval
            self.label = label
        }
    }

    public enum Drawing: Sendable { case line, lineWithMarkers, markers }

    public struct Series: Sendable {
        public var name: String
        public var style: SeriesStyle
        public var drawing: Drawing
        public var points: [Point]

        public init(_ name: String, _ style: SeriesStyle, _ drawing: Drawing, _ points: [Point]) {
            self.name = name
            self.style = style
            self.drawing = drawing
            self.points = points
        }
    }

    /// A line to compare with.
    public enum Reference: Sendable {
        /// The line on which both axes show the same number.
        case diagonal
        case level(Double)
        /// The part of the horizontal axis up to a value, shaded.
        case upTo(Double)
    }

    /// An event at a position on the horizontal axis; its symbol stands above the plot.
    public struct Event: Sendable {
        public var x: Double
        public var symbol: EventSymbol
        public var label: String

        public init(x: Double, symbol: EventSymbol, label: String) {
            self.x = x
            self.symbol = symbol
            self.label = label
        }
    }

    public var title: String
    /// A description for those who cannot see the plot: its subject and its result.
    public var text: String
    public var x: Axis
    public var y: Axis
    /// The series. Later lines are drawn over earlier ones, so an unbroken one comes first; markers are drawn in the
    /// opposite order.
    public var series: [Series]
    public var references: [Reference]
    public var events: [Event]

    public init(
        _ title: String, text: String, x: Axis, y: Axis, series: [Series], references: [Reference] = [],
        events: [Event] = []
    ) {
        self.title = title
        self.text = text
        self.x = x
        self.y = y
        self.series = series
        self.references = references
        self.events = events
    }

    /// - Parameter id: An id that is unique on the page.
    public func svg(id: String) -> Markup {
        let frame = Frame(x: x, y: y)
        let content: Markup = """
            \(frame.markup)\(references.map { reference($0, frame) }.joined())\
            \(events.map { event($0, frame) }.joined())\(series.map { lines($0, frame) }.joined())\
            \(series.reversed().map { markers($0, frame) }.joined())
            """
        return picture(id: id, title: title, description: text, width: Frame.width, height: frame.height, content)
    }

    /// The series' names and styles.
    public var key: [Figure.KeyEntry] { series.map { Figure.KeyEntry($0.name, $0.style) } }

    private func reference(_ reference: Reference, _ frame: Frame) -> Markup {
        switch reference {
        case .level(let value):
            guard y.domain.contains(value) else { return "" }
            return "<path class=\"reference\" d=\"M\(at: frame.left) \(at: frame.up(value))H\(at: frame.right)\"/>\n"
        case .upTo(let value):
            guard x.domain.contains(value) else { return "" }
            let end = frame.across(value)
            return """
                <path class="allowed" d="M\(at: frame.left) \(at: frame.top)H\(at: end)V\(at: frame.bottom)\
                H\(at: frame.left)Z"/><path class="reference" d="M\(at: end) \(at: frame.top)V\(at: frame.bottom)"/>

                """
        case .diagonal:
            let (low, high) = (
                max(x.domain.lowerBound, y.domain.lowerBound), min(x.domain.upperBound, y.domain.upperBound)
            )
            guard low < high else { return "" }
            return """
                <path class="reference" d="M\(at: frame.across(low)) \(at: frame.up(low))\
                L\(at: frame.across(high)) \(at: frame.up(high))"/>

                """
        }
    }

    private func event(_ event: Event, _ frame: Frame) -> Markup {
        "<g><title>\(event.label)</title>\(event.symbol.drawn(x: frame.across(event.x), y: frame.top - 7))</g>\n"
    }

    /// Returns a series' points in the picture; nil for unknown values.
    private func places(_ series: Series, _ frame: Frame) -> [(point: Point, x: Double, y: Double)?] {
        series.points.map { point in
            guard let y = point.y, frame.holds(x: point.x, y: y) else { return nil }
            return (point, frame.across(point.x), frame.up(y))
        }
    }

    private func lines(_ series: Series, _ frame: Frame) -> Markup {
        let shown = places(series, frame)
        var markup: Markup = "<g class=\"\(series.style.rawValue)\">"
        for case (let point, let x, _)? in shown {
            guard let interval = point.interval else { continue }
            let ends = interval.ends.map { frame.up(min(max($0, y.domain.lowerBound), y.domain.upperBound)) }
            markup += "<path class=\"whisker\" d=\"M\(at: x) \(at: ends[0])V\(at: ends[1])\"/>"
        }
        if series.drawing != .markers {
            var path: Markup = ""
            var isOn = false
            for (given, point) in zip(series.points, shown) where !given.isAside {
                if let point { path += "\(isOn ? "L" : "M" as Markup)\(at: point.x) \(at: point.y)" }
                isOn = point != nil
            }
            let dashes = series.style.dashes
            markup += """
                <path class="line" stroke-dasharray="\(dashes)" d="\(path)"><title>\(series.name)</title></path>
                """
        }
        return "\(markup)</g>\n"
    }

    private func markers(_ series: Series, _ frame: Frame) -> Markup {
        guard series.drawing != .line else { return "" }
        let size = series.points.count > 45 ? 2.6 : 4.2
        var markup: Markup = "<g class=\"\(series.style.rawValue)\">"
        for case (let point, let x, let y)? in places(series, frame) {
            markup += """
                <g class="mark"><title>\(series.name), \(point.label)</title>\
                \(series.style.marker(x: x, y: y, size: size))</g>
                """
        }
        return "\(markup)</g>\n"
    }
}
