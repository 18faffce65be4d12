import Collectives
import Foundation
import Logging

/// Work that the ranks of a group do together, as rank 0 tells the others of it.
package protocol RankTask: Codable, Sendable {
    /// Which work it is, in the message.
    static var kind: String { get }

    /// Does the part of a rank other than 0.
    func follow(_ rank: FollowingRank) throws
}

/// A rank other than 0 at work on a task.
package struct FollowingRank {
    package let group: RankGroup
    package let interruption: Interruption
    package let log: Logger
    /// Ids that earlier tasks have counted.
    package let counted = CountedIDs()
}

/// A rank other than 0: it knows no database and no command, but does what rank 0 tells it to.
package struct RankWorker {
    private let rank: FollowingRank
    private let tasks: [any RankTask.Type]

    /// - Parameter tasks: what rank 0 may ask for.
    package init(_ group: RankGroup, _ tasks: [any RankTask.Type], interruption: Interruption, log: Logger) {
        rank = FollowingRank(group: group, interruption: interruption, log: log)
        self.tasks = tasks
    }

    /// Works until rank 0 has nothing more to do.
    ///
    /// - Throws: `CollectiveError` where the group has broken up.
    package func serve() throws {
        while true {
            let call = try JSONDecoder().decode(RankCall.self, from: Data(rank.group.broadcast([], .unbounded)))
            guard let kind = call.kind else { return try rank.group.leave() }
            guard let task = tasks.first(where: { $0.kind == kind }) else { throw RankError.unknownTask(kind) }
            try JSONDecoder().decode(task, from: call.task).follow(rank)
        }
    }
}

/// What rank 0 tells the others.
private struct RankCall: Codable {
    /// Nil: there is no more to do.
    var kind: String?
    var task = Data()
}

extension Collective {
    /// Tells the other ranks what to do next.
    package func send<Task: RankTask>(_ task: Task) throws {
        guard isShared else { return }
        try call(RankCall(kind: Task.kind, task: JSONEncoder().encode(task)))
    }

    private func call(_ call: RankCall) throws {
        _ = try broadcast(Array(JSONEncoder().encode(call)), .bounded)
    }

    fileprivate func end() throws {
        guard isShared else { return }
        try call(RankCall())
    }
}

extension RankGroup {
    /// Lets the other ranks end, at rank 0.
    public func dismiss() throws {
        try end()
        try leave()
    }
}

/// What is wrong at one of several ranks.
package enum RankError: Error, CustomStringConvertible {
    /// A cache file is another one than rank 0's.
    case otherFile(path: String, expected: String, found: String)
    /// Rank 0 runs another program.
    case unknownTask(String)

    package var description: String {
        switch self {
        case .otherFile(let path, let expected, let found):
            "\(path) has checksum \(found), expected \(expected) as at rank 0: all ranks must see one cache folder; put "
                + "cache.directory on storage that every host mounts"
        case .unknownTask(let kind):
            "rank 0 asks for ‘\(kind)’, which this rank does not know: start the same program on every host"
        }
    }
}
