import Features
import Nets

/// Ids and numbers of rows, filled by a `FeatureEncoder`. Filling it again allocates nothing.
public struct EncodedRows: Sendable {
    package internal(set) var rows: SparseRows
    /// Hashes by feature, for features that a cross needs; 0 stands for missing.
    private(set) var hashes: [[UInt64]]
    /// By key of a history: each row's position in the table of counts, −1 for a key that is not there.
    private var records: [[Int32]]

    init(fields: Int, numerics: Int, features: Int, keys: Int) {
        rows = SparseRows(
            count: 0, fields: [FieldIDs](repeating: FieldIDs(ids: []), count: fields),
            numerics: [[Float]](repeating: [], count: numerics))
        hashes = [[UInt64]](repeating: [], count: features)
        records = [[Int32]](repeating: [], count: keys)
    }

    public var count: Int { rows.count }

    mutating func clear(_ readers: [FeatureEncoder.Reader]) {
        for reader in readers {
            hashes[reader.feature].removeAll(keepingCapacity: true)
            if case .history(let number) = reader.source { records[number.key].removeAll(keepingCapacity: true) }
            if reader.isNumber {
                rows.numerics[reader.target].removeAll(keepingCapacity: true)
                continue
            }
            rows.fields[reader.target].ids.removeAll(keepingCapacity: true)
            guard case .list = reader.source else { continue }
            if rows.fields[reader.target].offsets == nil { rows.fields[reader.target].offsets = [] }
            rows.fields[reader.target].offsets?.removeAll(keepingCapacity: true)
            rows.fields[reader.target].offsets?.append(0)
        }
        rows.count = 0
    }
}

/// One column of raw rows.
struct RawColumn {
    /// The values, row by row.
    let values: ArraySlice<RawValue>
    let name: String

    var count: Int { values.count }

    @inline(__always)
    subscript(row: Int) -> RawValue { values[values.startIndex &+ row] }

    /// - Parameter value: The refused part of the row's value; nil for all of it.
    func refused(_ row: Int, _ expected: String, found value: RawValue? = nil) -> ServingError {
        .value(row: row, column: name, found: "\(value ?? self[row])", expected: expected)
    }
}

// The encoding of each kind of feature, equal to the extraction's for the same values.
extension EncodedRows {
    /// Passes a field's ids and hashes to the body, taken out of the arrays so that they grow in place.
    @inline(__always)
    private mutating func appending(
        _ reader: FeatureEncoder.Reader, _ body: (inout [UInt32], inout [UInt64]) -> Void
    ) {
        var (ids, crossed): ([UInt32], [UInt64]) = ([], [])
        swap(&ids, &rows.fields[reader.target].ids)
        swap(&crossed, &hashes[reader.feature])
        defer {
            swap(&ids, &rows.fields[reader.target].ids)
            swap(&crossed, &hashes[reader.feature])
        }
        body(&ids, &crossed)
    }

    /// Encodes texts; a refused value becomes missing.
    mutating func encodeTexts(_ column: RawColumn, _ reader: FeatureEncoder.Reader, _ problems: inout RowProblems) {
        let (hasher, type) = (reader.hasher, reader.type)
        let (takesTexts, takesIntegers) = (
            type?.isVerbatim ?? true, type.map { $0.isVerbatim || $0.scalar == .integer } ?? true
        )
        var refused: [Int] = []
        appending(reader) { ids, crossed in
            ids.append(contentsOf: repeatElement(FeatureHasher.missing, count: column.count))
            if reader.isCrossed { crossed.append(contentsOf: repeatElement(0, count: column.count)) }
            ids.withUnsafeMutableBufferPointer { ids in
                column.values.withUnsafeBufferPointer { values in
                    for row in values.indices {
                        let hash: UInt64
                        switch values[row] {
                        case .text(let text) where takesTexts: hash = hasher.hash(text)
                        case .integer(let number) where takesIntegers: hash = hasher.hash(number)
                        case .missing: continue
                        case let other:
                            guard let text = other.text(as: type) else {
                                refused.append(row)
                                continue
                            }
                            hash = hasher.hash(text)
                        }
                        ids[row] = hasher.id(ofHash: hash)
                        if reader.isCrossed { crossed[row] = max(1, hash) }
                    }
                }
            }
        }
        for row in refused { problems.add(column.refused(row, RawValue.expected(type)), row: row) }
    }

