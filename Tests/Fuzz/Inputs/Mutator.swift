import CounterRandom

/// Changes bytes: flips, truncations, splices, repetitions.
enum Mutator {
    static func mutate(_ bytes: inout [UInt8], with others: [[UInt8]], _ random: inout CounterRandom) {
        func below(_ count: Int) -> Int { Int(random.next() % UInt64(max(1, count))) }
        guard !bytes.isEmpty else {
            bytes = others.isEmpty ? [0] : others[below(others.count)]
            return
        }
        switch below(8) {
        case 0: bytes[below(bytes.count)] ^= UInt8(1 << below(8))
        case 1: bytes[below(bytes.count)] = UInt8(below(256))
        case 2: bytes.removeLast(below(bytes.count))
        case 3:
            let (from, length) = (below(bytes.count), below(32))
            bytes.removeSubrange(from..<min(bytes.count, from + length))
        case 4:
            let (from, length) = (below(bytes.count), below(32))
            let piece = Array(bytes[from..<min(bytes.count, from + length)])
            bytes.insert(contentsOf: piece, at: below(bytes.count + 1))
        case 5 where !others.isEmpty:
            let other = others[below(others.count)]
            bytes = Array(bytes.prefix(below(bytes.count))) + other.suffix(below(other.count + 1))
        case 6: bytes.insert(contentsOf: (0..<below(9)).map { _ in UInt8(below(256)) }, at: below(bytes.count + 1))
        default:
            // A digit, where numbers are text.
            let digits = bytes.indices.filter { (48...57).contains(bytes[$0]) }
            guard let place = digits.isEmpty ? nil : digits[below(digits.count)] else { return }
            bytes.replaceSubrange(place...place, with: ["9223372036854775807", "-1", "0", "1e30", "99"][below(5)].utf8)
        }
    }
}
