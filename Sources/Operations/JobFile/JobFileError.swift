import Files

/// Why a job file cannot be used.
public enum JobFileError: Error, Equatable, CustomStringConvertible {
    /// The file itself could not be read as text.
    case unreadable(path: String, reason: String)
    /// The text was read, and these are all of its mistakes, in the order of their lines; never empty.
    case invalid(path: String, problems: [Problem])

    /// One mistake of a job file.
    public struct Problem: Equatable, Sendable {
        /// Line in the file, from 1.
        public var line: Int
        /// What was found there and what would be right.
        public var message: String

        public init(line: Int, message: String) {
            self.line = line
            self.message = message
        }
    }

    /// One line a mistake, each starting with `path:line: ` as compilers do, so that editors can jump to it.
    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "job file \(VisibleText.escaped(path)) \(reason)"
        case .invalid(let path, let problems):
            problems.map { "\(VisibleText.escaped(path)):\($0.line): \($0.message)" }.joined(separator: "\n")
        }
    }
}

/// The mistakes found so far. A reader notes a mistake and reads on, so that one run reports them all.
final class ProblemList {
    private var problems: [JobFileError.Problem] = []

    /// Bytes; a key or a value of the file may be as long as the file.
    private static let longestMessage = 2_000

    var isEmpty: Bool { problems.isEmpty }

    func add(line: Int, _ message: String) {
        let shown = VisibleText.escaped(VisibleText.prefix(message, bytes: Self.longestMessage))
        problems.append(.init(line: line, message: shown))
    }

    /// The problems sorted by line; those of one line stay in the order in which they were found.
    var inOrderOfLines: [JobFileError.Problem] {
        problems.enumerated()
            .sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }
            .map(\.element)
    }
}
