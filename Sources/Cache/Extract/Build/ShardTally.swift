import FeatureCache
import Features
import Foundation

/// A count of rows' contents, feature by feature.
struct ShardTally: Sendable {
    private(set) var rows = 0
    private(set) var fields: [FieldTally]
    private(set) var numerics: [NumericTally]
    private(set) var keys = KeyTally()
    /// By field: the ids that a shard's file counted; merged once, into the day's tally.
    private var counted: [WrittenIDs] = []

    init(_ features: FeatureSpecification) {
        fields = features.fields.map { FieldTally(rowsInTable: $0.tableRows) }
        numerics = features.numerics.map { _ in NumericTally() }
    }

    /// Adds the rows of a block with all that is in them.
    mutating func add(_ block: SparseBatch) {
        addRows(of: block)
        for (index, column) in block.fields.enumerated() {
            switch column {
            case .single(let ids), .multi(_, let ids): add(ids, field: index)
            }
        }
    }

    /// Adds the rows of a block without the ids of its fields, which are added by `add(_:field:)` and `add(_:)`.
    mutating func addRows(of block: SparseBatch) {
        rows += block.rows
        keys.add(block.keys)
        for (index, column) in block.fields.enumerated() {
            guard case .multi(let offsets, let ids) = column else { continue }
            // A row without values holds the id for "missing" alone.
            fields[index].values += ids.count
            for row in 0..<block.rows where offsets[row + 1] - offsets[row] == 1 && ids[Int(offsets[row])] == 0 {
                fields[index].rowsWithout += 1
            }
        }
        for (index, column) in block.numerics.enumerated() {
            numerics[index].add(column, keys: block.keys)
        }
    }

    /// Adds ids of a field, one by one.
    mutating func add(_ ids: [UInt32], field: Int) { fields[field].ids.add(ids) }

    /// Adds each field's ids that were counted as they were written; call it once.
    mutating func add(_ counted: [WrittenIDs]) { self.counted = counted }

    /// Adds the moments of a whole file.
    mutating func add(_ columns: [CacheNumeric]) {
        for (index, column) in columns.enumerated() { numerics[index].add(column) }
    }

    mutating func add(_ other: ShardTally) {
        rows += other.rows
        keys.add(other.keys)
        for (index, field) in other.fields.enumerated() { fields[index].add(field) }
        for (index, field) in other.counted.enumerated() { fields[index].ids.add(field) }
        for (index, numeric) in other.numerics.enumerated() { numerics[index].add(numeric) }
    }
}

/// A count of a field's ids.
struct FieldTally {
    var ids: IDCounts
    /// For multi-valued fields: the number of values, and of rows without any.
    var values = 0
    var rowsWithout = 0
    private let rowsInTable: Int

    private static let topCount = 32

    init(rowsInTable: Int) {
        self.rowsInTable = rowsInTable
        ids = IDCounts(of: rowsInTable)
    }

    mutating func add(_ other: FieldTally) {
        ids.add(other.ids)
        values += other.values
        rowsWithout += other.rowsWithout
    }

    func statistics(
        _ feature: Feature, rows: Int, _ history: FeatureHistory
    ) throws -> FeatureStatistics {
        let isMulti = feature.kind == .multiValued
        let missing = isMulti ? rowsWithout : ids.missing
        let (distinct, taken, counts) = (ids.distinct, ids.taken(), ids.byBin())
        let total = counts.reduce(0) { $0 + Int($1) }
        func share(of bin: Int) -> Double {
            bin < counts.count && total > 0 ? Double(counts[bin]) / Double(total) : 0
        }
        let common = Self.mostCommon(counts)
        let reference = FeatureReference(bins: common.map { UInt32($0) }, shares: common.map { share(of: $0) })
        var psi: Double?
        if let before = history.references[feature.name], let bins = before.bins {
            psi = FeatureReference.psi(before.shares, bins.map { share(of: Int($0)) })
        }
        return FeatureStatistics(
            feature: feature.name, coverage: rows == 0 ? 0 : Double(rows - missing) / Double(rows),
            distinctIDs: distinct, unseenShare: try history.unseenShare(of: feature.name, taken),
            collisionRate: feature.kind.isHashed ? Self.collisionRate(distinct, of: rowsInTable - 1) : nil,
            mean: isMulti && rows > 0 ? Double(values - rowsWithout) / Double(rows) : nil, standardDeviation: nil,
            psi: psi, reference: reference, ids: taken.stored)
    }

