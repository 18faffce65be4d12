import AdLogs
import Days
import Digests
import Foundation
import Postgres

/// An importer that streams files into the log tables by binary COPY, one transaction per file. A row that does not
/// parse goes to `rocket.quarantine_rows`; a file whose bytes were imported into the same table before is skipped.
public struct LogImporter {
    private let request: ImportRequest
    private let connection: Connection
    private let tables: LogTables

    public init(_ request: ImportRequest, on connection: Connection) {
        self.request = request
        self.connection = connection
        tables = LogTables(prefix: request.prefix)
    }

    /// Checks that a file is there and has a header that fits the request; reads no more of it.
    ///
    /// - Throws: `ImportError`.
    public func check(file: String) throws {
        try Self.requireFile(file)
        _ = try request.rowFormat(file: file, header: header(of: file), digest: "")
    }

    /// Imports a file. A file with too many rejected rows is refused: only its first rejected rows are kept, in the
    /// quarantine, and it counts as never imported.
    ///
    /// - Parameter progress: Called now and then.
    /// - Throws: `ImportError`, `AdLogError`, `PostgresError`; the tables then hold nothing of the file.
    public func run(file: String, progress: (ImportProgress) -> Void) throws -> ImportSummary {
        if let prefix = request.prefix, prefix.utf8.count > LogTables.longestPrefix {
            throw ImportError.option(
                "--into has \(prefix.utf8.count) bytes; \(LogTables.longestPrefix) at most, so that the names of the "
                    + "partitions fit into PostgreSQL's \(LogTables.longestName)")
        }
        try Self.requireFile(file)
        let digest = try Self.digest(file)
        let header = try header(of: file)
        let format = try request.rowFormat(file: file, header: header, digest: digest.hex)
        let total = format.hasTime ? 0 : try count(file)
        let mostDays = try mostDays()
        do {
            return try connection.transaction { connection in
                if let known = try imported(digest) {
                    return ImportSummary(file: file, impressions: known, isNew: false)
                }
                try tables.prepare(columns: format.columns, days: nil, on: connection)
                var chunk = ImportChunk(
                    tables: tables, columns: format.columns, source: request.format.rawValue, file: file,
                    mostDays: mostDays)
                var summary = try read(file, as: format, total: total, into: &chunk, progress)
                if summary.impressions == 0 || summary.rejectedShare > request.rejectedShare {
                    throw Refusal(summary: summary, rejected: chunk.firstRejected)
                }
                summary.missingColumns = try missing(format.columns)
                if request.makesIDs { summary.earlierOfTheName = try impressions(named: file) }
                try record(summary, digest: digest)
                return summary
            }
        } catch let refusal as Refusal {
            try connection.transaction {
                try ImportChunk.copy(refusal.rejected, source: request.format.rawValue, file: file, on: $0)
            }
            var summary = refusal.summary
            summary.outcome = .refused(above: request.rejectedShare)
            return summary
        }
    }

    /// Ends the transaction of a file that is refused.
    private struct Refusal: Error {
        let summary: ImportSummary
        let rejected: [ImportChunk.Rejected]
    }

    private func read(
        _ file: String, as format: any RowFormat, total: Int, into chunk: inout ImportChunk,
        _ progress: (ImportProgress) -> Void
    ) throws -> ImportSummary {
        var summary = ImportSummary(file: file, isNew: true)
        var order = 0
        var isHeader = request.hasHeader
        try request.reader(file).forEachRecord { record in
            if isHeader {
                isHeader = false
                return
            }
            defer { order += 1 }
            do throws(RowProblem) {
                chunk.append(try row(record, format, order: order, of: total), record)
            } catch {
                chunk.reject(record, key: format.id(record), error)
            }
            if chunk.count == Self.chunkRows {
                try chunk.flush(on: connection, into: &summary, progress: progress)
                progress(.rows(order + 1))
            }
        }
        try chunk.flush(on: connection, into: &summary, progress: progress)
        return summary
    }

    private func row(
        _ record: FileRecord, _ format: any RowFormat, order: Int, of total: Int
    ) throws(RowProblem) -> LogRow {
        guard record.isUTF8 else { throw RowProblem("it is not valid UTF-8") }
        guard !record.fields.contains(where: { $0.utf8.contains(0) }) else {
            throw RowProblem("it has a NUL character, which PostgreSQL's text cannot hold")
        }
        var row = try format.row(record)
        guard row.id.utf8.count <= Self.longestID else {
            throw RowProblem("its id is longer than \(Self.longestID) bytes, which PostgreSQL's index cannot hold")
        }
        if !format.hasTime { row.time = spread(order, of: total) }
        return row
    }

    /// An index entry of two columns takes at most 2,704 bytes.
    private static let longestID = 2_000

    /// Returns the number of days whose partitions can be created and written in one transaction: each takes a dozen
    /// locks.
    private func mostDays() throws -> Int {
        let locks =
            try connection.execute(
                """
                SELECT current_setting('max_locks_per_transaction')::bigint
                    * (current_setting('max_connections')::bigint
                        + current_setting('max_prepared_transactions')::bigint) AS n
                """
            ).first?.int("n") ?? 0
        return max(31, locks / 12)
    }

    /// Counts the impressions that came from another file of this name.
    private func impressions(named file: String) throws -> Int? {
        try connection.execute(
            """
            SELECT sum(impressions)::bigint AS n FROM rocket.imports
            WHERE file = $1 AND impressions_table = $2 AND impressions > 0
            """, [.text(file), .text(tables.impressions)]
        ).first?.intOrNil("n")
    }

