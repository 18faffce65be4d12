import Arrays
import FeatureCache
import Nets
import RocketLaunching

/// The ids that get their own embedding rows in a training, from one pass over its rows.
///
/// Those are all ids that the rows have, with an admission rule those that it admits, and those that an earlier version
/// knew. While they fit `memory`, none shares a row. Otherwise the rarest of all tables share their table's last row
/// with the ids that training never meets: by count, equally frequent ones by id, so that the same rows give the same
/// tables.
///
/// Cost: reads the rows once; memory of 16 to 48 bytes per id while it counts, before the embeddings are there.
public struct KnownIDs: Sendable {
    /// The layout, with the rows that the tables need.
    public let layout: InputLayout
    public let tables: IDTables
    /// What was met, by field, of the tables whose ids must be admitted.
    let admission: [AdmissionCounts.Field?]
    /// The newest day that was counted.
    let lastDay: Int32
    /// One per table of ids.
    public let report: [IDTableReport]

    /// A layout without tables of ids, or with empty ones.
    public init(none layout: InputLayout) {
        self.init(layout, tables: IDTables(layout.fields.map { $0.hasIDTable == true ? .empty : nil }))
    }

    /// Ids that are known already.
    ///
    /// - Parameter tables: of every field that has one in the layout.
    public init(_ layout: InputLayout, tables: IDTables) {
        self.layout = layout.with(tables)
        self.tables = tables
        admission = layout.fields.map { _ in nil }
        lastDay = -1
        report = []
    }

    /// - Parameters:
    ///   - layout: whatever rows its tables of ids have there.
    ///   - source: the rows that are trained on, and no others.
    ///   - earlier: the model that the training continues.
    ///   - memory: how much all embedding tables may take, with the optimiser's state and the tables of ids.
    public init(
        _ layout: InputLayout, of source: TrainingSource, after earlier: CoTrainedModel? = nil,
        memory: EmbeddingMemory, _ parallel: Parallel = Parallel(threads: 1)
    ) throws {
        let owned = layout.ownFields.filter { layout.fields[$0].hasIDTable == true }
        var candidates: [TableCandidates] = []
        var admission = [AdmissionCounts.Field?](repeating: nil, count: layout.fields.count)
        let lastDay = max(source.days.max() ?? -1, earlier?.admission?.lastDay ?? -1)
        for (field, met) in zip(owned, try Self.count(layout, owned, source, parallel)) {
            let counted = met.adding(earlier, field: field, hasRule: layout.fields[field].admission != nil)
            let rule = layout.fields[field].admission.map { AdmissionCounts.Field(met: counted, rule: $0) }
            admission[field] = rule
            let admitted = counted.ids.indices.filter { rule?.admits($0, on: lastDay) ?? true }
            candidates.append(
                TableCandidates(
                    field: field, ids: admitted.map { counted.ids[$0] }, counts: admitted.map { counted.counts[$0] },
                    total: counted.counts.reduce(0) { $0 + Int($1) },
                    bytesPerID: memory.bytesPerRow(of: layout.fields[field]) + IDTable.bytesPerID))
        }
        let fixed = layout.ownFields.reduce(0) { sum, field in
            let shape = layout.fields[field]
            return sum + (shape.hasIDTable == true ? 2 : shape.storedRows) * memory.bytesPerRow(of: shape)
        }
        let left = candidates.cut(toBytes: max(0, memory.bytes - fixed))
        var own: [Int: IDTable] = [:]
        for (table, cut) in zip(candidates, left) {
            own[table.field] = IDTable(cut.ids) ?? .empty
        }
        let owners = layout.owners
        tables = IDTables(owners.map { own[$0] })
        self.layout = layout.with(tables)
        self.admission = admission
        self.lastDay = lastDay
        report = zip(candidates, left).map { table, cut in
            IDTableReport(
                feature: layout.fields[table.field].name, ids: table.ids.count, rows: cut.ids.count + 2,
                bytes: cut.ids.count * table.bytesPerID,
                sharedShare: Double(cut.droppedCount) / Double(max(1, table.total)))
        }
    }
}

/// How many ids of a field, and of those that use its table, have their own rows.
public struct IDTableReport: Codable, Equatable, Sendable {
    public var feature: String
    /// Ids that training met and the admission rule admits.
    public var ids: Int
    /// Rows of the embedding table; two more than the ids with their own rows.
    public var rows: Int
    /// Bytes of memory that the rows take in training: embeddings, optimiser state and the table of ids.
    public var bytes: Int
    /// Share of the values in the training rows whose id has no row because the memory did not suffice.
    public var sharedShare: Double

    /// Above this a person should hear of it.
    public static let mostShared = 0.01
}

/// How much memory a training's embeddings may take: all of their tables, of all ranks together, with the optimiser's
/// state and the tables of ids, but not the weights that are kept aside as a net's best.
public struct EmbeddingMemory: Equatable, Sendable {
    public var bytes: Int
    /// Numbers per embedding of each of a field's tables.
    private let dims: [Int]
    /// Nets with a linear part.
    private let linear: Int

