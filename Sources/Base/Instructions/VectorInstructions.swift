import CDNNL

/// The vector instructions that the matrix library uses on this CPU.
public enum VectorInstructions {
    /// The name of the instruction set; nil if the library has none for this kind of CPU.
    public static var name: String? { name(bits: here) }

    /// Whether Float32 products run at half the width that the library is made for, or less.
    public static var isNarrow: Bool { isNarrow(bits: here) }

    /// Whether this CPU has AVX2 at least.
    public static var includeAVX2: Bool { include(dnnl_cpu_isa_avx2) }

    /// Whether this CPU has the AVX-512 of servers at least.
    public static var includeAVX512: Bool { include(dnnl_cpu_isa_avx512_core) }

    /// Whether they include all of a set.
    public static func include(_ set: dnnl_cpu_isa_t) -> Bool { here & set.rawValue == set.rawValue }

    private static let here = dnnl_get_effective_cpu_isa().rawValue

    /// Returns the name of the widest set that a CPU has. A newer CPU has the bits of an older one and more.
    static func name(bits: UInt32) -> String? {
        sets.first { bits & $0.set.rawValue == $0.set.rawValue }?.name
    }

    static func isNarrow(bits: UInt32) -> Bool {
        bits & dnnl_cpu_isa_avx2.rawValue != dnnl_cpu_isa_avx2.rawValue
    }

    private static let sets: [(set: dnnl_cpu_isa_t, name: String)] = [
        (dnnl_cpu_isa_avx512_core_amx, "AVX-512 with AMX"), (dnnl_cpu_isa_avx512_core_bf16, "AVX-512 with bf16"),
        (dnnl_cpu_isa_avx512_core_vnni, "AVX-512 with VNNI"), (dnnl_cpu_isa_avx512_core, "AVX-512"),
        (dnnl_cpu_isa_avx2, "AVX2"), (dnnl_cpu_isa_avx, "AVX"), (dnnl_cpu_isa_sse41, "SSE4.1"),
    ]
}
