import CCrypto

/// A SHA-256 digest, computed by OpenSSL's libcrypto.
public struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
    /// 32 bytes.
    public let bytes: [UInt8]

    /// 64 lower-case hexadecimal digits.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    public var description: String { hex }

    public static func of(_ bytes: [UInt8]) throws(DigestError) -> SHA256Digest {
        var hasher = try SHA256Hasher()
        try hasher.update(bytes)
        return try hasher.finalize()
    }

    public static func of(_ text: String) throws(DigestError) -> SHA256Digest {
        try of(Array(text.utf8))
    }
}

/// An incremental SHA-256 computation.
public struct SHA256Hasher: ~Copyable {
    private let context: OpaquePointer

    public init() throws(DigestError) {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            throw DigestError.unavailable
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    public mutating func update(_ bytes: [UInt8]) throws(DigestError) {
        guard EVP_DigestUpdate(context, bytes, bytes.count) == 1 else { throw DigestError.unavailable }
    }

    public consuming func finalize() throws(DigestError) -> SHA256Digest {
        var digest = [UInt8](repeating: 0, count: 32)
        guard EVP_DigestFinal_ex(context, &digest, nil) == 1 else { throw DigestError.unavailable }
        return SHA256Digest(bytes: digest)
    }
}

public enum DigestError: Error, CustomStringConvertible {
    case unavailable

    public var description: String {
        "libcrypto refused to compute SHA-256; check the machine's OpenSSL configuration "
            + "(openssl dgst -sha256 /dev/null)"
    }
}
