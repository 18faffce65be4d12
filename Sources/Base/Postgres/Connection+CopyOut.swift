import CLibPQ
import Foundation

extension Connection {
    /// Streams `COPY (…) TO STDOUT (FORMAT binary)` row by row; memory does not depend on the number of rows.
    ///
    /// - Parameters:
    ///   - sql: The whole COPY statement.
    ///   - row: Reads the row's columns in order; an error it throws ends the COPY.
    public func copyOut(_ sql: String, row: (inout BinaryRow) throws -> Void) throws {
        guard try beginPinned() else { return try unpinnedCopyOut(sql, row: row) }
        do {
            try unpinnedCopyOut(sql, row: row)
            try endPinned()
        } catch {
            abandonPinned()
            throw error
        }
    }

    private func unpinnedCopyOut(_ sql: String, row: (inout BinaryRow) throws -> Void) throws {
        let answer = try checked(PQexec(handle, sql), sql)
        guard PQresultStatus(answer.result) == PGRES_COPY_OUT else {
            throw PostgresError.malformedCopy("the statement is not a COPY … TO STDOUT")
        }
        do {
            try readCopy(sql, row: row)
        } catch {
            cancelCopy()
            throw error
        }
        // The COPY's own result, then the end of the command.
        while let result = PQgetResult(handle) { _ = try checked(result, sql) }
    }

    private func readCopy(_ sql: String, row: (inout BinaryRow) throws -> Void) throws {
        var expectsHeader = true
        var buffer: UnsafeMutablePointer<CChar>?
        var pauses = 0
        while true {
            var length = PQgetCopyData(handle, &buffer, 1)
            if length == 0 {
                guard PQconsumeInput(handle) == 1 else {
                    throw PostgresError.connectionLost(message: String(cString: PQerrorMessage(handle)))
                }
                length = PQgetCopyData(handle, &buffer, 1)
            }
            if length == 0 {
                waitForInput(pauses)
                pauses += 1
                continue
            }
            pauses = 0
            if length == -1 { return }
            guard length >= 0, let message = buffer else {
                throw PostgresError.connectionLost(message: String(cString: PQerrorMessage(handle)))
            }
            defer { PQfreemem(message) }
            // Each message of a COPY from a query is one row; the first begins with the file header.
            var bytes = UnsafeRawBufferPointer(start: message, count: Int(length))
            if expectsHeader {
                bytes = try skippingHeader(bytes)
                expectsHeader = false
                if bytes.isEmpty { continue }
            }
            guard bytes.count >= 2 else { throw PostgresError.malformedCopy("a row of \(bytes.count) bytes") }
            let columns = Int16(bitPattern: UInt16(bytes[0]) << 8 | UInt16(bytes[1]))
            if columns == -1 { continue }
            guard columns >= 0 else { throw PostgresError.malformedCopy("a row of \(columns) columns") }
            var decoded = BinaryRow(bytes, columnCount: Int(columns))
            try row(&decoded)
        }
    }

    /// Waits for more rows. Waking its client for every few rows slows the server down; so the client first sleeps
    /// briefly and finds many rows, and waits to be woken only when the server is busy otherwise.
    private func waitForInput(_ pauses: Int) {
        if pauses < Self.ownPauses {
            usleep(Self.pauseMicroseconds)
        } else {
            var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
            poll(&descriptor, 1, 1_000)
        }
    }

    private static let pauseMicroseconds: UInt32 = 150
    private static let ownPauses = 100

    /// Skips the signature (11 bytes), the flags, the length of the header's extension, and the extension.
    private func skippingHeader(_ bytes: UnsafeRawBufferPointer) throws -> UnsafeRawBufferPointer {
        let signature: [UInt8] = [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00]
        guard bytes.starts(with: signature), let extra = bytes.bigEndianInt32(at: 15), extra >= 0,
            19 + Int(extra) <= bytes.count
        else { throw PostgresError.malformedCopy("the signature PGCOPY is missing") }
        return UnsafeRawBufferPointer(rebasing: bytes[(19 + Int(extra))...])
    }

    /// Asks the server to stop and drains what it has sent, so that the connection can be used again.
    private func cancelCopy() {
        guard PQstatus(handle) == CONNECTION_OK else { return }
        if let cancel = PQgetCancel(handle) {
            var message = [CChar](repeating: 0, count: 256)
            PQcancel(cancel, &message, Int32(message.count))
            PQfreeCancel(cancel)
        }
        var buffer: UnsafeMutablePointer<CChar>?
        while PQgetCopyData(handle, &buffer, 0) > 0 {
            PQfreemem(buffer)
            buffer = nil
        }
        while let result = PQgetResult(handle) { PQclear(result) }
    }
}
