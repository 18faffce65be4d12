import Files
import Foundation

/// Colours the words that say how a thing stands, on a terminal only: red failed, yellow held, green done.
/// `NO_COLOR` (https://no-color.org) and a terminal without colours turn it off.
struct StatusColour {
    private let isOn: Bool

    /// Looks at standard output.
    init() {
        let environment = ProcessInfo.processInfo.environment
        isOn =
            isatty(STDOUT_FILENO) == 1 && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    /// A table whose cells are such words. Colours go in when it is laid out, because they have no width.
    func table(_ text: String) -> String {
        let text = TerminalText.standardOutput.fitted(VisibleText.escaped(text, lineBreaks: .kept))
        guard isOn else { return text }
        return Self.colours.reduce(text) { text, colour in
            colour.words.reduce(text) { $0.replacing("| \($1) ", with: "| \(colour.code)\($1)\(Self.end) ") }
        }
    }

    /// The gate's rules.
    func rules(_ text: String) -> String {
        let text = TerminalText.standardOutput.wrapped(VisibleText.escaped(text, lineBreaks: .kept), indent: 10)
        guard isOn else { return text }
        return text.replacing("  FAILED  ", with: "  \(Self.red)FAILED\(Self.end)  ")
            .replacing("  passed  ", with: "  \(Self.green)passed\(Self.end)  ")
            .replacing("gate: held", with: "gate: \(Self.yellow)held\(Self.end)")
    }

    private static let red = "\u{1B}[31m"
    private static let green = "\u{1B}[32m"
    private static let yellow = "\u{1B}[33m"
    private static let end = "\u{1B}[0m"
    private static let colours = [
        (code: red, words: ["failed", "died", "rejected"]), (code: yellow, words: ["held", "interrupted"]),
        (code: green, words: ["done", "live"]),
    ]
}
