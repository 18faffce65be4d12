/// The bytes of a block before compression; FORMAT.md has the table.
struct BlockLayout {
    let fields: [CacheField]
    let numerics: Int
    let hasTruth: Bool

    /// The payload of a block.
    func encode(_ batch: SparseBatch) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(contentsOf: batch.labels)
        append(batch.groups, to: &bytes)
        if hasTruth { append(batch.truth.map(\.bitPattern), to: &bytes) }
        for field in batch.fields {
            switch field {
            case .single(let ids): append(ids, to: &bytes)
            case .multi(let offsets, let ids):
                append(offsets, to: &bytes)
                append(ids, to: &bytes)
            }
        }
        for column in batch.numerics { append(column.map(\.bitPattern), to: &bytes) }
        return bytes
    }

    /// Reads a payload back; nothing in it is believed before it is checked.
    ///
    /// - Throws: `LayoutError` saying what does not fit.
    func decode(_ bytes: [UInt8], rows: Int) throws(LayoutError) -> SparseBatch {
        var cursor = Cursor(bytes: bytes)
        var batch = SparseBatch()
        batch.labels = try cursor.take(rows, "labels")
        guard batch.labels.allSatisfy({ $0 <= 1 }) else { throw LayoutError("a label is neither 0 nor 1") }
        batch.groups = try cursor.take(rows, "groups")
        if hasTruth { batch.truth = try floats(&cursor, rows, "true probabilities") }
        for field in fields {
            if field.multiValued {
                let offsets: [UInt32] = try cursor.take(rows + 1, "offsets of \(field.name)")
                guard offsets[0] == 0, zip(offsets, offsets.dropFirst()).allSatisfy({ $0 <= $1 }) else {
                    throw LayoutError("offsets of field \(field.name) do not ascend from 0")
                }
                let ids: [UInt32] = try cursor.take(Int(offsets[rows]), "ids of \(field.name)")
                batch.fields.append(.multi(offsets: offsets, ids: try checked(ids, field)))
            } else {
                let ids: [UInt32] = try cursor.take(rows, "ids of \(field.name)")
                batch.fields.append(.single(try checked(ids, field)))
            }
        }
        for index in 0..<numerics {
            batch.numerics.append(try floats(&cursor, rows, "numeric column \(index)"))
        }
        guard cursor.offset == bytes.count else {
            throw LayoutError("\(bytes.count - cursor.offset) bytes are left over after the last column")
        }
        return batch
    }

    private func checked(_ ids: [UInt32], _ field: CacheField) throws(LayoutError) -> [UInt32] {
        guard ids.allSatisfy({ Int($0) < field.rowsInTable }) else {
            throw LayoutError("an id of field \(field.name) is not below \(field.rowsInTable)")
        }
        return ids
    }

    private func floats(_ cursor: inout Cursor, _ count: Int, _ what: String) throws(LayoutError) -> [Float] {
        let bits: [UInt32] = try cursor.take(count, what)
        return bits.map { Float(bitPattern: $0) }
    }

    private func append<Number: FixedWidthInteger>(_ column: [Number], to bytes: inout [UInt8]) {
        column.map(\.littleEndian).withUnsafeBytes { bytes.append(contentsOf: $0) }
    }
}

/// What does not fit in a block's payload.
struct LayoutError: Error {
    let what: String

    init(_ what: String) {
        self.what = what
    }
}

/// Takes columns off a payload, never past its end.
private struct Cursor {
    let bytes: [UInt8]
    var offset = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func take<Number: FixedWidthInteger>(_ count: Int, _ what: String) throws(LayoutError) -> [Number] {
        let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Number>.size)
        guard !overflow, count >= 0, size <= bytes.count - offset else {
            throw LayoutError("\(what) need \(count) values, the block ends before them")
        }
        let start = offset
        offset += size
        return [Number](unsafeUninitializedCapacity: count) { buffer, initialized in
            bytes.withUnsafeBytes { source in
                UnsafeMutableRawBufferPointer(buffer).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: source[start..<start + size]))
            }
            for index in 0..<count { buffer[index] = Number(littleEndian: buffer[index]) }
            initialized = count
        }
    }
}
