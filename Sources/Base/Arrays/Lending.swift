// Lends several arrays to a kernel at once. Written out for each number of arrays: over a parameter pack the same costs
// a call and a count of references for each array.

/// Lends the floats of two arrays to a kernel.
@inlinable @inline(__always)
package func lending<Result>(
    _ a: FloatArray, _ b: FloatArray,
    to kernel: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) throws -> Result
) rethrows -> Result {
    try a.lend { a in try b.lend { b in try kernel(a, b) } }
}

/// Lends the floats of three arrays to a kernel.
@inlinable @inline(__always)
package func lending<Result>(
    _ a: FloatArray, _ b: FloatArray, _ c: FloatArray,
    to kernel: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) throws -> Result
) rethrows -> Result {
    try lending(a, b) { a, b in try c.lend { c in try kernel(a, b, c) } }
}

/// Lends the floats of four arrays to a kernel.
@inlinable @inline(__always)
package func lending<Result>(
    _ a: FloatArray, _ b: FloatArray, _ c: FloatArray, _ d: FloatArray,
    to kernel: (
        UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>,
        UnsafeMutablePointer<Float>
    ) throws -> Result
) rethrows -> Result {
    try lending(a, b, c) { a, b, c in try d.lend { d in try kernel(a, b, c, d) } }
}

/// Lends two factors of a product in bf16, and where its sums go.
@inlinable @inline(__always)
package func lending<Result>(
    _ a: BFloat16Array, _ b: BFloat16Array, _ sums: FloatArray,
    to kernel: (UnsafePointer<UInt16>, UnsafePointer<UInt16>, UnsafeMutablePointer<Float>) throws -> Result
) rethrows -> Result {
    try a.lend { a in try b.lend { b in try sums.lend { sums in try kernel(a, b, sums) } } }
}
