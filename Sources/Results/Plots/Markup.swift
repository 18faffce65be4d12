/// HTML or SVG. Text interpolated into a literal is escaped, so that no name or error text can become an element; only
/// markup is inserted unchanged:
///
///     let cell: Markup = "<td>\(name)</td>"
public struct Markup: Equatable, Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
    public private(set) var text: String

    public init(stringLiteral text: String) {
        self.text = text
    }

    public init(stringInterpolation: StringInterpolation) {
        text = stringInterpolation.text
    }

    /// Escapes text for content or for the value of an attribute in quotes. Control characters, which HTML does not
    /// allow, become U+FFFD.
    public init(escaping text: String) {
        self.text = ""
        self.text.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": self.text += "&amp;"
            case "<": self.text += "&lt;"
            case ">": self.text += "&gt;"
            case "\"": self.text += "&quot;"
            case "'": self.text += "&#39;"
            case "\t", "\n": self.text.unicodeScalars.append(scalar)
            case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}": self.text += "\u{fffd}"
            default: self.text.unicodeScalars.append(scalar)
            }
        }
    }

    public var description: String { text }

    public var isEmpty: Bool { text.isEmpty }

    public static func += (markup: inout Markup, more: Markup) {
        markup.text += more.text
    }

    public struct StringInterpolation: StringInterpolationProtocol {
        var text = ""

        public init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        public mutating func appendLiteral(_ literal: String) { text += literal }
        public mutating func appendInterpolation(_ markup: Markup) { text += markup.text }
        public mutating func appendInterpolation(_ string: String) { text += Markup(escaping: string).text }
        public mutating func appendInterpolation(_ number: Int) { text += String(number) }
        /// Appends a coordinate, rounded to a hundredth.
        public mutating func appendInterpolation(at coordinate: Double) {
            let hundredths = Int((coordinate * 100).rounded())
            let (whole, rest) = abs(hundredths).quotientAndRemainder(dividingBy: 100)
            if hundredths < 0 { text += "-" }
            text += String(whole)
            if rest > 0 { text += rest < 10 ? ".0\(rest)" : rest % 10 == 0 ? ".\(rest / 10)" : ".\(rest)" }
        }
    }
}

extension Sequence<Markup> {
    /// Returns the elements one after the other.
    public func joined() -> Markup {
        reduce(into: "") { $0 += $1 }
    }
}
