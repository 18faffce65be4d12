extension SparseBatch {
    /// Returns a batch of no rows with the given columns.
    static func empty(fields: [CacheField], numerics: Int) -> SparseBatch {
        SparseBatch(
            fields: fields.map { $0.multiValued ? .multi(offsets: [0], ids: []) : .single([]) },
            numerics: [[Float]](repeating: [], count: numerics))
    }

    /// Returns whether the columns are those of a layout and all have as many rows as there are labels.
    func fits(_ layout: BlockLayout) -> Bool {
        guard keys.count == rows, groups.count == rows, truth.count == (layout.hasTruth ? rows : 0),
            fields.count == layout.fields.count,
            numerics.count == layout.numerics.count, numerics.allSatisfy({ $0.count == rows })
        else { return false }
        return zip(fields, layout.fields).allSatisfy { column, field in
            switch column {
            case .single(let ids): !field.multiValued && ids.count == rows
            case .multi(let offsets, _): field.multiValued && offsets.count == rows + 1
            }
        }
    }

    /// Appends a range of another batch's rows; the columns must be the same.
    mutating func append(_ other: SparseBatch, rows range: Range<Int>) {
        labels += other.labels[range]
        if !other.keys.isEmpty { keys += other.keys[range] }
        groups += other.groups[range]
        if !other.truth.isEmpty { truth += other.truth[range] }
        for index in fields.indices {
            fields[index].append(other.fields[index], rows: range)
        }
        for index in numerics.indices { numerics[index] += other.numerics[index][range] }
    }

    /// Appends all rows of a batch with the same columns.
    public mutating func append(_ other: SparseBatch) {
        append(other, rows: 0..<other.rows)
    }

    /// Returns how many rows from `start` on, up to `limit`, have no more than `ids` ids in any one multi-valued field.
    func rows(from start: Int, atMost limit: Int, ids: Int) -> Int {
        var end = min(rows, start + limit)
        for case .multi(let offsets, _) in fields {
            let first = Int(offsets[start])
            while end > start, Int(offsets[end]) - first > ids { end = start + (end - start) / 2 }
        }
        return end - start
    }

    /// Removes the rows and keeps the columns.
    mutating func removeAllRows() {
        labels.removeAll(keepingCapacity: true)
        keys.removeAll(keepingCapacity: true)
        groups.removeAll(keepingCapacity: true)
        truth.removeAll(keepingCapacity: true)
        for index in fields.indices {
            switch fields[index] {
            case .single: fields[index] = .single([])
            case .multi: fields[index] = .multi(offsets: [0], ids: [])
            }
        }
        for index in numerics.indices { numerics[index].removeAll(keepingCapacity: true) }
    }

    /// Returns the given rows in the given order; a row may occur more than once. O(rows × columns).
    public func selecting(rows indices: [Int]) -> SparseBatch {
        SparseBatch(
            labels: indices.map { labels[$0] }, keys: keys.isEmpty ? [] : indices.map { keys[$0] },
            groups: indices.map { groups[$0] },
            truth: truth.isEmpty ? [] : indices.map { truth[$0] }, fields: fields.map { $0.selecting(indices) },
            numerics: numerics.map { column in indices.map { column[$0] } })
    }
}

extension FieldColumn {
    fileprivate mutating func append(_ other: FieldColumn, rows range: Range<Int>) {
        switch (self, other) {
        case (.single(var ids), .single(let more)):
            // Emptied first, so that the array is uniquely referenced and grows in place.
            self = .single([])
            ids += more[range]
            self = .single(ids)
        case (.multi(var offsets, var ids), .multi(let moreOffsets, let moreIDs)):
            self = .multi(offsets: [], ids: [])
            let first = moreOffsets[range.lowerBound]
            let base = UInt32(ids.count)
            ids += moreIDs[Int(first)..<Int(moreOffsets[range.upperBound])]
            for row in range { offsets.append(base + moreOffsets[row + 1] - first) }
            self = .multi(offsets: offsets, ids: ids)
        default:
            break
        }
    }

    fileprivate func selecting(_ indices: [Int]) -> FieldColumn {
        switch self {
        case .single(let ids):
            return .single(indices.map { ids[$0] })
        case .multi(let offsets, let ids):
            var newOffsets: [UInt32] = [0]
            var newIDs: [UInt32] = []
            for row in indices {
                newIDs += ids[Int(offsets[row])..<Int(offsets[row + 1])]
                newOffsets.append(UInt32(newIDs.count))
            }
            return .multi(offsets: newOffsets, ids: newIDs)
        }
    }
}