    public init(_ nets: NetSpecification, sharing: Sharing) {
        bytes = nets.embeddingMemory ?? NetSpecification.usualEmbeddingMemory
        // As the rocket needs it: all arms of a job know the same ids.
        let ofLights = nets.lights.map { $0.embeddingDim ?? nets.embeddingDim }
        dims =
            switch sharing {
            case .nothing: ofLights + [nets.embeddingDim]
            case .lights: [nets.embeddingDim, nets.embeddingDim]
            case .embeddings: [nets.embeddingDim]
            }
        linear = nets.lights.count(where: \.net.linear) + (nets.booster.linear ? 1 : 0)
    }

    /// Returns the bytes of a row of a field's tables: the weights, and two words for the optimiser and its
    /// bookkeeping; four words for a linear weight.
    public func bytesPerRow(of shape: FieldShape) -> Int {
        dims.reduce(0) { $0 + 4 * (shape.dim ?? $1) + 8 } + linear * 16
    }
}

extension KnownIDs {
    /// What the rows have of each table's ids, the missing one left out.
    private static func count(
        _ layout: InputLayout, _ owned: [Int], _ source: TrainingSource, _ parallel: Parallel
    ) throws -> [MetIDs] {
        if owned.isEmpty { return [] }
        let owners = layout.owners
        let users = owned.map { field in owners.indices.filter { owners[$0] == field } }
        let counters = Counters(tables: owned.count)
        for (block, day) in zip(source.blocks, source.days) {
            let batch = try block()
            parallel.perform(parts: owned.count) { table in
                for user in users[table] {
                    switch batch.fields[user] {
                    case .single(let ids), .multi(_, let ids): counters.add(ids, day: day, to: table)
                    }
                }
            }
        }
        return (0..<owned.count).map { counters.takeMet($0) }
    }

    /// One a table, each used by one thread at a time.
    private final class Counters: @unchecked Sendable {
        private let counters: UnsafeMutableBufferPointer<IDCounter>

        init(tables: Int) {
            counters = .allocate(capacity: tables)
            counters.initialize(repeating: IDCounter())
        }

        deinit {
            counters.deinitialize()
            counters.deallocate()
        }

        func add(_ ids: [UInt32], day: Int32, to table: Int) { counters[table].add(ids, day: day) }

        /// Gives the counter's memory back.
        func takeMet(_ table: Int) -> MetIDs {
            let met = counters[table].met
            counters[table] = IDCounter()
            return met
        }
    }
}

extension MetIDs {
    /// Together with what an earlier model knows of a field's ids: with a rule all that it has counted, otherwise those
    /// with a row, which count nothing more.
    fileprivate func adding(_ earlier: CoTrainedModel?, field: Int, hasRule: Bool) -> MetIDs {
        guard let earlier else { return self }
        var counter = IDCounter()
        for (index, id) in ids.enumerated() { counter.add(id, counts[index], lastSeen[index]) }
        if hasRule {
            guard let counted = earlier.admission?.fields[field], let ids = counted.ids else { return self }
            for (index, id) in ids.enumerated() { counter.add(id, counted.counts[index], counted.lastSeen[index]) }
        } else {
            for id in earlier.ids[field]?.ids ?? [] { counter.add(id, 0, -1) }
        }
        return counter.met
    }
}

/// The ids of a table that would have their own rows.
private struct TableCandidates {
    var field: Int
    /// Ascending.
    var ids: [UInt32]
    var counts: [Int32]
    /// Number of all ids that were counted.
    var total: Int
    var bytesPerID: Int

    /// Those that are left, and how often the others came.
    struct Cut {
        var ids: [UInt32]
        var droppedCount: Int
    }
}

extension [TableCandidates] {
    /// Leaves out the rarest ids of all tables until the others fit.
    fileprivate func cut(toBytes most: Int) -> [TableCandidates.Cut] {
        var excess = reduce(0) { $0 + $1.ids.count * $1.bytesPerID } - most
        guard excess > 0 else { return map { TableCandidates.Cut(ids: $0.ids, droppedCount: 0) } }
        var bytesOfCount: [Int32: Int] = [:]
        for table in self {
            for count in table.counts { bytesOfCount[count, default: 0] += table.bytesPerID }
        }
        // Every id that came less often than `limit` goes, and some that came as often.
        var limit = Int32.max
        for count in bytesOfCount.keys.sorted() {
            limit = count
            let bytes = bytesOfCount[count] ?? 0
            guard bytes < excess else { break }
            excess -= bytes
        }
        // The largest id of each table that goes of those.
        var leaving = [UInt32](repeating: 0, count: count)
        let equal = enumerated().flatMap { number, table in
            table.ids.indices.filter { table.counts[$0] == limit }.map { (id: table.ids[$0], table: number) }
        }
        for (id, table) in equal.sorted(by: { ($0.id, $0.table) < ($1.id, $1.table) }) {
            guard excess > 0 else { break }
            leaving[table] = id
            excess -= self[table].bytesPerID
        }
        return enumerated().map { number, table in
            var cut = TableCandidates.Cut(ids: [], droppedCount: 0)
            for (id, count) in zip(table.ids, table.counts) {
                if count < limit || count == limit && id <= leaving[number] {
                    cut.droppedCount += Int(count)
                } else {
                    cut.ids.append(id)
                }
            }
            return cut
        }
    }
}
