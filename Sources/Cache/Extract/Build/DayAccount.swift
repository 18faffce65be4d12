import AdLogs
import Days

/// The account of a day's impressions and click events, each counted once:
///
/// - impressions read = used + rejected (by reason) + repeated,
/// - click events = labels + duplicate + late + early + orphan + ambiguous.
///
/// The two sides are counted independently: what the server sent as it arrives, rows as the files hold them, clicks as
/// they are assigned. A difference is a bug in the program.
public struct DayAccount: Sendable {
    /// Impressions that the server sent.
    public let read: Int
    /// Rows in the files.
    public let used: Int
    /// Rejected impressions by reason.
    public let rejected: [RejectedRows.Reason: Int]
    /// Impressions left out because another one has the same id and time.
    public let repeated: RepeatedRows
    /// Impressions that share their id with another one: those in the files, and the repeated ones.
    public let sharedIDs: Int
    public let clicks: ClickAccount
    let seen: SeenLogs

    /// Adds up a day's shards and checks them.
    ///
    /// - Parameter sharedIDs: Rows of the files that share their id.
    /// - Throws: `ExtractionError.account`.
    init(_ day: Day, _ shards: [(part: Int, shard: ExtractedShard)], sharedIDs: Int) throws(ExtractionError) {
        for (part, shard) in shards {
            if let found = Self.difference(shard) { throw .account(day: day, part: part, found: found) }
        }
        read = shards.reduce(0) { $0 + $1.shard.read }
        used = shards.reduce(0) { $0 + $1.shard.file.rows }
        rejected = shards.reduce(into: [:]) { $0.merge($1.shard.rejected.counts, uniquingKeysWith: +) }
        repeated = shards.reduce(into: RepeatedRows()) {
            $0.leftOut += $1.shard.repeated.leftOut
            $0.kept += $1.shard.repeated.kept
        }
        self.sharedIDs = repeated.leftOut + min(used, repeated.kept + sharedIDs)
        clicks = shards.map(\.shard.account).reduce(ClickAccount(), +)
        seen = shards.map(\.shard.seen).reduce(SeenLogs(), +)
    }

    var rejectedRows: Int { rejected.values.reduce(0, +) }

    /// Returns what does not add up in a shard; nil if everything does.
    static func difference(_ shard: ExtractedShard) -> String? {
        let (account, file) = (shard.account, shard.file)
        if shard.read != file.rows + shard.rejected.count + shard.repeated.leftOut {
            return "\(shard.read) impressions read, but \(file.rows) used, \(shard.rejected.count) rejected and "
                + "\(shard.repeated.leftOut) repeated"
        }
        if !account.addsUp {
            return "\(account.events) click events, but \(account.first) labels, \(account.duplicates) duplicate, "
                + "\(account.late) late, \(account.early) early, \(account.orphans) orphan and "
                + "\(account.ambiguous) ambiguous"
        }
        // Rejected impressions may be labelled, repeated ones never are.
        if shard.seen.clicked != account.first || file.clicks > account.first || account.first > account.events {
            return "\(account.first) labels of \(account.events) click events, but \(shard.seen.clicked) labelled "
                + "impressions, \(file.clicks) of them in the file"
        }
        return nil
    }
}
