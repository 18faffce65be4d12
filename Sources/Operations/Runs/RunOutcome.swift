import Evaluation

/// The result of a run.
public struct RunOutcome: Sendable {
    /// False when everything was there already.
    public var didWork: Bool
    /// The version made, or the one that was there.
    public var version: Int?
    /// What the promotion gate said of the version; nil where it was not asked.
    public var decision: GateDecision?

    package init(didWork: Bool, version: Int? = nil, decision: GateDecision? = nil) {
        self.didWork = didWork
        self.version = version
        self.decision = decision
    }

    /// The exit code of a command with this outcome.
    public var exitStatus: ExitStatus {
        guard didWork else { return .nothingToDo }
        return decision?.verdict == .held ? .held : .done
    }
}
