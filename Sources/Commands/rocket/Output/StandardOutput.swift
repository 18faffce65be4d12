import Files
import Foundation
import Synchronization

/// Standard output, which holds results only. What cannot be written there is an error: the command does its work all
/// the same, says so at its end and leaves with a code other than 0.
enum StandardOutput {
    /// `errno` of the first write that failed; 0: none did.
    private static let failed = Atomic<Int32>(0)

    /// Writes text as it is; after a failure nothing more.
    static func write(_ text: String) {
        guard failed.load(ordering: .relaxed) == 0 else { return }
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.write(STDOUT_FILENO, $0.baseAddress.map { $0 + written }, $0.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return failed.store(errno, ordering: .relaxed) }
            written += count
        }
    }

    /// - Throws: `OutputError` where this or an earlier write failed: for commands that write for a long time.
    static func writeOrThrow(_ text: String) throws(OutputError) {
        write(text)
        if let failure { throw failure }
    }

    /// What went wrong so far.
    static var failure: OutputError? {
        let code = failed.load(ordering: .relaxed)
        return code == 0 ? nil : OutputError(reason: String(cString: strerror(code)))
    }

    /// Makes sure that the numbers 0, 1 and 2 are taken, so that no file or connection gets one of them and is written
    /// into by mistake. What is closed stays unusable.
    static func reserve() {
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 {
            _ = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}

/// Results that could not be written.
struct OutputError: Error, CustomStringConvertible {
    let reason: String

    var description: String {
        "standard output cannot be written: \(reason); what the command did stays done, its results are in the database"
    }
}

/// Prints text with its own lines. A value's control characters are escaped, and tables fit the terminal. With the
/// signature of Swift's own function, so that this one is meant throughout.
func print(_ items: Any..., separator: String = " ", terminator: String = "\n") {
    let text = items.map { "\($0)" }.joined(separator: separator)
    let visible = VisibleText.escaped(text, lineBreaks: .kept)
    StandardOutput.write(TerminalText.standardOutput.fitted(visible) + terminator)
}

/// Prints text as it is: JSON, CSV, a stored file, or what was escaped before it was coloured.
func printUnchanged(_ text: String, terminator: String = "\n") {
    StandardOutput.write(text + terminator)
}
