/// One row of a binary COPY stream, read in place column by column: no value is copied unless asked for.
///
/// Layout (all big endian): number of columns Int16, then per column its length Int32 (−1 for NULL) and its bytes.
/// See https://www.postgresql.org/docs/current/sql-copy.html, "Tuples".
public struct BinaryRow {
    private let bytes: UnsafeRawBufferPointer
    private var offset: Int
    public let columnCount: Int
    private var column = 0

    /// - Parameter bytes: Starts at the column count; must outlive the row.
    init(_ bytes: UnsafeRawBufferPointer, columnCount: Int) {
        self.bytes = bytes
        self.columnCount = columnCount
        offset = 2
    }

    /// Passes the next column's bytes to the body, in which alone they are valid; nil for NULL.
    public mutating func bytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result? {
        guard column < columnCount else {
            throw PostgresError.malformedCopy("a row has \(columnCount) columns, column \(column + 1) was read")
        }
        column += 1
        guard let length = bytes.bigEndianInt32(at: offset) else { throw cut() }
        offset += 4
        if length == -1 { return nil }
        guard length >= 0, offset + Int(length) <= bytes.count else { throw cut() }
        defer { offset += Int(length) }
        return try body(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + Int(length)]))
    }

    /// A column's place within the row.
    public struct Slice: Sendable {
        public var offset: Int
        /// −1 for NULL.
        public var length: Int

        public init() {
            offset = 0
            length = -1
        }

        /// Returns the column's bytes within the row's; nil for NULL.
        @inline(__always)
        public func bytes(in row: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
            length < 0 ? nil : UnsafeRawBufferPointer(start: row.baseAddress.map { $0 + offset }, count: length)
        }
    }

    /// Finds all columns at once, for decoders that read every column of every row.
    ///
    /// - Parameter slices: One per column of the statement.
    /// - Returns: The row's bytes, valid as long as the row.
    @inline(__always)
    public func locate(_ slices: UnsafeMutableBufferPointer<Slice>) throws -> UnsafeRawBufferPointer {
        guard columnCount == slices.count else {
            throw PostgresError.malformedCopy("a row has \(columnCount) columns, expected \(slices.count)")
        }
        var position = 2
        for column in slices.indices {
            guard position &+ 4 <= bytes.count else { throw cut() }
            let length = Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: Int32.self)))
            position &+= 4
            slices[column].offset = position
            slices[column].length = length
            if length > 0 { position &+= length }
            guard length >= -1, position <= bytes.count else { throw cut() }
        }
        return bytes
    }

    public mutating func text() throws -> String? {
        try bytes { String(decoding: $0, as: UTF8.self) }
    }

    public mutating func bool() throws -> Bool? {
        try bytes { value in
            guard value.count == 1 else { throw PostgresError.malformedCopy("a boolean of \(value.count) bytes") }
            return value[0] != 0
        }
    }

    /// Reads a `smallint`, `integer` or `bigint`, told apart by length.
    public mutating func int64() throws -> Int64? {
        try bytes { value in
            switch value.count {
            case 2: Int64(Int16(bitPattern: UInt16(value[0]) << 8 | UInt16(value[1])))
            case 4: Int64(value.bigEndianInt32(at: 0) ?? 0)
            case 8: Int64(bitPattern: value.bigEndianUInt64())
            default: throw PostgresError.malformedCopy("an integer of \(value.count) bytes")
            }
        }
    }

    /// Reads a `real` or `double precision`, told apart by length.
    public mutating func double() throws -> Double? {
        try bytes { value in
            switch value.count {
            case 4: Double(Float(bitPattern: UInt32(bitPattern: value.bigEndianInt32(at: 0) ?? 0)))
            case 8: Double(bitPattern: value.bigEndianUInt64())
            default: throw PostgresError.malformedCopy("a floating-point number of \(value.count) bytes")
            }
        }
    }

    private func cut() -> PostgresError {
        .malformedCopy("a row ends in column \(column) of \(columnCount)")
    }
}

extension UnsafeRawBufferPointer {
    /// Returns nil if the buffer is too short.
    func bigEndianInt32(at offset: Int) -> Int32? {
        guard offset >= 0, offset + 4 <= count else { return nil }
        return Int32(bigEndian: loadUnaligned(fromByteOffset: offset, as: Int32.self))
    }

    /// Reads the first eight bytes; the caller has checked that there are as many.
    fileprivate func bigEndianUInt64() -> UInt64 {
        UInt64(bigEndian: loadUnaligned(fromByteOffset: 0, as: UInt64.self))
    }
}
