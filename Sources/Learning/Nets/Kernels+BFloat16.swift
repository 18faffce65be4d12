import CDNNL

extension Kernels {
    /// out [count] = floats [count] as bf16, rounded to the nearest, ties to even.
    static func round(_ floats: UnsafePointer<Float>, into out: UnsafeMutablePointer<UInt16>, count: Int) {
        for index in 0..<count {
            let bits = floats[index].bitPattern
            out[index] = UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
        }
    }

    /// As the product of floats, with bf16 factors and sums in Float32.
    static func multiply(
        _ a: UnsafePointer<UInt16>, transposeA: Bool = false, strideA: Int? = nil, _ b: UnsafePointer<UInt16>,
        transposeB: Bool = false, into out: UnsafeMutablePointer<Float>, m: Int, n: Int, k: Int, beta: Float = 0
    ) {
        dnnl_gemm_bf16bf16f32(
            CChar(UInt8(ascii: transposeA ? "T" : "N")), CChar(UInt8(ascii: transposeB ? "T" : "N")), dnnl_dim_t(m),
            dnnl_dim_t(n), dnnl_dim_t(k), 1, a, dnnl_dim_t(strideA ?? (transposeA ? m : k)), b,
            dnnl_dim_t(transposeB ? k : n), beta, out, dnnl_dim_t(n))
    }
}
