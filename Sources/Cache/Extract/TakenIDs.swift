import Foundation

/// The set of ids that occur in a field: one bit per id or, if the field has more than 2²⁸ of them, one per remainder
/// modulo 2²², from which the number of ids is estimated (linear counting, Whang et al. 1990: within 0.1 % up to 20
/// million).
struct TakenIDs: Equatable, Sendable {
    /// Ids are below this.
    let space: Int
    private(set) var bits: [UInt8]
    private var mask: UInt32

    private static let mostBits = 1 << 28
    private static let remainders = 1 << 22

    init(of space: Int) {
        self.space = space
        let count = space <= Self.mostBits ? space : Self.remainders
        mask = space <= Self.mostBits ? .max : UInt32(count - 1)
        bits = [UInt8](repeating: 0, count: (count + 7) / 8)
    }

    @inline(__always)
    mutating func insert(_ id: UInt32) {
        // The id for "missing" is not a value.
        guard id != 0 else { return }
        let place = id & mask
        bits[Int(place >> 3)] |= 1 << (UInt8(truncatingIfNeeded: place) & 7)
    }

    /// - Parameter more: Bits of the same field on another day; there may be fewer or more if that day was counted by
    ///   an older release.
    mutating func formUnion(_ more: [UInt8]) {
        for index in 0..<min(bits.count, more.count) { bits[index] |= more[index] }
    }

    /// The number of different ids.
    var distinct: Int {
        var taken = bits.reduce(0) { $0 + $1.nonzeroBitCount }
        guard mask != .max else {
            // Bits stored by an earlier version include the missing value's.
            if bits[0] & 1 == 1 { taken -= 1 }
            return taken
        }
        let free = max(Double(Self.remainders - taken), 0.5) / Double(Self.remainders)
        return Int((-Double(Self.remainders) * log(free)).rounded())
    }
}