    /// Encodes ids that are no hashes; they are crossed by the hash of their decimal text.
    mutating func encodeIDs(
        _ column: RawColumn, _ reader: FeatureEncoder.Reader, expected: String, _ problems: inout RowProblems,
        _ id: (RawValue) -> UInt32?
    ) {
        let hasher = reader.hasher
        appending(reader) { ids, crossed in
            for row in 0..<column.count {
                let value = column[row]
                let isMissing = if case .missing = value { true } else { false }
                let found = isMissing ? FeatureHasher.missing : id(value)
                if found == nil { problems.add(column.refused(row, expected), row: row) }
                let id = found ?? FeatureHasher.missing
                ids.append(id)
                guard reader.isCrossed else { continue }
                crossed.append(id == FeatureHasher.missing ? 0 : max(1, hasher.hash(String(id))))
            }
        }
    }

    mutating func encodeNumbers(
        _ column: RawColumn, _ transform: Feature.Transform, _ reader: FeatureEncoder.Reader,
        _ problems: inout RowProblems
    ) {
        for row in 0..<column.count {
            let number = column[row].number(as: reader.type)
            let result = transform.apply(number ?? .nan)
            if number == nil {
                problems.add(column.refused(row, "a finite number"), row: row)
            } else if result.isNaN, number?.isNaN == false {
                problems.add(column.refused(row, "a number that fits 32-bit floating point"), row: row)
            } else if !result.isNaN, !reader.range.contains(result) {
                problems.add(column.refused(row, "a number whose distance from training's mean fits 32-bit"), row: row)
            }
            rows.numerics[reader.target].append(result)
        }
    }

    mutating func encodeLists(_ column: RawColumn, _ reader: FeatureEncoder.Reader, _ problems: inout RowProblems) {
        let (hasher, type) = (reader.hasher, reader.type)
        var offsets: [UInt32]? = []
        swap(&offsets, &rows.fields[reader.target].offsets)
        defer { swap(&offsets, &rows.fields[reader.target].offsets) }
        appending(reader) { ids, _ in
            for row in 0..<column.count {
                let before = ids.count
                switch column[row] {
                case .missing: break
                case .list(let values):
                    guard values.count <= Self.mostValues else {
                        problems.add(column.refused(row, "at most \(Self.mostValues) values"), row: row)
                        break
                    }
                    for value in values {
                        if case .missing = value { continue }
                        guard let text = value.text(as: type) else {
                            let expected = "a list, each value \(RawValue.expected(type))"
                            problems.add(column.refused(row, expected, found: value), row: row)
                            continue
                        }
                        ids.append(hasher.id(text))
                    }
                default: problems.add(column.refused(row, "a list"), row: row)
                }
                if ids.count == before { ids.append(FeatureHasher.missing) }
                offsets?.append(UInt32(ids.count))
            }
        }
    }

    /// Encodes a number of a history. A key that is not in the table, or has a missing part, is missing.
    ///
    /// - Parameter request: As for a cross.
    mutating func encodeHistory(
        _ number: HistoryNumberReader, _ key: HistoryKeyReader, _ reader: FeatureEncoder.Reader,
        of request: EncodedRows?, count: Int
    ) {
        findRecords(number.key, key, of: request, count: count)
        let target = reader.target
        for row in 0..<count {
            let value = number.value(records[number.key][row])
            if let buckets = number.buckets {
                rows.fields[target].ids.append(buckets.id(value))
            } else {
                rows.numerics[target].append(number.transform.apply(value))
            }
        }
    }

    /// Looks each row's key up, once for all of the key's numbers.
    private mutating func findRecords(_ index: Int, _ key: HistoryKeyReader, of request: EncodedRows?, count: Int) {
        guard records[index].count != count else { return }
        for row in 0..<count {
            let hash = key.hash { part in request?.hashes[part].first ?? hashes[part][row] }
            records[index].append(key.counts?.find(hash) ?? -1)
        }
    }

    /// The most values in one list, as in the extraction.
    private static let mostValues = 65_535

    /// - Parameter request: The rows with the hashes of the request's features; nil if the rows are the request's own.
    mutating func encodeCross(
        _ parts: [Int], _ reader: FeatureEncoder.Reader, of request: EncodedRows?, count: Int
    ) {
        for row in 0..<count {
            func hash(_ part: Int) -> UInt64 {
                if let hash = request?.hashes[parts[part]].first { return hash }
                return hashes[parts[part]][row]
            }
            let isMissing = parts.indices.contains { hash($0) == 0 }
            let id =
                isMissing
                ? FeatureHasher.missing : reader.hasher.id(ofHash: reader.hasher.hash(crossing: parts.count, hash))
            rows.fields[reader.target].ids.append(id)
        }
    }
}
