import Files
import Foundation
import Logging
import Runs

/// Shows a stage's progress: a line that redraws itself on a terminal, a log line every ten seconds elsewhere. In the
/// JSON format its numbers are fields of the line.
final class ProgressDisplay {
    private let log: Logger
    private let quiet: Bool
    private let isTerminal: Bool
    private let clock = ContinuousClock()
    private var title = ""
    /// What was done when the stage was first heard of: much, if a training resumes from a checkpoint.
    private var doneBefore = 0
    private var started = ContinuousClock.now
    private var shown = ContinuousClock.now

    init(log: Logger, quiet: Bool, format: LogFormat) {
        self.log = log
        self.quiet = quiet
        isTerminal = format == .text && isatty(STDERR_FILENO) == 1
    }

    /// Shows a step that says nothing more until it is done: on a terminal in place of the step before, elsewhere as a
    /// line of the log.
    func show(step: String) {
        if quiet { return }
        title = ""
        if isTerminal {
            complain("\r\u{1B}[K\(VisibleText.escaped(step).prefix(TerminalText.columns(of: STDERR_FILENO) - 3)) …")
        } else {
            log.info("\(step)")
        }
    }

    /// Takes the line of progress away.
    func clear() {
        if !quiet, isTerminal { complain("\r\u{1B}[K") }
    }

    func show(_ progress: StageProgress) {
        if quiet { return }
        let now = clock.now
        if progress.title != title {
            title = progress.title
            doneBefore = progress.done
            started = now
            // A stage that says nothing more is seen on a terminal at once, and not at all in a log.
            shown = isTerminal ? now - .seconds(1) : now
        }
        let finished = progress.total.map { progress.done >= $0 } ?? false
        let interval: Duration = isTerminal ? .milliseconds(100) : .seconds(10)
        guard now - shown >= interval || (isTerminal && finished) else { return }
        shown = now
        let seconds = (now - started) / .seconds(1)
        let rate = seconds > 0 ? Double(progress.done - doneBefore) / seconds : 0
        let line = VisibleText.escaped(text(progress, rate: rate))
        if isTerminal {
            // Carriage return, then erase to the end of the line; the line is erased for good when its stage is over.
            // A longer line would break, and only its last part could be drawn again.
            let shown = finished ? "" : String(line.prefix(TerminalText.columns(of: STDERR_FILENO) - 1))
            complain("\r\u{1B}[K\(shown)")
        } else {
            log.info("\(line)", metadata: fields(progress, rate: rate))
        }
    }

    private func fields(_ progress: StageProgress, rate: Double) -> Logger.Metadata {
        var fields: Logger.Metadata = [
            "stage": "\(progress.title)", "done": .stringConvertible(progress.done), "unit": "\(progress.unit)",
            "rate": .stringConvertible(rate),
        ]
        if let total = progress.total {
            fields["total"] = .stringConvertible(total)
            fields["seconds_left"] = secondsLeft(progress, total, rate).map { .stringConvertible($0) }
        }
        return fields
    }

    private func secondsLeft(_ progress: StageProgress, _ total: Int, _ rate: Double) -> Int? {
        rate > 0 ? Int(max(0, Double(total - progress.done) / rate) + 0.5) : nil
    }

    private func text(_ progress: StageProgress, rate: Double) -> String {
        var text = "\(progress.title)  \(progress.done.grouped) \(progress.unit)"
        if let total = progress.total, total > 0 {
            let share = min(1, Double(progress.done) / Double(total))
            let filled = Int(share * 24)
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
            text = "\(progress.title)  \(isTerminal ? "\(bar) " : "")\(Int(share * 100)) %"
            if let seconds = secondsLeft(progress, total, rate) { text += "  \(timeText(seconds)) left" }
        }
        return rate >= 1 ? text + "  \(Int(rate).grouped) \(progress.unit)/s" : text
    }
}

/// `45 s`, `3 min 20 s`, `2 h 05 min`.
private func timeText(_ seconds: Int) -> String {
    func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return switch seconds {
    case ..<60: "\(seconds) s"
    case ..<3_600: "\(seconds / 60) min \(padded(seconds % 60)) s"
    default: "\(seconds / 3_600) h \(padded(seconds / 60 % 60)) min"
    }
}

extension Int {
    /// The number with thousands separators, `1,234,567`.
    var grouped: String {
        let digits = String(magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return (self < 0 ? "-" : "") + text
    }
}
