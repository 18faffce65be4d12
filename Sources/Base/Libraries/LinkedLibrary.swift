import CCSV
import CCrypto
import CDNNL
import CLZ4
import CLibPQ
import CXXHash
import CZLib

/// A C library that the program is linked with.
public struct LinkedLibrary: Equatable, Sendable {
    public var name: String
    /// The version of the loaded library or, for one that is compiled in, of its header.
    public var version: String
    public var purpose: String

    /// All linked libraries.
    public static var all: [LinkedLibrary] {
        [
            LinkedLibrary(name: "libpq", version: libpq, purpose: "PostgreSQL"),
            LinkedLibrary(name: "oneDNN", version: oneDNN, purpose: "matrix products"),
            LinkedLibrary(name: "liblz4", version: text(LZ4_versionString()), purpose: "cache files"),
            LinkedLibrary(
                name: "xxHash", version: "\(XXH_VERSION_MAJOR).\(XXH_VERSION_MINOR).\(XXH_VERSION_RELEASE)",
                purpose: "feature ids"),
            LinkedLibrary(name: "zlib", version: text(zlibVersion()), purpose: "imports of .gz files"),
            LinkedLibrary(
                name: "OpenSSL",
                version: text(OpenSSL_version(OPENSSL_VERSION)).split(separator: " ").dropFirst().first
                    .map(String.init) ?? "", purpose: "SHA-256"),
            LinkedLibrary(name: "libcsv", version: "\(CSV_MAJOR).\(CSV_MINOR).\(CSV_RELEASE)", purpose: "imports"),
        ]
    }

    private static var libpq: String {
        let number = PQlibVersion()
        return "\(number / 10_000).\(number % 10_000)"
    }

    private static var oneDNN: String {
        guard let version = dnnl_version()?.pointee else { return "" }
        return "\(version.major).\(version.minor).\(version.patch)"
    }

    private static func text(_ pointer: UnsafePointer<CChar>?) -> String {
        pointer.map { String(cString: $0) } ?? ""
    }
}

/// The vector instructions that the matrix library uses on this CPU.
public enum VectorInstructions {
    /// The name of the instruction set; nil if the library has none for this kind of CPU.
    public static var name: String? { name(bits: dnnl_get_effective_cpu_isa().rawValue) }

    /// Whether Float32 products run at half the width that the library is made for, or less.
    public static var isNarrow: Bool { isNarrow(bits: dnnl_get_effective_cpu_isa().rawValue) }

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
