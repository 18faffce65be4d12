import CXXHash

/// A hash from raw values of one field to feature ids.
///
/// `id = 1 + XXH64(value, seed: XXH64(name, seed: 0)) mod (2^hashBits − 1)`, over the UTF-8 bytes of the value's text
/// form; `name` is the feature's table or else its own; id 0 is "missing". A cross hashes the values' hashes instead, 8
/// bytes each, little endian, in the order of its features. XXH64:
/// https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
public struct FeatureHasher: Sendable {
    private let seed: UInt64
    private let buckets: UInt64
    /// ⌊2⁶⁴ / buckets⌋
    private let reciprocal: UInt64

    /// Bits of ids that hardly ever collide: of a million values, one in two thousand shares its id with another. Too
    /// many ids for a row each, so a table of ids says which have one.
    public static let exactBits = 31

    /// The id of a missing value, in every field.
    public static let missing: UInt32 = 0

    /// Features that share a table share the name that seeds their hash.
    public init(_ feature: Feature) {
        self.init(name: feature.table ?? feature.name, hashBits: feature.hashBits)
    }

    public init(name: String, hashBits: Int) {
        seed = xxHash64(name, seed: 0)
        buckets = (1 << UInt64(min(max(hashBits, 1), Self.exactBits))) - 1
        // For one bucket, 2⁶⁴ does not fit; the quotient is then one too small, which the step below corrects.
        reciprocal = buckets == 1 ? .max : buckets.dividingFullWidth((1, 0)).quotient
    }

    /// Ids are below this: `2^hashBits`. The number of rows in the field's embedding table, unless it has a table of
    /// ids.
    public var tableRows: Int { Int(buckets) + 1 }

    /// Returns the hash of a value given as UTF-8. O(length), no allocation.
    @inline(__always)
    public func hash(_ utf8: UnsafeRawBufferPointer) -> UInt64 {
        XXH64(utf8.baseAddress, utf8.count, seed)
    }

    /// Returns the hash of other features' hashes. Allocates nothing.
    ///
    /// - Parameters:
    ///   - count: The number of crossed features.
    ///   - part: Returns the hash of each.
    @inline(__always)
    public func hash(crossing count: Int, _ part: (Int) -> UInt64) -> UInt64 {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: count) { parts in
            for index in 0..<count { parts.initializeElement(at: index, to: part(index).littleEndian) }
            return hash(UnsafeRawBufferPointer(parts))
        }
    }

    /// Returns the id for a value's hash.
    @inline(__always)
    public func id(ofHash hash: UInt64) -> UInt32 {
        // With the reciprocal, the quotient is right or one too small; this is faster than a division.
        let rest = hash &- hash.multipliedFullWidth(by: reciprocal).high &* buckets
        return UInt32(truncatingIfNeeded: 1 &+ (rest >= buckets ? rest &- buckets : rest))
    }

    /// Returns the id of a value given as UTF-8.
    public func id(_ utf8: UnsafeRawBufferPointer) -> UInt32 {
        id(ofHash: hash(utf8))
    }

    public func id(_ text: String) -> UInt32 {
        id(ofHash: hash(text))
    }

    public func hash(_ text: String) -> UInt64 {
        xxHash64(text, seed: seed)
    }

    /// Returns the hash of a whole number's decimal text. Allocates nothing.
    public func hash(_ number: Int64) -> UInt64 {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var (rest, start) = (number.magnitude, digits.count)
            repeat {
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                start &-= 1
                digits[start] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit)
                rest = quotient
            } while rest > 0
            if number < 0 {
                start &-= 1
                digits[start] = UInt8(ascii: "-")
            }
            return hash(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: digits[start...])))
        }
    }
}

/// The group of a row, for GAUC: a 64-bit hash of the group's text form, never 0, which stands for "no group".
public enum GroupHash {
    public static func of(_ utf8: UnsafeRawBufferPointer) -> UInt64 {
        max(1, XXH64(utf8.baseAddress, utf8.count, 0))
    }
}

private func xxHash64(_ text: String, seed: UInt64) -> UInt64 {
    // Avoids a copy and its reference counting; only a string that is not Swift's own has no such storage.
    if let hash = text.utf8.withContiguousStorageIfAvailable({ XXH64($0.baseAddress, $0.count, seed) }) { return hash }
    var text = text
    return text.withUTF8 { XXH64($0.baseAddress, $0.count, seed) }
}
