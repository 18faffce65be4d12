import Arrays
import Collectives
import Nets
import Training

extension Collective {
    /// Brings the parts of sharded arrays together at rank 0; the other ranks get nil. One array after the other, so
    /// that rank 0 needs room for one of them twice.
    func whole(_ arrays: [NamedArray]) throws -> [NamedArray]? {
        guard isShared else { return arrays }
        var whole: [NamedArray] = []
        for named in arrays {
            guard let sharding = named.sharding else {
                whole.append(named)
                continue
            }
            let array = try self.whole(named.array, sharding)
            var all = sharding
            all.shard = .whole
            whole.append(NamedArray(named.name, array, all))
        }
        return rank == 0 ? whole : nil
    }

    private func whole(_ array: FloatArray, _ sharding: NamedArray.Sharding) throws -> FloatArray {
        let isRoot = rank == 0
        let all = FloatArray(count: isRoot ? ranks * array.count : 0)
        let toRoot = (0..<ranks).map { $0 == 0 ? array.count : 0 }
        let received = [Int](repeating: isRoot ? array.count : 0, count: ranks)
        try startAllToAll(array, toRoot, into: all, received).wait()
        let whole = FloatArray(count: isRoot ? sharding.rows * sharding.width : 0)
        guard isRoot else { return whole }
        for rank in 0..<ranks {
            let shard = TableShard(rank: rank, ranks: ranks)
            for place in 0..<shard.places(for: sharding.rows) {
                let row = shard.row(at: place)
                guard row < sharding.rows else { continue }
                whole.copy(
                    all, from: rank * array.count + place * sharding.width, to: row * sharding.width,
                    count: sharding.width)
            }
        }
        return whole
    }
}

extension CoTrainedModel {
    /// Makes the model whole again at rank 0; the other ranks keep their shards.
    mutating func gather(over collective: any Collective) throws {
        guard collective.isShared else { return }
        let parts = embeddings.map(\.tables)
        let tables = try parts.map { try $0.whole(over: collective) }
        for index in branches.indices {
            let own = branches[index].branch.embeddings
            guard let number = parts.firstIndex(where: { $0 === own }) else { continue }
            branches[index].branch = try branches[index].branch.whole(over: collective, tables[number])
        }
    }
}

extension Branch {
    /// The branch with these tables and all linear weights, at rank 0; as it is elsewhere.
    fileprivate func whole(over collective: any Collective, _ tables: EmbeddingTables?) throws -> Branch {
        let weights = try linear.flatMap { try $0.tables.whole(over: collective) }
        guard let tables else { return self }
        return Branch(
            ids: ids, embeddings: tables, trunk: trunk, dense: dense, linear: weights.map { LinearPart($0) })
    }
}

extension EmbeddingTables {
    /// Tables with all rows, for scoring, at rank 0; nil elsewhere.
    fileprivate func whole(over collective: any Collective) throws -> EmbeddingTables? {
        try collective.whole(arrays("")).map { whole($0.map(\.array)) }
    }
}
