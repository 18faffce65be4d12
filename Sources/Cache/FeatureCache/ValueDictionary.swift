/// The distinct values of one column of a file, numbered in order of first appearance: a frequent value is stored as
/// its small number. Open addressing; at most `limit` values.
struct ValueDictionary<Number: FixedWidthInteger & UnsignedInteger & Sendable> {
    /// Values by their number.
    private(set) var values: [Number] = []
    /// How often each value was encoded.
    private(set) var counts: [UInt32] = []
    /// A power of two, at most half full.
    private var slots: [Slot]
    private let limit: Int
    /// Blocks that are not tried: one before them had too many values although the dictionary was empty, and they most
    /// likely have too.
    private var blocksToSkip = 0
    private static var skippedBlocks: Int { 7 }

    /// A value beside its number, so that a look-up reads one place of memory.
    private struct Slot {
        var value: Number = 0
        /// −1 if the slot is free.
        var code: Int32 = -1
    }

    init(limit: Int) {
        self.limit = limit
        slots = [Slot](repeating: Slot(), count: 1_024)
    }

    /// Returns the numbers of a block's values, numbering new values on the way. If storing the values themselves takes
    /// no more bits, returns nil and remembers nothing of the block.
    ///
    /// - Parameters:
    ///   - valueBits: Bits per value in this block.
    ///   - entryBits: Bits that a new value takes in the dictionary.
    mutating func encode(_ column: [Number], valueBits: Int, entryBits: Int) -> [UInt32]? {
        guard blocksToSkip == 0 else {
            blocksToSkip -= 1
            return nil
        }
        let known = values.count
        let plain = column.count * valueBits
        var codes = [UInt32](repeating: 0, count: column.count)
        var done = codeKnown(column, from: 0, into: &codes)
        while done < column.count {
            let cost =
                (values.count + 1 - known) * entryBits
                + column.count * BitPacking.width(of: UInt64(values.count))
            guard values.count < limit, cost < plain else {
                forget(from: known)
                blocksToSkip = known == 0 ? Self.skippedBlocks : 0
                return nil
            }
            number(column[done])
            done = codeKnown(column, from: done, into: &codes)
        }
        let highest = codes.max() ?? 0
        let cost = (values.count - known) * entryBits + column.count * BitPacking.width(of: UInt64(highest))
        guard cost < plain else {
            forget(from: known)
            return nil
        }
        counts.withUnsafeMutableBufferPointer { counts in
            for code in codes { counts[Int(code)] &+= 1 }
        }
        return codes
    }

    /// Writes the numbers of values from `start` on up to the first new one, and returns its position. The loop that
    /// every value goes through: no array in it is checked or changed.
    private func codeKnown(_ column: [Number], from start: Int, into codes: inout [UInt32]) -> Int {
        let mask = slots.count &- 1
        return column.withUnsafeBufferPointer { column in
            codes.withUnsafeMutableBufferPointer { codes in
                slots.withUnsafeBufferPointer { slots in
                    for index in start..<column.count {
                        let value = column[index]
                        var place = Self.home(of: value) & mask
                        while slots[place].value != value, slots[place].code >= 0 { place = (place &+ 1) & mask }
                        let code = slots[place].code
                        guard code >= 0 else { return index }
                        codes[index] = UInt32(truncatingIfNeeded: code)
                    }
                    return column.count
                }
            }
        }
    }

    /// Gives a new value its number.
    private mutating func number(_ value: Number) {
        if 2 * values.count >= slots.count { grow() }
        slots[slot(of: value)] = Slot(value: value, code: Int32(truncatingIfNeeded: values.count))
        values.append(value)
        counts.append(0)
    }

    @inline(__always)
    private static func home(of value: Number) -> Int {
        Int(truncatingIfNeeded: (UInt64(value) &* 0x9E37_79B9_7F4A_7C15) &>> 32)
    }

    /// Returns a value's slot, or the free slot where it would go.
    private func slot(of value: Number) -> Int {
        let mask = slots.count &- 1
        var place = Self.home(of: value) & mask
        while slots[place].code >= 0, slots[place].value != value { place = (place &+ 1) & mask }
        return place
    }

    private mutating func grow() {
        slots = [Slot](repeating: Slot(), count: 2 * slots.count)
        for (code, value) in values.enumerated() {
            slots[slot(of: value)] = Slot(value: value, code: Int32(truncatingIfNeeded: code))
        }
    }

    /// Removes the newest values, last first, so that no probe sequence loses a link.
    private mutating func forget(from known: Int) {
        if known == 0 {
            slots = [Slot](repeating: Slot(), count: 1_024)
            (values, counts) = ([], [])
        }
        while values.count > known {
            slots[slot(of: values[values.count - 1])] = Slot()
            values.removeLast()
            counts.removeLast()
        }
    }
}
