/// FTRL-Proximal state (McMahan et al., KDD 2013, algorithm 1, with β = 1 and no L1) of the inputs that training met.
///
/// Each input has its own slot, whatever its number, so ids of any size need no table as large as the largest of
/// them. The table doubles when it is three quarters full, up to a bound; beyond it a new input shares the slot of an
/// earlier one.
///
/// - Parameter Lanes: models that are trained side by side on the same rows, each with its own learning rate: finding
///   an input's slot costs more than the arithmetic, and is done once for all of them.
final class FTRLTable<Lanes: SIMD & Sendable>: @unchecked Sendable where Lanes.Scalar == Float {
    struct Slot {
        /// 0: the slot is free.
        var key: UInt64
        /// The algorithm's z, and √n of its n.
        var lead, root: Lanes
    }

    let rates: Lanes
    /// λ₂, the same for all lanes.
    let l2: Float
    /// Inputs with their own slot.
    private(set) var count = 0
    private let mostSlots: Int
    private var slots: UnsafeMutablePointer<Slot>
    private var capacity: Int
    /// What a 64-bit product is shifted by to number a slot.
    private var shift: UInt64

    /// - Parameter mostSlots: a power of two.
    init(rates: Lanes, l2: Float, mostSlots: Int = 1 << 24) {
        self.rates = rates
        self.l2 = l2
        self.mostSlots = mostSlots
        capacity = min(1 << 12, mostSlots)
        shift = UInt64(64 - capacity.trailingZeroBitCount)
        slots = Self.allocate(capacity)
    }

    deinit { slots.deallocate() }

    private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Slot> {
        let slots = UnsafeMutablePointer<Slot>.allocate(capacity: capacity)
        slots.initialize(repeating: Slot(key: 0, lead: Lanes(), root: Lanes()), count: capacity)
        return slots
    }

    /// Makes room for a number of new inputs, so that no slot moves while they are looked up.
    func reserve(_ more: Int) {
        while count + more > capacity / 4 * 3, capacity < mostSlots { grow() }
    }

    private func grow() {
        let (old, oldCapacity) = (slots, capacity)
        capacity *= 2
        shift -= 1
        slots = Self.allocate(capacity)
        for index in 0..<oldCapacity where old[index].key != 0 { slots[place(of: old[index].key).slot] = old[index] }
        old.deallocate()
    }

    /// The slot of an input, which is taken where it has none.
    ///
    /// - Parameter key: not 0.
    func slot(for key: UInt64) -> Int {
        let (slot, isFound) = place(of: key)
        if isFound { return slot }
        guard count < capacity / 4 * 3 else { return home(of: key) }
        slots[slot].key = key
        count += 1
        return slot
    }

    /// The weights of an input; 0 where training never met it.
    func weights(of key: UInt64) -> Lanes {
        let (slot, isFound) = place(of: key)
        if isFound { return weights(slot) }
        return count < capacity / 4 * 3 ? Lanes() : weights(home(of: key))
    }

    /// The weights in a slot.
    @inline(__always)
    func weights(_ slot: Int) -> Lanes {
        let state = slots[slot]
        return -state.lead / ((1 + state.root) / rates + l2)
    }

    /// One step on an input's weights.
    ///
    /// - Parameter weights: those that the gradient was computed with.
    @inline(__always)
    func update(_ slot: Int, weights: Lanes, gradient: Lanes) {
        let old = slots[slot].root
        let root = (old * old + gradient * gradient).squareRoot()
        slots[slot].lead += gradient - (root - old) / rates * weights
        slots[slot].root = root
    }

    /// Where an input is, or where it would be put.
    @inline(__always)
    private func place(of key: UInt64) -> (slot: Int, isFound: Bool) {
        var slot = home(of: key)
        while slots[slot].key != 0 {
            if slots[slot].key == key { return (slot, true) }
            slot = (slot &+ 1) & (capacity &- 1)
        }
        return (slot, false)
    }

    @inline(__always)
    private func home(of key: UInt64) -> Int {
        // Fibonacci hashing (Knuth, TAOCP volume 3, 6.4).
        Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift)
    }
}
