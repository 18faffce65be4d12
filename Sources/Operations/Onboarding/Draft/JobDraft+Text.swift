/// Text that is safe in a YAML file, wherever it is from.
extension JobDraft {
    /// A text as a YAML scalar that is read as text; in double quotes, as JSON writes it, unless it is a plain word.
    static func scalar(_ text: String) -> String {
        let words: Set = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        let isPlain = text.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?/) != nil
        if isPlain, !words.contains(text.lowercased()) { return text }
        let escaped = text.unicodeScalars.map { scalar -> String in
            switch scalar {
            case "\\", "\"": "\\\(scalar)"
            case _ where isPrintable(scalar): String(scalar)
            default:
                "\\U" + String(repeating: "0", count: 8 - String(scalar.value, radix: 16).count)
                    + String(scalar.value, radix: 16)
            }
        }
        return "\"" + escaped.joined() + "\""
    }

    /// Names and values come from the database; a comment ends with its line.
    static func comment(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { isPrintable($0) ? $0 : " " }))
    }

    /// What may stand in a YAML file as it is, and does not break a line.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse, .surrogate: false
        default: scalar.value != 0xFEFF
        }
    }

    /// A line and its comment, in a column where the line is short.
    static func noted(_ line: String, _ comment: String) -> String {
        line + String(repeating: " ", count: max(2, 34 - line.count)) + "# \(comment)"
    }
}
