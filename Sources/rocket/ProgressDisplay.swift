import Foundation
import Jobs
import Logging

/// Shows a stage's progress: a line that redraws itself on a terminal, a plain log line every ten seconds elsewhere.
final class ProgressDisplay {
    private let log: Logger
    private let quiet: Bool
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let clock = ContinuousClock()
    private var title = ""
    private var started = ContinuousClock.now
    private var shown = ContinuousClock.now

    init(log: Logger, quiet: Bool) {
        self.log = log
        self.quiet = quiet
    }

    func show(_ progress: StageProgress) {
        if quiet { return }
        let now = clock.now
        if progress.title != title {
            title = progress.title
            started = now
            shown = now
        }
        let finished = progress.total.map { progress.done >= $0 } ?? false
        let interval: Duration = isTerminal ? .milliseconds(100) : .seconds(10)
        guard now - shown >= interval || (isTerminal && finished) else { return }
        shown = now
        let line = text(progress, seconds: (now - started) / .seconds(1))
        if isTerminal {
            // Carriage return, then erase to the end of the line; the line is erased for good when its stage is over.
            FileHandle.standardError.write(Data("\r\u{1B}[K\(finished ? "" : line)".utf8))
        } else {
            log.info("\(line)")
        }
    }

    private func text(_ progress: StageProgress, seconds: Double) -> String {
        let rate = seconds > 0 ? Double(progress.done) / seconds : 0
        var text = "\(progress.title)  \(progress.done.grouped)"
        if let total = progress.total, total > 0 {
            let share = min(1, Double(progress.done) / Double(total))
            let filled = Int(share * 24)
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
            text = "\(progress.title)  \(isTerminal ? "\(bar) " : "")\(Int(share * 100)) %"
            if rate > 0 { text += "  \(Int(Double(total - progress.done) / rate + 0.5)) s left" }
        }
        return text + "  \(Int(rate).grouped) \(progress.unit)/s"
    }
}

extension Int {
    /// With thousands separators, `1,234,567`.
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
