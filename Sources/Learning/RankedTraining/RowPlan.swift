import Nets
import Training

/// Which embedding rows a batch needs from which rank: every id of a table once.
struct RowPlan: Sendable {
    /// The number of each id's row among those that come here for its table, in place of the ids of all fields.
    let slots: [FieldIDs]
    /// Where each rank's slots begin, and the end, by field with its own table. `[fields][ranks + 1]`
    let bounds: [[Int]]
    /// Places of the rows at the rank that keeps them, table by table. `[ranks]`
    let requests: [[UInt32]]

    init(_ ids: [FieldIDs], layout: InputLayout, ranks: Int) {
        let shard = TableShard(rank: 0, ranks: ranks)
        let owners = layout.owners
        var slots = ids
        var bounds = [[Int]](repeating: [], count: ids.count)
        var requests = [[UInt32]](repeating: [], count: ranks)
        var seen = SeenIDs()
        for field in layout.ownFields {
            let users = owners.indices.filter { owners[$0] == field }
            seen.removeAll(reserving: users.reduce(0) { $0 + ids[$1].ids.count })
            for user in users { slots[user].ids = ids[user].ids.map { seen.number(of: $0) } }
            // By rank, and of each rank's in the order in which they first came.
            var counts = [Int](repeating: 0, count: ranks)
            let keepers = seen.ids.map { id in
                precondition(Int(id) < layout.fields[field].storedRows)
                return shard.owner(of: Int(id))
            }
            for keeper in keepers { counts[keeper] += 1 }
            let starts = counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
            var next = starts
            let order = keepers.map { keeper -> UInt32 in
                defer { next[keeper] += 1 }
                return UInt32(next[keeper])
            }
            for (id, keeper) in zip(seen.ids, keepers) { requests[keeper].append(UInt32(shard.place(of: Int(id)))) }
            for user in users { slots[user].ids = slots[user].ids.map { order[Int($0)] } }
            bounds[field] = starts
        }
        (self.slots, self.bounds, self.requests) = (slots, bounds, requests)
    }
}

/// Numbers ids in the order in which they first come.
private struct SeenIDs {
    private(set) var ids: [UInt32] = []
    /// Open addressing: number + 1 of the id that lies there, 0: none. Its size is a power of two.
    private var places: [UInt32] = []

    mutating func removeAll(reserving count: Int) {
        ids.removeAll(keepingCapacity: true)
        var size = 16
        while size < 2 * count { size *= 2 }
        places = [UInt32](repeating: 0, count: size)
    }

    mutating func number(of id: UInt32) -> UInt32 {
        let mask = places.count - 1
        var place = Int((UInt64(id) &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
        while true {
            let found = places[place]
            if found == 0 {
                ids.append(id)
                places[place] = UInt32(ids.count)
                return UInt32(ids.count - 1)
            }
            if ids[Int(found) - 1] == id { return found - 1 }
            place = (place + 1) & mask
        }
    }
}
