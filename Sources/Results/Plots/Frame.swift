/// The box in which data are drawn: grid, axes, their ticks and titles. Everything is in units of the picture, which is
/// 460 wide, so that text stays readable on a phone.
struct Frame {
    static let width = 460.0
    let height: Double
    let left: Double
    let right = Frame.width - 14
    let top: Double
    let bottom: Double
    let x: Axis
    let y: Axis

    init(x: Axis, y: Axis, height: Double = 290) {
        self.x = x
        self.y = y
        self.height = height
        left = 14 + Self.textWidth(y.ticks.map(\.label).max { $0.count < $1.count } ?? "")
        top = 26
        bottom = height - 44
    }

    /// Returns the approximate width of a text in the plots' font.
    static func textWidth(_ text: String) -> Double { Double(text.count) * 8.3 }

    /// Returns where the labels of a horizontal axis stand: at their ticks, moved into the picture at its ends. Nil: a
    /// label would touch the one before it.
    ///
    /// - Parameter ticks: From left to right, each with its place.
    static func labels(_ ticks: [(label: String, place: Double)]) -> [Double?] {
        var end = -Double.infinity
        return ticks.map { tick in
            let half = textWidth(tick.label) / 2
            let middle = min(max(tick.place, half), width - half)
            guard middle - half >= end else { return nil }
            end = middle + half
            return middle
        }
    }

    func across(_ value: Double) -> Double { left + x.position(value) * (right - left) }
    func up(_ value: Double) -> Double { bottom - y.position(value) * (bottom - top) }

    /// Returns whether a value can be shown.
    func holds(x horizontal: Double, y vertical: Double) -> Bool {
        x.domain.contains(horizontal) && y.domain.contains(vertical)
    }

    /// The grid, ticks and titles. The vertical axis has its title on top, where it need not be turned.
    var markup: Markup {
        var markup: Markup = ""
        for tick in y.ticks {
            let height = up(tick.value)
            markup += """
                <path class="grid" d="M\(at: left) \(at: height)H\(at: right)"/>\
                <text class="end" x="\(at: left - 6)" y="\(at: height + 4.5)">\(tick.label)</text>

                """
        }
        let labels = Self.labels(x.ticks.map { ($0.label, across($0.value)) })
        for (tick, label) in zip(x.ticks, labels) {
            markup += "<path class=\"axis\" d=\"M\(at: across(tick.value)) \(at: bottom)v4\"/>"
            if let label {
                markup += "<text class=\"middle\" x=\"\(at: label)\" y=\"\(at: bottom + 18)\">\(tick.label)</text>"
            }
            markup += "\n"
        }
        markup += """
            <path class="axis" d="M\(at: left) \(at: bottom)H\(at: right)"/>
            <text class="quiet" x="2" y="13">\(y.title)</text>
            <text class="quiet middle" x="\(at: (left + right) / 2)" y="\(at: height - 6)">\(x.title)</text>

            """
        return markup
    }
}
