import CDNNL

extension Kernels {
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