    /// Returns the bins with the highest counts, the lower bin first among equal ones. O(bins), as most bins are below
    /// the least of those found so far.
    static func mostCommon(_ counts: [UInt32]) -> [Int] {
        var common: [Int] = []
        for (bin, count) in counts.enumerated() where count > 0 {
            if common.count == topCount {
                guard count > counts[common[topCount - 1]] else { continue }
                common.removeLast()
            }
            let place = common.firstIndex { counts[$0] < count } ?? common.count
            common.insert(bin, at: place)
        }
        return common
    }

    /// Estimates the share of values that share their id with another from the number of ids taken: `n` values in `b`
    /// buckets take `b (1 − e^(−n/b))` of them (linear counting, Whang et al. 1990), and a value is alone with
    /// probability `e^(−(n−1)/b)`.
    static func collisionRate(_ distinct: Int, of buckets: Int) -> Double {
        guard distinct > 1, buckets > 0 else { return 0 }
        let free = max(1 - Double(distinct) / Double(buckets), 0.5 / Double(buckets))
        let values = max(Double(distinct), -Double(buckets) * log(free))
        return 1 - exp(-(values - 1) / Double(buckets))
    }
}

/// Moments of a numeric feature and a sample of its values, chosen by the rows' keys: the same rows give the same
/// sample in any order.
struct NumericTally {
    private var count = 0
    private var sum = 0.0
    private var squares = 0.0
    private var sample: [(key: UInt32, value: Float)] = []
    private var limit = UInt32.max

    private static let mostSampled = 16_384

    mutating func add(_ column: CacheNumeric) {
        count += column.count
        sum += column.sum
        squares += column.sumOfSquares
    }

    mutating func add(_ values: [Float], keys: [UInt32]) {
        for row in keys.indices where keys[row] <= limit { add(keys[row], values[row]) }
    }

    mutating func add(_ other: NumericTally) {
        count += other.count
        sum += other.sum
        squares += other.squares
        for (key, value) in other.sample { add(key, value) }
    }

    private mutating func add(_ key: UInt32, _ value: Float) {
        guard key <= limit else { return }
        sample.append((key, value))
        while sample.count > Self.mostSampled, limit > 0 {
            limit /= 2
            let bound = limit
            sample.removeAll { $0.key > bound }
        }
    }

    func statistics(_ feature: Feature, rows: Int, _ history: FeatureHistory) -> FeatureStatistics {
        let values = sample.map(\.value).filter { !$0.isNaN }.sorted()
        var edges: [Float] = []
        for decile in 1..<10 where !values.isEmpty {
            let edge = values[min(values.count - 1, values.count * decile / 10)]
            if edge != edges.last { edges.append(edge) }
        }
        let mean = count == 0 ? nil : sum / Double(count)
        let psi = history.references[feature.name].map { before in
            FeatureReference.psi(before.shares, shares(in: before.edges ?? []))
        }
        return FeatureStatistics(
            feature: feature.name, coverage: rows == 0 ? 0 : Double(count) / Double(rows), distinctIDs: nil,
            unseenShare: nil, collisionRate: nil, mean: mean,
            standardDeviation: mean.map { max(0, squares / Double(count) - $0 * $0).squareRoot() }, psi: psi,
            reference: FeatureReference(edges: edges, shares: shares(in: edges)), ids: nil)
    }

    /// Returns the share of the sample that is missing, then the shares in each bin: up to the first edge, …, above the
    /// last.
    private func shares(in edges: [Float]) -> [Double] {
        var counts = [Double](repeating: 0, count: edges.count + 2)
        for (_, value) in sample {
            let bin = value.isNaN ? 0 : 1 + (edges.firstIndex { value <= $0 } ?? edges.count)
            counts[bin] += 1
        }
        return counts.map { $0 / Double(max(1, sample.count)) }
    }
}
