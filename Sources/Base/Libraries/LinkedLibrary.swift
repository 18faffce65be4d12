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
