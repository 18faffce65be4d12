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
        for tick in x.ticks {
            let place = across(tick.value)
            // Labels at the ends stay within the picture.
            let half = Self.textWidth(tick.label) / 2
            let text = min(max(place, half), Self.width - half)
            markup += """
                <path class="axis" d="M\(at: place) \(at: bottom)v4"/>\
                <text class="middle" x="\(at: text)" y="\(at: bottom + 18)">\(tick.label)</text>

                """
        }
        markup += """
            <path class="axis" d="M\(at: left) \(at: bottom)H\(at: right)"/>
            <text class="quiet" x="2" y="13">\(y.title)</text>
            <text class="quiet middle" x="\(at: (left + right) / 2)" y="\(at: height - 6)">\(x.title)</text>

            """
        return markup
    }
}
