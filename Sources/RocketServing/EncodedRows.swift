import Features
import Nets

/// Ids and numbers of rows, made by a `FeatureEncoder`. Filled again it allocates nothing.
public struct EncodedRows: Sendable {
    var rows: SparseRows
    /// By feature, where a cross needs them; 0 stands for missing.
    private(set) var hashes: [[UInt64]]

    init(fields: Int, numerics: Int, features: Int) {
        rows = SparseRows(
            count: 0, fields: [FieldIDs](repeating: FieldIDs(ids: []), count: fields),
            numerics: [[Float]](repeating: [], count: numerics))
        hashes = [[UInt64]](repeating: [], count: features)
    }

    public var count: Int { rows.count }

    mutating func clear(_ readers: [FeatureEncoder.Reader]) {
        for reader in readers {
            hashes[reader.feature].removeAll(keepingCapacity: true)
            if case .number = reader.source {
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
    /// Row after row.
    let values: ArraySlice<RawValue>
    let name: String

    var count: Int { values.count }

    @inline(__always)
    subscript(row: Int) -> RawValue { values[values.startIndex &+ row] }

    func refused(_ row: Int, _ expected: String) -> ServingError {
        .value(row: row, column: name, found: "\(self[row])", expected: expected)
    }
}

// How each kind of feature is read; what is encoded is what the extraction makes of the same values.
extension EncodedRows {
    /// Calls the body with a field's ids and its hashes, taken out so that they grow in place.
    @inline(__always)
    private mutating func appending(
        _ reader: FeatureEncoder.Reader,
        _ body: (inout [UInt32], inout [UInt64]) throws(ServingError) -> Void
    ) throws(ServingError) {
        var (ids, crossed): ([UInt32], [UInt64]) = ([], [])
        swap(&ids, &rows.fields[reader.target].ids)
        swap(&crossed, &hashes[reader.feature])
        defer {
            swap(&ids, &rows.fields[reader.target].ids)
            swap(&crossed, &hashes[reader.feature])
        }
        try body(&ids, &crossed)
    }

    mutating func encodeTexts(_ column: RawColumn, _ reader: FeatureEncoder.Reader) throws(ServingError) {
        let hasher = reader.hasher
        var refused: Int?
        try appending(reader) { (ids, crossed) throws(ServingError) in
            ids.append(contentsOf: repeatElement(FeatureHasher.missing, count: column.count))
            if reader.isCrossed { crossed.append(contentsOf: repeatElement(0, count: column.count)) }
            ids.withUnsafeMutableBufferPointer { ids in
                column.values.withUnsafeBufferPointer { values in
                    for row in values.indices {
                        let hash: UInt64
                        switch values[row] {
                        case .text(let text): hash = hasher.hash(text)
                        case .integer(let number): hash = hasher.hash(number)
                        case .missing: continue
                        case .list:
                            refused = refused ?? row
                            continue
                        case let other: hash = hasher.hash(other.text ?? "")
                        }
                        ids[row] = hasher.id(ofHash: hash)
                        if reader.isCrossed { crossed[row] = max(1, hash) }
                    }
                }
            }
        }
        if let refused { throw column.refused(refused, "a single value") }
    }

    /// Ids that are no hashes; they are crossed by the hash of their decimal text.
    mutating func encodeIDs(
        _ column: RawColumn, _ reader: FeatureEncoder.Reader, expected: String, _ id: (RawValue) -> UInt32?
    ) throws(ServingError) {
        let hasher = reader.hasher
        try appending(reader) { (ids, crossed) throws(ServingError) in
            for row in 0..<column.count {
                let value = column[row]
                let isMissing = if case .missing = value { true } else { false }
                guard let id = isMissing ? FeatureHasher.missing : id(value) else {
                    throw column.refused(row, expected)
                }
                ids.append(id)
                guard reader.isCrossed else { continue }
                crossed.append(id == FeatureHasher.missing ? 0 : max(1, hasher.hash(String(id))))
            }
        }
    }

    mutating func encodeNumbers(
        _ column: RawColumn, _ transform: Feature.Transform, _ reader: FeatureEncoder.Reader
    ) throws(ServingError) {
        for row in 0..<column.count {
            guard let number = column[row].number else { throw column.refused(row, "a finite number") }
            let result = transform.apply(number)
            if result.isNaN, !number.isNaN {
                throw column.refused(row, "a number that fits 32-bit floating point")
            }
            rows.numerics[reader.target].append(result)
        }
    }

    mutating func encodeLists(_ column: RawColumn, _ reader: FeatureEncoder.Reader) throws(ServingError) {
        let hasher = reader.hasher
        var offsets: [UInt32]? = []
        swap(&offsets, &rows.fields[reader.target].offsets)
        defer { swap(&offsets, &rows.fields[reader.target].offsets) }
        try appending(reader) { (ids, _) throws(ServingError) in
            for row in 0..<column.count {
                let before = ids.count
                switch column[row] {
                case .missing: break
                case .list(let values):
                    guard values.count <= Self.mostValues else {
                        throw column.refused(row, "at most \(Self.mostValues) values")
                    }
                    for value in values {
                        if case .list = value { throw column.refused(row, "a list of single values") }
                        if let text = value.text { ids.append(hasher.id(text)) }
                    }
                default: throw column.refused(row, "a list")
                }
                if ids.count == before { ids.append(FeatureHasher.missing) }
                offsets?.append(UInt32(ids.count))
            }
        }
    }

    /// As in the extraction.
    private static let mostValues = 65_535

    /// - Parameter request: where the hashes of its features are; nil: the rows are the request's own.
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
