/// Packing of numbers at a fixed width, lowest bits first, into little-endian bytes; the page CacheFileFormat has the
/// layout.
enum BitPacking {
    /// Returns the bits that a number needs, 0 for zero.
    static func width(of value: UInt64) -> Int { 64 - value.leadingZeroBitCount }

    /// Returns the bytes that `count` numbers take; nil if no memory could hold them.
    static func bytes(count: Int, width: Int) -> Int? {
        let (bits, overflow) = count.multipliedReportingOverflow(by: width)
        return overflow || bits > Int.max - 7 ? nil : (bits + 7) / 8
    }

    /// Appends `value − base` for each value.
    ///
    /// - Parameter width: 0…32, or 64; every difference must fit.
    static func pack<Number: FixedWidthInteger & UnsignedInteger>(
        _ values: [Number], base: Number, width: Int, into bytes: inout [UInt8]
    ) {
        guard width > 0, let size = Self.bytes(count: values.count, width: width) else { return }
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: size))
        bytes.withUnsafeMutableBytes { target in
            if width == 64 {
                for (index, value) in values.enumerated() {
                    target.storeBytes(
                        of: UInt64(value &- base).littleEndian, toByteOffset: start &+ 8 &* index, as: UInt64.self)
                }
                return
            }
            var held: UInt64 = 0
            var bits = 0
            var offset = start
            for value in values {
                // At most 31 bits are carried over, and a value has at most 32: 63 fit.
                held |= UInt64(value &- base) &<< UInt64(bits)
                bits &+= width
                if bits >= 32 {
                    target.storeBytes(
                        of: UInt32(truncatingIfNeeded: held).littleEndian, toByteOffset: offset, as: UInt32.self)
                    held &>>= 32
                    bits &-= 32
                    offset &+= 4
                }
            }
            while bits > 0 {
                target[offset] = UInt8(truncatingIfNeeded: held)
                held &>>= 8
                bits &-= 8
                offset &+= 1
            }
        }
    }

    /// Reads `base + packed` for each of `count` numbers.
    ///
    /// - Parameter offset: Where the numbers begin; the caller has checked that `bytes(count:width:)` follow.
    static func unpack<Number: FixedWidthInteger & UnsignedInteger>(
        _ bytes: [UInt8], offset: Int, count: Int, width: Int, base: Number
    ) -> [Number] {
        if width == 0 { return [Number](repeating: base, count: count) }
        return [Number](unsafeUninitializedCapacity: count) { target, initialized in
            bytes.withUnsafeBytes { source in
                func load(_ position: Int) -> UInt64 {
                    UInt64(littleEndian: source.loadUnaligned(fromByteOffset: position, as: UInt64.self))
                }
                if width == 64 {
                    for index in 0..<count {
                        target[index] = base &+ Number(truncatingIfNeeded: load(offset &+ 8 &* index))
                    }
                    return
                }
                let mask = (UInt64(1) &<< UInt64(width)) &- 1
                // Eight bytes contain all 32 + 7 bits of a number, wherever in a byte it begins.
                let safe = max(0, min(count, ((source.count - offset - 8) * 8) / width))
                var bit = 0
                for index in 0..<safe {
                    let word = load(offset &+ bit &>> 3)
                    target[index] = base &+ Number(truncatingIfNeeded: (word &>> UInt64(bit & 7)) & mask)
                    bit &+= width
                }
                for index in safe..<count {
                    var word: UInt64 = 0
                    let first = offset &+ bit &>> 3
                    for byte in 0..<min(8, source.count - first) {
                        word |= UInt64(source[first &+ byte]) &<< UInt64(8 &* byte)
                    }
                    target[index] = base &+ Number(truncatingIfNeeded: (word &>> UInt64(bit & 7)) & mask)
                    bit &+= width
                }
            }
            initialized = count
        }
    }
}
