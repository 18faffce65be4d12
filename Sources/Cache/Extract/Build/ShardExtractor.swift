import AdLogs
import Days
import FeatureCache
import Features
import Foundation
import KeyCounts
import Postgres
import Synchronization

/// An extractor of time ranges of the logs into one cache file each: two COPYs, attribution through a table of the
/// range's clicks, hashing and transforms as the rows stream by, while blocks are encoded and written in parallel.
/// Memory depends on the number of clicks in the range, not on the number of impressions. Used by one thread at a time.
final class ShardExtractor {
    private let specification: ExtractionSpecification
    private let attribution: Attribution
    private let connection: Connection
    private let selected: SelectedColumns
    private let decoder: RowDecoder
    /// The memory of the last shard's rows; the kernel takes longer to clear it than to fill it with rows.
    private var usedColumns: RowColumns?
    /// What is counted of the rows, and what is known of them from earlier days.
    private let counting: Counting

    /// How rows are counted by the keys of histories.
    struct Counting {
        var keys: [HistoryKey]
        /// Nil if the rows are only counted.
        var history: DayHistory?
        /// For temporary files.
        var scratchFolder: String
    }

    /// - Parameter connection: In a transaction that sees the snapshot to extract.
    init(
        _ specification: ExtractionSpecification, attribution: Attribution, connection: Connection,
        offsets: ZoneOffsets,
        counting: Counting
    ) throws {
        self.specification = specification
        self.attribution = attribution
        self.connection = connection
        self.counting = counting
        var selected = try SelectedColumns(specification.source, attribution, on: connection)
        decoder = try RowDecoder(
            specification, columns: &selected, offsets: offsets, keys: counting.keys, history: counting.history)
        self.selected = selected
    }

    /// A shard of a day and its time range.
    struct Shard {
        var day: Day
        var part: Int
        var range: Range<Instant>
    }

    /// Reads a shard; its file is complete after `UnfinishedShard.finish()`, which needs no connection.
    ///
    /// - Parameters:
    ///   - folder: The day's folder.
    ///   - progress: Called with the number of rows since its last call.
    func extract(_ shard: Shard, into folder: String, progress: (Int) throws -> Void) throws -> UnfinishedShard {
        try attempt { breaksTies in
            var clicks = try ClickTable(attribution, in: shard.range, on: connection)
            var unfinished = try write(shard, &clicks, into: folder, breaksTies: breaksTies, progress)
            do {
                let account = try clicks.account(attribution, on: connection)
                if clicks.hasWrongLabels {
                    unfinished.blocks.abandon()
                    clicks.settle()
                    // Rows are counted once; the second pass must still be interruptible.
                    unfinished = try write(shard, &clicks, into: folder, breaksTies: breaksTies) { _ in
                        try progress(0)
                    }
                }
                unfinished.clicks = account
                return unfinished
            } catch {
                unfinished.blocks.abandon()
                throw error
            }
        }
    }

    /// Counts a shard's rows by the keys and leaves it at that.
    ///
    /// - Returns: The sorted runs of each key, and what was seen.
    func count(_ shard: Shard, progress: (Int) throws -> Void) throws -> (runs: [[SortedCounts]], seen: SeenLogs) {
        try attempt { breaksTies in
            var clicks = try ClickTable(attribution, in: shard.range, on: connection)
            var rows = try read(shard, &clicks, breaksTies: breaksTies, progress) { _ in }
            _ = try clicks.account(attribution, on: connection)
            if clicks.hasWrongLabels {
                clicks.settle()
                rows = try read(shard, &clicks, breaksTies: breaksTies, { _ in try progress(0) }) { _ in }
            }
            return (rows.runs, rows.seen)
        }
    }

    /// Reads a shard: first the clicks, then the impressions; the latter a second time if ids repeat and a click was
    /// another impression's. If too many impressions share a time, all of it again, with the server sorting them.
    private func attempt<Result>(_ body: (_ breaksTies: Bool) throws -> Result) throws -> Result {
        // An aborted COPY ends its transaction, but not what precedes a savepoint.
        try connection.script("SAVEPOINT shard")
        do {
            return try body(false)
        } catch {
            guard error is LongTie else { throw error }
            try connection.script("ROLLBACK TO SAVEPOINT shard")
            return try body(true)
        }
    }

    /// Too many impressions share a time; sorting them is left to the server.
    private struct LongTie: Error {}

    private func write(
        _ shard: Shard, _ clicks: inout ClickTable, into folder: String, breaksTies: Bool,
        _ progress: (Int) throws -> Void
    ) throws -> UnfinishedShard {
        let features = specification.features
        let blocks = try BlockQueue(ShardTally(features)) { countPlain in
            try CacheWriter(
                folder: folder, name: "part-\(shard.part)", specificationHash: specification.hash, day: shard.day,
                part: shard.part, fields: features.cacheFields, numerics: features.numerics.map(\.name),
                hasTruth: specification.trueProbability != nil, countPlain: countPlain)
        }
        do {
            let rows = try read(shard, &clicks, breaksTies: breaksTies, progress) { try blocks.append($0) }
            return UnfinishedShard(blocks: blocks, rows: rows)
        } catch {
            blocks.abandon()
            throw error
        }
    }

    private func emptyColumns(areSorted: Bool) -> RowColumns {
        if var used = usedColumns, used.areSorted == areSorted {
            usedColumns = nil
            used.reset()
            return used
        }
        let features = specification.features
        return RowColumns(
            multiValued: features.fields.map { $0.kind == .multiValued }, numerics: features.numerics.count,
            hasTruth: specification.trueProbability != nil, areSorted: areSorted)
    }

