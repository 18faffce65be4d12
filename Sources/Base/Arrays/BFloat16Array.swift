/// A fixed number of bf16 numbers, the upper halves of floats, 64-byte aligned, zero at first.
///
/// Written from several threads at once like `FloatArray`: to disjoint ranges.
@usableFromInline
package final class BFloat16Array: @unchecked Sendable {
    package let count: Int
    @usableFromInline let base: UnsafeMutablePointer<UInt16>

    package init(count: Int) {
        self.count = count
        let raw = UnsafeMutableRawPointer.allocate(byteCount: max(64, count * 2), alignment: 64)
        base = raw.bindMemory(to: UInt16.self, capacity: max(1, count))
        base.initialize(repeating: 0, count: max(1, count))
    }

    deinit { UnsafeMutableRawPointer(base).deallocate() }

    /// Takes over a range of floats, rounded to the nearest, ties to even.
    package func round(_ floats: FloatArray, _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= min(count, floats.count))
        floats.lend { floats in
            for index in range {
                let bits = floats[index].bitPattern
                base[index] = UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
            }
        }
    }

    /// Takes some columns of chosen lines of another array's matrix, the lines one after another.
    ///
    /// - Parameters:
    ///   - start: of the matrix `[…, width]`.
    ///   - width: of both matrices.
    package func collect(
        _ other: BFloat16Array, lines: [Int], from start: Int, width: Int, _ columns: Range<Int>
    ) {
        precondition(columns.lowerBound >= 0 && columns.upperBound <= width && lines.count * width <= count)
        for (place, line) in lines.enumerated() {
            let source = start + line * width
            precondition(source >= 0 && source + width <= other.count)
            (base + place * width + columns.lowerBound).update(
                from: other.base + source + columns.lowerBound, count: columns.count)
        }
    }

    /// Lends the numbers to a kernel.
    @inlinable @inline(__always)
    package func lend<Result>(_ body: (UnsafePointer<UInt16>) throws -> Result) rethrows -> Result {
        try body(base)
    }
}
