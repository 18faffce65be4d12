/// The look of a series. No two differ by colour alone: each has its own dash and marker. The colours are those of
/// Okabe and Ito (2008), which colour-blind people can distinguish, and two greys for references; ``PlotStyle`` gives
/// each a shade for dark screens.
public enum SeriesStyle: String, CaseIterable, Sendable {
    case blue, vermilion, green, neutral, purple, slate, silver

    /// The length of the strokes and of the gaps between them.
    var dashes: String {
        switch self {
        case .blue: "none"
        case .vermilion: "7 4"
        case .green: "2 3"
        case .neutral: "10 3 2 3"
        case .purple: "12 5"
        case .slate: "1 2"
        case .silver: "7 2 1 2"
        }
    }

    /// Returns the marker around a point.
    func marker(x: Double, y: Double, size: Double = 4.2) -> Markup {
        let (left, right, top, bottom) = (x - size, x + size, y - size, y + size)
        let (side, half, arm) = (2 * size - 0.8, size + 1, size - 1.6)
        return switch self {
        case .blue:
            "<circle cx=\"\(at: x)\" cy=\"\(at: y)\" r=\"\(at: size)\"/>"
        case .vermilion:
            "<path d=\"M\(at: left + 0.4) \(at: top + 0.4)h\(at: side)v\(at: side)h\(at: -side)z\"/>"
        case .green:
            "<path d=\"M\(at: x) \(at: top - 1)L\(at: right + 1) \(at: bottom)L\(at: left - 1) \(at: bottom)Z\"/>"
        case .neutral:
            """
            <path d="M\(at: x) \(at: y - half)L\(at: x + half) \(at: y)L\(at: x) \(at: y + half)\
            L\(at: x - half) \(at: y)Z"/>
            """
        case .purple:
            "<path d=\"M\(at: x) \(at: bottom + 1)L\(at: right + 1) \(at: top)L\(at: left - 1) \(at: top)Z\"/>"
        case .slate:
            """
            <path d="M\(at: x - 1.6) \(at: top)h3.2v\(at: arm)h\(at: arm)v3.2h\(at: -arm)v\(at: arm)h-3.2v\(at: -arm)\
            h\(at: -arm)v-3.2h\(at: arm)z"/>
            """
        case .silver:
            "<path d=\"M\(at: left) \(at: y - 2)h\(at: 2 * size)v4h\(at: -2 * size)z\"/>"
        }
    }

    /// A line with its marker, for the key below a plot.
    var sample: Markup {
        """
        <svg class="plot \(rawValue)" width="38" height="14" viewBox="0 0 38 14" aria-hidden="true">\
        <path class="line" d="M1 7H37" stroke-dasharray="\(dashes)"/><g class="mark">\(marker(x: 19, y: 7))</g></svg>
        """
    }
}

/// The symbol of an event.
public enum EventSymbol: Sendable {
    case triangle
    case cross

    func drawn(x: Double, y: Double) -> Markup {
        switch self {
        case .triangle:
            "<path class=\"event\" d=\"M\(at: x) \(at: y - 5)l4.5 9h-9z\"/>"
        case .cross:
            "<path class=\"cross\" d=\"M\(at: x - 3.5) \(at: y - 3.5)l7 7m0 -7l-7 7\"/>"
        }
    }

    var sample: Markup {
        """
        <svg class="plot" width="38" height="14" viewBox="0 0 38 14" aria-hidden="true">\(drawn(x: 19, y: 7))</svg>
        """
    }
}

/// The plots' part of a page's style sheet.
public enum PlotStyle {
    public static let css = """
        .plot { display: block; width: 100%; height: auto; max-width: 34rem; font: 13px system-ui, sans-serif; }
        .key .plot { display: inline-block; width: 38px; height: 14px; vertical-align: -2px; }
        .plot text { fill: var(--text); paint-order: stroke; stroke: var(--ground); stroke-width: 3px; }
        .plot .quiet { fill: var(--quiet); }
        .plot .end { text-anchor: end; }
        .plot .middle { text-anchor: middle; }
        .plot .grid { stroke: var(--rule); stroke-width: 1; fill: none; }
        .plot .axis { stroke: var(--quiet); stroke-width: 1; fill: none; }
        .plot .reference { stroke: var(--quiet); stroke-width: 1.2; stroke-dasharray: 4 3; fill: none; }
        .plot .allowed { fill: var(--rule); opacity: 0.5; stroke: none; }
        .plot .line { stroke: var(--ink); stroke-width: 2; fill: none; stroke-linejoin: round; }
        .plot .whisker { stroke: var(--ink); stroke-width: 1.6; fill: none; }
        .plot .mark { fill: var(--ink); stroke: var(--ground); stroke-width: 1; }
        .plot .event { fill: var(--text); stroke: none; }
        .plot .cross { stroke: var(--text); stroke-width: 1.6; fill: none; }
        .blue { --ink: #0072b2; } .vermilion { --ink: #d55e00; } .green { --ink: #009e73; }
        .neutral { --ink: #000000; } .purple { --ink: #b1568a; }
        .slate { --ink: #5c6773; } .silver { --ink: #84898f; }
        @media screen and (prefers-color-scheme: dark) {
            .blue { --ink: #56b4e9; } .vermilion { --ink: #e69f00; } .green { --ink: #2fc69b; }
            .neutral { --ink: #ffffff; } .purple { --ink: #cc79a7; }
            .slate { --ink: #a9b2bd; } .silver { --ink: #7f8790; }
        }
        """
}
