import Doctor
import Files
import Foundation

/// Findings as an aligned list: marks and colour on a terminal, words elsewhere.
struct FindingList {
    let text: String

    enum Style { case terminal, plain }

    /// - Parameter width: Lines break at words where they are longer.
    init(_ findings: [Finding], style: Style, width: TerminalText = TerminalText(width: nil)) {
        let topics = findings.map(\.topic.rawValue.count).max() ?? 0
        let subjects = min(32, findings.map(\.subject.count).max() ?? 0)
        var lines: [String] = []
        for finding in findings {
            let head =
                "\(Self.mark(finding.state, style)) \(Self.padded(finding.topic.rawValue, topics))  "
                + "\(Self.padded(VisibleText.escaped(finding.subject), subjects))  "
            let found = VisibleText.escaped(finding.found, lineBreaks: .kept).split(separator: "\n")
            let indent = String(repeating: " ", count: Self.markWidth(style) + 5)
            // The mark's colour takes no room.
            let mark = Self.mark(finding.state, style)
            let plain = String(repeating: " ", count: Self.markWidth(style)) + head.dropFirst(mark.count)
            lines.append(
                mark
                    + width.wrapped(plain + (found.first ?? ""), indent: indent.count)
                    .dropFirst(Self.markWidth(style)))
            lines += found.dropFirst().map { width.wrapped(indent + $0, indent: indent.count) }
            if let fix = finding.fix {
                lines.append(width.wrapped("\(indent)fix: \(VisibleText.escaped(fix))", indent: indent.count + 5))
            }
        }
        text = (lines + ["", Self.summary(findings)]).joined(separator: "\n")
    }

    private static func summary(_ findings: [Finding]) -> String {
        let problems = findings.count { $0.state == .problem }
        let warnings = findings.count { $0.state == .warning }
        func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
        if problems + warnings == 0 { return "all is well: \(findings.count) findings" }
        return "\(count(problems, "problem")), \(count(warnings, "warning")), \(findings.count) findings"
    }

    private static func mark(_ state: Finding.State, _ style: Style) -> String {
        switch (style, state) {
        case (.terminal, .ok): "\u{1B}[32m✓\u{1B}[0m"
        case (.terminal, .warning): "\u{1B}[33m!\u{1B}[0m"
        case (.terminal, .problem): "\u{1B}[31m✗\u{1B}[0m"
        case (.plain, _): padded(state.rawValue, markWidth(.plain))
        }
    }

    private static func markWidth(_ style: Style) -> Int { style == .terminal ? 1 : 7 }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
