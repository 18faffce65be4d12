/// Untrusted text made safe for a terminal or a line-based log.
public enum VisibleText {
    public enum LineBreaks: Sendable {
        /// The text is one line: line breaks are escaped as well.
        case escaped
        /// The text may have several lines.
        case kept
    }

    /// Escapes control characters as `\n`, `\t` or `\u{1B}`, so that a value can neither begin a line nor move a
    /// terminal's cursor. Complexity: O(*n*).
    public static func escaped(_ text: String, lineBreaks: LineBreaks = .escaped) -> String {
        guard text.unicodeScalars.contains(where: isHidden) else { return text }
        var visible = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where lineBreaks == .kept: visible.append(scalar)
            case "\n": visible.append(contentsOf: "\\n".unicodeScalars)
            case "\r": visible.append(contentsOf: "\\r".unicodeScalars)
            case "\t": visible.append(contentsOf: "\\t".unicodeScalars)
            case _ where isHidden(scalar):
                visible.append(contentsOf: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}".unicodeScalars)
            default: visible.append(scalar)
            }
        }
        return String(visible)
    }

    /// Matches C0 and C1 controls, DEL, the separators that count as line breaks, and marks that change the direction
    /// of writing.
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029: true
        case 0x200E...0x206F: scalar.properties.isBidiControl
        default: false
        }
    }

    /// Returns the longest prefix of at most n bytes of UTF-8 that cuts no character.
    public static func prefix(_ text: String, bytes: Int) -> String {
        guard text.utf8.count > bytes else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: max(0, bytes))
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return String(text.unicodeScalars[..<end])
    }
}