    /// Returns the feature columns that the table has from other files and this one lacks. The standard tables have
    /// those of generated logs too.
    private func missing(_ columns: [LogColumn]) throws -> [String] {
        guard request.prefix != nil else { return [] }
        let known = ["impression_id", "impressed_at", "user_id"] + columns.map(\.name)
        return try connection.columns(of: tables.impressions).keys.filter { !known.contains($0) }.sorted()
    }

    /// Returns the time of the `order`-th of `total` rows: equal shares per day, evenly spaced.
    private func spread(_ order: Int, of total: Int) -> Int64 {
        let position = Double(order) * Double(request.days) / Double(max(1, total))
        let day = order * request.days / max(1, total)
        let second = (position - Double(day)) * 86_400
        return Int64(request.firstDay.ordinal + day) * 86_400_000_000 + Int64(max(0, second) * 1_000_000)
    }

    private func header(of file: String) throws -> [String] {
        guard request.hasHeader else { return [] }
        struct Found: Error { let fields: [String] }
        do {
            try request.reader(file).forEachRecord { throw Found(fields: $0.fields) }
        } catch let found as Found {
            return found.fields
        }
        throw ImportError.empty(file: file)
    }

    private func count(_ file: String) throws -> Int {
        var records = 0
        try request.reader(file).forEachRecord { _ in records += 1 }
        return records - (request.hasHeader ? 1 : 0)
    }

    private func imported(_ digest: SHA256Digest) throws -> Int? {
        try connection.execute(
            // Earlier versions also recorded files of which nothing was imported.
            "SELECT impressions FROM rocket.imports WHERE sha256 = $1 AND impressions_table = $2 AND impressions > 0",
            [.text(digest.hex), .text(tables.impressions)]
        ).first?.int("impressions")
    }

    private func record(_ summary: ImportSummary, digest: SHA256Digest) throws {
        try connection.execute(
            """
            INSERT INTO rocket.imports (file, sha256, format, impressions_table, impressions, clicks, quarantined,
                first_day, last_day)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (sha256, impressions_table) DO UPDATE SET file = excluded.file, format = excluded.format,
                impressions = excluded.impressions, clicks = excluded.clicks, quarantined = excluded.quarantined,
                first_day = excluded.first_day, last_day = excluded.last_day, imported_at = now()
            """,
            [
                .text(summary.file), .text(digest.hex), .text(request.format.rawValue), .text(tables.impressions),
                .int(summary.impressions), .int(summary.clicks), .int(summary.quarantined),
                Value(summary.days?.lowerBound), Value(summary.days?.upperBound),
            ])
    }

    /// A file is read for its checksum, its header and its rows, in some formats for their number too: a pipe gives its
    /// bytes only once, and opening one may wait for ever.
    private static func requireFile(_ path: String) throws(ImportError) {
        var found = stat()
        if stat(path, &found) != 0 {
            // Only this name stands for standard input, where there is no file of it.
            if path == "-" { throw .stream(path) }
            throw .unreadable(file: path, reason: String(cString: strerror(errno)))
        }
        switch found.st_mode & S_IFMT {
        case S_IFREG: return
        case S_IFDIR: throw .unreadable(file: path, reason: "it is a folder; name the files in it")
        default: throw .stream(path)
        }
    }

    private static func digest(_ file: String) throws -> SHA256Digest {
        guard let handle = FileHandle(forReadingAtPath: file) else {
            throw ImportError.unreadable(file: file, reason: "there is no such file, or it may not be read")
        }
        defer { try? handle.close() }
        var hasher = try SHA256Hasher()
        do {
            while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty { try hasher.update(Array(piece)) }
        } catch let error as DigestError {
            throw error
        } catch {
            throw ImportError.unreadable(file: file, reason: "it is a folder, or reading failed")
        }
        return try hasher.finalize()
    }

    private static let chunkRows = 20_000
}

/// The result of importing one file.
public struct ImportSummary: Sendable {
    public var file: String
    public var impressions = 0
    public var clicks = 0
    /// UTC days of the impressions.
    public var days: ClosedRange<Day>?
    /// Quarantined rows by reason; values within reasons are left out, so that like reasons count together.
    public var reasons: [String: Int] = [:]
    public var outcome: Outcome
    /// Columns of the table that the file does not have: they are NULL in its rows.
    public var missingColumns: [String] = []
    /// Impressions from an earlier file of the same name, if ids are generated; nil if there are none.
    public var earlierOfTheName: Int?

    public enum Outcome: Equatable, Sendable {
        case imported
        /// The same bytes were imported before.
        case known
        /// No row was usable, or more than this share was rejected: nothing was imported.
        case refused(above: Double)
    }

    init(file: String, impressions: Int = 0, isNew: Bool) {
        self.file = file
        self.impressions = impressions
        outcome = isNew ? .imported : .known
    }

    /// Whether the file was imported: false if the same bytes were imported before, or the file was refused.
    public var isNew: Bool { outcome == .imported }

    public var quarantined: Int { reasons.values.reduce(0, +) }

    /// The share of all rows that was rejected.
    var rejectedShare: Double { Double(quarantined) / Double(max(1, quarantined + impressions)) }
}

/// The progress of a file's import.
public enum ImportProgress: Sendable {
    case rows(Int)
    /// Days whose partitions exist, out of those that the rows at hand need.
    case days(Int, of: Int)
}
