import Days
import Files
import KeyCounts
import Postgres

/// Removal of files in a cache folder that nobody needs: files that no manifest row names, left by builds that were
/// killed or replaced, and days older than the retention. Days and counts that another folder has, of this job's
/// features or of others, stay: the jobs of that folder know how long they need them.
public struct CachePruning {
    private let directory: String
    private let connection: Connection

    public init(directory: String, on connection: Connection) {
        self.directory = directory
        self.connection = connection
    }

    /// The counts of what was removed.
    public struct Removed: Equatable, Sendable {
        public var files: [String] = []
        public var bytes = 0
        /// Cached days of the folder beyond the retention.
        public var days = 0
    }

    /// - Parameters:
    ///   - retentionDays: Days of a specification are removed if they are older than its newest cached day by more than
    ///     this; nil removes none.
    ///   - dryRun: Whether to report only what would be removed.
    /// - Returns: Nil if an extraction is running, whose unfinished files must stay.
    public func prune(retentionDays: Int?, dryRun: Bool) throws -> Removed? {
        guard let lock = try connection.tryAdvisoryLock(Extraction.cacheLock) else { return nil }
        defer { try? lock.release() }
        let folder = PrunedFolder(directory)
        let names = NamedFiles(connection, retentionDays: retentionDays)
        let days = folder.locate(try names.days())
        let counts = folder.locate(try names.counts(alsoFor: days.wholeElsewhere))
        if !dryRun {
            try connection.transaction { _ in try names.forget(days + counts) }
        }
        var removed = Removed()
        removed.days = Set(days.filter { $0.isOld && $0.isHere }.map(\.content)).count
        // An earlier release recorded paths relative to the folder it ran in, which may be any.
        let kept = Set(
            (days + counts).filter { !$0.isOld }.flatMap(\.paths).map {
                $0.hasPrefix("/") ? PrunedFolder.canonical($0) : PrunedFolder.tail(of: $0)
            })
        for (files, name) in candidates(folder.root) {
            let path = "\(files.folder)/\(name)"
            guard !kept.contains(path), !kept.contains(PrunedFolder.tail(of: path)), let file = files.own(name) else {
                continue
            }
            if !dryRun, try !files.remove(name) { continue }
            removed.bytes += file.size
            removed.files.append(path)
        }
        return removed
    }

    /// Returns the files whose path has the cache's own shape, `<hash>/day=<day>/part-…`, or that of counts or of a
    /// build's mark; anything else in the folder is not ours to remove.
    private func candidates(_ root: String) -> [(OwnFiles, String)] {
        let days = OwnFiles.entries(root).filter { $0.wholeMatch(of: /[0-9a-f]{16}/) != nil }.flatMap { hash in
            OwnFiles.entries("\(root)/\(hash)")
                .filter { $0.hasPrefix("day=") && Day($0.dropFirst(4)) != nil }.map { "\(root)/\(hash)/\($0)" }
        }
        return days.flatMap { day in
            // While nobody extracts, nobody builds a day either.
            [FileMark.cacheFile, .countsFile, .buildMark].flatMap { mark in
                let files = OwnFiles(in: day, mark)
                return files.names().map { (files, $0) }
            }
        }
    }
}
