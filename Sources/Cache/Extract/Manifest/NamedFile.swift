import Days

/// A file that the database names, in the folder that it was recorded in.
struct NamedFile {
    var part: Part
    /// Empty if an earlier release recorded it.
    var host, folder: String
    /// Empty if a day has no file at all.
    var path: String
    /// The path in the manifest, which is that of the file that was built last.
    var manifestPath: String
    /// Whether it is beyond the retention.
    var isOld: Bool
    /// Whether it is in the folder that is pruned.
    var isHere = false

    /// A day's files, or its counts.
    struct Content: Hashable {
        var kind: Kind
        var hash: String
        var day: Day
    }

    enum Kind {
        case day, counts

        /// The tables with its rows, and their columns of the hash. What else is known of a day goes with
        /// `rocket.cache_days`.
        var tables: [(name: String, hash: String)] {
            let own: [(name: String, hash: String)] =
                switch self {
                case .day: [("cache_manifest", "specification_hash"), ("cache_days", "specification_hash")]
                case .counts: [("history_counts", "counts_hash")]
                }
            return own + [("cache_copies", "content_hash")]
        }
    }

    struct Part: Hashable {
        var content: Content
        var number: Int
    }

    var content: Content { part.content }
    var paths: [String] { [path, manifestPath].filter { !$0.isEmpty } }
}

extension [NamedFile] {
    /// What stays whole without the pruned folder: each part has a file in another one.
    var wholeElsewhere: Set<NamedFile.Content> {
        let elsewhere = Set(filter { !$0.isHere }.map(\.part))
        return Set(map(\.content)).subtracting(filter { !elsewhere.contains($0.part) }.map(\.content))
    }
}
