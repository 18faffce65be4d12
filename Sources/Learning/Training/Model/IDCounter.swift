/// Counts how often each id of a table comes. Open addressing, at most three places in four taken: 16 to 48 bytes per
/// id.
struct IDCounter: Sendable {
    private struct Entry {
        /// 0 where nothing lies; the id for "missing" is not counted.
        var id: UInt32 = 0
        /// Saturates.
        var count: Int32 = 0
        /// The newest day, days since 1970-01-01.
        var lastSeen: Int32 = -1
    }

    private var entries: [Entry]
    private var bits: UInt32
    private var used = 0

    init() { self.init(bits: 10) }

    private init(bits: UInt32) {
        self.bits = bits
        entries = [Entry](repeating: Entry(), count: 1 << Int(bits))
    }

    /// O(ids).
    mutating func add(_ ids: [UInt32], day: Int32) {
        var start = 0
        while start < ids.count {
            // Grown in time for all of them, so that the loop below needs no check.
            let count = min(ids.count - start, max(256, entries.count / 8))
            reserve(count)
            let bits = bits
            var found = 0
            ids.withUnsafeBufferPointer { ids in
                entries.withUnsafeMutableBufferPointer { entries in
                    for index in start..<start + count where ids[index] != 0 {
                        found &+= Self.add(ids[index], 1, day, to: entries, bits)
                    }
                }
            }
            used += found
            start += count
        }
    }

    mutating func add(_ id: UInt32, _ count: Int32, _ day: Int32) {
        reserve(1)
        let bits = bits
        used += entries.withUnsafeMutableBufferPointer { Self.add(id, count, day, to: $0, bits) }
    }

    /// Returns 1 for an id that was not there.
    @inline(__always)
    private static func add(
        _ id: UInt32, _ count: Int32, _ day: Int32, to entries: UnsafeMutableBufferPointer<Entry>, _ bits: UInt32
    ) -> Int {
        // Ids are hashes, but their upper bit is not one.
        var place = Int((id &* 0x9E37_79B1) >> (32 &- bits))
        while entries[place].id != id {
            guard entries[place].id != 0 else {
                entries[place] = Entry(id: id, count: count, lastSeen: day)
                return 1
            }
            place = (place &+ 1) & (entries.count &- 1)
        }
        let (sum, overflows) = entries[place].count.addingReportingOverflow(count)
        entries[place].count = overflows ? .max : sum
        entries[place].lastSeen = max(entries[place].lastSeen, day)
        return 0
    }

    private mutating func reserve(_ more: Int) {
        while 4 * (used + more) > 3 * entries.count {
            let old = entries
            self = IDCounter(bits: bits + 1)
            let bits = bits
            entries.withUnsafeMutableBufferPointer { entries in
                for entry in old where entry.id != 0 {
                    used += Self.add(entry.id, entry.count, entry.lastSeen, to: entries, bits)
                }
            }
        }
    }

    /// All ids in ascending order. O(ids log ids).
    var met: MetIDs {
        var keys: [UInt64] = []
        keys.reserveCapacity(used)
        for (place, entry) in entries.enumerated() where entry.id != 0 {
            keys.append(UInt64(entry.id) << 32 | UInt64(place))
        }
        keys.sort()
        var met = MetIDs()
        met.ids.reserveCapacity(used)
        met.counts.reserveCapacity(used)
        met.lastSeen.reserveCapacity(used)
        for key in keys {
            let entry = entries[Int(key & 0xFFFF_FFFF)]
            met.ids.append(entry.id)
            met.counts.append(entry.count)
            met.lastSeen.append(entry.lastSeen)
        }
        return met
    }
}

/// Ids of a table in ascending order, with what was counted of them.
struct MetIDs: Equatable, Sendable {
    var ids: [UInt32] = []
    var counts: [Int32] = []
    /// Days since 1970-01-01; −1: not in these rows.
    var lastSeen: [Int32] = []
}
