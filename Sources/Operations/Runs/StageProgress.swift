/// How far a stage is; handed to whoever shows it.
public struct StageProgress: Sendable {
    /// What is going on: `extract 2019-11-24`, `train rocket`.
    public var title: String
    /// Units done of `total`; the total may be unknown, or an estimate that grows with what is done.
    public var done: Int
    public var total: Int?
    /// What is counted: `rows`, `samples`, `calls`.
    public var unit: String

    public init(title: String, done: Int, total: Int?, unit: String) {
        self.title = title
        self.done = done
        self.total = total
        self.unit = unit
    }
}

/// Shows progress; called from the thread that works, often.
public typealias ProgressHandler = (StageProgress) -> Void
