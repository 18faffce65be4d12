import FeatureCache

/// How often the ids of a field occur. Ids are counted one by one as long as they are few enough, otherwise by
/// remainder, so that memory has a bound. Which of the two depends on the ids alone, not on the order in which they
/// come.
struct IDCounts: Sendable {
    /// Rows without a value: their id is 0.
    private(set) var missing = 0
    /// Open addressing; an id of 0 is a free slot. A power of two, at most half full.
    private var slots: [Slot]
    private var separate = 0
    private var folded: Folded?
    /// Ids are below this.
    private let space: Int

    private struct Slot {
        var id: UInt32 = 0
        var count: UInt32 = 0
    }

    /// Counts by remainder, and which ids there are.
    private struct Folded {
        var counts: [UInt32]
        var taken: TakenIDs
    }

    /// The most ids that are counted one by one.
    static let mostSeparate = 1 << 20
    /// The largest space whose bins are its ids; those of a larger one are remainders.
    private static let mostBins = 1 << 18

    init(of space: Int) {
        self.space = space
        slots = [Slot](repeating: Slot(), count: 64)
    }

    /// Adds the ids of rows. O(ids).
    mutating func add(_ ids: [UInt32]) {
        guard let first = ids.first else { return }
        // In most fields that come this way every row of a block has the same id.
        if ids.allSatisfy({ $0 == first }) { return add(first, count: UInt32(truncatingIfNeeded: ids.count)) }
        reserve(ids.count)
        for id in ids { add(id, count: 1) }
    }

    /// Adds an id that occurs `count` times. O(1) on average.
    mutating func add(_ id: UInt32, count: UInt32) {
        guard count > 0 else { return }
        guard id != 0 else {
            missing += Int(count)
            return
        }
        guard folded == nil else {
            let mask = bins - 1
            folded?.counts[Int(id) & mask] &+= count
            folded?.taken.insert(id)
            return
        }
        let slot = self.slot(of: id)
        if slots[slot].id == 0 {
            separate += 1
            slots[slot] = Slot(id: id, count: count)
            if 2 * separate > slots.count { grow() }
        } else {
            slots[slot].count &+= count
        }
    }

    mutating func add(_ counted: WrittenIDs) {
        reserve(counted.ids.count)
        for (id, count) in zip(counted.ids, counted.counts) { add(id, count: count) }
    }

    /// Makes room for ids of which many are new.
    private mutating func reserve(_ ids: Int) {
        guard folded == nil else { return }
        while slots.count < 2 * min(ids, Self.mostSeparate) { enlarge() }
    }

    mutating func add(_ other: IDCounts) {
        missing += other.missing
        if let more = other.folded {
            fold()
            for bin in more.counts.indices { folded?.counts[bin] &+= more.counts[bin] }
            folded?.taken.formUnion(more.taken)
        }
        for slot in other.slots where slot.id != 0 { add(slot.id, count: slot.count) }
    }

    /// The number of different ids without that of missing values; estimated if they are counted by remainder.
    var distinct: Int { folded?.taken.distinct ?? separate }

    /// Returns the set of ids.
    func taken() -> TakenIDs {
        if let folded { return folded.taken }
        var taken = TakenIDs(of: space)
        for slot in slots { taken.insert(slot.id) }
        return taken
    }

    /// Returns counts by bin: by id, or by remainder for a large space. Missing values are in bin 0.
    func byBin() -> [UInt32] {
        var counts = folded?.counts ?? [UInt32](repeating: 0, count: bins)
        let mask = self.mask
        for slot in slots where slot.id != 0 { counts[Int(slot.id) & mask] &+= slot.count }
        counts[0] &+= UInt32(truncatingIfNeeded: missing)
        return counts
    }

    private var bins: Int { space <= Self.mostBins ? space : 1 << 16 }
    private var mask: Int { space <= Self.mostBins ? .max : bins - 1 }

    @inline(__always)
    private func slot(of id: UInt32) -> Int {
        let mask = slots.count &- 1
        var slot = Int(truncatingIfNeeded: (UInt64(id) &* 0x9E37_79B9_7F4A_7C15) &>> 32) & mask
        while slots[slot].id != 0, slots[slot].id != id { slot = (slot &+ 1) & mask }
        return slot
    }

    private mutating func grow() {
        if separate <= Self.mostSeparate { enlarge() } else { fold() }
    }

    private mutating func enlarge() {
        let old = slots
        slots = [Slot](repeating: Slot(), count: 2 * old.count)
        for entry in old where entry.id != 0 { slots[slot(of: entry.id)] = entry }
    }

    private mutating func fold() {
        guard folded == nil else { return }
        folded = Folded(counts: [UInt32](repeating: 0, count: bins), taken: TakenIDs(of: space))
        let old = slots
        (slots, separate) = ([Slot](repeating: Slot(), count: 64), 0)
        for slot in old where slot.id != 0 { add(slot.id, count: slot.count) }
    }
}
