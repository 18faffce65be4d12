/// Rows over one axis, each with a value and its interval, or with several quantiles.
public struct RangePlot: Sendable {
    public struct Row: Sendable {
        public var name: String
        /// The numbers as text, at the right end of the row.
        public var figures: String
        public var style: SeriesStyle
        public var range: ClosedRange<Double>?
        /// The values: the first has the style's marker, the others are strokes across the line.
        public var values: [Double]

        public init(
            _ name: String, figures: String, style: SeriesStyle, range: ClosedRange<Double>? = nil, values: [Double]
        ) {
            self.name = name
            self.figures = figures
            self.style = style
            self.range = range
            self.values = values
        }
    }

    public var title: String
    /// A description for those who cannot see the plot: its subject and its result.
    public var text: String
    public var axis: Axis
    public var rows: [Row]
    /// Reference values to compare the rows with.
    public var references: [Double]

    public init(_ title: String, text: String, axis: Axis, rows: [Row], references: [Double] = []) {
        self.title = title
        self.text = text
        self.axis = axis
        self.rows = rows
        self.references = references
    }

    private static let rowHeight = 38.0
    private static let left = 12.0
    private static let right = Frame.width - 14
    private static let top = 6.0

    /// - Parameter id: An id that is unique on the page.
    public func svg(id: String) -> Markup {
        let bottom = Self.top + Double(rows.count) * Self.rowHeight
        var content: Markup = ""
        for (tick, label) in zip(axis.ticks, Frame.labels(axis.ticks.map { ($0.label, across($0.value)) })) {
            content += "<path class=\"grid\" d=\"M\(at: across(tick.value)) \(at: Self.top)V\(at: bottom + 4)\"/>"
            if let label {
                content += "<text class=\"middle\" x=\"\(at: label)\" y=\"\(at: bottom + 18)\">\(tick.label)</text>"
            }
            content += "\n"
        }
        for value in references where axis.domain.contains(value) {
            content += "<path class=\"reference\" d=\"M\(at: across(value)) \(at: Self.top)V\(at: bottom)\"/>"
        }
        content += """
            <path class="axis" d="M\(at: Self.left) \(at: bottom)H\(at: Self.right)"/>
            <text class="quiet middle" x="\(at: Frame.width / 2)" y="\(at: bottom + 36)">\(axis.title)</text>

            """
        for (index, row) in rows.enumerated() {
            content += drawn(row, top: Self.top + Double(index) * Self.rowHeight)
        }
        return picture(id: id, title: title, description: text, width: Frame.width, height: bottom + 44, content)
    }

    private func across(_ value: Double) -> Double {
        let clamped = min(max(value, axis.domain.lowerBound), axis.domain.upperBound)
        return Self.left + axis.position(clamped) * (Self.right - Self.left)
    }

    private func drawn(_ row: Row, top: Double) -> Markup {
        let line = top + 26
        var marks: Markup = ""
        if let range = row.range {
            let (low, high) = (across(range.lowerBound), across(range.upperBound))
            marks += """
                <path class="line" stroke-dasharray="\(row.style.dashes)" d="M\(at: low) \(at: line)H\(at: high)"/>\
                <path class="whisker" d="M\(at: low) \(at: line - 4)v8M\(at: high) \(at: line - 4)v8"/>
                """
        }
        for value in row.values.dropFirst() {
            marks += "<path class=\"whisker\" d=\"M\(at: across(value)) \(at: line - 4)v8\"/>"
        }
        if let value = row.values.first {
            marks += "<g class=\"mark\">\(row.style.marker(x: across(value), y: line, size: 5))</g>"
        }
        return """
            <g class="\(row.style.rawValue)"><title>\(row.name): \(row.figures)</title>\
            <text x="\(at: Self.left)" y="\(at: top + 14)">\(row.name)</text>\
            <text class="end" x="\(at: Self.right)" y="\(at: top + 14)">\(row.figures)</text>\
            \(marks)</g>

            """
    }
}
