/// Help as the argument parser gives it, whose usage line alone is as long as its options are many.
enum HelpText {
    private static let columns = 80

    /// Breaks long usage lines before an option, and indents what follows.
    static func wrapped(_ help: String) -> String {
        help.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let isUsage = line.lowercased().hasPrefix("usage: ")
            return isUsage && line.count > columns ? brokenUsage(String(line)) : String(line)
        }.joined(separator: "\n")
    }

    private static func brokenUsage(_ line: String) -> String {
        let indentation = String(repeating: " ", count: "USAGE: ".count)
        var lines: [String] = []
        var current = ""
        for part in parts(line) {
            if !current.isEmpty, current.count + 1 + part.count > columns {
                lines.append(current)
                current = indentation + part
            } else {
                current += current.isEmpty ? part : " " + part
            }
        }
        return (lines + [current]).joined(separator: "\n")
    }

    /// Words; an option and its value, `[--to <day>]` or `--day <day>`, are one.
    private static func parts(_ line: String) -> [String] {
        var parts: [String] = []
        for word in line.split(separator: " ") {
            if word.hasPrefix("<"), let option = parts.last, option.contains("--"), !option.hasSuffix("]") {
                parts[parts.count - 1] = option + " " + word
            } else {
                parts.append(String(word))
            }
        }
        return parts
    }
}
