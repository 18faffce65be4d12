/// A growing hash table of counts. Keys are placed by the highest bits of their hashes, so that reading it from end to
/// end gives them nearly in order.
///
/// Adding is O(1). Memory: 32 bytes for each key, or 64 right after it has grown.
final class CountTable {
    private var slots: UnsafeMutableBufferPointer<KeyCount>
    /// The home of a hash is `hash >> shift`; a search continues from there, and wraps around at the end.
    private var shift: UInt64
    private(set) var count = 0

    private static let smallestBits = 12

    init() {
        (slots, shift) = Self.empty(bits: Self.smallestBits)
    }

    deinit { slots.deallocate() }

    private static func empty(bits: Int) -> (UnsafeMutableBufferPointer<KeyCount>, UInt64) {
        let slots = UnsafeMutableBufferPointer<KeyCount>.allocate(capacity: 1 << bits)
        slots.initialize(repeating: KeyCount(hash: 0, impressions: 0, clicks: 0))
        return (slots, UInt64(64 - bits))
    }

    @inline(__always)
    func add(_ hash: UInt64, impressions: UInt32, clicks: UInt32) {
        var slot = Int(truncatingIfNeeded: hash &>> shift)
        while slots[slot].hash != hash {
            if slots[slot].hash == 0 {
                slots[slot] = KeyCount(hash: hash, impressions: impressions, clicks: clicks)
                count &+= 1
                if count > slots.count / 2 { grow() }
                return
            }
            slot = (slot &+ 1) & (slots.count &- 1)
        }
        slots[slot].impressions &+= impressions
        slots[slot].clicks &+= clicks
    }

    private func grow() {
        let old = slots
        (slots, shift) = Self.empty(bits: 64 - Int(shift) + 1)
        count = 0
        for entry in old where entry.hash != 0 {
            add(entry.hash, impressions: entry.impressions, clicks: entry.clicks)
        }
        old.deallocate()
    }

    /// Removes and returns all counts in the order of their hashes. The room stays.
    func takeSorted() -> [KeyCount] {
        var sorted: [KeyCount] = []
        sorted.reserveCapacity(count)
        for slot in slots.indices where slots[slot].hash != 0 {
            sorted.append(slots[slot])
            slots[slot].hash = 0
            // A key is at most a few places from where it belongs.
            var place = sorted.count - 1
            while place > 0, sorted[place - 1].hash > sorted[place].hash {
                sorted.swapAt(place - 1, place)
                place -= 1
            }
        }
        count = 0
        return sorted
    }
}
