import Synchronization

/// Numbers the ids of one field of a batch in the order in which they first come. Its memory depends on the batch and
/// not on the field's table, and nothing is cleared between batches.
final class IDNumbers: @unchecked Sendable {
    /// Open addressing: an id, and its number above `base`; at `base` or below it is an earlier batch's.
    private var places: [Place] = []
    private var base: Int32 = 0

    private struct Place {
        var id: UInt32 = 0
        var number: Int32 = 0
    }

    /// - Parameter base: as after as many ids of earlier batches; for tests.
    init(base: Int32 = 0) {
        self.base = base
    }

    /// - Parameters:
    ///   - rows: of the table; ids are below.
    ///   - distinct: empty; takes each id once.
    ///   - numbers: takes each value's number; has room for them.
    func number(
        _ values: ArraySlice<UInt32>, below rows: Int, into distinct: inout [UInt32], _ numbers: inout [Int32]
    ) {
        reserve(values.count)
        let base = base
        let shift = UInt32(places.count.leadingZeroBitCount &- 31)
        values.withUnsafeBufferPointer { values in
            numbers.withUnsafeMutableBufferPointer { numbers in
                places.withUnsafeMutableBufferPointer { places in
                    let mask = places.count &- 1
                    for (position, id) in values.enumerated() {
                        // Whoever makes ids makes them by the field's rows; a wrong one must not read foreign memory.
                        precondition(Int(id) < rows)
                        // Fibonacci hashing: the upper bits of the product are spread well.
                        var place = Int((id &* 0x9E37_79B1) >> shift)
                        while places[place].number > base, places[place].id != id { place = (place &+ 1) & mask }
                        if places[place].number <= base {
                            distinct.append(id)
                            places[place] = Place(id: id, number: base &+ Int32(truncatingIfNeeded: distinct.count))
                        }
                        numbers[position] = places[place].number &- base &- 1
                    }
                }
            }
        }
        self.base = base &+ Int32(truncatingIfNeeded: distinct.count)
    }

    /// Makes at least twice as many places as there may be ids, a power of two from 64 on.
    private func reserve(_ values: Int) {
        let isFull = Int(base) + values > Int(Int32.max)
        guard 2 * values > places.count || isFull || places.isEmpty else { return }
        var count = max(64, places.count)
        while count < 2 * values { count *= 2 }
        places = [Place](repeating: Place(), count: count)
        base = 0
    }
}

/// Numberings that threads borrow for a field.
final class IDNumberings: Sendable {
    private let free = Mutex<[IDNumbers]>([])

    func lend(_ body: (IDNumbers) -> Void) {
        let numbers = free.withLock { $0.popLast() } ?? IDNumbers()
        body(numbers)
        free.withLock { $0.append(numbers) }
    }
}
