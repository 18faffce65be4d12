import CLibPQ

/// A writer of rows into `COPY … FROM STDIN (FORMAT binary)`. Announce each row with its number of columns, then write
/// its columns in order. The table is unchanged before `finish()`.
public final class BinaryCopyWriter {
    private let connection: Connection
    private let sql: String
    private var buffer: [UInt8] = [
        0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00, 0, 0, 0, 0, 0, 0, 0, 0,
    ]
    private var rows = 0
    private var failure: PostgresError?

    fileprivate init(_ connection: Connection, _ sql: String) {
        self.connection = connection
        self.sql = sql
        buffer.reserveCapacity(Self.flushBytes + 4_096)
    }

    /// Begins a row.
    public func row(_ columns: Int) {
        if buffer.count >= Self.flushBytes { flush() }
        append(Int16(truncatingIfNeeded: columns))
        rows += 1
    }

    public func null() { append(Int32(-1)) }

    public func text(_ text: String) {
        var text = text
        text.withUTF8 { utf8(UnsafeRawBufferPointer($0)) }
    }

    public func utf8(_ bytes: UnsafeRawBufferPointer) {
        append(Int32(truncatingIfNeeded: bytes.count))
        buffer.append(contentsOf: bytes)
    }

    public func text(orNull text: String?) {
        if let text { self.text(text) } else { null() }
    }

    public func bool(_ value: Bool) {
        append(Int32(1))
        buffer.append(value ? 1 : 0)
    }

    public func int64(_ value: Int64) {
        append(Int32(8))
        append(value)
    }

    public func double(_ value: Double) {
        append(Int32(8))
        append(Int64(bitPattern: value.bitPattern))
    }

    /// `timestamptz`: microseconds since 2000-01-01 00:00 UTC on the wire.
    public func timestamptz(microsecondsSince1970 value: Int64) {
        append(Int32(8))
        append(value - 946_684_800_000_000)
    }

    /// `text[]`.
    public func textArray(_ elements: [String]) {
        let size = elements.reduce(20) { $0 + 4 + $1.utf8.count }
        guard !elements.isEmpty else {
            append(Int32(12))
            append(Int32(0))
            append(Int32(0))
            append(Self.textOID)
            return
        }
        append(Int32(truncatingIfNeeded: size))
        append(Int32(1))
        append(Int32(0))
        append(Self.textOID)
        append(Int32(truncatingIfNeeded: elements.count))
        append(Int32(1))
        for element in elements { text(element) }
    }

    /// Ends the COPY and returns the number of rows written.
    public func finish() throws(PostgresError) -> Int {
        append(Int16(-1))
        flush()
        if let failure {
            _ = PQputCopyEnd(connection.handle, "the client met an error")
            drain()
            throw failure
        }
        guard PQputCopyEnd(connection.handle, nil) == 1 else {
            throw .connectionLost(message: String(cString: PQerrorMessage(connection.handle)))
        }
        var refusal: PostgresError?
        while let result = PQgetResult(connection.handle) {
            do throws(PostgresError) {
                _ = try connection.checked(result, sql)
            } catch {
                refusal = refusal ?? error
            }
        }
        if let refusal { throw refusal }
        return rows
    }

    /// Abandons the COPY; none of its rows stay.
    public func cancel() {
        _ = PQputCopyEnd(connection.handle, "cancelled by the client")
        drain()
    }

    private func drain() {
        while let result = PQgetResult(connection.handle) { PQclear(result) }
    }

    private func flush() {
        defer { buffer.removeAll(keepingCapacity: true) }
        if failure != nil { return }
        let sent = buffer.withUnsafeBytes { bytes in
            PQputCopyData(
                connection.handle, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
        }
        if sent != 1 { failure = .connectionLost(message: String(cString: PQerrorMessage(connection.handle))) }
    }

    private func append<Number: FixedWidthInteger>(_ value: Number) {
        withUnsafeBytes(of: value.bigEndian) { buffer.append(contentsOf: $0) }
    }

    private static let flushBytes = 1 << 16
    private static let textOID: Int32 = 25
}

extension Connection {
    /// Begins `COPY table (columns) FROM STDIN (FORMAT binary)`; the connection can do nothing else until it is
    /// finished.
    public func copyIn(_ sql: String) throws(PostgresError) -> BinaryCopyWriter {
        let answer = try checked(PQexec(handle, sql), sql)
        guard PQresultStatus(answer.result) == PGRES_COPY_IN else {
            throw .malformedCopy("the statement is not a COPY … FROM STDIN")
        }
        return BinaryCopyWriter(self, sql)
    }
}
