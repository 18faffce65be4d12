import AdLogs
import Days
import Digests
import Foundation
import Postgres

/// Streams files into the log tables by binary COPY, a transaction a file. A row that does not parse goes to
/// `rocket.quarantine_rows`; a file whose bytes were imported into the same table before is left alone.
public struct LogImporter {
    private let request: ImportRequest
    private let connection: Connection
    private let tables: LogTables

    public init(_ request: ImportRequest, on connection: Connection) {
        self.request = request
        self.connection = connection
        tables = LogTables(prefix: request.prefix)
    }

    /// - Parameter progress: called now and then with the rows of the file so far.
    /// - Throws: `ImportError`, `AdLogError`, `PostgresError`; nothing of the file is in the tables then.
    public func run(file: String, progress: (Int) -> Void) throws -> ImportSummary {
        let digest = try Self.digest(file)
        let header = try header(of: file)
        let format = try request.rowFormat(file: file, header: header)
        let total = format.hasTime ? 0 : try count(file)
        return try connection.transaction { connection in
            if let known = try imported(digest) {
                return ImportSummary(file: file, impressions: known, isNew: false)
            }
            try tables.prepare(columns: format.columns, days: nil, on: connection)
            var summary = ImportSummary(file: file, isNew: true)
            var chunk = ImportChunk(
                tables: tables, columns: format.columns, source: request.format.rawValue, file: file)
            var order = 0
            var isHeader = request.hasHeader
            try request.reader(file).forEach { record in
                if isHeader {
                    isHeader = false
                    return
                }
                defer { order += 1 }
                do throws(RowProblem) {
                    guard record.isUTF8 else { throw RowProblem("it is not valid UTF-8") }
                    guard !record.fields.contains(where: { $0.utf8.contains(0) }) else {
                        throw RowProblem("it has a NUL character, which PostgreSQL's text cannot hold")
                    }
                    var row = try format.row(record)
                    if !format.hasTime { row.time = spread(order, of: total) }
                    chunk.append(row, record)
                } catch {
                    chunk.reject(record, key: format.id(record), error)
                }
                if chunk.count == Self.chunkRows {
                    try chunk.flush(on: connection, into: &summary)
                    progress(order + 1)
                }
            }
            try chunk.flush(on: connection, into: &summary)
            try record(summary, digest: digest)
            return summary
        }
    }

    /// Time of the `order`-th of `total` rows: equal shares a day, evenly spaced.
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
            try request.reader(file).forEach { throw Found(fields: $0.fields) }
        } catch let found as Found {
            return found.fields
        }
        throw ImportError.empty(file: file)
    }

    private func count(_ file: String) throws -> Int {
        var records = 0
        try request.reader(file).forEach { _ in records += 1 }
        return records - (request.hasHeader ? 1 : 0)
    }

    private func imported(_ digest: SHA256Digest) throws -> Int? {
        try connection.execute(
            "SELECT impressions FROM rocket.imports WHERE sha256 = $1 AND impressions_table = $2",
            [.text(digest.hex), .text(tables.impressions)]
        ).first?.int("impressions")
    }

    private func record(_ summary: ImportSummary, digest: SHA256Digest) throws {
        try connection.execute(
            """
            INSERT INTO rocket.imports (file, sha256, format, impressions_table, impressions, clicks, quarantined,
                first_day, last_day)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::date, $9::text::date)
            """,
            [
                .text(summary.file), .text(digest.hex), .text(request.format.rawValue), .text(tables.impressions),
                .int(summary.impressions), .int(summary.clicks), .int(summary.quarantined),
                summary.days.map { .text($0.lowerBound.description) } ?? .null,
                summary.days.map { .text($0.upperBound.description) } ?? .null,
            ])
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

/// What became of one file.
public struct ImportSummary: Sendable {
    public var file: String
    public var impressions = 0
    public var clicks = 0
    /// UTC days of the impressions.
    public var days: ClosedRange<Day>?
    /// Quarantined rows by reason; values within reasons are left out, so that like reasons count together.
    public var reasons: [String: Int] = [:]
    /// False when the same bytes were imported before.
    public var isNew: Bool

    public var quarantined: Int { reasons.values.reduce(0, +) }
}
