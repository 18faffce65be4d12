import Days
import Digests
import Postgres

/// The newest table of earlier days' counts of a kind, as stored in the database.
public struct StoredHistory: Sendable {
    /// The day whose rows it is for.
    public var asOf: Day
    public var bytes: Int
    public var sha256: String
}

extension ModelRegistry {
    /// Keeps a table of earlier days' counts for servers, in the place of the one before; an older one than that is not
    /// kept. In one transaction.
    ///
    /// - Parameter hash: Which counts over which windows the table has.
    /// - Returns: Whether it was kept.
    @discardableResult
    public func keep(history bytes: [UInt8], hash: String, asOf day: Day) throws -> Bool {
        try connection.transaction { connection in
            let sha256 = try SHA256Digest.of(bytes).hex
            let kept = try connection.execute(
                """
                INSERT INTO rocket.served_history AS h (history_hash, as_of, bytes, sha256) VALUES ($1, $2, $3, $4)
                ON CONFLICT (history_hash) DO UPDATE
                SET as_of = excluded.as_of, bytes = excluded.bytes, sha256 = excluded.sha256, made_at = now()
                WHERE h.as_of <= excluded.as_of
                RETURNING as_of
                """, [.text(hash), .day(day), .int(bytes.count), .text(sha256)])
            guard !kept.isEmpty else { return false }
            try connection.execute("DELETE FROM rocket.served_history_chunks WHERE history_hash = $1", [.text(hash)])
            for (index, start) in stride(from: 0, to: bytes.count, by: Self.historyChunkBytes).enumerated() {
                let chunk = bytes[start..<min(start + Self.historyChunkBytes, bytes.count)]
                try connection.execute(
                    "INSERT INTO rocket.served_history_chunks (history_hash, chunk, data) VALUES ($1, $2, $3)",
                    [.text(hash), .int(index), .bytes(Array(chunk))])
            }
            return true
        }
    }

    /// Returns which table of a kind is there; nil if none is.
    public func history(_ hash: String) throws -> StoredHistory? {
        try connection.execute(
            "SELECT as_of, bytes, sha256 FROM rocket.served_history WHERE history_hash = $1", [.text(hash)]
        ).first.map {
            StoredHistory(asOf: try $0.day("as_of"), bytes: try $0.int("bytes"), sha256: try $0.text("sha256"))
        }
    }

    /// Passes a table's bytes to the body chunk by chunk and compares the whole with its SHA-256; trust the chunks only
    /// once this returns.
    ///
    /// - Returns: Which table it is.
    /// - Throws: `ModelRegistryError.noHistory`, `.damagedHistory`, `.raced` if a night replaces it meanwhile,
    ///   `PostgresError`, and what the body throws.
    public func checkedHistory(_ hash: String, _ body: ([UInt8]) throws -> Void) throws -> StoredHistory {
        guard let stored = try history(hash) else { throw ModelRegistryError.noHistory }
        var digest = try SHA256Hasher()
        for index in 0..<(stored.bytes + Self.historyChunkBytes - 1) / Self.historyChunkBytes {
            // Each chunk only as long as the table is the one whose SHA-256 was read.
            let data = try connection.execute(
                """
                SELECT c.data FROM rocket.served_history_chunks c JOIN rocket.served_history h USING (history_hash)
                WHERE h.history_hash = $1 AND h.sha256 = $2 AND c.chunk = $3
                """, [.text(hash), .text(stored.sha256), .int(index)])
            guard let bytes = try data.first?.bytes("data") else { break }
            try digest.update(bytes)
            try body(bytes)
        }
        let found = try digest.finalize().hex
        guard found == stored.sha256 else {
            guard try history(hash)?.sha256 == stored.sha256 else {
                throw ModelRegistryError.raced(
                    "a night replaced the table of earlier days while it was read; run the command again")
            }
            throw ModelRegistryError.damagedHistory(found: found, expected: stored.sha256)
        }
        return stored
    }

    private static let historyChunkBytes = 4 << 20
}