    private func read(
        _ shard: Shard, _ clicks: inout ClickTable, breaksTies: Bool, _ progress: (Int) throws -> Void,
        append: (SparseBatch) throws -> Void
    ) throws -> ReadRows {
        let counter =
            counting.keys.isEmpty
            ? nil : RowCounter(keys: counting.keys.count, isSorted: breaksTies, folder: counting.scratchFolder)
        var columns = emptyColumns(areSorted: breaksTies)
        var rejected = RejectedRows()
        var (rows, reported) = (0, 0)
        let select = attribution.impressions(
            in: shard.range, selecting: selected.expressions, breaksTies: breaksTies)
        try connection.copyOut("COPY (\(select)) TO STDOUT (FORMAT binary)") { row in
            rows &+= 1
            try decoder.decode(
                row, into: &columns, clicks: &clicks, counter: counter,
                rejected: { key, rejection in rejected.add(key, rejection) })
            if columns.settledRows >= CacheWriter.defaultBlockRows {
                // Exactly a block, which the writer need not copy.
                try append(columns.take(CacheWriter.defaultBlockRows))
                try progress(rows - reported)
                reported = rows
            } else if !breaksTies, columns.tieRows > Self.longestTie {
                throw LongTie()
            }
        }
        columns.settle()
        try append(columns.take(columns.rows))
        try progress(rows - reported)
        defer { usedColumns = columns }
        return ReadRows(
            seen: columns.seen, read: rows, repeated: columns.repeated, rejected: rejected,
            runs: try counter?.finish() ?? [])
    }

    private static let longestTie = 65_536
}

/// What was read of a shard, besides its rows.
private struct ReadRows: Sendable {
    var seen: SeenLogs
    var read: Int
    var repeated: RepeatedRows
    var rejected: RejectedRows
    /// The sorted runs of each key of a history.
    var runs: [[SortedCounts]]
}

/// A shard whose rows have been read and whose last blocks are still being written.
struct UnfinishedShard: Sendable {
    fileprivate let blocks: BlockQueue
    fileprivate(set) var clicks = ClickAccount()
    fileprivate let rows: ReadRows

    /// Completes the file and gives it its name.
    ///
    /// - Parameter counts: Writes the runs of each key of a history.
    func finish(
        counts: ([[SortedCounts]]) throws -> [CountsFile]
    ) throws -> (shard: ExtractedShard, tally: ShardTally) {
        do {
            let (file, tally) = try blocks.finish()
            var shard = ExtractedShard(
                file: file, account: clicks, seen: rows.seen, read: rows.read, repeated: rows.repeated,
                rejected: rows.rejected, counts: nil)
            if !rows.runs.isEmpty { shard.counts = try counts(rows.runs) }
            return (shard, tally)
        } catch {
            blocks.abandon()
            throw error
        }
    }
}

/// The result of extracting a shard.
public struct ExtractedShard: Codable, Sendable {
    public var file: CacheFile
    public var account: ClickAccount
    public var seen: SeenLogs
    /// Impressions that the server sent.
    public var read: Int
    public var repeated: RepeatedRows
    public var rejected: RejectedRows
    /// Counts by each key of a history; nil if there are none.
    public var counts: [CountsFile]?
}

/// Impressions left out because another one has the same id and time.
public struct RepeatedRows: Codable, Equatable, Sendable {
    /// All copies but one of each.
    public var leftOut = 0
    /// The copies that were kept.
    public var kept = 0
}

extension FeatureSpecification {
    /// The fields as the cache's header has them.
    public var cacheFields: [CacheField] {
        fields.map { CacheField(name: $0.name, rowsInTable: $0.tableRows, multiValued: $0.kind == .multiValued) }
    }
}

/// A queue that encodes, writes and counts blocks in order on a separate thread, while the rows of the next block are
/// read. Holds at most two blocks.
private final class BlockQueue: @unchecked Sendable {
    private let writer: CacheWriter
    private let counter: Counter
    private let queue = DispatchQueue(label: "rocket.block-queue")
    private let room = DispatchSemaphore(value: 2)
    private let failure = Mutex<(any Error)?>(nil)

    /// The tally, which the writer adds to while it writes.
    private final class Counter {
        var tally: ShardTally
        init(_ tally: ShardTally) { self.tally = tally }
    }

    /// - Parameter writer: Makes the writer, which calls its argument with ids that it does not count.
    init(_ tally: ShardTally, writer: (@escaping (Int, [UInt32]) -> Void) throws -> CacheWriter) throws {
        let counter = Counter(tally)
        self.counter = counter
        self.writer = try writer { field, ids in counter.tally.add(ids, field: field) }
    }

    func append(_ batch: SparseBatch) throws {
        room.wait()
        if let error = failure.withLock({ $0 }) {
            room.signal()
            throw error
        }
        queue.async { [self] in
            defer { room.signal() }
            do {
                try writer.append(batch)
                counter.tally.addRows(of: batch)
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
    }

    func finish() throws -> (CacheFile, ShardTally) {
        try queue.sync {
            if let error = failure.withLock({ $0 }) { throw error }
            let file = try writer.finish()
            counter.tally.add(writer.counted)
            counter.tally.add(writer.numerics)
            return (file, counter.tally)
        }
    }

    func abandon() {
        queue.sync { writer.abandon() }
    }
}
