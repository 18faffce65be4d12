/// What changed in a job file since the version before, as lines with some around them.
public struct JobFileChange: Equatable, Sendable {
    /// The version before.
    public var since: Int
    public var lines: [Line]

    public struct Line: Equatable, Sendable {
        public enum Kind: Sendable { case same, added, removed, gap }

        public var kind: Kind
        public var text: String
    }

    /// Lines shown around a change.
    private static let context = 2
    /// Longer files are rare, and comparing them would take long.
    private static let mostLines = 2_000

    /// Returns the lines that differ; nil if none do, or if the files are too long to compare.
    public init?(from old: String, to new: String, since version: Int) {
        func lines(_ text: String) -> [Substring] {
            var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            while lines.last?.isEmpty == true { lines.removeLast() }
            return lines
        }
        let (old, new) = (lines(old), lines(new))
        guard old != new, max(old.count, new.count) <= Self.mostLines else { return nil }
        let difference = new.difference(from: old)
        var (removed, inserted) = (Set<Int>(), Set<Int>())
        for change in difference {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var all: [Line] = []
        var (before, after) = (0, 0)
        while before < old.count || after < new.count {
            if removed.contains(before) {
                all.append(Line(kind: .removed, text: String(old[before])))
                before += 1
            } else if inserted.contains(after) {
                all.append(Line(kind: .added, text: String(new[after])))
                after += 1
            } else {
                guard before < old.count, after < new.count else { break }
                all.append(Line(kind: .same, text: String(new[after])))
                (before, after) = (before + 1, after + 1)
            }
        }
        since = version
        self.lines = Self.excerpt(of: all)
    }

    private static func excerpt(of all: [Line]) -> [Line] {
        let changed = all.indices.filter { all[$0].kind != .same }
        let shown = Set(changed.flatMap { max(0, $0 - context)...min(all.count - 1, $0 + context) })
        var lines: [Line] = []
        for index in all.indices {
            if shown.contains(index) {
                lines.append(all[index])
            } else if lines.last?.kind != .gap {
                lines.append(Line(kind: .gap, text: "…"))
            }
        }
        return lines
    }
}

extension ReportReader {
    /// Returns what changed in the job file since the version that the same model had before; nil if there is none, or
    /// if nothing did.
    public func jobFileChange(of version: Int, model: String) throws -> JobFileChange? {
        try connection.execute(
            """
            SELECT b.version, b.job_file AS old, v.job_file AS new
            FROM rocket.model_versions v
            JOIN LATERAL (
                SELECT version, job_file FROM rocket.model_versions
                WHERE model = v.model AND version < v.version ORDER BY version DESC LIMIT 1) b ON true
            WHERE v.version = $1 AND v.model = $2
            """, [.int(version), .text(model)]
        ).first.flatMap { row in
            JobFileChange(from: try row.text("old"), to: try row.text("new"), since: try row.int("version"))
        }
    }
}
