/// The distinct values of one column of a file, numbered in order of first appearance: a frequent value is stored as
/// its small number. Open addressing; at most `limit` values.
struct ValueDictionary<Number: FixedWidthInteger & UnsignedInteger & Sendable> {
    /// Values by their number.
    private(set) var values: [Number] = []
    /// Number of the value in each slot, −1 if there is none. A power of two, at most half full.
    private var slots: [Int32]
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
        slots = [Int32](repeating: -1, count: 1_024)
    }

    /// Returns the numbers of a block's values, numbering new values on the way. If storing the values themselves takes
    /// no more bits, returns nil and remembers nothing of the block.
    ///
    /// - Parameters:
    ///   - valueBits: Bits per value in this block.
    ///   - entryBits: Bits that a new value takes in the dictionary.
    mutating func encode(_ column: [Number], valueBits: Int, entryBits: Int) -> [UInt32]? {
        let known = values.count
        let plain = column.count * valueBits
        var highest: UInt32 = 0
        var previous: (value: Number, code: UInt32)?
        var codes: [UInt32] = []
        codes.reserveCapacity(column.count)
        for value in column {
            if let previous, previous.value == value {
                codes.append(previous.code)
                continue
            }
            var slot = self.slot(of: value)
            if slots[slot] < 0 {
                let cost =
                    (values.count + 1 - known) * entryBits
                    + column.count * BitPacking.width(of: UInt64(values.count))
                guard values.count < limit, cost < plain else {
                    forget(from: known)
                    return nil
                }
                if 2 * values.count >= slots.count {
                    grow()
                    slot = self.slot(of: value)
                }
                slots[slot] = Int32(truncatingIfNeeded: values.count)
                values.append(value)
            }
            let code = UInt32(truncatingIfNeeded: slots[slot])
            highest = max(highest, code)
            previous = (value, code)
            codes.append(code)
        }
        let cost = (values.count - known) * entryBits + column.count * BitPacking.width(of: UInt64(highest))
        guard cost < plain else {
            forget(from: known)
            return nil
        }
        return codes
    }

    /// Returns a value's slot, or the free slot where it would go.
    @inline(__always)
    private func slot(of value: Number) -> Int {
        let mask = slots.count &- 1
        var slot = Int(truncatingIfNeeded: (UInt64(value) &* 0x9E37_79B9_7F4A_7C15) &>> 32) & mask
        while slots[slot] >= 0, values[Int(slots[slot])] != value { slot = (slot &+ 1) & mask }
        return slot
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: 2 * slots.count)
        for (code, value) in values.enumerated() { slots[slot(of: value)] = Int32(truncatingIfNeeded: code) }
    }

    /// Removes the newest values, last first, so that no probe sequence loses a link.
    private mutating func forget(from known: Int) {
        while values.count > known {
            let slot = self.slot(of: values[values.count - 1])
            slots[slot] = -1
            values.removeLast()
        }
    }
}
