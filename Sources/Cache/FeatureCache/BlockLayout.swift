/// The bytes of a block before compression; the page CacheFileFormat has the table.
struct BlockLayout {
    let fields: [CacheField]
    /// Names of the numeric columns.
    let numerics: [String]
    let hasTruth: Bool

    /// Encodes a block's payload, adding its new values to the file's dictionaries.
    ///
    /// - Parameter plain: Called with each field whose ids did not go through its dictionary, which counts those that
    ///   do.
    func encode(
        _ batch: SparseBatch, _ dictionaries: inout WrittenDictionaries, plain: (Int, [UInt32]) -> Void
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(batch.rows * 4 * (4 + batch.fields.count + batch.numerics.count))
        ColumnCoding.append(batch.labels.map { UInt32($0) }, to: &bytes)
        ColumnCoding.append(batch.keys, to: &bytes)
        ColumnCoding.append(batch.groups, with: &dictionaries.groups, to: &bytes)
        if hasTruth { ColumnCoding.append(batch.truth.map(\.bitPattern), to: &bytes) }
        for (index, field) in batch.fields.enumerated() {
            let ids: [UInt32]
            switch field {
            case .single(let single): ids = single
            case .multi(let offsets, let multi):
                ColumnCoding.append(zip(offsets, offsets.dropFirst()).map { $1 - $0 }, to: &bytes)
                ids = multi
            }
            if ColumnCoding.append(ids, with: &dictionaries.columns[index], to: &bytes) == .plain { plain(index, ids) }
        }
        for (index, column) in batch.numerics.enumerated() {
            ColumnCoding.append(
                column.map(\.bitPattern), with: &dictionaries.columns[fields.count + index], to: &bytes)
        }
        return bytes
    }

    /// Encodes the payload of the frame after the last block.
    func encode(_ dictionaries: WrittenDictionaries) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(UInt32(dictionaries.groups.values.count))
        ColumnCoding.append(dictionaries.groups.values, to: &bytes)
        for column in dictionaries.columns {
            bytes.append(UInt32(column.values.count))
            ColumnCoding.append(column.values, to: &bytes)
        }
        return bytes
    }

    /// Decodes a block's payload, and how each column is stored in it.
    ///
    /// - Parameter rows: The number of rows in the index; `CacheIndex` has bounded it.
    /// - Throws: `LayoutError` with what does not fit.
    func decode(
        _ bytes: [UInt8], rows: Int, _ dictionaries: ReadDictionaries
    ) throws(LayoutError) -> (batch: SparseBatch, columns: [StoredColumn]) {
        var cursor = ColumnCursor(bytes)
        var batch = SparseBatch()
        let labels: [UInt32] = try cursor.take(rows, "labels")
        guard labels.allSatisfy({ $0 <= 1 }) else { throw LayoutError("a label is neither 0 nor 1") }
        batch.labels = labels.map { UInt8($0) }
        batch.keys = try cursor.take(rows, "keys")
        batch.groups = try cursor.take(rows, dictionary: dictionaries.groups, "groups")
        if hasTruth {
            let bits: [UInt32] = try cursor.take(rows, "true probabilities")
            batch.truth = bits.map { Float(bitPattern: $0) }
        }
        for (index, field) in fields.enumerated() {
            batch.fields.append(
                try field.multiValued
                    ? multi(&cursor, rows, field, dictionaries.columns[index])
                    : .single(checked(cursor.take(rows, dictionary: dictionaries.columns[index], field.name), field)))
        }
        for (index, name) in numerics.enumerated() {
            let bits: [UInt32] = try cursor.take(
                rows, dictionary: dictionaries.columns[fields.count + index], name)
            batch.numerics.append(bits.map { Float(bitPattern: $0) })
        }
        guard cursor.offset == bytes.count else {
            throw LayoutError("\(bytes.count - cursor.offset) bytes are left over after the last column")
        }
        return (batch, cursor.taken)
    }

    /// Decodes the dictionaries' payload.
    func dictionaries(_ bytes: [UInt8]) throws(LayoutError) -> ReadDictionaries {
        var cursor = ColumnCursor(bytes)
        var dictionaries = ReadDictionaries()
        dictionaries.groups = try cursor.take(limited(try cursor.count("groups")), "the dictionary of groups")
        for index in 0..<fields.count + numerics.count {
            let count = try limited(try cursor.count("column \(index)"))
            dictionaries.columns.append(try cursor.take(count, "the dictionary of column \(index)"))
        }
        guard cursor.offset == bytes.count else {
            throw LayoutError("\(bytes.count - cursor.offset) bytes are left over after the last dictionary")
        }
        return dictionaries
    }

    private func limited(_ count: Int) throws(LayoutError) -> Int {
        guard count <= WrittenDictionaries.mostValues else {
            throw LayoutError(
                "a dictionary claims \(count) values, the format allows \(WrittenDictionaries.mostValues)")
        }
        return count
    }

    private func multi(
        _ cursor: inout ColumnCursor, _ rows: Int, _ field: CacheField, _ dictionary: [UInt32]
    ) throws(LayoutError) -> FieldColumn {
        let lengths: [UInt32] = try cursor.take(rows, "lengths of \(field.name)")
        var offsets: [UInt32] = [0]
        offsets.reserveCapacity(rows + 1)
        var total = 0
        for length in lengths {
            total += Int(length)
            guard total <= Self.mostIDs else {
                throw LayoutError("field \(field.name) claims more than \(Self.mostIDs) ids")
            }
            offsets.append(UInt32(total))
        }
        let ids: [UInt32] = try cursor.take(total, dictionary: dictionary, "ids of \(field.name)")
        return .multi(offsets: offsets, ids: try checked(ids, field))
    }

    private func checked(_ ids: [UInt32], _ field: CacheField) throws(LayoutError) -> [UInt32] {
        guard (ids.max() ?? 0) < field.rowsInTable else {
            throw LayoutError("an id of field \(field.name) is not below \(field.rowsInTable)")
        }
        return ids
    }

    /// The most ids of one multi-valued field in one block; a constant column takes no bytes, so its length needs a
    /// bound.
    static let mostIDs = 1 << 24
}

/// The dictionaries of a file being written.
struct WrittenDictionaries {
    var groups = ValueDictionary<UInt64>(limit: mostValues)
    /// One per field, then one per numeric feature.
    var columns: [ValueDictionary<UInt32>]

    init(columns: Int) {
        self.columns = [ValueDictionary<UInt32>](
            repeating: ValueDictionary(limit: Self.mostValues), count: columns)
    }

    /// The most values of a dictionary.
    static let mostValues = 1 << 17
}

/// The dictionaries of a file being read.
struct ReadDictionaries: Sendable {
    var groups: [UInt64] = []
    var columns: [[UInt32]] = []
}

/// A mismatch in a block's payload.
struct LayoutError: Error {
    let what: String

    init(_ what: String) {
        self.what = what
    }
}
