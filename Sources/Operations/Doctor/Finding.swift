import Runs

/// Something that `rocket doctor` looked at.
public struct Finding: Encodable, Equatable, Sendable {
    public var topic: Topic
    public var state: State
    /// What was looked at, in a word or two.
    public var subject: String
    public var found: String
    /// A command or SQL to paste, or a sentence that says what to do; nil where all is well.
    public var fix: String?

    private enum CodingKeys: String, CodingKey {
        case topic, state, subject, found
        // The name in the JSON that others read.
        case fix = "mend"
    }

    public enum State: String, Encodable, Sendable {
        case ok, warning, problem
    }

    public enum Topic: String, Encodable, Sendable {
        case machine, job, database, logs, rights, migrations, disk, clock, cache, runs, models
    }

    static func ok(_ topic: Topic, _ subject: String, _ found: String) -> Finding {
        Finding(topic: topic, state: .ok, subject: subject, found: found)
    }

    static func warning(_ topic: Topic, _ subject: String, _ found: String, fix: String) -> Finding {
        Finding(topic: topic, state: .warning, subject: subject, found: found, fix: fix)
    }

    static func problem(_ topic: Topic, _ subject: String, _ found: String, fix: String? = nil) -> Finding {
        Finding(topic: topic, state: .problem, subject: subject, found: found, fix: fix)
    }
}

extension [Finding] {
    /// With which code a command that found these leaves: a database in the way comes first, since without it little
    /// else is known; then the job file; then all that is the machine's.
    public var exitStatus: ExitStatus {
        let topics = Set(filter { $0.state == .problem }.map(\.topic))
        if topics.isEmpty { return .done }
        if !topics.isDisjoint(with: [.database, .rights, .migrations]) { return .database }
        return topics.contains(.job) ? .configuration : .internalError
    }
}
