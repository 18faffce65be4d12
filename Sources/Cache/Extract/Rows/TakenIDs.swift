import Foundation

/// The set of ids that occur in a field: one bit per id or, if the field has more than 2²⁸ of them, one per remainder
/// modulo 2²², from which the number of ids is estimated (linear counting, Whang et al. 1990: within 0.1 % up to 20
/// million).
struct TakenIDs: Equatable, Sendable {
    /// Ids are below this.
    let space: Int
    private var bits: [UInt64]
    private let count: Int
    private let mask: UInt32

    private static let mostBits = 1 << 28
    private static let remainders = 1 << 22

    init(of space: Int) {
        self.space = space
        count = space <= Self.mostBits ? space : Self.remainders
        mask = space <= Self.mostBits ? .max : UInt32(count - 1)
        bits = [UInt64](repeating: 0, count: (count + 63) / 64)
    }

    @inline(__always)
    mutating func insert(_ id: UInt32) {
        // The id for "missing" is not a value.
        guard id != 0 else { return }
        set(Int(id & mask))
    }

    @inline(__always)
    private mutating func set(_ place: Int) { bits[place &>> 6] |= 1 &<< UInt64(place & 63) }

    mutating func formUnion(_ other: TakenIDs) {
        for index in 0..<min(bits.count, other.bits.count) { bits[index] |= other.bits[index] }
    }

    /// Adds the ids of another day.
    ///
    /// - Parameter stored: May hold fewer or more bits if that day was counted by an older release.
    mutating func formUnion(_ stored: StoredIDs) {
        switch stored {
        case .bits(let bytes):
            for (index, byte) in bytes.prefix((count + 7) / 8).enumerated() {
                bits[index &>> 3] |= UInt64(byte) &<< UInt64(8 &* (index & 7))
            }
        case .gaps(let bytes):
            var (place, gap, shift) = (0, 0, 0)
            for byte in bytes {
                gap |= Int(byte & 127) &<< shift
                shift += 7
                guard byte < 128 || shift > 28 else { continue }
                place &+= gap
                if (0..<count).contains(place) { set(place) }
                (gap, shift) = (0, 0)
            }
        }
    }

    /// The set as it is stored: in the shorter of the two forms.
    var stored: StoredIDs {
        var gaps: [UInt8] = []
        var last = 0
        for (index, word) in bits.enumerated() where word != 0 {
            // Already longer than the bits.
            if gaps.count >= bits.count * 8 { break }
            var rest = word
            while rest != 0 {
                let place = index &* 64 &+ rest.trailingZeroBitCount
                var gap = place &- last
                while gap > 127 {
                    gaps.append(UInt8(truncatingIfNeeded: gap) | 128)
                    gap &>>= 7
                }
                gaps.append(UInt8(truncatingIfNeeded: gap))
                last = place
                rest &= rest &- 1
            }
        }
        let bytes = (count + 7) / 8
        if gaps.count < bytes { return .gaps(gaps) }
        return .bits((0..<bytes).map { UInt8(truncatingIfNeeded: bits[$0 &>> 3] &>> UInt64(8 &* ($0 & 7))) })
    }

    /// The number of different ids.
    var distinct: Int {
        var taken = bits.reduce(0) { $0 &+ $1.nonzeroBitCount }
        guard mask != .max else {
            // Bits stored by an earlier version include the missing value's.
            if bits[0] & 1 == 1 { taken -= 1 }
            return taken
        }
        let free = max(Double(Self.remainders - taken), 0.5) / Double(Self.remainders)
        return Int((-Double(Self.remainders) * log(free)).rounded())
    }
}

/// A set of ids, or of their remainders, as `rocket.feature_ids` holds it.
enum StoredIDs: Equatable, Sendable {
    /// One bit per place, the lowest bit of the first byte is place 0.
    case bits([UInt8])
    /// The differences between the places in ascending order, the first from 0: seven bits per byte, lowest first, the
    /// highest bit set in all bytes of a difference but its last.
    case gaps([UInt8])

    /// The value of `rocket.feature_ids.coding`.
    var coding: String {
        switch self {
        case .bits: "bits"
        case .gaps: "gaps"
        }
    }

    var bytes: [UInt8] {
        switch self {
        case .bits(let bytes), .gaps(let bytes): bytes
        }
    }

    /// - Parameter coding: Of `rocket.feature_ids`; nil if the table has no such value.
    init?(coding: String, bytes: [UInt8]) {
        switch coding {
        case "bits": self = .bits(bytes)
        case "gaps": self = .gaps(bytes)
        default: return nil
        }
    }
}
